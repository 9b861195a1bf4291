"""The report of a calibration as tables: numbers for CSV, and the same in few figures for Markdown and the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

#: Columns that come first where a page has no room for all, the most telling before others.
_FIRST_OF_PARAMETERS = ("value", "fitted", "moved", "end", "apart", "low", "high", "learned", "standard error")
_MEASURES = {"r2": "R2", "theil_u": "U1", "bias": "bias", "variance": "variance", "covariance": "covariance"}


@dataclass(frozen=True)
class Section:
    """One table of a report.

    Attributes
    ----------
    key : name of its CSV file.
    note : what to know when reading it.
    table : the numbers.
    shown : the same as text, for people; its index is the first column.
    first : columns to keep where room is narrow, in this order as far as there is room; if empty all are kept, in
        several tables below each other.
    """

    key: str
    title: str
    note: str
    table: pandas.DataFrame
    shown: pandas.DataFrame
    first: tuple[str, ...] = ()


def summary(
    misfit: tuple[float, float], before: pandas.DataFrame, after: pandas.DataFrame, parameters: pandas.DataFrame
) -> list[str]:
    """What there is to say first, line by line."""
    return [
        f"Misfit {misfit[0]:.4g} with the recorded values, {misfit[1]:.4g} with the fitted ones.",
        f"Targets met: {_met(before)} before, {_met(after)} after{_missed(after)}.",
        *_summary_of_parameters(parameters),
    ]


def summary_as_it_stands(misfit: float, fit: pandas.DataFrame, parameters: pandas.DataFrame) -> list[str]:
    """What there is to say first of values that were not fitted now; without free parameters, of the fit alone."""
    met = f"Targets met: {_met(fit)}{_missed(fit)}."
    if not len(parameters):
        return [met, "No parameter is free: there is no plan of calibration for this history, so only the fit is told."]
    return [f"Misfit {misfit:.4g} with the values as they stand.", met, *_summary_of_parameters(parameters)]


def _summary_of_parameters(parameters: pandas.DataFrame) -> list[str]:
    ends = [f"{name} ({end})" for name, end in parameters["at_end"].items() if end]
    blind = parameters.index[parameters["blind"]]
    return [
        f"At an end of the range: {len(ends)} of {len(parameters)}{_listed(ends)}.",
        f"History is blind to {len(blind)} of {len(parameters)}{_listed(blind)}; of the others it can tell "
        f"{int(parameters['apart'].sum())} apart all at once.",
    ]


def _missed(fit: pandas.DataFrame) -> str:
    return _listed(fit.index[fit["met"] == "no"], "missed")


def _met(fit: pandas.DataFrame) -> str:
    return f"{int((fit['met'] == 'yes').sum())} of {int((fit['met'] != '').sum())}"


def _listed(names: Any, word: str = "") -> str:
    return f"{'; ' + word if word else ''}: {', '.join(names)}" if len(names) else ""


def fit_section(after: pandas.DataFrame, before: pandas.DataFrame | None = None) -> Section:
    """The table of fit; with the error before a calibration, if there was one."""
    import pandas

    table = after.copy()
    if before is not None:
        table.insert(3, "error_before", before["error"])
    shown = pandas.DataFrame(index=after.index)
    size = {name: "%" if counted == "share" else "pt" for name, counted in after["counted_in"].items()}

    def amounts(values: pandas.Series, sign: str = "") -> list[str]:
        return [f"{100 * value:{sign}.1f} {size[name]}" if value == value else "" for name, value in values.items()]

    if before is not None:
        shown["before"] = amounts(before["error"])
    shown["error"] = amounts(after["error"])
    worst = zip(amounts(after["worst"], "+"), after["worst_year"], strict=True)
    shown["worst"] = [f"{amount} ({year})" for amount, year in worst]
    shown["target"] = amounts(after["target"])
    shown["met"] = after["met"]
    shown["weight"] = [f"{weight:.2f}" for weight in after["weight"]]
    for column, title in _MEASURES.items():
        shown[title] = [_number(value, "{:.3f}" if column == "theil_u" else "{:.2f}") for value in after[column]]
    shown["years"] = after["years"].astype(str)
    note = (
        "Error is the mean absolute error over the years, in per cent of what was observed or, for shares, in points "
        "(pt); worst is the year furthest off. U1 is Theil's inequality coefficient in its first form; bias, variance "
        "and covariance are his shares of the mean squared error."
    )
    reasons = after.loc[after["miss"] != "", "miss"]
    note += "".join(f" Known miss: {name}: {reason}" for name, reason in reasons.items())
    return Section("fit", "Fit, series by series", note, table, shown)


def years_section(errors: pandas.DataFrame) -> Section:
    """Errors by series and year."""
    shown = errors.map(lambda value: f"{100 * value:+.1f}" if value == value else "")
    note = "Error of the run in per cent of what was observed or, for shares, in points; positive: above."
    return Section("errors_by_year", "Errors, year by year", note, errors, shown)


#: The columns of the table of parameters that people are shown: title, and the form of a number.
_OF_PARAMETERS: dict[str, tuple[str, str]] = {
    "recorded": ("recorded", "{:.4g}"),
    "value": ("value", "{:.4g}"),
    "fitted": ("fitted", "{:.4g}"),
    "middle": ("middle", "{:.4g}"),
    "low": ("low", "{:.4g}"),
    "high": ("high", "{:.4g}"),
    "moved": ("moved", "{:+.2f}"),
    "position": ("position", "{:.2f}"),
    "at_end": ("end", ""),
    "standard_error": ("standard error", "{:.3g}"),
    "learned": ("learned", "{:.2f}"),
    "blind": ("blind", ""),
    "apart": ("apart", ""),
}


def parameters_section(table: pandas.DataFrame) -> Section:
    """The free parameters: how far each moved inside its range, and what history can tell of it."""
    import pandas

    shown = pandas.DataFrame(index=table.index)
    for column, (title, form) in _OF_PARAMETERS.items():
        if column in table.columns:
            shown[title] = [_number(value, form) if form else _word(value, column) for value in table[column]]
    note = (
        "Moved: from the middle of the range, where the prior has its centre, as a part of the range; in logarithms "
        "where the distribution is in them. "
        "Position: 0 the low end of the range, 1 the high. Standard error: from history and prior together, linear, as "
        "if errors of different years were independent. Learned: share of the prior's variance that history takes "
        "away. Apart: one of those that history can tell apart all at once."
    )
    return Section("parameters", "Parameters", note, table, shown, _FIRST_OF_PARAMETERS)


def _word(value: Any, column: str) -> str:
    """A cell that is no number: a word as it is, and for what is true or not a word or nothing."""
    return value if isinstance(value, str) else ("blind" if column == "blind" else "yes") if value else ""


def groups_section(groups: pandas.DataFrame) -> Section:
    """Groups that cannot be told apart."""
    shown = groups.set_index("members").map(lambda value: f"{value:.3g}")
    note = (
        "A change of one member can be made good by the others, up to one part in so many as the collinearity index "
        "says (Brun, Reichert and Künsch 2001). Every pair and every three is looked at, and the smallest group around "
        "each parameter that is in none."
    )
    return Section("groups", "Groups that history cannot tell apart", note, groups, shown)


def pairs_section(pairs: pandas.DataFrame) -> Section:
    """Pairs that go together."""
    shown = pairs.set_index(["one", "other"]).map(lambda value: f"{value:+.3f}")
    shown.index = [" / ".join(pair) for pair in shown.index]
    shown.index.name = "pair"
    note = "Correlation of the two estimates, and cosine between their effects on what is observed; above 0.95 in size."
    return Section("pairs", "Pairs that go together", note, pairs, shown)


def starts_section(table: pandas.DataFrame) -> Section:
    """The starts that were polished."""
    shown = table.set_index("start")
    shown = shown.assign(
        before=[f"{value:.6g}" for value in table["before"]],
        after=[f"{value:.6g}" for value in table["after"]],
        finished=["yes" if value else "no" for value in table["finished"]],
    ).astype(str)
    note = (
        "Misfit of each start before and after polishing; start 0 is the recorded values. Like ends speak for one best "
        "fit."
    )
    return Section("starts", "Starts", note, table, shown)


def _number(value: float, form: str) -> str:
    """A number as text, nought without a sign; nothing for what is no finite number."""
    text = form.format(value) if math.isfinite(value) else ""
    return text.lstrip("+-") if text and not float(text) else text


def csv_texts(found: list[Section]) -> dict[str, str]:
    """Each table as CSV, by name of the file; numbers in full."""
    texts = {}
    for section in found:
        named = section.table.index.name is not None
        texts[f"{section.key}.csv"] = section.table.to_csv(index=named, lineterminator="\n")
    return texts


def markdown(title: str, first: list[str], found: list[Section], made_by: Mapping[str, Any]) -> str:
    """The report as one page of Markdown: what there is to say first, then table by table."""
    lines = [f"# {title}", "", *(f"- {line}" for line in first), ""]
    for section in found:
        lines += [f"## {section.title}", "", section.note, "", *_table(section.shown), ""]
    if made_by:
        lines += ["## Made by", "", *(f"- {key}: {value}" for key, value in made_by.items()), ""]
    return "\n".join(lines)


def _table(shown: pandas.DataFrame) -> list[str]:
    if not len(shown):
        return ["None."]
    heading = [str(shown.index.name or ""), *map(str, shown.columns)]
    rows = [[str(label), *map(str, row)] for label, row in zip(shown.index, shown.itertuples(index=False), strict=True)]
    rule = ["---", *("---:" for _ in shown.columns)]
    return [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in (heading, rule, *rows)]
