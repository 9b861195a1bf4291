"""Measured effects replayed: what is read from twin runs, who is judged how, and what is printed, saved and drawn."""

from __future__ import annotations

import io
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas
import pytest
from rich.console import Console

import healthreform as hr
from healthreform import analysis, plots, validation
from healthreform.evidence_files import read_group, shipped_groups
from healthreform.place import Place
from healthreform.replaying import Replay, replay
from healthreform.validation import as_markdown, count_inside, summary, summary_at_median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "experiments"))

import measured_effects as experiment  # noqa: E402
import shared  # noqa: E402


@pytest.fixture(scope="module")
def members() -> pandas.DataFrame:
    """The parameters of the files, and two members with another slope of inducement."""
    own = analysis.uncertain_parameters()["value"].to_frame().T
    return pandas.concat([own, own.assign(inducement_slope=0.1), own.assign(inducement_slope=0.5)], ignore_index=True)


@pytest.fixture(scope="module")
def table(members: pandas.DataFrame) -> pandas.DataFrame:
    """The whole validation, once."""
    return hr.validate("china", members)


def record(folder: Path, *lines: str, begin: str = "begin = 2012"):
    text = f"""
title = "A group"
rows = ["row"]
[experiments.reform]
title = "A reform"
{begin}
[records.effect]
kind = "effect"
row = "row"
title = "Effect"
experiment = "reform"
low = 0.0
high = 1.0
studies = [{{ grade = "S", cite = "A study 2020" }}]
"""
    file = folder / "group.toml"
    file.write_text(text + "\n".join(lines), encoding="utf-8")
    return read_group(file).records[0]


# ------------------------------------------------------------------------------------------- what an effect is


#: One run and one member over 2012 to 2015; the reform adds a tenth, then a twentieth, to cost, and two to pay.
WITH = {"cost": [[110.0, 110.0, 105.0, 105.0], [120.0, 120.0, 120.0, 120.0]], "pay": [[12.0] * 4, [12.0] * 4]}
WITHOUT = {"cost": [[100.0] * 4, [100.0] * 4], "pay": [[10.0] * 4, [10.0] * 4]}
MONTHS = {"cost": [[50.0, 60.0], [50.0, 80.0]]}, {"cost": [[50.0, 100.0], [50.0, 100.0]]}


def known(of) -> Replay:
    key = of.experiment.key
    years = {(key, on): {n: np.array(v) for n, v in each.items()} for on, each in ((True, WITH), (False, WITHOUT))}
    steps = {
        (key, on): {n: np.array(v) for n, v in each.items()} for on, each in zip((True, False), MONTHS, strict=True)
    }
    return Replay(years, np.arange(2012.0, 2016.0), steps, np.array([2012.0, 2012.125]))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (('outcome = "cost"', 'measure = "percent"', "months = [1, 24]"), [10.0, 20.0]),
        (('outcome = "cost"', 'measure = "percent"', "months = [25, 36]"), [5.0, 20.0]),
        (('outcome = "cost"', 'measure = "percent"', "months = [13, 36]"), [7.5, 20.0]),
        (('outcome = "cost"', 'measure = "times"', "months = [1, 12]"), [1.1, 1.2]),
        (('outcome = "cost"', 'measure = "points"', "year = 2014"), [500.0, 2000.0]),
        (('outcome = "cost"', 'measure = "difference"', 'unit = "u"', "factor = 0.5", "year = 2014"), [2.5, 10.0]),
        (('outcome = "cost"', 'measure = "left"', "months = [25, 36]", "against = [1, 12]"), [0.5, 1.0]),
        (('outcome = "cost"', 'measure = "index"', "year = 2012"), [10900.0, 11900.0]),
        (('outcome = "cost"', 'measure = "level"', 'unit = "u"', "factor = 2.0", "year = 2015"), [210.0, 240.0]),
        (('outcome = "cost"', 'measure = "growth"', "year = 2014", "against = 2013"), [-100 / 22, 0.0]),
        (('outcome = "cost"', 'measure = "rise"', "year = 2014", "against = 2013"), [-500.0, 0.0]),
        (('outcome = "cost"', 'measure = "percent"', "date = 2012.125"), [-40.0, -20.0]),
        (
            (
                'outcome = "cost"',
                'measure = "percent"',
                "months = [1, 12]",
                'per = { outcome = "pay", measure = "difference", amount = 4 }',
            ),
            [20.0, 40.0],
        ),
        (
            (
                'outcome = { of = ["cost"], over = ["pay"] }',
                'measure = "percent"',
                "months = [1, 12]",
                'per = { outcome = "pay", measure = "percent", amount = -10 }',
            ),
            [25 / 6, 0.0],
        ),
    ],
)
def test_an_effect_is_read_from_twin_runs_as_the_record_says(
    lines: tuple[str, ...], expected: list[float], tmp_path: Path
) -> None:
    chosen = record(tmp_path, *lines)
    assert known(chosen).effect(chosen) == pytest.approx(expected, abs=1e-9)


def test_an_effect_is_the_difference_of_two_simulations_that_freeze_and_move_one_lever(
    table: pandas.DataFrame, tmp_path: Path
) -> None:
    file = tmp_path / "held.toml"
    file.write_text('title = "Held"\nbased_on = "baseline"\nfreeze = 2012.0\n', encoding="utf-8")
    changes = {f"drug_mark_up[{tier}]": {2012: 0.0} for tier in ("tertiary", "secondary")}
    twins = [hr.simulate("china", file, each, stop=2013) for each in (changes, {})]
    cost = [
        (run["item_bill"] * run["tier_contacts"]).sel(
            bill_item="drugs", care="outpatient", tier=["tertiary", "secondary"]
        )
        for run in twins
    ]
    visits = [run["tier_contacts"].sel(care="outpatient", tier=["tertiary", "secondary"]).sum("tier") for run in twins]
    treated, untreated = (
        float((bill.sum("tier") / seen).sel(time=[2012, 2013]).mean()) for bill, seen in zip(cost, visits, strict=True)
    )
    assert table.loc["drug_cost_per_visit", "model"] == pytest.approx(100 * (treated / untreated - 1), rel=1e-9)


def test_an_effect_at_a_moment_is_that_of_the_step(table: pandas.DataFrame, tmp_path: Path) -> None:
    file = tmp_path / "held.toml"
    file.write_text('title = "Held"\nbased_on = "baseline"\nfreeze = 2020.0\n', encoding="utf-8")
    path = hr.Scenario.load("baseline").apply(Place.load("china").model).levers["outbreak_restriction"].path[()]
    outbreak = {"outbreak_restriction": [list(point) for point in path if 2020 <= point[0] <= 2021]}
    twins = [hr.simulate("china", file, each, stop=2020, every_step=True) for each in (outbreak, {})]
    visits = [float(run["contacts_total"].sel(care="outpatient", time=2020.125)) for run in twins]
    assert table.loc["visits_in_february", "model"] == pytest.approx(100 * (visits[0] / visits[1] - 1), rel=1e-9)


def test_other_levers_are_held_drivers_run_and_some_levers_go_on(tmp_path: Path) -> None:
    chosen = []
    for place, (name, going_on) in enumerate(
        [
            ("prescribing_control", ""),
            ("prescribing_control", '"prescribing_control"'),
            ("drug_mark_up[tertiary]", '"prescribing_control"'),
            ("wage", ""),
        ]
    ):
        (tmp_path / str(place)).mkdir()
        lines = (f'outcome = "{name}"', 'measure = "rise"', "year = 2020", "against = 2013")
        chosen.append(record(tmp_path / str(place), *lines, begin=f"begin = 2012\nas_enacted = [{going_on}]"))
    twins = replay(Place.load("china"), chosen)
    held, enacted, still_held, driver = (float(twins.effect(each)[0]) for each in chosen)
    assert held == still_held == 0.0
    assert enacted > 30 and driver > 0


def test_parameters_can_be_read_beside_variables(tmp_path: Path, members: pandas.DataFrame) -> None:
    outcome = 'outcome = { of = ["wage"], over = ["inducement_slope"] }'
    chosen = record(tmp_path, outcome, 'measure = "level"', 'unit = "u"', "year = 2012")
    found = replay(Place.load("china"), [chosen], members).effect(chosen)
    own = float(members["inducement_slope"].iloc[0])
    assert found[0] / found == pytest.approx([1.0, 1.0, 0.1 / own, 0.5 / own])


# ------------------------------------------------------------------------------------------- faults of what is given


@pytest.mark.parametrize(
    ("treated", "message"),
    [
        ('{ "drug_mark_up[tertiary]" = 9.0 }', r"experiments\.reform\.treated: .*drug_mark_up.* 9 .*0 to 0\.5"),
        ("{ drug_mark_up = [[2011.0, 0.0]] }", "the date 2011 is outside the run"),
        ('{ "drug_mark_up[village]" = 0.0 }', r"experiments\.reform\.treated: .*'village' is no element"),
    ],
)
def test_a_change_that_cannot_be_is_refused_with_file_and_experiment(
    treated: str, message: str, tmp_path: Path
) -> None:
    lines = ('outcome = "mean_pay"', 'measure = "percent"', "months = [1, 12]")
    chosen = record(tmp_path, *lines, begin=f"begin = 2012\ntreated = {treated}")
    with pytest.raises(hr.RecordError, match=message):
        replay(Place.load("china"), [chosen])


def test_an_experiment_before_the_place_begins_is_refused(tmp_path: Path) -> None:
    lines = ('outcome = "mean_pay"', 'measure = "percent"', "months = [1, 12]")
    chosen = record(tmp_path, *lines, begin="begin = 2005")
    with pytest.raises(hr.RecordError, match=r"experiments\.reform\.begin: 2005 lies outside the run"):
        replay(Place.load("china"), [chosen])


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (
            "drug_mark_up",
            0.0,
            "members: 'drug_mark_up\\[tertiary\\]' is no parameter; levers belong to the experiments",
        ),
        ("inducement_slop", 0.2, "nearest valid name|'inducement_slop' is no parameter"),
        ("inducement_slope", 7.0, "7 is out of its range"),
        ("inducement_slope", np.nan, "the value is missing"),
    ],
)
def test_members_are_parameters_within_their_ranges(column: str, value: float, message: str) -> None:
    with pytest.raises(hr.RecordError, match=message):
        hr.validate("china", pandas.DataFrame({column: [value]}))


# --------------------------------------------------------------------------------------------------------- verdicts


def test_every_miss_has_an_explanation_and_nothing_inside_carries_one(table: pandas.DataFrame) -> None:
    explained = hr.evidence()["miss"] != ""
    judged = table["kind"] != "outside"
    misses = judged & (table["verdict"] != "inside")
    assert list(table.index[misses & ~explained]) == []
    assert list(table.index[~misses & explained]) == []
    assert (table.loc[misses, "miss"] != "").all() and (table.loc[~misses, "miss"] == "").all()


def test_the_verdict_is_where_the_value_lies_against_the_range(table: pandas.DataFrame) -> None:
    judged = table[table["kind"] != "outside"]
    assert judged["model"].notna().all()
    for row in judged.itertuples():
        expected = "below" if row.model < row.low else "above" if row.model > row.high else "inside"
        assert row.verdict == expected, row.Index
    assert (table.loc[table["kind"] == "outside", "verdict"] == "").all()


def test_only_effects_count(table: pandas.DataFrame) -> None:
    inside, counted = count_inside(table)
    effects = table[table["kind"] == "effect"]
    assert counted == len(effects) == sum(r.kind == "effect" for group in shipped_groups() for r in group.records)
    assert inside == (effects["verdict"] == "inside").sum()
    assert summary(table).startswith(f"{inside} of {counted} measured effects lie inside the accepted range (S ")


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("drug_cost_per_visit", -1),
        ("drug_cost_per_admission", -1),
        ("drug_share_first_year", -1),
        ("service_share_first_year", 1),
        ("services_per_admission", 1),
        ("price_of_covered_molecules", -1),
        ("volume_of_originators", -1),
        ("household_spending", -1),
        ("cost_per_case_under_groups", -1),
        ("cost_per_case_under_points", -1),
        ("case_mix", 1),
        ("pay_and_cost_per_admission", -1),
        ("prescribers_gain", -1),
        ("contract_alone", 1),
        ("pooling_and_visits", 1),
        ("visits_in_february", -1),
        ("discharges_in_february", -1),
    ],
)
def test_a_reform_moves_what_it_moved_in_the_studies_the_same_way(
    table: pandas.DataFrame, name: str, sign: int
) -> None:
    assert sign * table.loc[name, "model"] > 0


def test_bands_are_over_the_members_and_the_value_is_of_the_files(
    table: pandas.DataFrame, members: pandas.DataFrame
) -> None:
    alone = hr.validate("china")
    judged = table["kind"] == "effect"
    assert (alone.loc[judged, "model"] == table.loc[judged, "model"]).all()
    assert alone.loc[judged, "band_low"].isna().all()
    row = table.loc["pay_and_cost_per_admission"]
    assert row.band_low < row.model < row.band_high
    same = hr.validate("china", members.head(1))
    assert (same.loc[judged, "band_low"] == same.loc[judged, "model"]).all()


def test_the_count_at_the_median_is_that_of_the_members_and_there_is_none_without(
    table: pandas.DataFrame, members: pandas.DataFrame
) -> None:
    effects = table[table["kind"] == "effect"]
    assert effects["band_median"].between(effects["band_low"], effects["band_high"]).all()
    inside = effects["band_median"].between(effects["low"], effects["high"])
    assert ((effects["verdict_at_median"] == "inside") == inside).all()
    assert summary_at_median(table) == f"At the members' median {inside.sum()} of {len(effects)} do."
    assert summary_at_median(hr.validate("china")) == ""
    moved = table.assign(verdict_at_median=table["verdict"].where(table["kind"] != "effect", "below"))
    assert summary_at_median(moved) == f"At the members' median 0 of {len(effects)} do."
    assert summary(moved) == summary(table)


def test_a_parameter_shows_its_value_and_its_range_or_that_of_the_members(
    table: pandas.DataFrame, members: pandas.DataFrame
) -> None:
    file = hr.parameters(elements=True).loc["price_elasticity[outpatient]"]
    alone = hr.validate("china").loc["elasticity_of_visits"]
    assert (alone.model, alone.band_low, alone.band_high) == (file.value, file.low, file.high)
    assert table.loc["elasticity_of_visits", "band_low"] == pytest.approx(file.value)
    assert table.loc["zero_mark_up_county", "model"] == 2012.5
    assert table.loc["case_payment_complete", "model"] == 2026.0
    assert table.loc["procurement_price_cut", "model"] == hr.levers().loc["procurement_price_cut", "value"]


# ------------------------------------------------------------------------------------------- the command line, the page


def test_the_command_line_counts_explains_and_saves_and_a_miss_is_no_failure(
    command, table: pandas.DataFrame, tmp_path: Path
) -> None:
    code, out, err = command("validate", "-o", tmp_path / "evidence.csv")
    assert (code, err) == (0, "")
    flat = " ".join(out.split())
    inside, counted = count_inside(table)
    assert f"of {counted} do." in flat.partition("At the members' median ")[2]
    assert inside < counted and f"{inside} of {counted} measured effects lie inside" in flat
    for row in table.itertuples():
        assert all(word in flat for word in row.effect.split()) and row.miss in flat, row.Index
    saved = pandas.read_csv(tmp_path / "evidence.csv", index_col="name")
    assert list(saved.index) == list(table.index)
    assert saved["model"].to_numpy() == pytest.approx(table["model"].to_numpy(), nan_ok=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--place", "chin"), "unknown place 'chin'; nearest valid name: china"),
        (("-o", "table.nc"), "a table is saved as .csv"),
        (("--members", "-3"), "Invalid value for '--members'"),
    ],
)
def test_what_the_user_does_wrong_is_one_line_and_code_2(command, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = command("validate", *arguments)
    assert (code, out) == (2, "") and err.count("\n") == 1 and message in err


def test_figures_are_short_and_dates_whole() -> None:
    numbers = (0.0, -0.60216, 2.9371, 2012.5, 1e-17, float("nan"))
    assert [validation.figure_text(number) for number in numbers] == ["0", "-0.602", "2.94", "2012", "1e-17", ""]
    assert (
        validation.span_text(-11.0, 0.0, "%") == "-11 to 0 %" and validation.span_text(8.0, 8.0, "years") == "8 years"
    )


def test_the_experiment_saves_table_page_members_and_figure_that_agree(
    tmp_path: Path,
) -> None:
    folder, printed = tmp_path / "measured_effects", io.StringIO()
    experiment.run(experiment.Spec(members=3), folder, Console(file=printed, width=140))
    assert {path.name for path in folder.iterdir()} == {"effects.csv", "members.csv", "evidence.md", "figures"}
    saved = pandas.read_csv(folder / "effects.csv", index_col="name", keep_default_na=False)
    page = (folder / "evidence.md").read_text(encoding="utf-8")
    assert all(row.effect in page and row.miss in page for row in saved.itertuples())
    assert summary_at_median(saved).startswith("At the members' median ")
    for sentence in (summary(saved), summary_at_median(saved)):
        assert sentence in page and sentence in " ".join(printed.getvalue().split())
    assert len(pandas.read_csv(folder / "members.csv")) == 3
    drawn = pandas.read_csv(folder / "figures" / "fig_evidence.csv")
    counted = saved[saved["kind"] == "effect"]
    assert list(drawn["effect"]) == list(counted["effect"])
    assert ((drawn["model_at"].abs() <= 1 + 1e-9) == (counted["verdict"] == "inside").to_numpy()).all()
    assert {path.suffix for path in shared.draw_to("fig_evidence.py", folder, tmp_path)} == {".pdf", ".png", ".csv"}


def test_the_page_shows_every_kind_in_tables(table: pandas.DataFrame) -> None:
    page = as_markdown(table, "Effects")
    rows = [
        line for line in page.splitlines() if line.startswith("| ") and not line.startswith(("| effect", "| param"))
    ]
    assert len(rows) == len(table)


def test_a_table_that_lacks_a_column_is_refused_by_the_figure(tmp_path: Path) -> None:
    (tmp_path / "effects.csv").write_text("name,kind\nx,effect\n", encoding="utf-8")
    with pytest.raises(hr.RecordError, match=r"it lacks the column reform; experiments/measured_effects\.py makes it"):
        shared.draw_to("fig_evidence.py", tmp_path, tmp_path / "out")
    assert plots.COLUMN == 86 and not (tmp_path / "out").exists()


def test_what_was_measured_before_a_place_begins_is_left_open_without_a_word_of_numpy() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = hr.validate("sanming")
    effects = found[found["kind"] == "effect"]
    assert list(effects.index[effects["model"].isna()]) == ["primary_worker_share"]  # from 2010; the place is of 2011
    assert effects.loc["primary_worker_share", "verdict"] == ""
