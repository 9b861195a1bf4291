"""Population: people by age, who belongs to which scheme, and people with a chronic disease."""

from ..stockflow import auxiliary, by, flow, reference, stock, total
from .grounds import DEFINITION, DISEASE, HELD, PEOPLE, START
from .names import age, care, scheme


@stock("person", over=age, source=START)
def people(people_at_start):
    """People alive, by age group (0-14, 15-64, 65 and over)."""
    return people_at_start


@flow(
    "person/year",
    into="people[children]",
    source="given: UN World Population Prospects 2024, estimates and medium projection",
)
def births(birth_count):
    """Births, from the national count and its projection."""
    return birth_count


@flow(
    "person/year",
    over=age,
    into="people",
    source="given: what the place's registers say; conservation of people",
)
def arrivals(arrival_count):
    """People who move into the place, less those who leave it."""
    return arrival_count


@flow(
    "person/year",
    out_of="people[children]",
    into="people[adults]",
    source="ageing chain: Sterman 2000, Business Dynamics; ages spread evenly inside the group",
)
def coming_of_age(people, childhood_time):
    """Children who turn fifteen: an even spread of ages inside the group."""
    return people["children"] / childhood_time


@flow(
    "person/year",
    out_of="people[adults]",
    into="people[older]",
    source="ageing chain: Sterman 2000, Business Dynamics; rate from counts of NBS and UN 2024",
)
def turning_old(people, ageing_rate):
    """Adults who turn sixty-five; the rate is dated because the cohorts differ in size."""
    return people["adults"] * ageing_rate


@flow(
    "person/year",
    over=age,
    out_of="people",
    source="definition of a death rate by age; its index follows UN World Population Prospects 2024",
)
def deaths(people, mortality_rate, mortality_index):
    """Deaths by age group, at rates that fall as life gets longer."""
    return people * mortality_rate * mortality_index


@auxiliary("person", at_year_end=True, source=DEFINITION)
def persons_total(people):
    """All people."""
    return total(people, age)


@auxiliary("person", over=scheme, at_year_end=True, source=PEOPLE)
def persons(persons_total, employee_member_share):
    """People by the scheme they belong to or would; all outside the employee scheme count as residents."""
    return persons_total * by(scheme, employee=employee_member_share, resident=1 - employee_member_share)


@auxiliary("person", over=scheme, at_year_end=True, source=DEFINITION)
def insured_persons(persons, enrolled_share):
    """People covered, never more than there are."""
    return persons * enrolled_share


# --- people with a chronic disease (hypertension or diabetes) ---


@stock("person", source=DISEASE)
def chronic_unfound(chronic_prevalence_at_start, people, chronic_found_share_at_start):
    """Adults with hypertension or diabetes who do not know it."""
    return chronic_prevalence_at_start * (people["adults"] + people["older"]) * (1 - chronic_found_share_at_start)


@stock("person", source=DISEASE)
def chronic_found(
    chronic_prevalence_at_start,
    people,
    chronic_found_share_at_start,
    chronic_managed_share_at_start,
    chronic_complicated_share_at_start,
):
    """People who know of their disease and are not followed up."""
    return (
        chronic_prevalence_at_start
        * (people["adults"] + people["older"])
        * chronic_found_share_at_start
        * (1 - chronic_managed_share_at_start - chronic_complicated_share_at_start)
    )


@stock("person", source=DISEASE)
def chronic_managed(chronic_prevalence_at_start, people, chronic_found_share_at_start, chronic_managed_share_at_start):
    """People followed up by primary care under the public-health programme."""
    return (
        chronic_prevalence_at_start
        * (people["adults"] + people["older"])
        * chronic_found_share_at_start
        * chronic_managed_share_at_start
    )


@stock("person", outcome=True, source=DISEASE)
def chronic_complicated(
    chronic_prevalence_at_start, people, chronic_found_share_at_start, chronic_complicated_share_at_start
):
    """People whose disease has led to a stroke, heart or kidney failure or the like."""
    return (
        chronic_prevalence_at_start
        * (people["adults"] + people["older"])
        * chronic_found_share_at_start
        * chronic_complicated_share_at_start
    )


@auxiliary("person", at_year_end=True, source=PEOPLE)
def people_at_risk(people, chronic_unfound, chronic_found, chronic_managed, chronic_complicated):
    """Adults free of the disease."""
    return people["adults"] + people["older"] - chronic_unfound - chronic_found - chronic_managed - chronic_complicated


@flow("person/year", into="chronic_unfound", source=f"{DISEASE}; age weight own")
def onset(people_at_risk, people, onset_rate, older_onset_ratio):
    """New disease; its rate rises with the share of older people among adults."""
    return (
        people_at_risk
        * onset_rate
        * (people["adults"] + older_onset_ratio * people["older"])
        / (people["adults"] + people["older"])
    )


@flow("person/year", out_of="chronic_unfound", into="chronic_found", source=DISEASE)
def finding(chronic_unfound, finding_rate, screening_effort, screened_rate):
    """Disease found, in the course of care and by screening."""
    return chronic_unfound * (finding_rate * screening_effort + screened_rate)


@auxiliary(
    "person", source="own formulation: proportional to what the grant pays for: without it there is no programme"
)
def management_places(chronic_care_capacity, grant_effect, effective_contract_share, contract_management_gain):
    """People primary care can follow up: places the grant pays for, more where contracts mean something."""
    return chronic_care_capacity * grant_effect * (1 + contract_management_gain * effective_contract_share)


@flow(
    "person/year",
    out_of="chronic_found",
    into="chronic_managed",
    source="own formulation: half speed once as many are followed up as there are places",
)
def enrolment(chronic_found, chronic_managed, management_places, enrolment_time):
    """People taken into follow-up: slower as places fill."""
    return chronic_found / enrolment_time * management_places / (management_places + chronic_managed)


@flow(
    "person/year",
    out_of="chronic_managed",
    into="chronic_found",
    source="own formulation: mirror of enrolment, so that its rate holds where places are just full",
)
def drop_out(chronic_managed, management_places, drop_out_rate):
    """People lost to follow-up: faster when places are overfull."""
    return chronic_managed * drop_out_rate * 2 * chronic_managed / (chronic_managed + management_places)


@flow("person/year", out_of="chronic_unfound", into="chronic_complicated", source=DISEASE)
def complications_unfound(chronic_unfound, complication_rate, unfound_complication_ratio):
    """Complications among people who did not know."""
    return chronic_unfound * complication_rate * unfound_complication_ratio


@flow("person/year", out_of="chronic_found", into="chronic_complicated", source=DISEASE)
def complications_found(chronic_found, complication_rate):
    """Complications among people found and not followed up."""
    return chronic_found * complication_rate


@flow("person/year", out_of="chronic_managed", into="chronic_complicated", source=f"{DISEASE}; protection own")
def complications_managed(chronic_managed, complication_rate, management_protection):
    """Complications among people followed up: fewer, by what management protects."""
    return chronic_managed * complication_rate * (1 - management_protection)


@flow("person/year", out_of="chronic_complicated", source=DISEASE)
def deaths_complicated(chronic_complicated, complicated_death_rate):
    """People with complications who die (they are part of all deaths by age)."""
    return chronic_complicated * complicated_death_rate


@flow("person/year", out_of="chronic_found", source=DISEASE)
def deaths_found(chronic_found, chronic_death_rate):
    """Deaths of people found and not followed up."""
    return chronic_found * chronic_death_rate


@flow("person/year", out_of="chronic_managed", source=DISEASE)
def deaths_managed(chronic_managed, chronic_death_rate):
    """Deaths of people followed up."""
    return chronic_managed * chronic_death_rate


@flow("person/year", out_of="chronic_unfound", source=DISEASE)
def deaths_unfound(chronic_unfound, chronic_death_rate):
    """Deaths of people who did not know."""
    return chronic_unfound * chronic_death_rate


# --- need ---


@auxiliary("dimensionless", source="own formulation: part of an adult's use; Cui C 2024, Soc Sci Med 345:116705")
def use_avoided(people, age_use, managed_use, managed_admission_fall):
    """Use of hospital beds that follow-up saves a person at once; what fewer complications save comes later."""
    return managed_admission_fall * (
        (people["adults"] * age_use["adults", "inpatient"] + people["older"] * age_use["older", "inpatient"])
        / (people["adults"] + people["older"])
        + managed_use["inpatient"]
    )


@auxiliary(
    "dimensionless",
    over=care,
    source="own formulation: further use by state of disease adds to that by age, so none counts twice",
)
def need(
    people,
    persons_total,
    age_use,
    chronic_found,
    chronic_managed,
    chronic_complicated,
    found_use,
    managed_use,
    complicated_use,
    use_avoided,
):
    """Need for care per head: by age, and more for known, managed and complicated disease.

    Finding a disease raises use at once, and managing it visits; admissions fall by a part at once, and further as
    complications stay away.
    """
    return (
        total(people * age_use, age)
        + chronic_found * found_use
        + chronic_managed * (managed_use - by(care, outpatient=0, inpatient=use_avoided))
        + chronic_complicated * complicated_use
    ) / persons_total


@reference("dimensionless", over=care, source=HELD)
def need_at_start(need):
    """Need per head at the start."""
    return need
