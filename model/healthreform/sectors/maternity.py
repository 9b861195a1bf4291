"""Maternity insurance: who pays, for whose births, and what mothers receive; an account apart until the merger."""

from ..stockflow import auxiliary, flow, minimum, stock, total, where
from .grounds import AS_CASH_ALLOWS, IDENTITY, START
from .names import tier


@stock("yuan", account="maternity_fund", outcome=True, source=START)
def maternity_reserve(maternity_reserve_at_start):
    """Money of maternity insurance while it has an account of its own."""
    return maternity_reserve_at_start


# --- what is paid in ---


@auxiliary("yuan/year", source="rate times wage bill of members at work")
def maternity_contributions(maternity_contribution_rate, contribution_base_ratio, wage, active_members):
    """Employers' contributions for maternity."""
    return maternity_contribution_rate * contribution_base_ratio * wage * active_members


@flow("yuan/year", payer="economy", payee="maternity_fund", source=IDENTITY)
def maternity_contributions_apart(maternity_contributions, maternity_merged):
    """Contributions for maternity that go to an account of their own."""
    return maternity_contributions * (1 - maternity_merged)


@flow("yuan/year", payer="economy", payee="fund[employee]", source=IDENTITY)
def maternity_contributions_merged(maternity_contributions, maternity_merged):
    """Contributions for maternity that are collected with those of the employee scheme."""
    return maternity_contributions * maternity_merged


# --- what mothers receive ---


@auxiliary("yuan/year", source="births, wage and leave: Special Rules of 2012")
def maternity_allowances(births, maternity_participation, wage, worker_per_person, maternity_leave):
    """Allowances: the wage during leave, for births whose mothers are insured for them."""
    return births * maternity_participation * wage * worker_per_person * maternity_leave


@auxiliary("yuan/year", source="own formulation: what the scheme leaves of the bill")
def delivery_reimbursed(
    births,
    maternity_participation,
    one_delivery,
    contacts,
    delivery_cover,
    delivery_cost_ratio,
    cost_per_contact,
    patient_share,
    tier_presence,
):
    """What mothers get back of the bill for delivery; the employee scheme's part is among its claims.

    Nobody gets back what no hospital billed: there are never more deliveries than admissions of members.  Where there
    is no secondary hospital they give birth in a tertiary one.
    """
    return (
        minimum(births * maternity_participation * one_delivery, total(contacts["inpatient", "employee"], tier))
        * delivery_cover
        * delivery_cost_ratio
        * where(
            tier_presence["secondary"] > 0,
            cost_per_contact["secondary", "inpatient"],
            cost_per_contact["tertiary", "inpatient"],
        )
        * where(
            tier_presence["secondary"] > 0,
            patient_share["secondary", "inpatient", "employee"],
            patient_share["tertiary", "inpatient", "employee"],
        )
    )


# --- who pays it: the account apart, the employee scheme after the merger, government where neither can ---


@flow("yuan/year", payer="maternity_fund", payee="household", source=AS_CASH_ALLOWS)
def maternity_paid_apart(
    maternity_allowances, delivery_reimbursed, maternity_merged, maternity_reserve, working_reserve_time
):
    """Maternity benefits paid from the account apart: nearly all with months of money, nothing when it is empty."""
    return (
        (maternity_allowances + delivery_reimbursed)
        * (1 - maternity_merged)
        * maternity_reserve
        / (maternity_reserve + (maternity_allowances + delivery_reimbursed) * working_reserve_time)
    )


@auxiliary("yuan/year", source=IDENTITY)
def maternity_call(maternity_allowances, delivery_reimbursed, maternity_paid_apart):
    """Maternity benefits that the account apart does not pay: where it is merged, or empty."""
    return maternity_allowances + delivery_reimbursed - maternity_paid_apart


@flow("yuan/year", payer="fund[employee]", payee="household", source="Opinions of March 2019 on the merger: one fund")
def maternity_financed(maternity_call, payable_share):
    """Maternity benefits paid out of the employee scheme's pool."""
    return maternity_call * payable_share["employee"]


@flow("yuan/year", payer="government", payee="household", source="Social Insurance Law 2010, article 65")
def maternity_backed(maternity_call, payable_share):
    """Maternity benefits that government makes good because the pool cannot."""
    return maternity_call * (1 - payable_share["employee"])


@flow("yuan/year", payer="maternity_fund", payee="fund[employee]", source="Opinions of March 2019 on the merger")
def maternity_reserve_merged(maternity_reserve, maternity_merged, maternity_merger_time):
    """The account's reserve, handed over to the employee scheme in the merger."""
    return maternity_reserve * maternity_merged / maternity_merger_time
