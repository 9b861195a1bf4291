"""Procurement in volume: molecules under contract, prices, winners; consumables; suppliers; quality."""

from ..stockflow import auxiliary, by, exp, flow, maximum, minimum, reference, smooth, stock, total
from .grounds import ADJUSTED, AT_START, DEFINITION, IDENTITY, INDEX, NOT_BEGUN, START, TASKS
from .names import family, product

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


@flow(
    "molecule/year",
    out_of="molecules_expired",
    into="molecules_open",
    source="own formulation: first-order, as sellers of old products win back a molecule one by one",
)
def lapsed(molecules_expired, lapse_time):
    """Molecules whose contract ran out so long ago that they are sold as before the first one, at the old price."""
    return molecules_expired / lapse_time


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


@auxiliary("dimensionless", source=f"truthful reports of volume: {TASKS}, item 3")
def agreed_volume(contract_quota, reported_volume_ratio):
    """Volume agreed with the winners, as a share of what is used: part of what hospitals report, who report less."""
    return contract_quota * reported_volume_ratio


@auxiliary("dimensionless", source=f"priority use of what was selected: {TASKS}, item 3")
def quota_kept(agreed_volume, volume_compliance, in_contract, switch_back):
    """Share of a covered molecule's volume that moves to the winners: the quota, as far as kept and supplied."""
    return agreed_volume * volume_compliance * in_contract * (1 - switch_back)


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


@auxiliary("dimensionless", source="own formulation: constant elasticity, as studies report one")
def molecule_volume(molecule_price, own_price_volume):
    """Volume of a covered molecule, all products together, against the volume before."""
    return molecule_price ** (0 - own_price_volume)


@auxiliary("dimensionless", over=product, source=DEFINITION)
def product_volume(product_share, molecule_volume):
    """Volume of a covered molecule's products, against the molecule's whole volume before."""
    return product_share * molecule_volume


@auxiliary("dimensionless", over=product, source=IDENTITY)
def product_spending(product_volume, product_price, molecule_price_at_start):
    """Spending on a covered molecule's products, against the spending on the whole molecule before."""
    return product_volume * product_price / molecule_price_at_start


@auxiliary("dimensionless", source=DEFINITION)
def molecule_spending(product_spending):
    """Spending on a covered molecule against the spending before."""
    return total(product_spending, product)


@auxiliary(
    "dimensionless",
    outcome=True,
    source="Wang J 2022, BMJ Open 12:e054346: a part of the saving goes to alternatives",
)
def alternatives_volume(molecule_price, leakage_share, alternatives_ratio):
    """Volume of a covered molecule's close alternatives outside the list, whose price stays, against before."""
    return 1 + leakage_share * (1 - molecule_price) / alternatives_ratio


# --- consumables: families ---


@smooth("dimensionless", over=family, time="consumables_time", start="no_effect", source=ADJUSTED)
def family_covered(consumables_procurement_coverage):
    """Share of a family of consumables bought in volume."""
    return consumables_procurement_coverage


@auxiliary("dimensionless", source=DEFINITION)
def consumables_coverage(family_covered, family_share):
    """Share of consumables' spending bought in volume."""
    return total(family_covered * family_share, family)


@auxiliary("dimensionless", over=family, source=DEFINITION)
def family_price(family_covered, consumables_price_cut):
    """Mean price of a family of consumables against the price before procurement."""
    return 1 - family_covered * consumables_price_cut


@auxiliary(
    "dimensionless",
    over=family,
    source="own formulation: constant elasticity by family, as need binds some families only",
)
def family_volume(family_price, family_price_elasticity):
    """Volume of a family against what would be without procurement: what no need binds grows when it gets cheap."""
    return family_price ** (0 - family_price_elasticity)


# --- suppliers ---


@auxiliary("dimensionless", source=IDENTITY)
def supplier_margin(price_cut_won, procured_production_cost):
    """Winners' margin over production cost; the promotion they no longer pay is no cost."""
    return 1 - procured_production_cost / (1 - price_cut_won)


@auxiliary(
    "dimensionless", source="own formulation: linear in suppliers missing, as failed tenders had reserve prices raised"
)
def price_cut_won(procurement_price_cut, supplier_capacity, scarcity_answer):
    """Price cut that bids bring: shallower where suppliers are few (deep cuts and supplier exit), never a rise."""
    return procurement_price_cut * maximum(0, 1 - scarcity_answer * (1 - supplier_capacity))


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
def switch_back(supplier_capacity, trust_in_generics):
    """Winners' volume lost to shortage and to doubt about quality."""
    return 1 - supplier_capacity * trust_in_generics


# --- quality of what was selected ---


@auxiliary("dimensionless", source=f"supervision of quality: {TASKS}, item 3; linear, form own")
def defect_share(defects_unsupervised, supervision_reach, quality_supervision):
    """Share of the winners' deliveries with a defect that patients or doctors meet with."""
    return defects_unsupervised * (1 - supervision_reach * quality_supervision)


@stock("dimensionless", source=INDEX)
def trust_in_generics(full):
    """Trust of doctors and patients in selected generics: share of them who would not turn back."""
    return full


@flow("1/year", out_of="trust_in_generics", source="own formulation: in step with defects met while in use")
def trust_in_generics_lost(trust_in_generics, defect_share, doubt_per_defect, in_contract):
    """Trust that defects cost."""
    return trust_in_generics * defect_share * doubt_per_defect * in_contract


@flow("1/year", into="trust_in_generics", source=ADJUSTED)
def trust_in_generics_won(trust_in_generics, generics_trust_time):
    """Trust that comes back with use."""
    return (1 - trust_in_generics) / generics_trust_time


@auxiliary("dimensionless", source=DEFINITION)
def first_cycle_share(molecules_first, molecules_contracted, molecules_floor):
    """Contracts in their first cycle, as a share."""
    return molecules_first / (molecules_contracted + molecules_floor)
