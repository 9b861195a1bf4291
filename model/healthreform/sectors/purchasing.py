"""Purchasing: what procurement leaves in a tier's bills: volume and price of what is bought, saving, promotion.

Volume and spending are kept apart, each against what would be without procurement; the price is spending over volume,
so that a molecule's further volume is paid at the molecule's own price and not at that of all drugs.
"""

from ..stockflow import auxiliary, by, flow, stock, total
from .grounds import DEFINITION, IDENTITY, NOT_BEGUN, TASKS
from .names import bill_item, care, family, tier


@auxiliary("dimensionless", over=tier, source=f"online procurement: {TASKS}, item 3; else as before")
def procured_share(covered_share, platform_share, rule_share):
    """Share of a tier's drug spending (at old prices) bought on the platform under contracts: the rest as before."""
    return covered_share * platform_share * rule_share


@auxiliary("dimensionless", over=tier, source="volumes weighted by spending at old prices")
def drug_volume(procured_share, molecule_volume, alternatives_volume, alternatives_ratio):
    """Volume of drugs used, against what would be without procurement: covered molecules and their alternatives."""
    return 1 + procured_share * (molecule_volume - 1 + alternatives_ratio * (alternatives_volume - 1))


@auxiliary("dimensionless", over=tier, source="volumes at their prices, weighted by spending at old prices")
def drug_outlay(procured_share, molecule_spending, alternatives_volume, alternatives_ratio):
    """Spending on drugs, against what would be without procurement: alternatives keep their price."""
    return 1 + procured_share * (molecule_spending - 1 + alternatives_ratio * (alternatives_volume - 1))


@auxiliary("yuan/yuan_2010", over=tier, source="definition of a mean price: spending over volume")
def drug_price_paid(other_drug_price, drug_outlay, drug_volume):
    """Price index of drugs as a tier buys them."""
    return other_drug_price * drug_outlay / drug_volume


@auxiliary("dimensionless", over=tier, source="volumes weighted by spending at old prices")
def consumables_volume(rule_share, family_share, family_volume):
    """Volume of consumables used, against what would be without procurement."""
    return 1 + rule_share * (total(family_share * family_volume, family) - 1)


@auxiliary("dimensionless", over=tier, source="volumes at their prices, weighted by spending at old prices")
def consumables_outlay(rule_share, family_share, family_volume, family_price):
    """Spending on consumables, against what would be without procurement."""
    return 1 + rule_share * (total(family_share * family_volume * family_price, family) - 1)


@auxiliary("yuan/yuan_2010", over=tier, source="definition of a mean price: spending over volume")
def consumables_price_paid(other_consumables_price, consumables_outlay, consumables_volume):
    """Price index of consumables as a tier buys them."""
    return other_consumables_price * consumables_outlay / consumables_volume


@auxiliary("dimensionless", over=(tier, bill_item), source="definition: what procurement does to each item, gathered")
def item_volume(drug_volume, shortage_effect, consumables_volume):
    """Volume of an item in a contact, against what would be without procurement and without shortages."""
    return by(bill_item, drugs=drug_volume * shortage_effect, consumables=consumables_volume, tests=1, services=1)


@auxiliary(
    "dimensionless",
    over=(tier, bill_item),
    source="own formulation: firms promote what they must still sell, nothing under contract",
)
def promoted_share(
    procured_share,
    in_contract,
    product_spending,
    drug_outlay,
    rule_share,
    family_share,
    family_covered,
    consumables_price_cut,
    family_volume,
    consumables_outlay,
):
    """Share of what is spent on an item that firms still promote with payments."""
    return by(
        bill_item,
        drugs=1 - procured_share * in_contract * product_spending["winners"] / drug_outlay,
        consumables=1
        - rule_share
        * total(family_share * family_covered * (1 - consumables_price_cut) * family_volume, family)
        / consumables_outlay,
        tests=0,
        services=0,
    )


# --- what is saved, once ---


@auxiliary("yuan/year", over=bill_item, source=IDENTITY)
def procurement_saving(
    item_income,
    innovation_cost,
    tier_contacts,
    procured_share,
    molecule_volume,
    molecule_spending,
    drug_outlay,
    consumables_volume,
    consumables_outlay,
):
    """Saving of a year, whoever gains by it: how much less a unit of a molecule costs, times the units bought.

    It costs less by the winners' bids, and as much again because dear products give way; new drugs save nothing.
    """
    return total(
        (
            item_income
            - by(bill_item, drugs=total(innovation_cost * tier_contacts, care), consumables=0, tests=0, services=0)
        )
        * by(
            bill_item,
            drugs=procured_share * (molecule_volume - molecule_spending) / drug_outlay,
            consumables=consumables_volume / consumables_outlay - 1,
            tests=0,
            services=0,
        ),
        tier,
    )


@auxiliary("yuan/year", source=DEFINITION)
def saving_total(procurement_saving):
    """Savings of procurement in a year, drugs and consumables."""
    return total(procurement_saving, bill_item)


@flow("yuan/year", into="saving_cumulated", source=IDENTITY)
def saving_counted(saving_total):
    """Savings added to the count."""
    return saving_total


@stock("yuan", value=True, signed=True, outcome=True, source=NOT_BEGUN)
def saving_cumulated(no_money):
    """Savings of procurement since the start, as officials count them; a loss where winners were dearer."""
    return no_money
