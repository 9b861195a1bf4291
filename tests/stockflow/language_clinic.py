"""A small model that uses every part of the language, to plant faults in."""

from __future__ import annotations

from language_helpers import driver, lever, module_from, parameter, records_from, table

from healthreform.stockflow import Model, build

EQUATIONS = '''
tier = Subscript("tier", ["tertiary", "primary"])
care = Subscript("care", ["outpatient", "inpatient"])
fund = Account("fund")
hospital = Account("hospital", over=tier)
household = Account("household")


@stock("yuan", account="fund")
def fund_reserve(premiums_paid, reserve_time_at_start):
    """Money the fund holds."""
    return premiums_paid * reserve_time_at_start


@stock("yuan", over=tier, account="hospital")
def hospital_cash(cash_at_start):
    """Money hospitals hold."""
    return cash_at_start


@stock("yuan", over=tier, owed_by="fund", owed_to="hospital")
def claims_owed(cash_at_start):
    """Claims not settled yet."""
    return 0 * cash_at_start


@stock("yuan", over=tier, value=True)
def equipment(cash_at_start):
    """Value of the equipment."""
    return cash_at_start


@stock("worker", over=tier)
def doctors(doctors_at_start):
    """Doctors at work."""
    return doctors_at_start


@flow("yuan/year", payer="household", payee="fund")
def premiums_paid(premium, members):
    """Premiums."""
    return premium * members


@auxiliary("contact/year", over=(tier, care))
def visits(doctors, visits_per_doctor, crowding):
    """Visits by kind of care."""
    return doctors * visits_per_doctor * crowding(1 / (1 + total(doctors, tier) / doctors["tertiary"]))


@flow("yuan/year", over=(tier, care), into="claims_owed")
def claims_due(visits, price):
    """Claims as they arise."""
    return visits * price


@flow("yuan/year", over=tier, payer="fund", payee="hospital", out_of="claims_owed")
def claims_paid(claims_owed, settling_time):
    """Claims settled."""
    return claims_owed / settling_time


@flow("yuan/year", over=tier, payer="hospital", payee="household", into="equipment")
def purchases(hospital_cash, purchase_share, wear):
    """Equipment bought."""
    return minimum(hospital_cash * purchase_share, 2 * wear)


@flow("yuan/year", over=tier, out_of="equipment")
def wear(equipment, wear_rate):
    """Equipment worn out."""
    return equipment * wear_rate


@auxiliary("yuan/worker", over=tier)
def pay(hospital_cash, doctors):
    """Money for each doctor."""
    return hospital_cash / doctors


@smooth("yuan/worker", over=tier, time="perception_time")
def pay_seen(pay):
    """Pay as it is known."""
    return pay


@flow("worker/year", out_of="doctors[primary]", into="doctors[tertiary]")
def drawn_up(doctors, pay_seen, siphon_rate):
    """Doctors drawn up by better pay."""
    return (
        doctors["primary"]
        * siphon_rate
        * where(
            (pay_seen["tertiary"] > pay_seen["primary"]) & (pay_seen["primary"] > 0),
            log(pay_seen["tertiary"] / pay_seen["primary"]),
            0,
        )
    )


@delay("worker/year", time="training_time", order=3, into="doctors[primary]")
def graduation(enrolment, dropout_share):
    """Doctors who finish training."""
    return enrolment * (1 - dropout_share)


@reference("yuan/worker")
def pay_at_start(pay, doctors):
    """Mean pay at the start."""
    return total(pay * doctors, tier) / total(doctors, tier)


@balance("worker", scale="doctors_counted")
def doctors_missing(doctors, doctors_counted):
    """The sum is the sum."""
    return total(doctors, tier) - doctors_counted


@auxiliary("worker")
def doctors_counted(doctors):
    """Doctors of all tiers."""
    return doctors["tertiary"] + doctors["primary"]
'''

INPUTS = "".join(
    [
        parameter("reserve_time_at_start", 9, "month"),
        parameter("cash_at_start", {"tertiary": 100, "primary": 20}, "yuan", over="tier"),
        parameter("doctors_at_start", {"tertiary": 60, "primary": 40}, "worker", over="tier"),
        parameter("members", 1, "1k person"),
        parameter("visits_per_doctor", {"outpatient": 2, "inpatient": 1}, "1k contact/worker/year", over="care"),
        parameter("price", {"tertiary": {"outpatient": 0.2, "inpatient": 0.9}, "primary": 0.1}, "yuan/contact"),
        parameter("settling_time", 3, "month"),
        parameter("purchase_share", 5, "percent/year"),
        parameter("wear_rate", 0.1, "1/year"),
        parameter("perception_time", 1, "year"),
        parameter("siphon_rate", 0.05, "1/year"),
        parameter("training_time", 3, "year"),
        lever("dropout_share", [[2010, 0.1], [2015, 0.1], [2015, 0.2]], low=0, high=1),
        driver("enrolment", [[2010, 3.0], [2020, 6.0]], "worker/year"),
        driver("premium", [[2010, 20.0], [2020, 30.0]], "yuan/person/year"),
        table("crowding", [[0, 1.0], [1, 0.8]]),
    ]
).replace(
    "value = { tertiary = { outpatient = 0.2, inpatient = 0.9 }, primary = 0.1 }",
    "over = ['tier', 'care']\nvalue = { tertiary = { outpatient = 0.2, inpatient = 0.9 }, "
    "primary = { outpatient = 0.1, inpatient = 0.3 } }",
)


def clinic(equations: str = EQUATIONS, inputs: str = INPUTS) -> Model:
    return build(module_from(equations, "clinic"), records_from(inputs))
