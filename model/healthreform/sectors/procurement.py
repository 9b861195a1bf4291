"""Procurement in volume: molecules under contract, prices, winners, savings; consumables; suppliers."""

from ..stockflow import auxiliary, by, exp, flow, maximum, minimum, reference, smooth, stock, total
from .grounds import ADJUSTED, AT_START, DEFINITION, IDENTITY, INDEX, NOT_BEGUN, START, TASKS
from .names import bill_item, care, family, product, tier

# --- molecules: not covered -> under contract -> expired -> under contract ---


@stock("molecule", source=START)
def molecules_open(molecules_total):
    """Molecules never bought in volume."""
    return molecules_total


@stock("molecule", source=NOT_BEGUN)
def molecules_first(no_molecules):
    """Molecules in the first cycle of a contract."""
    return no_molecules


@stock("molecule", source=NOT_BEGUN)
def molecules_renewed(no_molecules):
    """Molecules under a renewed contract."""
    return no_molecules


@stock("molecule", source=NOT_BEGUN)
def molecules_expired(no_molecules):
    """Molecules whose contract ran out and was not renewed yet."""
    return no_molecules


@flow(
    "molecule/year",
    out_of="molecules_open",
    into="molecules_first",
    source=f"rounds: {TASKS}, item 3; never more than are left",
)
def contracted(drug_procurement_rounds, molecules_open, round_time):
    """Molecules that rounds bring under contract, as far as there are any left."""
    return minimum(drug_procurement_rounds, molecules_open / round_time)


@flow(
    "molecule/year",
    out_of="molecules_first",
    into="molecules_expired",
    source=f"agreements that expire: {TASKS}, item 3; first-order",
)
def first_expiring(molecules_first, agreement_time):
    """First contracts that run out."""
    return molecules_first / agreement_time


@flow(
    "molecule/year",
    out_of="molecules_renewed",
    into="molecules_expired",
    source=f"agreements that expire: {TASKS}, item 3; first-order",
)
def renewed_expiring(molecules_renewed, agreement_time):
    """Renewed contracts that run out."""
    return molecules_renewed / agreement_time


@flow(
    "molecule/year",
    out_of="molecules_expired",
    into="molecules_renewed",
    source=f"follow-up of what expired: {TASKS}, item 3; first-order",
)
def renewed(molecules_expired, renewal_time, renewal_effort):
    """Contracts renewed."""
    return molecules_expired / renewal_time * renewal_effort


@auxiliary("molecule", at_year_end=True, outcome=True, source=DEFINITION)
def molecules_contracted(molecules_first, molecules_renewed):
    """Molecules under a contract."""
    return molecules_first + molecules_renewed


@auxiliary(
    "dimensionless", source="own formulation: exponential saturation, the simplest form with falling gain and a limit"
)
def covered_share(molecules_contracted, molecules_expired, coverage_limit, coverage_scale, drug_procurement_coverage):
    """Share of drug spending (at old prices) of molecules bought in volume now or before; the big ones come first."""
    return (
        drug_procurement_coverage
        * coverage_limit
        * (1 - exp((0 - molecules_contracted - molecules_expired) / coverage_scale))
    )


@auxiliary("dimensionless", source=DEFINITION)
def in_contract(molecules_contracted, molecules_expired, molecules_floor):
    """Part of the molecules ever bought in volume that is under contract today."""
    return molecules_contracted / (molecules_contracted + molecules_expired + molecules_floor)


@auxiliary("dimensionless", source=DEFINITION)
def out_of_contract(molecules_contracted, molecules_expired, molecules_floor):
    """Part of the molecules ever bought in volume whose contract has run out; none before the first round."""
    return molecules_expired / (molecules_contracted + molecules_expired + molecules_floor)


# --- inside a covered molecule: winners, losing originators, other generics ---


@auxiliary("dimensionless", source=f"volumes reported and priority use: {TASKS}, item 3")
def quota_kept(reported_volume_share, volume_compliance, platform_share, in_contract, switch_back):
    """Share of a covered molecule's volume that must move to the winners: the quota, as far as kept and supplied."""
    return reported_volume_share * volume_compliance * platform_share * in_contract * (1 - switch_back)


@auxiliary(
    "dimensionless",
    over=product,
    source="own formulation: bounded share of the quota; size by Lu J 2022 and Chen Y 2021",
)
def product_share_lost(product_share_at_start, giving_way, quota_kept):
    """Volume that a product loses to the winners: the quota's part of it, more of what is most like the winners.

    Priority use replaces other generics beyond the quota, while doctors and patients hold on to originators.
    """
    return product_share_at_start * minimum(1, giving_way * quota_kept)


@auxiliary("dimensionless", over=product, source="conservation of volume")
def product_share_aimed(product_share_at_start, product_share_lost):
    """Volume shares of the products of a molecule: winners gain what the others lose."""
    return (
        product_share_at_start
        - product_share_lost
        + by(product, winners=total(product_share_lost, product), originators=0, other_generics=0)
    )


@smooth("dimensionless", over=product, time="switching_time", start="product_share_at_start", source=ADJUSTED)
def product_share(product_share_aimed):
    """Volume shares of the products of a covered molecule; prescribing switches within two months."""
    return product_share_aimed


@auxiliary(
    "dimensionless",
    over=product,
    source="Long H 2022, Front Pharmacol 13:944540 (no rebound); other products' prices held",
)
def product_price(product_price_at_start, price_cut_won, in_contract, out_of_contract, expired_price_keep):
    """Prices of a covered molecule's products against the old mean; after expiry part of the winners' cut is kept."""
    return product_price_at_start * by(
        product,
        winners=1 - price_cut_won * (in_contract + out_of_contract * expired_price_keep),
        originators=1,
        other_generics=1,
    )


@reference("dimensionless", source=AT_START)
def molecule_price_at_start(product_share_at_start, product_price_at_start):
    """Mean price of a covered molecule before procurement."""
    return total(product_share_at_start * product_price_at_start, product)


@auxiliary("dimensionless", source="definition of a mean price, volumes as they shift")
def molecule_price(product_share, product_price, molecule_price_at_start):
    """Mean price of covered molecules against the price before."""
    return total(product_share * product_price, product) / molecule_price_at_start


@auxiliary("yuan/yuan_2010", source="price index weighted by spending at old prices")
def procured_price(covered_share, molecule_price, other_drug_price):
    """Drug price index at the factory gate: what procurement leaves, and the drift of other drugs' prices."""
    return other_drug_price * (1 - covered_share * (1 - molecule_price))


@auxiliary("dimensionless", source="own formulation: constant elasticity, as studies report one")
def molecule_volume(molecule_price, own_price_volume):
    """Volume of a covered molecule, all products together, against the volume before."""
    return molecule_price ** (0 - own_price_volume)


@auxiliary("dimensionless", over=product, source=DEFINITION)
def product_volume(product_share, molecule_volume):
    """Volume of a covered molecule's products, against the molecule's whole volume before."""
    return product_share * molecule_volume


@auxiliary("dimensionless", source=IDENTITY)
def molecule_spending(molecule_price, molecule_volume):
    """Spending on a covered molecule against the spending before: price times volume."""
    return molecule_price * molecule_volume


@auxiliary(
    "dimensionless",
    outcome=True,
    source="Wang J 2022, BMJ Open 12:e054346: a part of the saving goes to alternatives",
)
def alternatives_volume(molecule_price, leakage_share, alternatives_ratio):
    """Volume of a covered molecule's close alternatives outside the list, whose price stays, against before."""
    return 1 + leakage_share * (1 - molecule_price) / alternatives_ratio


@auxiliary("dimensionless", source="volumes weighted by spending at old prices")
def procured_use(covered_share, molecule_volume, alternatives_volume, alternatives_ratio):
    """Drugs used, against what would be without procurement: cheaper molecules and their alternatives are used more."""
    return 1 + covered_share * (molecule_volume - 1 + alternatives_ratio * (alternatives_volume - 1))


@auxiliary(
    "dimensionless",
    over=bill_item,
    source="own formulation: firms promote what they must still sell: all that is not under contract",
)
def promoted_share(covered_share, in_contract, consumables_coverage):
    """Share of an item's sales that firms still promote with payments: none under contract."""
    return by(
        bill_item, drugs=1 - covered_share * in_contract, consumables=1 - consumables_coverage, tests=0, services=0
    )


# --- consumables: families ---


@smooth("dimensionless", over=family, time="consumables_time", start="no_effect", source=ADJUSTED)
def family_covered(consumables_procurement_coverage):
    """Share of a family of consumables bought in volume."""
    return consumables_procurement_coverage


@auxiliary("dimensionless", source=DEFINITION)
def consumables_coverage(family_covered, family_share):
    """Share of consumables' spending bought in volume."""
    return total(family_covered * family_share, family)


@auxiliary("yuan/yuan_2010", source="price index weighted by spending at old prices")
def consumables_price(family_covered, family_share, consumables_price_cut, other_consumables_price):
    """Consumables price index at the factory gate."""
    return other_consumables_price * (1 - total(family_share * family_covered * consumables_price_cut, family))


@auxiliary("dimensionless", source="own formulation: constant elasticity by family, as need binds some families only")
def consumables_use(family_covered, family_share, consumables_price_cut, family_price_elasticity):
    """Use of consumables: families that are not bound to a need grow when they get cheap."""
    return 1 + total(
        family_share * ((1 - family_covered * consumables_price_cut) ** (0 - family_price_elasticity) - 1), family
    )


# --- what is saved, once ---


@auxiliary("yuan/year", over=bill_item, source=IDENTITY)
def procurement_saving(
    item_income,
    innovation_cost,
    tier_contacts,
    drug_price_paid,
    other_drug_price,
    consumables_price_paid,
    other_consumables_price,
):
    """Saving of a year: price cut times the volume bought, whoever gains by it; new drugs are not bought in volume."""
    return total(
        (
            item_income
            - by(bill_item, drugs=total(innovation_cost * tier_contacts, care), consumables=0, tests=0, services=0)
        )
        * by(
            bill_item,
            drugs=other_drug_price / drug_price_paid - 1,
            consumables=other_consumables_price / consumables_price_paid - 1,
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


@stock("yuan", value=True, outcome=True, source=NOT_BEGUN)
def saving_cumulated(no_money):
    """Savings of procurement since the start, as officials count them."""
    return no_money


# --- suppliers ---


@auxiliary("dimensionless", source=IDENTITY)
def supplier_margin(price_cut_won, procured_production_cost):
    """Winners' margin over production cost; the promotion they no longer pay is no cost."""
    return 1 - procured_production_cost / (1 - price_cut_won)


@auxiliary(
    "dimensionless", source="own formulation: linear in suppliers missing, as failed tenders had reserve prices raised"
)
def price_cut_won(procurement_price_cut, supplier_capacity, scarcity_answer):
    """Price cut that bids bring: shallower where suppliers have become few (deep cuts and supplier exit)."""
    return procurement_price_cut * (1 - scarcity_answer * (1 - supplier_capacity))


@stock("dimensionless", source=INDEX)
def supplier_capacity(full):
    """Suppliers able to deliver contracted drugs, against what contracts need."""
    return full


@auxiliary("1/year", source="own formulation: exponential, as shortages are rare at ordinary margins; bounded")
def exit_hazard(supplier_margin, exit_at_zero_margin, exit_margin_scale, exit_limit):
    """Part of the suppliers who would give up in a year at their margin; agreements hold them for a while at any."""
    return exit_limit - exit_limit / (
        1 + exit_at_zero_margin / exit_limit * exp((0 - supplier_margin) / exit_margin_scale)
    )


@flow("1/year", out_of="supplier_capacity", source="own formulation: a hazard, as each supplier decides for itself")
def supplier_exit(supplier_capacity, exit_hazard, in_contract):
    """Suppliers who give up when the price barely covers production."""
    return supplier_capacity * in_contract * exit_hazard


@flow("1/year", into="supplier_capacity", source=ADJUSTED)
def supplier_entry(supplier_capacity, supplier_entry_time):
    """Suppliers who come in where there is room."""
    return maximum(0, 1 - supplier_capacity) / supplier_entry_time


@auxiliary(
    "dimensionless", source="own formulation: shortage and doubt as independent losses, so that their product is kept"
)
def switch_back(supplier_capacity, trust_in_generics_loss, quality_supervision):
    """Winners' volume lost to shortage and to doubt about quality; supervision lowers the doubt."""
    return 1 - supplier_capacity * (1 - trust_in_generics_loss * (1 - quality_supervision))


@auxiliary("dimensionless", source=DEFINITION)
def first_cycle_share(molecules_first, molecules_contracted, molecules_floor):
    """Contracts in their first cycle, as a share."""
    return molecules_first / (molecules_contracted + molecules_floor)
