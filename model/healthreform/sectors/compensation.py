"""Compensation: what a health worker earns, fixed and by performance, and what low pay does to morale."""

from ..stockflow import auxiliary, by, flow, maximum, minimum, reference, smooth, where
from .grounds import AT_START, DEFINITION, IDENTITY, TASKS
from .names import tier


@auxiliary(
    "worker",
    over=tier,
    at_year_end=True,
    source="own formulation: fixed staff per physician, as only physicians are followed through tiers",
)
def staff(physicians, general_practitioners, village_doctors, staff_per_physician, village_doctor_weight):
    """All who work in a tier; village doctors count in part, as they work."""
    return by(
        tier,
        tertiary=physicians["tertiary"] * staff_per_physician["tertiary"],
        secondary=physicians["secondary"] * staff_per_physician["secondary"],
        primary=(physicians["primary"] + general_practitioners) * staff_per_physician["primary"]
        + village_doctor_weight * village_doctors,
    )


@auxiliary("yuan/year", over=tier, source=DEFINITION)
def fixed_pay(fixed_pay_share, pay_standard, staff):
    """Fixed pay of a tier: a share of the standard, whatever the house earns."""
    return fixed_pay_share * pay_standard * staff


@auxiliary("yuan/worker/year", over=tier, source=f"indexed to the economy's wage; lift as in {TASKS}, item 6")
def pay_standard(pay_at_start, wage, wage_at_start, pay_standard_lift):
    """Standard pay: follows the economy's wage, lifted by pay reform."""
    return pay_at_start * wage / wage_at_start * pay_standard_lift


@auxiliary("yuan/year", over=tier, source="accounting identity, not below nought, as a loss is not shared out")
def distributable(net_income, fixed_pay):
    """What is left to share after everything but performance pay."""
    return maximum(0, net_income - fixed_pay)


@auxiliary(
    "yuan/year", over=tier, source="own formulation: linear sharing rule, so that pay all fixed hangs on no income"
)
def performance_pay(distributable, performance_share):
    """Performance pay: a share of what is left."""
    return performance_share * distributable


@reference("dimensionless", over=tier, source=AT_START)
def income_ratio_at_start(net_income, pay_standard, staff):
    """Net income over standard pay at the start."""
    return where(pay_standard * staff > 0, net_income / (pay_standard * staff), 1)


@auxiliary(
    "dimensionless", over=tier, source="own formulation: how pay is made up changes no pay at income of the start"
)
def performance_share(fixed_pay_share, income_ratio_at_start):
    """Share of what is left that is paid out: net income of the start then pays the standard, however much is fixed.

    Never more than all of it; a house that earned less than the standard pays what it earns.
    """
    return where(
        fixed_pay_share < 1,
        (1 - fixed_pay_share) / maximum(income_ratio_at_start - fixed_pay_share, 1 - fixed_pay_share),
        0,
    )


@auxiliary("yuan/worker/year", over=tier, outcome=True, source="accounting identity")
def pay_per_worker(pay_earned, activity_pay, pay_floor_gap):
    """Pay of a health worker, the doctor's among them: what the house earned, activity pay, what lifts it to a floor.

    It is what the employer pays: the worker's wage and what comes on top of it.
    """
    return pay_earned + by(tier, tertiary=0, secondary=0, primary=activity_pay + pay_floor_gap)


@auxiliary("yuan/worker/year", source=f"definition; on top of fixed salaries: {TASKS}, item 6")
def activity_pay(activity_pay_share, pay_earned):
    """Activity pay of primary care, on top of what the house can give."""
    return activity_pay_share * pay_earned["primary"]


@flow(
    "yuan/year", payer="government", payee="provider[primary]", source=f"own formulation: nobody else is named; {TASKS}"
)
def activity_pay_paid(activity_pay, staff):
    """What government pays primary care for its activity pay."""
    return activity_pay * staff["primary"]


@auxiliary("yuan/worker/year", source="own formulation: a guarantee makes up what is missing")
def pay_floor_gap(primary_pay_floor, wage, on_cost_ratio, pay_earned, activity_pay):
    """What primary care's pay is short of the floor that is guaranteed."""
    return maximum(0, primary_pay_floor * wage * (1 + on_cost_ratio) - pay_earned["primary"] - activity_pay)


@flow("yuan/year", payer="government", payee="provider[primary]", source="Priority Tasks for 2024, No. 29 [2024], II.6")
def pay_floor_paid(pay_floor_gap, staff):
    """What government pays primary care so that its staff get the floor."""
    return pay_floor_gap * staff["primary"]


@auxiliary("yuan/worker/year", over=tier, source="accounting identity, within a limit set by policy")
def pay_earned(
    fixed_pay,
    performance_pay,
    surplus_for_pay,
    staff,
    pay_standard,
    payroll_limit,
    wage,
    on_cost_ratio,
    pay_restraint,
    debt_strain,
):
    """Pay that a house can give: fixed and performance pay and its consortium's surplus, within the payroll limit.

    A house deep in debt pays less than it should.  Where nobody works, the first would be offered the standard.
    """
    return minimum(
        payroll_limit * wage * (1 + on_cost_ratio),
        where(staff > 0, (fixed_pay + performance_pay + surplus_for_pay) / staff, pay_standard),
    ) * (1 - pay_restraint * debt_strain)


@auxiliary("dimensionless", over=tier, outcome=True, source=DEFINITION)
def pay_ratio(pay_per_worker, wage, on_cost_ratio):
    """Pay, without what employers pay on top, against the economy's wage."""
    return pay_per_worker / (1 + on_cost_ratio) / wage


@auxiliary("yuan/worker/year", outcome=True, source=DEFINITION)
def mean_pay(pay_per_worker, staff, on_cost_ratio):
    """Pay of a health worker over all tiers, without what employers pay on top; nought where nobody works."""
    return where(
        staff["tertiary"] + staff["secondary"] + staff["primary"] > 0,
        (
            pay_per_worker["tertiary"] * staff["tertiary"]
            + pay_per_worker["secondary"] * staff["secondary"]
            + pay_per_worker["primary"] * staff["primary"]
        )
        / (staff["tertiary"] + staff["secondary"] + staff["primary"])
        / (1 + on_cost_ratio),
        0,
    )


@flow("yuan/year", over=tier, payer="provider", payee="health_worker", source=IDENTITY)
def pay_paid(pay_per_worker, staff):
    """Pay: what a worker earns times those who work."""
    return pay_per_worker * staff


@auxiliary("yuan/year", over=tier, source=IDENTITY)
def promotion_income(drug_promotion, device_promotion):
    """What firms pay the staff of a tier for prescribing."""
    return drug_promotion + device_promotion


@flow(
    "yuan/year",
    over=tier,
    payer="drug_firm",
    payee="health_worker",
    source="own formulation: proportional to purchases, as firms reward volume",
)
def drug_promotion(drugs_bought, promotion_share, promoted_share):
    """Payments by drug firms for prescribing (none for drugs under contract)."""
    return drugs_bought * promotion_share["drugs"] * promoted_share["drugs"]


@flow(
    "yuan/year",
    over=tier,
    payer="device_firm",
    payee="health_worker",
    source="own formulation: proportional to purchases, as firms reward volume",
)
def device_promotion(consumables_paid, promotion_share, promoted_share):
    """Payments by makers of consumables for their use."""
    return consumables_paid * promotion_share["consumables"] * promoted_share["consumables"]


@smooth(
    "dimensionless",
    over=tier,
    time="morale_time",
    start="full",
    outcome=True,
    source="own formulation: ratio to the target income, so that morale and inducement share one norm",
)
def morale(doctor_income, income_reference, income_gap_at_start):
    """Morale: income against what is thought fair, one at the start."""
    return doctor_income / income_reference / (1 - income_gap_at_start)


@auxiliary(
    "dimensionless", over=tier, source="own formulation: constant elasticity, as no estimate for China asks for more"
)
def morale_exit(morale, exit_morale_elasticity):
    """How much more people leave when morale is low."""
    return morale ** (0 - exit_morale_elasticity)
