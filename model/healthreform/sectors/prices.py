"""Prices: drugs and consumables as bought and marked up, tests, and services, whose price rises with the room made."""

from ..stockflow import auxiliary, by, flow, maximum, minimum, reference, smooth, stock, total, where
from .grounds import DEFINITION, HELD, IDENTITY, INDEX, TASKS
from .names import bill_item, scheme, tier


@auxiliary(
    "dimensionless",
    over=(tier, bill_item),
    source="definition, from the mark-ups set by the zero mark-up guidelines 2009-2017",
)
def mark_up(drug_mark_up, consumables_mark_up):
    """Mark-up on what is bought in."""
    return by(bill_item, drugs=drug_mark_up, consumables=consumables_mark_up, tests=0, services=0)


@reference("dimensionless", over=(tier, bill_item), source=HELD)
def mark_up_at_start(mark_up):
    """Mark-up at the start."""
    return mark_up


@auxiliary(
    "yuan/yuan_2010", over=(tier, bill_item), source="definition of a billed price: as bought or set, times its mark-up"
)
def item_price(drug_price_paid, consumables_price_paid, test_price, service_price, mark_up, mark_up_at_start):
    """Price index of an item as billed, one at the start."""
    return (
        by(
            bill_item,
            drugs=drug_price_paid,
            consumables=consumables_price_paid,
            tests=test_price,
            services=service_price,
        )
        * (1 + mark_up)
        / (1 + mark_up_at_start)
    )


@stock("yuan/yuan_2010", over=tier, source=INDEX)
def service_price(service_price_at_start):
    """Price index of medical services, set by government."""
    return service_price_at_start


@auxiliary(
    "yuan/year", over=tier, source="accounting identity, at prices before procurement so that no saving pays twice"
)
def mark_up_lost(
    item_income,
    mark_up,
    mark_up_at_start,
    other_drug_price,
    drug_price_paid,
    other_consumables_price,
    consumables_price_paid,
):
    """Income that lower mark-ups cost a tier, at prices before procurement, so that its savings are not given back."""
    return total(
        item_income
        / (1 + mark_up)
        * maximum(0, mark_up_at_start - mark_up)
        * by(
            bill_item,
            drugs=other_drug_price / drug_price_paid,
            consumables=other_consumables_price / consumables_price_paid,
            tests=1,
            services=1,
        ),
        bill_item,
    )


@auxiliary("yuan/year", over=tier, source=DEFINITION)
def service_income(item_income):
    """Bills for medical services."""
    return item_income["services"]


@auxiliary("1/year", over=tier, source="pricing reform opinions 2016: prices make up lost mark-ups; pace own")
def compensating_rise(mark_up_lost, compensated, mark_up_price_compensation, service_income, compensation_time):
    """Price rise that makes up the agreed part of the mark-up lost and not yet made up; none without services."""
    return (
        where(service_income > 0, (mark_up_price_compensation * mark_up_lost - compensated) / service_income, 0)
        / compensation_time
    )


@auxiliary(
    "yuan/year", over=tier, source="accounting identity: income less what prices without compensation would bring"
)
def compensated(service_income, service_price, one_yuan, other_rise_index):
    """Part of the service income that price rises granted for lost mark-ups bring."""
    return service_income * maximum(0, 1 - one_yuan * other_rise_index / service_price)


@stock("dimensionless", over=tier, source=INDEX)
def other_rise_index(price_count_at_start):
    """Price index of services had no mark-up been made up for."""
    return price_count_at_start


@auxiliary("1/year", source="own formulation: first-order closing of the gap, income-weighted; prices are not cut back")
def cost_growth(production_cost_index, service_price, service_income, service_price_catch_up, service_price_trigger):
    """Rise that would close in so many years what the mean gap between cost and price has beyond the trigger.

    Where no service is billed no cost has grown.
    """
    return (
        where(
            total(service_income, tier) > 0,
            maximum(
                0,
                total(service_income * (production_cost_index / service_price - 1), tier) / total(service_income, tier)
                - service_price_trigger,
            ),
            0,
        )
        / service_price_catch_up
    )


@auxiliary("1/year", source=f"{TASKS}, items 2 and 4: rises out of room made; pace own")
def dynamic_rise(
    service_price_adjustment, cost_growth, service_price_step, room, service_income, rule_share, room_time
):
    """Dynamic adjustment: what costs call for, but no more than a round may give and room pays (making room).

    Where no service is billed no price is adjusted.
    """
    return service_price_adjustment * minimum(
        minimum(cost_growth, service_price_step),
        where(
            total(service_income * rule_share, tier) > 0,
            maximum(0, room) / total(service_income * rule_share, tier) / room_time,
            0,
        ),
    )


@flow(
    "yuan/yuan_2010/year",
    over=tier,
    into="service_price",
    source="own formulation: rates of rise add up, as each is granted on a ground of its own",
)
def service_price_rise(service_price, compensating_rise, dynamic_rise, service_price_drift, rule_share):
    """Rise of the service price: for lost mark-ups, by the dynamic rule, and the drift there always was."""
    return service_price * (compensating_rise + dynamic_rise * rule_share + service_price_drift)


@flow("1/year", over=tier, into="other_rise_index", source="counterfactual of service_price_rise, without compensation")
def other_rise(other_rise_index, dynamic_rise, service_price_drift, rule_share):
    """Rises that have nothing to do with mark-ups."""
    return other_rise_index * (dynamic_rise * rule_share + service_price_drift)


# --- room: a memo, in yuan a year ---


@smooth(
    "yuan/year",
    time="room_memory",
    start="no_room",
    signed=True,
    outcome=True,
    source=f"making room, {TASKS}, item 2; known with a delay",
)
def room(room_made, room_given):
    """Room as it becomes known: savings of a year not yet given to higher service prices or left with hospitals."""
    return room_made - room_given


@auxiliary("yuan/year", source=f"making room, {TASKS}, item 2; a stated share leaks")
def room_made(saving_total, room_leakage, consortium_room_share):
    """Savings that become room: those of procurement less what leaks and what falls to consortia with a budget."""
    return saving_total * (1 - room_leakage) * (1 - consortium_room_share)


@auxiliary("yuan/year", source=IDENTITY)
def room_given(dynamic_value, retained_total):
    """Room given away: dynamic price rises so far, and savings left with hospitals."""
    return dynamic_value + retained_total


@auxiliary("yuan/year", source=DEFINITION)
def retained_total(savings_retained):
    """Savings left with hospitals."""
    return total(savings_retained, tier, scheme)


@auxiliary("yuan/year", source="accounting identity: income less what prices without dynamic rises would bring")
def dynamic_value(service_income, dynamic_index, rule_share):
    """What the dynamic rises granted so far cost in a year."""
    return total(service_income * rule_share, tier) * (1 - 1 / dynamic_index)


@stock("dimensionless", source=INDEX)
def dynamic_index(full):
    """Price index of services by dynamic rises alone."""
    return full


@flow("1/year", into="dynamic_index", source="definition of an index by its rate of rise")
def dynamic_counted(dynamic_index, dynamic_rise):
    """Dynamic rises counted."""
    return dynamic_index * dynamic_rise
