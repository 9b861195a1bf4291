"""Fund supervision: false claims, what deters them, what audits find and what is paid back."""

from ..stockflow import auxiliary, exp, flow, smooth, stock, where
from .grounds import AS_CASH_ALLOWS, DEFINITION, IDENTITY, LEARNED, STEADY, UPGRADED
from .names import scheme, tier


@auxiliary("dimensionless", source="own formulation: exponential, so that no more is found than there is")
def found_share(audit_effort, audit_reach):
    """Share of false claims that audits find."""
    return 1 - exp(0 - audit_reach * audit_effort)


@auxiliary("dimensionless", source="Regulations on the supervision of medical security funds, Order No. 735, 2021")
def repaid_ratio(legal_fine, fined_share):
    """What is claimed back of a false yuan that was found: the yuan, and a fine as far as fines are imposed.

    By law the fine goes to the treasury; as little of it is imposed, all is taken to go to the fund.
    """
    return 1 + legal_fine * fined_share


@smooth("dimensionless", time="supervision_learning_time", source=LEARNED)
def expected_finding(found_share):
    """Share of what is against the rules that providers, as they have learned, expect audits to find."""
    return found_share


@auxiliary("dimensionless", source=DEFINITION)
def perceived_penalty(expected_finding, repaid_ratio):
    """What a yuan falsely claimed is expected to cost."""
    return expected_finding * repaid_ratio


@auxiliary("dimensionless", source="definition: the expected penalty, at the supervision of 2010")
def penalty_in_cover(audit_reach, supervision_in_cover, repaid_ratio):
    """The same when rates of cover were read from what funds spent, false claims among it."""
    return (1 - exp(0 - audit_reach * supervision_in_cover)) * repaid_ratio


@auxiliary("dimensionless", over=tier, source="expected penalty: Becker 1968, J Polit Econ 76:169; exponential")
def false_claim_share(false_claims_unwatched, false_claim_deterrence, perceived_penalty, rule_share):
    """Share of claims that is false: less as the expected penalty rises, where supervision reaches."""
    return false_claims_unwatched * (1 - rule_share * (1 - exp(0 - false_claim_deterrence * perceived_penalty)))


@auxiliary("dimensionless", over=tier, source="definition: true claims are what is left of all; one in 2010")
def false_claims_ratio(false_claim_share, false_claims_unwatched, false_claim_deterrence, penalty_in_cover, rule_share):
    """All claims against those there would be with as many false ones as bills and rates of cover hold."""
    return (
        1 - false_claims_unwatched * (1 - rule_share * (1 - exp(0 - false_claim_deterrence * penalty_in_cover)))
    ) / (1 - false_claim_share)


@flow("yuan/year", over=(tier, scheme), payer="fund", payee="provider", out_of="claims_payable", source=AS_CASH_ALLOWS)
def false_claims_paid(claims_payable, settlement_time, payable_share, false_claim_share):
    """False claims paid, as others are: what is due, as far as the reserve reaches."""
    return claims_payable / settlement_time * payable_share * false_claim_share


@auxiliary("dimensionless", over=tier, source="definition: points only share out a budget, and upcoding with them")
def upcoded_share(inpatient_claim_share, drg_part, excluded_share, upcoding, coding_index):
    """Share of a tier's claims under supervision that upcoding adds, where rates are open."""
    return drg_part * (1 - excluded_share) * upcoding / coding_index * inpatient_claim_share


@flow("yuan/year", over=(tier, scheme), into="recoveries_payable", source=IDENTITY)
def recoveries_due(false_claims_paid, claims_paid, upcoded_share, found_share, repaid_ratio, rule_share):
    """What is to be paid back of claims that audits will find false or upcoded, fines included."""
    return (false_claims_paid + claims_paid * upcoded_share) * rule_share * found_share * repaid_ratio


@stock("yuan", over=(tier, scheme), owed_by="provider", owed_to="fund", source=STEADY)
def recoveries_payable(recoveries_due, audit_time):
    """What is to be paid back and is not yet."""
    return recoveries_due * audit_time


@flow(
    "yuan/year",
    over=(tier, scheme),
    payer="provider",
    payee="fund",
    out_of="recoveries_payable",
    outcome=True,
    source="own formulation: smooth in claims paid over what is taken back, so that no cash runs out",
)
def recoveries_paid(recoveries_payable, audit_time, claims_paid, false_claims_paid):
    """Recoveries of the funds: taken off the claims they pay, once audited; later where they hardly pay any."""
    return where(
        claims_paid + false_claims_paid > 0,
        recoveries_payable
        / audit_time
        * (claims_paid + false_claims_paid)
        / (claims_paid + false_claims_paid + recoveries_payable / audit_time),
        0,
    )


@flow(
    "yuan/year",
    over=scheme,
    out_of="recoveries_payable[secondary]",
    into="recoveries_payable[tertiary]",
    source=UPGRADED,
)
def recoveries_upgraded(recoveries_payable, upgrading):
    """Recoveries owed by hospitals upgraded."""
    return recoveries_payable["secondary"] * upgrading
