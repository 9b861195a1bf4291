"""Claims that are known not to hold, each with its reason: in a place's file, or beside a claim of behaviour.

A reason excuses one claim.  A check that makes several fails as before if another of them does, and if it fails of what
is no claim at all, such as a run that ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .behaviour_file import FILE, read_behaviour
from .changes import split_name
from .check_findings import Finding
from .extremes import EXTREMES, SCALED
from .family_members import claims_of_members
from .inventory import levers
from .named_loops import read_loops
from .place import Place
from .stockflow.errors import RecordError, nearest, one_of

#: What a check that is one claim calls it.
ITSELF = ""
_ONE = (ITSELF,)


@dataclass(frozen=True)
class KnownMisses:
    """Reasons by check and claim.

    Attributes
    ----------
    reasons : why claims fail, by check and claim.
    files : for those that have to fail, where the reason is written.
    """

    reasons: Mapping[tuple[str, str], str]
    files: Mapping[tuple[str, str], str]

    @classmethod
    def of(cls, place: Place) -> KnownMisses:
        """Those of a place.

        Raises
        ------
        RecordError
            If its file names a check or a claim that there is not, or not the claims of a check that makes several.
        """
        general = {
            (f"behaviour: {check.name}", claim): reason
            for check in read_behaviour().values()
            for claim, reason in check.misses.items()
        }
        claims = claims_of(place) if place.misses else {}
        own = {
            (check, claim): reason
            for check, given in place.misses.items()
            for claim, reason in _by_claim(f"{place.file}: misses", check, given, claims).items()
        }
        # Claims of behaviour are made of the country: elsewhere what misses there may hold.
        files = {} if place.based_on else dict.fromkeys(general, str(FILE))
        return cls(general | own, files | dict.fromkeys(own, place.file))

    def explained(self, finding: Finding) -> Finding:
        """What fails and is accounted for, claim by claim, is a known miss."""
        if finding.passed or finding.error:
            return finding
        reasons = {claim: self.reasons.get((finding.name, claim), "") for claim in _failed(finding)}
        known = "; ".join(dict.fromkeys(reason for reason in reasons.values() if reason))
        if not known:
            return finding
        unknown = [claim for claim, reason in reasons.items() if not reason]
        told = f"{finding.result} Known miss: {known}"
        if unknown:
            return replace(finding, result=f"{told} Not known to fail: {', '.join(unknown)}")
        return replace(finding, passed=True, miss=True, result=told)

    def gone(self, found: Iterable[Finding], left_out: Iterable[str] = ()) -> Finding | None:
        """What is explained and does not fail, if there is any; of checks that were left out nothing is known."""
        findings, skipped = list(found), set(left_out)
        if any(finding.error for finding in findings):
            return None
        failing = {(finding.name, claim) for finding in findings for claim in _failed(finding)}
        by_file: dict[str, list[str]] = {}
        for (check, claim), file in sorted(self.files.items()):
            if check not in skipped and (check, claim) not in failing:
                by_file.setdefault(file, []).append(f"{check}: {claim}" if claim else check)
        told = "; ".join(
            f"{file}: misses: nothing of the name fails: {', '.join(names)}" for file, names in by_file.items()
        )
        return Finding("known misses", False, told) if told else None


def _failed(finding: Finding) -> tuple[str, ...]:
    """The claims that fail, by which a reason is found."""
    return () if finding.passed and not finding.miss else finding.failed or _ONE


def _by_claim(
    where: str, check: str, given: str | Mapping[str, str], known: Mapping[str, tuple[str, ...]]
) -> Mapping[str, str]:
    if check not in known:
        offer = nearest(check, known) or "; 'healthreform check' has the names"
        raise RecordError(f"{where}: there is no check '{check}'{offer}")
    claims = known[check]
    if isinstance(given, str):
        if len(claims) > 1:
            raise RecordError(
                f'{where}.{check}: it makes {len(claims)} claims: name each that fails, [misses."{check}"], with its '
                f"reason; such as {one_of(claims[:3])}"
            )
        return {claims[0]: given}
    for claim in given:
        if claims == _ONE:
            raise RecordError(f'{where}.{check}: it is one claim: write "{check}" = "the reason"')
        if claim not in claims:
            offer = nearest(claim, claims) or f"; such as {one_of(claims[:3])}"
            raise RecordError(f"{where}.{check}: it makes no claim '{claim}'{offer}")
    return given


def claims_of(place: Place) -> dict[str, tuple[str, ...]]:
    """The claims that each check makes of a place, by the check's name; one that is one claim calls it ``ITSELF``.

    Of what is compared number by number the claims are the variables.
    """
    model, loops = place.model, read_loops()
    payments = tuple(dict.fromkeys(split_name(payment.flow)[0] for payment in model.payments))
    variables = tuple(model.variables)
    outcomes = tuple(name for name, variable in model.variables.items() if variable.outcome)
    stocks = tuple(name for name, variable in model.variables.items() if variable.role == "stock")
    reinforcing = {name: loop for name, loop in loops.items() if loop.polarity == "reinforcing"}
    return {
        "units and closed world": _ONE,
        "conservation": payments,
        "accounts": payments,
        "integration error": outcomes,
        "family members": claims_of_members(place),
        **{f"loop: {loop.title}": _ONE for loop in loops.values()},
        **{f"gain: {loop.title}": _ONE for loop in reinforcing.values()},
        **{
            f"behaviour: {check.name}": tuple(claim.text for claim in check.claims)
            for check in read_behaviour().values()
        },
        **{f"extreme: {extreme.title}": extreme.claims for extreme in EXTREMES},
        f"extreme: {SCALED}": _ONE,
        "kernel and reference": variables,
        "levers": tuple(levers(place, elements=True).index),
        "loops cut": _ONE,
        "gains with all else answering": tuple(reinforcing),
        "adaptive solver": stocks,
    }
