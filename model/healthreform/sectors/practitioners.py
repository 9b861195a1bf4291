"""Doctors of primary care: village doctors and general practitioners, their training, their bond, their moves."""

from ..stockflow import auxiliary, delay, flow, pipeline, reference, stock, where
from .grounds import HELD, PEOPLE, START


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


@pipeline(
    "worker/year",
    time="general_practitioner_training_time",
    stages=4,
    loss="training_drop_out_rate",
    into="general_practitioners",
    start="trainees_at_start",
    source="pipeline of stages, as training has a set length; Lian S 2019, Fam Med 51:262",
)
def graduation(general_practitioner_enrolment, bonded_share):
    """General practitioners who finish five years of school and three of residency, and may go where they like."""
    return general_practitioner_enrolment * (1 - bonded_share)


@pipeline(
    "worker/year",
    time="general_practitioner_training_time",
    stages=4,
    loss="training_drop_out_rate",
    into="general_practitioners",
    start="bonded_trainees_at_start",
    source="pipeline of stages, as training has a set length; Lian S 2019, Fam Med 51:262",
)
def bonded_graduation(general_practitioner_enrolment, bonded_share):
    """General practitioners trained at the state's cost, who owe years of service to the place they come from."""
    return general_practitioner_enrolment * bonded_share


@flow(
    "worker/year",
    out_of="general_practitioners",
    into="physicians[secondary]",
    source="conservation of people: Hu D 2023, Front Public Health 11:1042898, for those under bond",
)
def post_declined(graduation, bonded_graduation, post_taken_freely, post_taken_under_bond, tier_presence):
    """Graduates who go to a secondary hospital, bond or no bond, if there is one."""
    return where(
        tier_presence["secondary"] > 0,
        graduation * (1 - post_taken_freely) + bonded_graduation * (1 - post_taken_under_bond),
        0,
    )


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
def general_practitioner_drawn_up(
    general_practitioners, under_bond, siphon_pull, bond_served, leaving_after_bond, tier_presence
):
    """General practitioners drawn up by hospitals: some of the free ones, and most of those whose bond has ended."""
    return where(
        tier_presence["secondary"] > 0,
        (general_practitioners - under_bond) * siphon_pull + bond_served * leaving_after_bond,
        0,
    )


# --- under bond: a co-flow of those general practitioners who may not leave yet ---


@stock("worker", source=START)
def under_bond(under_bond_at_start):
    """General practitioners who still owe service: part of all, counted apart."""
    return under_bond_at_start


@flow("worker/year", into="under_bond", source=PEOPLE)
def bond_begun(bonded_graduation, post_taken_under_bond):
    """Bonds that begin to run in service, with the end of residency."""
    return bonded_graduation * post_taken_under_bond


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


@reference("1/year", source=HELD)
def siphon_pull_at_start(siphon_pull):
    """The pull of hospitals at the start."""
    return siphon_pull


@auxiliary(
    "dimensionless",
    source="own formulation: odds go with the pull of hospitals, so that the share stays below one",
)
def leaving_after_bond(leaving_after_bond_usual, siphon_pull, siphon_pull_at_start):
    """Share who move up to a hospital when their bond ends; the usual one where hospitals drew nobody at the start."""
    return where(
        siphon_pull_at_start > 0,
        leaving_after_bond_usual
        * siphon_pull
        / (leaving_after_bond_usual * siphon_pull + (1 - leaving_after_bond_usual) * siphon_pull_at_start),
        leaving_after_bond_usual,
    )
