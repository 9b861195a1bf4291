"""Several places in one sweep: the numbers of each are those it has alone, and the result says whose they are."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from places_common import part_of_china

import healthreform as hr
from healthreform import sweeping

DESIGN = pd.DataFrame({"fixed_pay_share": [0.5, 0.6, 0.7], "inducement_limit": [1.12, 1.15, 1.2]}, index=[7, 8, 9])
KEEP = ["mean_pay", "fund_reserve", "total_health_expenditure", "item_share_at_start"]
OPTIONS = {"ramp": (2026, 2028), "keep": KEEP, "stop": 2030}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    return ["china", "sanming", part_of_china(tmp_path_factory.mktemp("places"), 2010, 37.0)]


@pytest.fixture(scope="module")
def together(places):
    return hr.sweep(places, "baseline", DESIGN, **OPTIONS)


def test_each_place_has_the_numbers_it_has_alone_bit_for_bit(places, together):
    for place in places:
        alone = hr.sweep(place, "baseline", DESIGN, **OPTIONS)
        name = alone.attrs["place"]
        for variable in KEEP:
            ours = together[variable].sel(place=name)
            ours = ours.sel(time=alone.time) if "time" in ours.dims else ours
            assert np.array_equal(ours, alone[variable]), (name, variable)


def test_a_result_of_several_places_says_whose_and_from_when(together):
    assert together["mean_pay"].dims == ("place", "run", "time")
    assert together.place.values.tolist() == ["china", "sanming", "part_2010_1"]
    assert together.run.values.tolist() == [7, 8, 9] and together["design"].dims == ("run", "input")
    assert json.loads(together.attrs["place"]) == together.place.values.tolist()
    assert json.loads(together.attrs["start"]) == [2010, 2011, 2010]
    before = together["mean_pay"].sel(place="sanming", time=2010)
    assert np.isnan(before).all() and np.isfinite(together["mean_pay"].sel(time=2011)).all()
    assert (together["failure"] == "").all() and together["failure"].dims == ("place", "run")


def test_places_that_begin_together_run_in_one_batch(places, monkeypatch):
    batches = []
    honest = sweeping.make_inputs

    def counted(*arguments):
        inputs = honest(*arguments)
        batches.append(inputs.runs)
        return inputs

    monkeypatch.setattr(sweeping, "make_inputs", counted)
    hr.sweep(places, "baseline", DESIGN, **OPTIONS)
    assert batches == [4, 2, 6, 3]  # china and its part from 2010, sanming from 2011; first the sample at half the step


def test_chunks_of_several_places_put_together_are_the_whole(places, together, tmp_path):
    parts = sweeping.sweep_in_chunks(places, "baseline", DESIGN, chunk=6, **OPTIONS)
    file = hr.save_in_parts(parts, tmp_path / "runs.nc")
    assert hr.load(file).equals(together)


def test_progress_counts_the_runs_of_all_places(places):
    seen = []
    hr.sweep(places[:2], "baseline", DESIGN, progress=seen.append, **OPTIONS)
    assert seen == [6]


def test_a_table_of_several_places_has_a_column_for_the_place(together, tmp_path):
    hr.save(together, tmp_path / "runs.csv")
    table = pd.read_csv(tmp_path / "runs.csv", comment="#")
    assert table.columns[:3].tolist() == ["place", "run", "time"] and len(table) == 3 * 3 * 21
    row = table.query("place == 'sanming' and run == 8 and time == 2020")
    assert float(row["mean_pay"].iloc[0]) == pytest.approx(
        float(together.mean_pay.sel(place="sanming", run=8, time=2020))
    )


def test_a_run_that_fails_in_one_place_leaves_the_other_alone(places, monkeypatch):
    honest = sweeping._inputs

    def spoilt(settings, rows, dates):
        inputs = honest(settings, rows, dates)
        names = settings[0].model.flat.parameters
        column = list(inputs.index).index(names.index("fund_reserve_at_start[employee]"))
        inputs.matrix[4, column] = np.nan
        return inputs

    monkeypatch.setattr(sweeping, "_inputs", spoilt)
    runs = hr.sweep(["china", places[2]], "baseline", DESIGN, **OPTIONS)
    assert (runs["failure"] != "").values.tolist() == [[False, False, False], [False, True, False]]
    assert np.isfinite(runs["mean_pay"].sel(place="china")).all()


def test_a_wrong_design_names_the_place_only_where_there_are_several():
    design = pd.DataFrame({"nonsense": [1.0]})
    with pytest.raises(hr.RecordError, match=r"^design: column 'nonsense' is no parameter"):
        hr.sweep("china", "baseline", design)
    with pytest.raises(hr.RecordError, match=r"^china: design: column 'nonsense' is no parameter") as told:
        hr.sweep(["china", "sanming"], "baseline", design)
    assert told.value.__cause__ is None
