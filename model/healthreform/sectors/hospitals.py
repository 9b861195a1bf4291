"""Hospitals and the other tiers: physicians, beds, equipment, length of stay, capacity, severity and upgrades."""

from ..stockflow import auxiliary, by, delay, flow, maximum, minimum, reference, smooth, sqrt, stock, total, where
from .grounds import ADJUSTED, AT_START, DEFINITION, HELD, LEARNED, START, UPGRADED
from .names import care, scheme, tier

# --- which tiers there are ---


@reference("dimensionless", over=tier, source=AT_START)
def tier_presence(contacts_at_start):
    """One for a tier that the place has, nought for one that it has not: nobody is ever treated there."""
    return where(total(contacts_at_start, care, scheme) > 0, 1, 0)


# --- physicians ---


@stock("worker", over=tier, source=START)
def physicians(physicians_at_start):
    """Licensed and assistant physicians by tier; in primary care, those who are not general practitioners."""
    return physicians_at_start


@auxiliary("worker", over=tier, source="own formulation: geometric mean, as wards and clinics each need doctors")
def posts(physicians_at_start, beds, beds_at_start, usual_visits, visits_at_start):
    """Posts for physicians: they grow with beds and with visits alike; none in a tier that the place has not."""
    return physicians_at_start * sqrt(
        where(visits_at_start > 0, beds / beds_at_start * usual_visits / visits_at_start, 0)
    )


@smooth("contact/year", over=tier, time="occupancy_memory", start="visits_at_start", source=LEARNED)
def usual_visits(tier_contacts):
    """Visits as planners see them."""
    return tier_contacts["outpatient"]


@reference("contact/year", over=tier, source=AT_START)
def visits_at_start(contacts_at_start):
    """Visits at the start."""
    return total(contacts_at_start["outpatient"], scheme)


@auxiliary(
    "worker", over=tier, source="own formulation: posts, their vacancy and pay multiply, as graduates weigh them all"
)
def recruiting(posts, physicians, pay_ratio, hiring_pay_elasticity, hiring_tilt, debt_strain):
    """How hard a tier recruits: by its posts, more where they stand open, and by what it pays; in debt, not at all.

    A tier without any physician cannot tell how many posts stand open, and recruits by its posts.
    """
    return (
        hiring_tilt
        * where(physicians > 0, posts * posts / physicians, posts)
        * pay_ratio**hiring_pay_elasticity
        * (1 - debt_strain)
    )


@flow(
    "worker/year", over=tier, into="physicians", source="conservation of people: each new physician starts in one tier"
)
def hired(new_physicians, recruiting):
    """Graduates who start work as physicians; nobody does where there are no posts."""
    return new_physicians * where(total(recruiting, tier) > 0, recruiting / total(recruiting, tier), 0)


@flow(
    "worker/year",
    over=tier,
    out_of="physicians",
    source="own formulation: first-order outflow, as ages are not followed; morale as a factor",
)
def physician_exit(physicians, exit_rate, morale_exit):
    """Physicians who retire or leave the profession; more where morale is low."""
    return physicians * exit_rate * morale_exit


@auxiliary(
    "dimensionless", source="own formulation: constant elasticity to the motives of Meng Q 2009: pay and development"
)
def siphon_motive(pay_per_worker, capability, siphon_elasticity, siphon_limit):
    """What better pay and abler hospitals do to the siphon; bounded, also where primary care pays nothing."""
    return where(
        pay_per_worker["primary"] * capability["primary"] > 0,
        minimum(
            siphon_limit,
            # A house that pays nothing may be a rounding below nought within a step.
            maximum(
                0,
                pay_per_worker["secondary"]
                / pay_per_worker["primary"]
                * capability["secondary"]
                / capability["primary"],
            )
            ** siphon_elasticity,
        ),
        siphon_limit,
    )


@auxiliary("dimensionless", source="own formulation: effects multiply; nobody is drawn where no post is open or paid")
def hospital_draw(siphon_motive, vacancy, debt_strain, tier_presence):
    """How hard hospitals draw on primary care: by better pay, abler hospitals and open posts, if they can hire."""
    return where(tier_presence["secondary"] > 0, siphon_motive * vacancy * (1 - debt_strain["secondary"]), 0)


@reference("dimensionless", source=HELD)
def hospital_draw_at_start(hospital_draw):
    """The draw of hospitals at the start."""
    return hospital_draw


@auxiliary("1/year", source="upward moves: Meng Q 2009, Hum Resour Health 7:24; in proportion to hospitals' draw")
def siphon_pull(siphon_rate, hospital_draw):
    """The siphon: primary-care staff drawn up in a year."""
    return siphon_rate * hospital_draw


@auxiliary("dimensionless", source="own formulation: posts over physicians, saturating, as nobody counts open posts")
def vacancy(posts, physicians, vacancy_limit):
    """Posts open in hospitals, against the start: more patients and beds open them, and so do those who leave.

    Where hospitals have few physicians it saturates; a place whose hospitals never had one has no posts for them.
    """
    return where(
        posts["tertiary"] + posts["secondary"] > 0,
        (posts["tertiary"] + posts["secondary"])
        * vacancy_limit
        / (
            posts["tertiary"]
            + posts["secondary"]
            + (vacancy_limit - 1) * (physicians["tertiary"] + physicians["secondary"])
        ),
        0,
    )


@flow(
    "worker/year",
    out_of="physicians[primary]",
    into="physicians[secondary]",
    source="conservation of people: most who move go up; Meng Q 2009, Hum Resour Health 7:24",
)
def drawn_up(physicians, siphon_pull):
    """Physicians who leave primary care for a hospital."""
    return physicians["primary"] * siphon_pull


@flow("worker/year", out_of="physicians[secondary]", into="physicians[tertiary]", source=UPGRADED)
def physicians_upgraded(physicians, upgrading):
    """Physicians who come along when their hospital is upgraded."""
    return physicians["secondary"] * upgrading


# --- beds ---


@stock("bed", over=tier, source=START)
def beds(beds_at_start):
    """Beds in use."""
    return beds_at_start


@auxiliary("dimensionless", over=tier, source=DEFINITION)
def occupancy(tier_contacts, stay_length, beds, tier_presence):
    """Share of beds occupied; nought in a tier that the place has not."""
    return where(tier_presence > 0, tier_contacts["inpatient"] * stay_length / beds, 0)


@smooth("dimensionless", over=tier, time="occupancy_memory", start="occupancy_at_start", source=LEARNED)
def usual_occupancy(occupancy):
    """Occupancy as planners see it."""
    return occupancy


@reference("dimensionless", over=tier, source=AT_START)
def occupancy_at_start(contacts_at_start, stay_length_at_start, beds_at_start):
    """Occupancy at the start."""
    return where(
        beds_at_start > 0, total(contacts_at_start["inpatient"], scheme) * stay_length_at_start / beds_at_start, 0
    )


@auxiliary(
    "1/year", over=tier, source="own formulation: fourth power of occupancy, so that nobody builds for half-empty wards"
)
def bed_growth_wanted(
    usual_occupancy,
    occupancy_target,
    bed_drive,
    bed_response,
    surplus_margin,
    bed_surplus_response,
    bed_plan_limit,
    debt_strain,
):
    """Growth of beds that managers want and planners and lenders allow: full wards and a surplus push it."""
    return (
        bed_plan_limit
        * (1 - debt_strain)
        * maximum(
            0,
            bed_drive * ((usual_occupancy / occupancy_target) ** 2) ** 2
            + bed_response * (usual_occupancy - occupancy_target)
            + bed_surplus_response * surplus_margin,
        )
    )


@delay(
    "bed/year",
    over=tier,
    time="building_time",
    order=2,
    into="beds",
    start="beds_being_built_at_start",
    source="material delay of second order: Sterman 2000, Business Dynamics",
)
def beds_opened(beds, bed_growth_wanted):
    """Beds opened, two to three years after they were begun."""
    return beds * bed_growth_wanted


@flow(
    "bed/year",
    over=tier,
    out_of="beds",
    source="own formulation: bounded square of emptiness, so that full houses hardly close",
)
def beds_closed(
    beds,
    beds_at_start,
    network_share,
    bed_closing_rate,
    bed_closing_limit,
    occupancy_target,
    usual_occupancy,
    tier_presence,
):
    """Beds taken out of use: more where wards stand empty, up to a limit where nobody lies in them.

    What the plan keeps in every county and township is not closed, however empty it stands.
    """
    return (
        beds
        * maximum(0, 1 - (where(tier_presence > 0, network_share * beds_at_start / beds, 0) ** 2) ** 2)
        * bed_closing_rate
        * (bed_closing_limit + 1)
        / (bed_closing_limit * (usual_occupancy / occupancy_target) ** 2 + 1)
    )


@flow("bed/year", out_of="beds[secondary]", into="beds[tertiary]", source=UPGRADED)
def beds_upgraded(beds, upgrading):
    """Beds that come along when a hospital is upgraded."""
    return beds["secondary"] * upgrading


# --- equipment: a stock of value ---


@stock("yuan", over=tier, value=True, source=START)
def equipment(beds_at_start, equipment_per_bed_at_start):
    """Buildings and equipment, at cost less depreciation."""
    return beds_at_start * equipment_per_bed_at_start


@flow(
    "yuan/year",
    over=tier,
    out_of="equipment",
    source="declining-balance depreciation, as ages of equipment are not published",
)
def depreciation(equipment, equipment_life):
    """Wear of buildings and equipment."""
    return equipment / equipment_life


@flow("yuan/year", out_of="equipment[secondary]", into="equipment[tertiary]", source=UPGRADED)
def equipment_upgraded(equipment, upgrading):
    """Buildings and equipment of hospitals upgraded."""
    return equipment["secondary"] * upgrading


@auxiliary("dimensionless", over=tier, source=DEFINITION)
def equipment_ratio(equipment, beds, price_index, one_yuan, equipment_per_bed_at_start, tier_presence):
    """Equipment per bed in real terms against the start; one in a tier that the place has not."""
    return where(tier_presence > 0, equipment / (beds * price_index / one_yuan * equipment_per_bed_at_start), 1)


# --- length of stay, capacity, severity ---


@auxiliary(
    "bed*year/contact",
    over=tier,
    source="own formulation: trend and payment as factors, above the shortest stays reached elsewhere",
)
def stay_aimed(
    stay_length_at_start,
    stay_trend,
    stay_payment_effect,
    stay_floor,
    returned_share,
    returned_weight,
    recovery_stay,
):
    """Length of stay the tier would choose: technology shortens it, payment by the case shortens it further.

    Days in which patients recover in primary care are missing in hospitals and found there.
    """
    return maximum(
        stay_floor,
        stay_length_at_start
        * stay_trend
        * stay_payment_effect
        * by(tier, tertiary=1, secondary=1, primary=1 - returned_weight)
        + recovery_stay * by(tier, tertiary=0 - returned_share, secondary=0 - returned_share, primary=returned_weight),
    )


@smooth("bed*year/contact", over=tier, time="stay_time", start="stay_length_at_start", source=ADJUSTED)
def stay_length(stay_aimed):
    """Length of stay."""
    return stay_aimed


@auxiliary(
    "dimensionless",
    over=tier,
    source="own formulation: smooth minimum of beds and doctors, r / (1 + r**4)**(1/4)",
)
def attended_share(doctors, beds, beds_per_doctor_limit, tier_presence):
    """Share of the beds that have a doctor: nearly all in ordinary times, none where there is no doctor."""
    return where(
        tier_presence > 0,
        doctors
        * beds_per_doctor_limit
        / beds
        / sqrt(sqrt(1 + ((doctors * beds_per_doctor_limit / beds) * (doctors * beds_per_doctor_limit / beds)) ** 2)),
        0,
    )


@auxiliary(
    "contact/year", over=(tier, care), source="definition of throughput: doctors by their load, beds by the stay"
)
def capacity(beds, attended_share, stay_length, occupancy_limit, doctors, visits_per_doctor_limit):
    """What a tier can serve: outpatients by its doctors' time, inpatients by the beds that doctors attend."""
    return by(
        care,
        outpatient=doctors * visits_per_doctor_limit,
        inpatient=beds * attended_share * occupancy_limit / stay_length,
    )


@auxiliary("contact/person/year", source=DEFINITION)
def admission_rate(tier_contacts, returned, persons_total):
    """Admissions a person has in a year; one who is sent down to recover is admitted once."""
    return (total(tier_contacts["inpatient"], tier) - total(returned, scheme)) / persons_total


@reference("contact/person/year", source=AT_START)
def admission_rate_at_start(contacts_at_start, persons_total):
    """Admissions per person at the start."""
    return total(contacts_at_start["inpatient"], tier, scheme) / persons_total


@smooth("contact/person/year", time="severity_time", start="admission_rate_at_start", source=LEARNED)
def usual_admission_rate(admission_rate):
    """Admissions per person that practice has grown used to."""
    return admission_rate


@auxiliary(
    "dimensionless",
    over=care,
    source="own formulation: constant elasticity, as the next patient is lighter than the mean one",
)
def severity(usual_admission_rate, admission_rate_at_start, severity_dilution):
    """Severity of the mean case: the more people are admitted, the lighter it is. Visits are taken as alike."""
    return by(care, outpatient=1, inpatient=(usual_admission_rate / admission_rate_at_start) ** (0 - severity_dilution))
