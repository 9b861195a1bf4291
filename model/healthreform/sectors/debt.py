"""Building and debt: what is invested, what is borrowed and paid back, and what debt keeps a tier from doing."""

from ..stockflow import auxiliary, flow, maximum, reference, stock, where
from .grounds import AS_CASH_ALLOWS, DEFINITION, HELD, IDENTITY, START
from .names import tier


@auxiliary("yuan/year", over=tier, source=IDENTITY)
def new_building(beds, bed_growth_wanted, bed_cost, price_index):
    """Cost of the beds that are begun."""
    return beds * bed_growth_wanted * bed_cost * price_index


@flow(
    "yuan/year",
    over=tier,
    payer="provider",
    payee="supplier",
    into="equipment",
    source="own formulation: uses of money add up; only replacement can wait for cash",
)
def invested(new_building, replaced, own_building_share, capital_subsidy, idle_cash, investing_time):
    """Building and equipment: what grants pay for, the rest of new beds and replacement as cash allows, idle cash."""
    return (new_building + replaced) * own_building_share + capital_subsidy + idle_cash / investing_time


@auxiliary("dimensionless", over=tier, source="own formulation: grants pay first for what would be built; rational")
def own_building_share(building_usual, capital_subsidy):
    """Part of what a tier would build and replace that grants leave to itself.

    A small grant takes nearly all of its sum off the tier's own building; of one far larger most comes on top.
    """
    return where(building_usual > 0, building_usual / (building_usual + capital_subsidy), 1)


@auxiliary("yuan/year", over=tier, source="own formulation: what opens now was begun before anybody knew of this grant")
def building_usual(beds_opened, bed_cost, price_index, replacement_due):
    """What a tier builds and replaces in a year, at the pace of the beds that open."""
    return beds_opened * bed_cost * price_index + replacement_due


@auxiliary("yuan/year", over=tier, source=DEFINITION)
def replacement_due(depreciation, replacement_share):
    """Wear that is to be made good."""
    return depreciation * replacement_share


@auxiliary("yuan/year", over=tier, source=AS_CASH_ALLOWS)
def replaced(replacement_due, provider_cash, pressing_payments, cash_cushion, tier_presence):
    """Equipment replaced: in full where cash is down to its cushion, up to twice where there is plenty."""
    return where(
        tier_presence > 0,
        2 * replacement_due * provider_cash / (provider_cash + (pressing_payments + replacement_due) * cash_cushion),
        0,
    )


@auxiliary("yuan", over=tier, source=DEFINITION)
def idle_cash(provider_cash, spending, ample_cash_time, loans):
    """Cash beyond what a tier likes to hold and what it owes to lenders."""
    return maximum(0, provider_cash - spending * ample_cash_time - loans)


@stock("yuan", over=tier, owed_by="provider", owed_to="lender", source=START)
def loans(medical_income_at_start, loan_ratio_at_start):
    """Loans of a tier."""
    return medical_income_at_start * loan_ratio_at_start


@flow(
    "yuan/year",
    over=tier,
    payer="lender",
    payee="provider",
    into="loans",
    source="own formulation: cube of the want of cash, so that loans are rare while cash is ample",
)
def borrowed(pressing_payments, affordability):
    """Loans taken up as cash runs out: a tier never runs dry, it runs into debt."""
    return pressing_payments * (1 - affordability) * (1 - affordability) * (1 - affordability)


@auxiliary("yuan/year", over=tier, source=DEFINITION)
def pressing_payments(consumables_paid, operating_paid, pay_paid, interest_paid, new_building, own_building_share):
    """Payments that cannot wait."""
    return consumables_paid + operating_paid + pay_paid + interest_paid + new_building * own_building_share


@auxiliary("yuan/year", over=tier, source=DEFINITION)
def repayment_due(loans, loan_time):
    """What is to be paid back of loans."""
    return loans / loan_time


@flow("yuan/year", over=tier, payer="provider", payee="lender", out_of="loans", source=AS_CASH_ALLOWS)
def repaid(repayment_due, provider_cash, pressing_payments, cash_cushion, affordability, tier_presence):
    """Loans paid back, as cash allows: hardly any while others are taken up to pay wages and interest.

    What is due counts among the payments that cash must stand for, so that a mountain of loans cannot drain a tier's
    cash faster than a cushion lasts.
    """
    return where(
        tier_presence > 0,
        repayment_due
        * provider_cash
        / (provider_cash + (pressing_payments + repayment_due) * cash_cushion)
        * (1 - (1 - affordability) * (1 - affordability) * (1 - affordability)),
        0,
    )


@auxiliary("dimensionless", over=tier, source=DEFINITION)
def debt_burden(loans, medical_income, recurrent_subsidy, debt_limit, tier_presence):
    """Loans against the most that is readily lent on a tier's bills and recurrent subsidy."""
    return where(tier_presence > 0, loans / ((medical_income + recurrent_subsidy) * debt_limit), 0)


@reference("dimensionless", over=tier, source=HELD)
def debt_burden_at_start(debt_burden):
    """The same at the start."""
    return debt_burden


@auxiliary("dimensionless", over=tier, source="own formulation: rational; banks told to stop lending, Bloomberg 2012")
def debt_strain(debt_burden, debt_burden_at_start):
    """How far debt beyond that of the start ties a tier's hands: hardly at first, by half about the limit, then wholly.

    Whoever lives on loans hires nobody, begins no building, holds pay down, and is helped out by government in the end:
    without this a lasting deficit would be lent, with interest upon interest, for ever.
    """
    return maximum(0, 1 - (1 + (debt_burden_at_start**2) ** 2) / (1 + (debt_burden**2) ** 2))


@flow("yuan/year", over=tier, payer="provider", payee="lender", source=IDENTITY)
def interest_paid(loans, interest_rate):
    """Interest."""
    return loans * interest_rate
