"""Doctors of primary care: village doctors and general practitioners, their training, their bond, their moves."""

from ..stockflow import auxiliary, by, delay, flow, previous, stock, total, where
from .grounds import PEOPLE, START
from .names import crossroads, obligation, training_year


@stock("worker", source=START)
def village_doctors(village_doctors_at_start):
    """Village doctors and aides."""
    return village_doctors_at_start


@stock("worker", source=START)
def general_practitioners(general_practitioners_at_start):
    """General practitioners in primary care (part of its physicians)."""
    return general_practitioners_at_start


@flow(
    "worker/year",
    into="village_doctors",
    source="own formulation: entry from the posts of the start, as villages recruit, not doctors",
)
def village_doctor_entry(village_doctors_at_start, village_entry_rate, village_doctor_support):
    """New village doctors: few, more where their pay and pension are supported."""
    return village_doctors_at_start * village_entry_rate * village_doctor_support


@flow(
    "worker/year",
    out_of="village_doctors",
    source="own formulation: first-order outflow at a dated rate, as ages are not followed",
)
def village_doctor_exit(village_doctors, village_exit_rate, village_ageing_index):
    """Village doctors who retire or give up; they grew old together."""
    return village_doctors * village_exit_rate * village_ageing_index


@flow(
    "yuan/year",
    payer="government",
    payee="health_worker",
    source="own formulation: a sum for each head that keeps up with the wage, times the support",
)
def village_support_paid(village_doctors, village_support_per_head, village_doctor_support, wage, wage_at_start):
    """What government adds to the pay and pensions of village doctors, apart from the grant for public health."""
    return village_doctors * village_support_per_head * village_doctor_support * wage / wage_at_start


# --- five years of school and three of residency ---


@stock("worker", over=(obligation, training_year), source=START)
def students(trainees_at_start):
    """People in training as general practitioners: free to go where they like, or bonded to a post that waits."""
    return trainees_at_start


@flow("worker/year", over=obligation, into="students[first]", source=PEOPLE)
def training_begun(general_practitioner_enrolment, bonded_share):
    """Those who enter training, under bond or not."""
    return general_practitioner_enrolment * by(obligation, free=1 - bonded_share, bonded=bonded_share)


@flow(
    "worker/year",
    over=(obligation, training_year),
    into="students",
    source="ageing chain: Sterman 2000, Business Dynamics; years as in Lian S 2019, Fam Med 51:262",
)
def year_begun(year_finished):
    """Those who go on to the next year of training."""
    return previous(year_finished, training_year)


@flow(
    "worker/year",
    over=(obligation, training_year),
    out_of="students",
    source="ageing chain: Sterman 2000, Business Dynamics; a link a year keeps its length",
)
def year_finished(students, training_links, general_practitioner_training_time):
    """Those who finish a year of training."""
    return students * training_links / general_practitioner_training_time


@flow("worker/year", over=(obligation, training_year), out_of="students", source="first-order loss, as it has no date")
def training_given_up(students, training_drop_out_rate):
    """Those who give training up."""
    return students * training_drop_out_rate


@flow("worker/year", into="general_practitioners", source=PEOPLE)
def graduation(year_finished):
    """General practitioners who finish school and residency, and may go where they like."""
    return year_finished["free", "eighth"]


@flow("worker/year", into="general_practitioners", source=PEOPLE)
def bonded_graduation(year_finished):
    """General practitioners trained at the state's cost, who owe years of service to the place they come from."""
    return year_finished["bonded", "eighth"]


@flow(
    "yuan/year",
    payer="government",
    payee="other_provider",
    source="own formulation: a sum a year for each student under bond, at general prices",
)
def teaching_paid(students, teaching_cost, price_index):
    """What government pays schools and teaching hospitals for those who study under bond, their keep included."""
    return total(students["bonded"] * teaching_cost, training_year) * price_index


@auxiliary("dimensionless", over=crossroads, source="the same shares, one for each parting of the ways")
def usual_hospital_share(post_taken_freely, post_taken_under_bond, leaving_after_bond_usual):
    """Share who choose a hospital, at hospitals' draw of the start: as graduates, or when their bond ends."""
    return by(
        crossroads,
        graduate=1 - post_taken_freely,
        bonded_graduate=1 - post_taken_under_bond,
        bond_end=leaving_after_bond_usual,
    )


@auxiliary(
    "dimensionless",
    over=crossroads,
    source="own formulation: odds go with the draw of hospitals, so that the share stays below one",
)
def hospital_chosen_share(usual_hospital_share, hospital_draw, hospital_draw_at_start):
    """Share who choose a hospital: the more, the harder hospitals draw; none where no post is open.

    Whoever finds no place there takes up the post in primary care, or stays in it.
    """
    return where(
        hospital_draw_at_start > 0,
        usual_hospital_share
        * hospital_draw
        / (usual_hospital_share * hospital_draw + (1 - usual_hospital_share) * hospital_draw_at_start),
        where(hospital_draw > 0, usual_hospital_share, 0),
    )


@flow(
    "worker/year",
    out_of="general_practitioners",
    into="physicians[secondary]",
    source="conservation of people: Hu D 2023, Front Public Health 11:1042898, for those under bond",
)
def post_declined(graduation, bonded_graduation, hospital_chosen_share):
    """Graduates who go to a hospital, bond or no bond, as far as hospitals draw."""
    return graduation * hospital_chosen_share["graduate"] + bonded_graduation * hospital_chosen_share["bonded_graduate"]


@delay(
    "worker/year",
    time="retraining_time",
    order=1,
    out_of="physicians[primary]",
    into="general_practitioners",
    start="retrainees_at_start",
    source="first-order delay, as retraining varies from one to two years; Lian S 2019",
)
def retrained(physicians, retraining_share):
    """Primary-care physicians retrained as general practitioners; out of service meanwhile."""
    return physicians["primary"] * retraining_share


@flow(
    "yuan/year",
    payer="government",
    payee="health_worker",
    source="own formulation: the standard for as long as retraining takes, set aside as it begins",
)
def retraining_paid(physicians, retraining_share, retraining_time, pay_standard):
    """Salaries of those in retraining, whom nobody's patients pay meanwhile."""
    return physicians["primary"] * retraining_share * retraining_time * pay_standard["primary"]


@flow(
    "worker/year",
    out_of="general_practitioners",
    source="own formulation: rate and morale of other primary physicians, for want of a count apart",
)
def general_practitioner_exit(general_practitioners, exit_rate, morale_exit):
    """General practitioners who retire or leave the profession."""
    return general_practitioners * exit_rate["primary"] * morale_exit["primary"]


@flow(
    "worker/year",
    out_of="general_practitioners",
    into="physicians[secondary]",
    source="upward moves: Meng Q 2009, Hum Resour Health 7:24; same pull as for physicians",
)
def general_practitioner_drawn_up(general_practitioners, under_bond, siphon_pull, bond_served, hospital_chosen_share):
    """General practitioners drawn up by hospitals: some of the free ones, and most of those whose bond has ended."""
    return (general_practitioners - under_bond) * siphon_pull + bond_served * hospital_chosen_share["bond_end"]


# --- under bond: a co-flow of those general practitioners who may not leave yet ---


@stock("worker", source=START)
def under_bond(under_bond_at_start):
    """General practitioners who still owe service: part of all, counted apart."""
    return under_bond_at_start


@flow("worker/year", into="under_bond", source=PEOPLE)
def bond_begun(bonded_graduation, hospital_chosen_share):
    """Bonds that begin to run in service, with the end of residency."""
    return bonded_graduation * (1 - hospital_chosen_share["bonded_graduate"])


@flow(
    "worker/year", out_of="under_bond", source="own formulation: first-order, as places and transfers spread the dates"
)
def bond_served(under_bond, bond_time):
    """Bonds that end."""
    return under_bond / bond_time


@flow("worker/year", out_of="under_bond", source="own formulation: the rate of all general practitioners")
def bond_given_up(under_bond, exit_rate, morale_exit):
    """Bonds of those who leave the profession."""
    return under_bond * exit_rate["primary"] * morale_exit["primary"]
