"""Incentives: what each item earns, how far income falls short, and the volume that follows."""

from ..stockflow import auxiliary, by, exp, flow, log, maximum, minimum, reference, smooth, stock, total, where
from .grounds import AT_START, HELD, IDENTITY, MULTIPLIED
from .names import bill_item, care, tier


@auxiliary("dimensionless", over=(tier, bill_item), source=IDENTITY)
def item_margin(mark_up, item_price, production_cost_share, bought_in, production_cost_index):
    """What is left of an item's price: the mark-up on what is bought in, price less production cost on what is made."""
    return bought_in * mark_up / (1 + mark_up) + (1 - bought_in) * (
        1 - production_cost_share * production_cost_index / item_price
    )


@auxiliary("yuan/yuan_2010", source="Cobb-Douglas cost index: constant shares of wages and of other prices")
def production_cost_index(wage, wage_at_start, price_index, one_yuan, labour_weight):
    """Cost of making tests and services: part wages, part general prices."""
    return one_yuan * (wage / wage_at_start) ** labour_weight * (price_index / one_yuan) ** (1 - labour_weight)


@reference("yuan/worker/year", source=HELD)
def wage_at_start(wage):
    """The economy's wage at the start."""
    return wage


@auxiliary(
    "dimensionless",
    over=(tier, bill_item),
    source="own formulation: gains of house, doctor and firm add up, each as far as it is felt",
)
def item_incentive(
    item_margin, institution_weight, bonus_weight, bonus_weight_at_start, promotion_share, promoted_share, rule_share
):
    """Gain from one more yuan of an item to its prescriber: the house's margin, his bonus, the firm's payment."""
    return (
        institution_weight * item_margin
        + bonus_weight * rule_share
        + bonus_weight_at_start * (1 - rule_share)
        + promotion_share * promoted_share
    )


@reference("dimensionless", over=(tier, bill_item), source=HELD)
def item_incentive_at_start(item_incentive):
    """The same at the start."""
    return item_incentive


@reference("dimensionless", over=tier, source=AT_START)
def mean_incentive_at_start(item_incentive_at_start, item_share_at_start):
    """Mean gain from one more yuan billed to inpatients at the start."""
    return total(item_incentive_at_start * item_share_at_start, bill_item)


@auxiliary(
    "dimensionless",
    over=(tier, bill_item),
    source="McGuire and Pauly 1991, J Health Econ 10:385: effort goes where it earns; linear",
)
def earning(item_incentive, item_incentive_at_start, mean_incentive_at_start, earning_weight):
    """How far an item serves to recover income, against the start: the less it earns, the less want of income adds."""
    return maximum(0, 1 + earning_weight * (item_incentive - item_incentive_at_start) / mean_incentive_at_start)


# --- income against a reference that floats ---


@auxiliary("yuan/worker/year", over=tier, source=IDENTITY)
def doctor_income(pay_per_worker, promotion_income, staff):
    """Income of those who prescribe: pay, and what firms pay them for prescribing; pay alone where nobody does."""
    return pay_per_worker + where(staff > 0, promotion_income / staff, 0)


@smooth(
    "yuan/worker/year",
    over=tier,
    time="income_reference_time",
    growth="wage_growth_at_start",
    source="McGuire 2000, Handbook of Health Economics 1A:461",
)
def income_reference(doctor_income, wage, reference_wage_weight, reference_wage_ratio):
    """Income thought fair: a mean of the economy's wage and of what one is used to (income reference)."""
    return reference_wage_weight * reference_wage_ratio * wage + (1 - reference_wage_weight) * doctor_income


@reference("dimensionless", over=tier, source=HELD)
def reference_wage_ratio(doctor_income, wage):
    """Income against the economy's wage that is taken as fair: that of the start."""
    return doctor_income / wage


@auxiliary("dimensionless", over=tier, source="target income: McGuire 2000, Handbook of Health Economics 1A:461")
def income_gap(doctor_income, income_reference):
    """How far doctors' income falls short of what they think fair."""
    return 1 - doctor_income / income_reference


@reference("dimensionless", over=tier, source=HELD)
def income_gap_at_start(income_gap):
    """The gap at the start, which present practice has already answered."""
    return income_gap


@auxiliary(
    "dimensionless", over=tier, source="own formulation: difference of margins, not ratio, as margins lie near nought"
)
def budget_gap(surplus_margin, surplus_margin_at_start):
    """How far the institution's surplus falls short of what it was used to."""
    return surplus_margin_at_start - surplus_margin


@auxiliary(
    "dimensionless", over=tier, source="own formulation: weighted sum, as a house passes on only part of its own want"
)
def pressure(income_gap, income_gap_at_start, budget_gap, budget_gap_weight):
    """Doctors' and the institution's want of income together."""
    return income_gap - income_gap_at_start + budget_gap_weight * budget_gap


@smooth(
    "dimensionless",
    over=tier,
    time="inducement_time",
    start="full",
    source="McGuire and Pauly 1991, J Health Econ 10:385",
)
def inducement(pressure, inducement_limit, inducement_slope, inducement_mirror):
    """Volume that want of income adds, up to a limit; weaker the other way."""
    return 1 + where(pressure > 0, 1, 0 - inducement_mirror) * (inducement_limit - 1) * (
        1 - exp(0 - inducement_slope * maximum(pressure, 0 - pressure) / (inducement_limit - 1))
    )


@auxiliary(
    "dimensionless",
    over=tier,
    source="own formulation: power of inducement, as pay moves contacts less than cost (Zhu D 2021)",
)
def inducement_on_contacts(inducement, induced_contact_weight):
    """Contacts that want of income adds."""
    return inducement**induced_contact_weight


@auxiliary("dimensionless", over=(tier, care), source=MULTIPLIED)
def induced_contacts(inducement_on_contacts, admission_payment_effect, bed_pressure, remote_follow_ups):
    """Contacts doctors add: for want of income, under payment by the case, because beds are empty, or at a distance."""
    return inducement_on_contacts * by(
        care,
        outpatient=by(tier, tertiary=1 + remote_follow_ups, secondary=1, primary=1),
        inpatient=admission_payment_effect * bed_pressure,
    )


@auxiliary("dimensionless", over=tier, source="Roemer's law; Shain and Roemer 1959; saturating below: own")
def bed_pressure(usual_occupancy, occupancy_at_start, occupancy_target, bed_elasticity, bed_pressure_floor):
    """Empty beds lower the threshold of admission; when wards are all but empty, hardly any further.

    Above target occupancy there are no empty beds, and capacity alone crowds patients out: once, not twice.  Where beds
    were empty at the start, or there were none, nobody can tell.
    """
    return (
        (
            where(
                occupancy_at_start > 0,
                minimum(usual_occupancy, occupancy_target) / minimum(occupancy_at_start, occupancy_target),
                1,
            )
            ** 2
            + bed_pressure_floor**2
        )
        / (1 + bed_pressure_floor**2)
    ) ** (0 - bed_elasticity / 2)


# --- intensity of each item ---


@auxiliary(
    "dimensionless",
    over=(tier, care, bill_item),
    source="Currie J 2014, J Dev Econ 110:39 (drugs answer gain); exponential keeps use positive",
)
def item_response(
    item_incentive,
    item_incentive_at_start,
    incentive_sensitivity,
    inducement,
    inducement_weight,
    earning,
    payment_pull,
    budget_pull,
    payment_weight,
):
    """How practice answers: each item its own margin; want of income, as far as it earns; and the way of payment."""
    return exp(
        inducement_weight * earning * log(inducement)
        + incentive_sensitivity * (item_incentive - item_incentive_at_start)
        + payment_weight * by(care, outpatient=budget_pull, inpatient=payment_pull)
    )


@stock(
    "dimensionless",
    over=(care, bill_item),
    source="drift as the residual of cost growth: Newhouse 1992, J Econ Perspect 6(3):3",
)
def technology(technology_at_start):
    """Technology: real use of an item per contact apart from incentives and payment, one at the start."""
    return technology_at_start


@flow(
    "1/year",
    over=(care, bill_item),
    into="technology",
    source="drift as the residual of cost growth: Newhouse 1992, J Econ Perspect 6(3):3",
)
def technology_rise(technology, technology_drift, technology_pace):
    """Drift of technology, which the pace of the time speeds or slows."""
    return technology * technology_drift * technology_pace


@smooth(
    "yuan_2010/contact", over=(tier, care, bill_item), time="item_time", start="intensity_at_start", source=MULTIPLIED
)
def intensity(intensity_at_start, technology, item_response, volume_control, remote_prescriptions):
    """Real amount of an item used in a contact of reference severity, procurement apart (item waterbed)."""
    return (
        intensity_at_start
        * technology
        * item_response
        * volume_control
        * by(
            tier,
            tertiary=by(
                care,
                outpatient=by(bill_item, drugs=remote_prescriptions, consumables=1, tests=1, services=1),
                inpatient=1,
            ),
            secondary=1,
            primary=1,
        )
    )


@auxiliary(
    "dimensionless",
    over=bill_item,
    source="own formulation: linear, as control reaches only the discretionary part of an item",
)
def volume_control(prescribing_control, controllable_share, prescribing_control_at_start):
    """What is left of discretionary volume under prescribing control, against the start."""
    return 1 - controllable_share * (prescribing_control - prescribing_control_at_start)


@auxiliary("yuan/contact", over=(tier, care, bill_item), source=IDENTITY)
def item_bill(
    intensity,
    item_volume,
    item_price,
    severity,
    kept_bill,
    traditional_share,
    bundle_ratio,
    traditional_fee,
    innovation_cost,
    charged_ratio,
):
    """What an item adds to the bill of one contact: less where inpatients recover elsewhere, or are treated by hand.

    New drugs come on top of those there were at the start; what audits strike off is charged to nobody.
    """
    return charged_ratio * (
        intensity
        * item_volume
        * item_price
        * severity
        * by(care, outpatient=1, inpatient=kept_bill * (1 - traditional_share * (1 - bundle_ratio)))
        + by(care, outpatient=0, inpatient=by(bill_item, drugs=0, consumables=0, tests=0, services=traditional_fee))
    ) + by(bill_item, drugs=innovation_cost, consumables=0, tests=0, services=0)


@auxiliary("yuan/contact", over=(tier, care), source=IDENTITY)
def cost_per_contact(item_bill):
    """The bill of one contact."""
    return total(item_bill, bill_item)


@auxiliary("yuan/year", over=(tier, bill_item), source=IDENTITY)
def item_income(item_bill, tier_contacts):
    """Bills by item and tier."""
    return total(item_bill * tier_contacts, care)


@auxiliary("yuan/year", over=tier, source=IDENTITY)
def medical_income(item_income):
    """Bills of a tier, whoever pays them."""
    return total(item_income, bill_item)
