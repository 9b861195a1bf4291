"""Textbook models, written as an author would."""

from __future__ import annotations

from language_helpers import driver, lever, model_from, parameter, table

from healthreform.stockflow import Model


def draining_tank() -> Model:
    """Water runs out in proportion to what is there: an exponential."""
    text = '''
    @stock("litre_stored", outcome=True)
    def water(water_at_start):
        """Water in the tank."""
        return water_at_start

    @flow("litre_stored/year", out_of="water")
    def leak(water, leak_rate):
        """Water running out."""
        return water * leak_rate
    '''.replace("litre_stored", "metre**3")
    return model_from(text, parameter("water_at_start", 8, "metre**3"), parameter("leak_rate", 0.5, "1/year"))


def torricelli_tank() -> Model:
    """A tank that drains by a hole in its floor: its depth is a parabola in time."""
    text = '''
    @stock("metre")
    def depth(depth_at_start):
        """Depth of the water."""
        return depth_at_start

    @flow("metre/year", out_of="depth")
    def sinking(depth, hole_coefficient):
        """The faster, the deeper."""
        return hole_coefficient * sqrt(maximum(depth, 0))
    '''
    return model_from(
        text, parameter("depth_at_start", 4, "metre"), parameter("hole_coefficient", 0.5, "metre**0.5/year")
    )


def epidemic() -> Model:
    """Susceptible, exposed, infectious, recovered: incubation in two stages, illness in three, over two ages."""
    text = '''
    age = Subscript("age", ["young", "old"])

    @stock("person", over=age)
    def susceptible(people_at_start, infectious_at_start):
        """People who can fall ill."""
        return people_at_start - infectious_at_start

    @auxiliary("person", over=age)
    def infectious(recovery_stage_1, recovery_stage_2, recovery_stage_3):
        """People who pass it on."""
        return recovery_stage_1 + recovery_stage_2 + recovery_stage_3

    @auxiliary("1/year")
    def infection_pressure(infectious, people_at_start, contact_rate):
        """Chance a year to catch it."""
        return contact_rate * total(infectious, age) / total(people_at_start, age)

    @delay("person/year", over=age, time="incubation_time", order=2, out_of="susceptible", start="nobody")
    def onset(susceptible, infection_pressure, susceptibility):
        """People who fall ill some time after they caught it."""
        return susceptible * infection_pressure * susceptibility

    @delay("person/year", over=age, time="illness_time", order=3, into="recovered", start="infectious_at_start")
    def recovery(onset):
        """People who recover some time after they fell ill."""
        return onset

    @stock("person", over=age)
    def recovered(nobody):
        """People who have had it."""
        return nobody

    @balance("person", scale="everyone")
    def people_lost(susceptible, infectious, onset_stage_1, onset_stage_2, recovered, people_at_start):
        """Nobody vanishes."""
        return (
            total(susceptible + infectious + onset_stage_1 + onset_stage_2 + recovered, age)
            - total(people_at_start, age)
        )

    @auxiliary("person")
    def everyone(people_at_start):
        """All people."""
        return total(people_at_start, age)
    '''
    return model_from(
        text,
        parameter("people_at_start", {"young": 6, "old": 4}, "1k person", over="age"),
        parameter("infectious_at_start", {"young": 5, "old": 1}, "person", over="age"),
        parameter("nobody", {"young": 0, "old": 0}, "person", over="age"),
        parameter("susceptibility", {"young": 1.0, "old": 1.4}, over="age"),
        parameter("contact_rate", 12, "1/year"),
        parameter("incubation_time", 1.2, "month"),
        parameter("illness_time", 3, "month"),
    )


def workforce_chain() -> Model:
    """Training with drop-outs, then years of service by age band, with ageing and retirement."""
    text = '''
    band = Subscript("band", ["early", "middle", "late"])

    @pipeline("worker/year", time="training_time", stages=5, loss="dropout_rate", into="staff[early]")
    def graduation(intake):
        """Those who finish training."""
        return intake

    @stock("worker", over=band)
    def staff(staff_at_start):
        """People at work by band of age."""
        return staff_at_start

    @flow("worker/year", out_of="staff[early]", into="staff[middle]")
    def growing_up(staff, band_time):
        """From the early to the middle band."""
        return staff["early"] / band_time

    @flow("worker/year", out_of="staff[middle]", into="staff[late]")
    def growing_old(staff, band_time):
        """From the middle to the late band."""
        return staff["middle"] / band_time

    @flow("worker/year", over=band, out_of="staff")
    def leaving(staff, leaving_rate, pay_ratio, leaving_by_pay):
        """The worse the pay, the more leave."""
        return staff * leaving_rate * leaving_by_pay(pay_ratio)

    @smooth("worker", time="reporting_time", order=2)
    def staff_reported(staff):
        """What the yearbook says, later."""
        return total(staff, band)
    '''
    return model_from(
        text,
        parameter("staff_at_start", {"early": 300, "middle": 300, "late": 200}, "worker", over="band"),
        parameter("leaving_rate", {"early": 5, "middle": 3, "late": 15}, "percent/year", over="band"),
        parameter("training_time", 5, "year"),
        parameter("band_time", 12, "year"),
        parameter("dropout_rate", 0.06, "1/year"),
        parameter("reporting_time", 18, "month"),
        driver("intake", [[2010, 50.0], [2015, 80.0]], "worker/year"),
        lever("pay_ratio", [[2010, 1.0], [2014, 1.0], [2014, 1.3]]),
        table("leaving_by_pay", [[0.5, 2.0], [1.0, 1.0], [1.5, 0.6]]),
    )


def predator_and_prey() -> Model:
    """Lotka and Volterra."""
    text = '''
    @stock("item")
    def prey(prey_at_start):
        """Hares."""
        return prey_at_start

    @stock("item")
    def predators(predators_at_start):
        """Lynxes."""
        return predators_at_start

    @flow("item/year", into="prey")
    def births(prey, birth_rate):
        """Hares born."""
        return prey * birth_rate

    @flow("item/year", out_of="prey")
    def kills(prey, predators, hunting):
        """Hares eaten."""
        return prey * predators * hunting

    @flow("item/year", into="predators")
    def cubs(kills, cubs_per_kill):
        """Lynxes born."""
        return kills * cubs_per_kill

    @flow("item/year", out_of="predators")
    def starvation(predators, starvation_rate):
        """Lynxes that die."""
        return predators * starvation_rate
    '''
    return model_from(
        text,
        parameter("prey_at_start", 40, "item"),
        parameter("predators_at_start", 9, "item"),
        parameter("birth_rate", 0.5, "1/year"),
        parameter("hunting", 0.03, "1/item/year"),
        parameter("cubs_per_kill", 0.5),
        parameter("starvation_rate", 0.4, "1/year"),
    )


def bank_and_debts() -> Model:
    """A firm buys on credit from suppliers, borrows from a bank, pays wages and a delayed tax."""
    text = '''
    region = Subscript("region", ["north", "south"])
    firm = Account("firm", over=region)
    bank = Account("bank")
    household = Account("household")
    state = Account("state")

    @stock("yuan", over=region, account="firm")
    def cash(cash_at_start):
        """The firms' money."""
        return cash_at_start

    @stock("yuan", account="bank")
    def vault(vault_at_start):
        """The bank's money."""
        return vault_at_start

    @stock("yuan", over=region, owed_by="firm", owed_to="bank")
    def loan(cash_at_start):
        """What the firms owe the bank."""
        return cash_at_start / 2

    @flow("yuan/year", over=region, payer="household", payee="firm")
    def sales(sales_level):
        """What is bought."""
        return sales_level

    @flow("yuan/year", over=region, payer="firm", payee="household")
    def wages(cash, wage_rate):
        """What is paid for work."""
        return cash * wage_rate

    @flow("yuan/year", over=region, payer="bank", payee="firm", into="loan")
    def borrowing(vault, lending_rate, region_share):
        """New loans."""
        return vault * lending_rate * region_share

    @flow("yuan/year", over=region, payer="firm", payee="bank", out_of="loan")
    def repayment(loan, repayment_rate):
        """Loans paid back."""
        return loan * repayment_rate

    @delay("yuan/year", over=region, time="tax_delay", order=2, payer="firm", payee="state")
    def tax(sales, tax_share):
        """Tax on sales, paid some time after it is due."""
        return sales * tax_share

    @balance("yuan", scale="vault_at_start")
    def loans_untold(loan, tax_stage_1, tax_stage_2, debts_of_firms):
        """Debts of the firms against their parts."""
        return debts_of_firms - total(loan + tax_stage_1 + tax_stage_2, region)

    @auxiliary("yuan")
    def debts_of_firms(loan, tax_stage_1, tax_stage_2):
        """All that the firms owe."""
        return total(loan, region) + total(tax_stage_1 + tax_stage_2, region)
    '''
    return model_from(
        text,
        parameter("cash_at_start", {"north": 100, "south": 60}, "yuan", over="region"),
        parameter("vault_at_start", 500, "yuan"),
        parameter("sales_level", {"north": 80, "south": 50}, "yuan/year", over="region"),
        parameter("wage_rate", 0.6, "1/year"),
        parameter("lending_rate", 5, "percent/year"),
        parameter("region_share", {"north": 60, "south": 40}, "percent", over="region"),
        parameter("repayment_rate", 0.1, "1/year"),
        parameter("tax_delay", 9, "month"),
        parameter("tax_share", 0.2),
    )


TEXTBOOK = {
    make.__name__: make
    for make in (
        draining_tank,
        torricelli_tank,
        epidemic,
        workforce_chain,
        predator_and_prey,
        bank_and_debts,
    )
}
