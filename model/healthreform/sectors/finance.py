"""Providers' money: income and cost, what is bought and owed, and the surplus that is left."""

from ..stockflow import auxiliary, by, flow, maximum, reference, smooth, stock, total, where
from .grounds import (
    AS_CASH_ALLOWS,
    AT_START,
    DEFINITION,
    HELD,
    IDENTITY,
    LEARNED,
    REMAINDER,
    START,
    STEADY,
    TASKS,
    UPGRADED,
)
from .names import bill_item, care, scheme, tier


@stock("yuan", over=tier, account="provider", source=START)
def provider_cash(medical_income_at_start, cash_time_at_start):
    """Money a tier's providers hold."""
    return medical_income_at_start * cash_time_at_start


@auxiliary("yuan/year", over=tier, source=IDENTITY)
def borne_by_provider(claims_due, bills, fund_share):
    """Bills nobody pays: claims cut by a cap, and cases dearer than their rate (negative where the rate is higher)."""
    return total(bills * fund_share - claims_due, care, scheme)


@flow(
    "yuan/year",
    over=tier,
    payer="government",
    payee="provider",
    source="own formulation: a share of output, as budgets grow with the economy",
)
def recurrent_subsidy(gdp, recurrent_subsidy_share, tier_presence):
    """Government's recurrent subsidy, to tiers that there are."""
    return where(tier_presence > 0, gdp * recurrent_subsidy_share, 0)


@smooth("yuan/year", over=tier, time="loss_memory", start="no_loss", signed=True, source=LEARNED)
def usual_surplus(surplus, losses_covered):
    """Surplus before help, as the budget office knows it."""
    return surplus - losses_covered


@flow(
    "yuan/year",
    over=tier,
    payer="government",
    payee="provider",
    source="soft budget constraint: Kornai, Maskin and Roland 2003, J Econ Lit 41:1095",
)
def losses_covered(usual_surplus, loss_cover_share, debt_strain):
    """Losses that government makes good: nearly all in primary care, whose income and cost it approves.

    Elsewhere a part; all of them in the end, as a hospital deep in debt is not let fall.
    """
    return (loss_cover_share + (1 - loss_cover_share) * debt_strain) * maximum(0, 0 - usual_surplus)


@flow(
    "yuan/year",
    over=tier,
    payer="government",
    payee="provider",
    source="own formulation: a share of output, as budgets grow with the economy",
)
def capital_subsidy(gdp, capital_subsidy_share, centre_building, tier_presence):
    """Government's grants for building and equipment of the tiers there are, those for regional centres among them."""
    return where(
        tier_presence > 0,
        gdp * capital_subsidy_share + by(tier, tertiary=centre_building, secondary=0, primary=0),
        0,
    )


@flow(
    "yuan/year",
    payer="government",
    payee="provider[primary]",
    source="rule of the public-health grant: a sum for each head; split by a stated share",
)
def public_health_paid(persons_total, public_health_grant, primary_grant_share):
    """The part of the public-health grant per head that primary care receives."""
    return persons_total * public_health_grant * primary_grant_share


@flow(
    "yuan/year",
    payer="government",
    payee="other_provider",
    source="rule of the public-health grant: a sum for each head; split by a stated share",
)
def public_health_paid_elsewhere(persons_total, public_health_grant, primary_grant_share):
    """The part of the public-health grant per head that goes to public-health bodies."""
    return persons_total * public_health_grant * (1 - primary_grant_share)


@auxiliary("yuan/year", over=tier, source=IDENTITY)
def revenue(medical_income, other_revenue):
    """Revenue as it is earned, grants for building apart, and what government adds to pay."""
    return medical_income + other_revenue


@auxiliary("yuan/year", over=tier, source=IDENTITY)
def other_revenue(
    borne_by_provider,
    recurrent_subsidy,
    losses_covered,
    public_health_paid,
    surplus_shared,
    prevention_by_consortium,
    contract_fees,
    recoveries_due,
    savings_retained,
):
    """Revenue beside bills, less the bills that nobody pays and what funds take back."""
    return (
        recurrent_subsidy
        + total(savings_retained, scheme)
        - borne_by_provider
        - total(recoveries_due, scheme)
        + losses_covered
        + surplus_shared
        + by(
            tier,
            tertiary=0,
            secondary=0,
            primary=public_health_paid + prevention_by_consortium + total(contract_fees, scheme),
        )
    )


# --- what is bought ---


@flow("yuan/year", over=tier, into="drug_payables", source=IDENTITY)
def drugs_bought(item_income, mark_up):
    """Drugs bought on credit, at the price before mark-up."""
    return item_income["drugs"] / (1 + mark_up["drugs"])


@stock("yuan", over=tier, owed_by="provider", owed_to="drug_firm", source=STEADY)
def drug_payables(drugs_bought, supplier_credit_time):
    """Drugs bought and not yet paid."""
    return drugs_bought * supplier_credit_time


@flow("yuan/year", over=tier, payer="provider", payee="drug_firm", out_of="drug_payables", source=AS_CASH_ALLOWS)
def drugs_paid(drug_payables, supplier_credit_time, affordability):
    """Drugs paid, later where cash is short."""
    return drug_payables / supplier_credit_time * affordability


@flow("yuan/year", over=tier, payer="provider", payee="device_firm", source=IDENTITY)
def consumables_paid(item_income, mark_up):
    """Consumables bought."""
    return item_income["consumables"] / (1 + mark_up["consumables"])


@flow(
    "yuan/year",
    over=tier,
    payer="provider",
    payee="supplier",
    source="own formulation: constant elasticity below one, as part of running costs is fixed",
)
def operating_paid(operating_at_start, own_volume, own_volume_at_start, operating_elasticity, price_index, one_yuan):
    """Materials, energy and upkeep for tests and services, at general prices; they grow less than volume does.

    A tier that made no test and gave no service at the start had no such cost, and has none.
    """
    return (
        operating_at_start
        * where(own_volume_at_start > 0, own_volume / own_volume_at_start, 0) ** operating_elasticity
        * price_index
        / one_yuan
    )


@auxiliary("yuan_2010/year", over=tier, source="definition of a volume: income over its price index")
def own_volume(item_income, item_price):
    """Tests and services at prices of the start."""
    return item_income["tests"] / item_price["tests"] + item_income["services"] / item_price["services"]


@reference("yuan_2010/year", over=tier, source=HELD)
def own_volume_at_start(own_volume):
    """Tests and services at the start."""
    return own_volume


@reference("yuan/year", over=tier, source=AT_START)
def operating_at_start(own_volume, operating_share, one_yuan):
    """Running costs of tests and services at the start."""
    return own_volume * operating_share * one_yuan


@auxiliary("yuan/year", over=tier, source=IDENTITY)
def value_added(item_income, bought_in, mark_up):
    """Bills less what was bought in for them: drugs and consumables before mark-up.

    More volume brings a house this much, and not its bills: what is sold at cost leaves again.
    """
    return total(item_income * (1 - bought_in / (1 + mark_up)), bill_item)


@auxiliary("yuan/year", over=tier, source=IDENTITY)
def net_income(
    value_added, other_revenue, operating_paid, interest_paid, depreciation, upkeep_reserve, own_building_share
):
    """What is left of revenue before pay, with a reserve for wear."""
    return (
        value_added
        + other_revenue
        - operating_paid
        - interest_paid
        - upkeep_reserve * depreciation * own_building_share
    )


@auxiliary("yuan/year", over=tier, source=IDENTITY)
def surplus(net_income, pay_paid, surplus_for_pay, pay_floor_paid, activity_pay_paid):
    """Surplus after pay, towards which consortia and, for the floor, government give money of their own."""
    return (
        net_income
        - pay_paid
        + surplus_for_pay
        + by(tier, tertiary=0, secondary=0, primary=pay_floor_paid + activity_pay_paid)
    )


@auxiliary("dimensionless", over=tier, outcome=True, source=DEFINITION)
def surplus_margin(surplus, revenue, tier_presence):
    """Surplus as a share of revenue; nought for a tier that the place has not."""
    return where(tier_presence > 0, surplus / revenue, 0)


@reference("dimensionless", over=tier, source=HELD)
def surplus_margin_at_start(surplus_margin):
    """The margin at the start."""
    return surplus_margin


@reference("yuan/year", over=tier, source=AT_START)
def medical_income_at_start(bills_at_start):
    """Bills at the start."""
    return total(bills_at_start, care, scheme)


@reference("yuan/year", over=(tier, care, scheme), source=AT_START)
def bills_at_start(contacts_at_start, intensity_at_start, one_yuan):
    """Bills at the start, from contacts and intensities at prices of 2010."""
    return contacts_at_start * total(intensity_at_start, bill_item) * one_yuan


@auxiliary("yuan/year", over=tier, source=IDENTITY)
def spending(drugs_bought, consumables_paid, operating_paid, pay_paid):
    """Running costs in cash."""
    return drugs_bought + consumables_paid + operating_paid + pay_paid


@auxiliary(
    "dimensionless",
    over=tier,
    source="own formulation: smooth in cash over payments, so that cash cannot turn negative",
)
def affordability(provider_cash, pressing_payments, cash_cushion, tier_presence):
    """How freely a tier can spend: one half when cash is down to its cushion, nothing when it is gone."""
    return where(tier_presence > 0, provider_cash / (provider_cash + pressing_payments * cash_cushion), 0)


# --- upgrades: cash, debts and claims move with the hospitals ---


@flow("yuan/year", payer="provider[secondary]", payee="provider[tertiary]", source=UPGRADED)
def cash_upgraded(provider_cash, upgrading):
    """Cash of hospitals upgraded."""
    return provider_cash["secondary"] * upgrading


@flow("yuan/year", out_of="loans[secondary]", into="loans[tertiary]", source=UPGRADED)
def loans_upgraded(loans, upgrading):
    """Loans of hospitals upgraded."""
    return loans["secondary"] * upgrading


@flow("yuan/year", out_of="drug_payables[secondary]", into="drug_payables[tertiary]", source=UPGRADED)
def payables_upgraded(drug_payables, upgrading):
    """Payables of hospitals upgraded."""
    return drug_payables["secondary"] * upgrading


@flow("yuan/year", over=scheme, out_of="claims_payable[secondary]", into="claims_payable[tertiary]", source=UPGRADED)
def claims_upgraded(claims_payable, upgrading):
    """Claims owed to hospitals upgraded."""
    return claims_payable["secondary"] * upgrading


# --- savings retained ---


@auxiliary("dimensionless", over=(tier, scheme), source=DEFINITION)
def claim_shares(claims_made):
    """Shares of tiers and schemes in all claims; none where nobody claims."""
    return where(
        total(claims_made, tier, care, scheme) > 0,
        total(claims_made, care) / total(claims_made, tier, care, scheme),
        0,
    )


@auxiliary("yuan/year", over=(tier, scheme), source=f"savings retained: {TASKS}, item 3; shared out by claims")
def savings_to_leave(
    procurement_saving,
    retention_share,
    volume_compliance,
    first_cycle_share,
    claim_shares,
    fund_saving_share,
    capitated_share,
    rate_claim_share,
):
    """Savings of drug procurement that the funds are to leave with hospitals, in the first contract cycle.

    Graded: who does not keep the quota keeps no saving.  Those made under a total budget are the consortium's already,
    those on a case paid at a rate the hospital's, until rates follow its cost.
    """
    return (
        procurement_saving["drugs"]
        * fund_saving_share
        * retention_share
        * volume_compliance
        * first_cycle_share
        * claim_shares
        * (1 - capitated_share)
        * (1 - rate_claim_share)
    )


@flow("yuan/year", over=(tier, scheme), payer="fund", payee="provider", source=AS_CASH_ALLOWS)
def savings_retained(savings_to_leave, payable_share):
    """What of these the funds leave, as far as their reserves reach."""
    return savings_to_leave * payable_share


# --- pharmacies and other providers ---


@flow(
    "yuan/year",
    payer="pharmacy",
    payee="drug_firm",
    source="own formulation: constant gross margin, for want of prices by pharmacy",
)
def pharmacy_purchases(retail_sales, retail_purchase_share):
    """What pharmacies pay for what they sell."""
    return retail_sales * retail_purchase_share


@flow("yuan/year", payer="government", payee="other_provider", source=REMAINDER)
def other_government_health(gdp, other_government_share):
    """Public-health bodies, administration, family planning and officials' health care, paid by government."""
    return gdp * other_government_share


@flow("yuan/year", payer="economy", payee="other_provider", source=REMAINDER)
def other_social_health(gdp, other_social_share):
    """Enterprises', charities' and private investors' spending on health apart from insurance."""
    return gdp * other_social_share


@flow("yuan/year", payer="household", payee="other_provider", source=REMAINDER)
def other_household_health(gdp, other_household_share):
    """Households' spending on other institutions, private practice and medical goods."""
    return gdp * other_household_share
