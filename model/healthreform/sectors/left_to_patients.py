"""What insurance leaves of a bill and who pays it: other payers, personal accounts, households; drugs at retail."""

from ..stockflow import auxiliary, balance, flow, smooth, smooth_minimum, total
from .grounds import IDENTITY, LEARNED
from .names import care, scheme, tier


@auxiliary("yuan/year", over=(tier, care, scheme), source=IDENTITY)
def left_to_patients(bills, patient_share):
    """Bills left to patients, accounts included."""
    return bills * patient_share


@flow("yuan/year", over=(tier, care, scheme), payer="other_payer", payee="provider", source=IDENTITY)
def other_paid(bills, fund_share, other_payer_share):
    """Bills borne by employers, free medical care for officials and work-injury insurance."""
    return bills * (1 - fund_share) * other_payer_share


@auxiliary("yuan/year", source="own formulation: stated shares of bills and sales, for want of data by member")
def account_wanted(left_to_patients, account_use, retail_sales, account_retail_share):
    """What members would like to pay from their accounts: part of their bills, and of drugs they buy."""
    return total(total(left_to_patients["employee"], tier) * account_use, care) + account_retail_share * retail_sales


@auxiliary("dimensionless", source="own formulation: smooth minimum, as members' accounts do not run out together")
def account_reach(account_balance, account_time, account_wanted, account_sharpness):
    """How far the money on the accounts reaches."""
    return smooth_minimum(account_wanted, account_balance / account_time, account_sharpness) / account_wanted


@smooth("dimensionless", time="account_learning_time", start="full", source=LEARNED)
def known_account_reach(account_reach):
    """How far accounts reach, as members have learned."""
    return account_reach


@flow("yuan/year", over=(tier, care), payer="personal_account", payee="provider", source=IDENTITY)
def account_paid(left_to_patients, account_use, account_reach):
    """Bills paid from personal accounts."""
    return left_to_patients["employee"] * account_use * account_reach


@flow("yuan/year", over=(tier, care), payer="household", payee="provider", source=IDENTITY)
def patients_paid(left_to_patients, account_paid):
    """Bills households pay from their own pocket."""
    return total(left_to_patients, scheme) - account_paid


@flow("yuan/year", payer="personal_account", payee="pharmacy", source=IDENTITY)
def account_retail(retail_sales, account_retail_share, account_reach):
    """Drugs bought from personal accounts."""
    return retail_sales * account_retail_share * account_reach


@flow("yuan/year", payer="household", payee="pharmacy", source=IDENTITY)
def household_retail(retail_sales, account_retail):
    """Drugs and goods households buy from their own pocket."""
    return retail_sales - account_retail


@auxiliary("yuan/year", source="own formulation: constant elasticity to real income, as sales kept pace with it")
def retail_sales(
    retail_at_start,
    persons_total,
    price_index,
    real_income,
    real_income_at_start,
    retail_income_elasticity,
    outbreak_restriction,
    retail_outbreak_loss,
):
    """Sales of retail pharmacies and other medical goods."""
    return (
        retail_at_start
        * persons_total
        * price_index
        * (real_income / real_income_at_start) ** retail_income_elasticity
        * (1 - retail_outbreak_loss * outbreak_restriction)
    )


@balance("yuan/year", scale="medical_income_total", source=IDENTITY)
def bills_settled(bills, claims_due, left_to_patients, other_paid, assistance_paid, waived_paid, borne_by_provider):
    """Every bill is settled: by fund, patient, other payers, assistance, or the provider that bears the rest."""
    return (
        total(bills, tier, care, scheme)
        - total(claims_due, tier, care, scheme)
        - total(left_to_patients, tier, care, scheme)
        - total(other_paid, tier, care, scheme)
        - total(assistance_paid, tier, care, scheme)
        - total(waived_paid + borne_by_provider, tier)
    )
