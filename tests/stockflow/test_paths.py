"""Dated inputs: their values, their checks, and their packing for the kernel."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthreform.stockflow.errors import RecordError
from healthreform.stockflow.paths import Path, PathBatch, pack_paths

STEPPED = Path((2010, 2012, 2012, 2014), (0.0, 1.0, 3.0, 3.5))


def test_a_path_is_straight_between_points_and_flat_outside():
    assert STEPPED.value(2000) == 0.0
    assert STEPPED.value(2011) == 0.5
    assert STEPPED.value(2013) == 3.25
    assert STEPPED.value(2050) == 3.5


def test_a_jump_has_two_limits():
    assert STEPPED.value(2012, "left") == 1.0
    assert STEPPED.value(2012, "right") == 3.0
    assert STEPPED.jumps == (2012.0,)


def test_the_slope_at_a_bend_depends_on_the_side():
    assert STEPPED.slope(2012, "left") == 0.5
    assert STEPPED.slope(2012) == 0.25
    assert STEPPED.slope(2014) == 0.0
    assert STEPPED.slope(2010, "left") == 0.0
    assert Path((2010, 2010), (0.0, 1.0)).slope(2010) == 0.0


def test_a_side_other_than_left_and_right_is_refused():
    with pytest.raises(ValueError, match="'right' or 'left'"):
        STEPPED.value(2012, "both")


def test_a_path_from_points_equals_one_from_dates_and_values():
    assert Path.from_points([[2010, 0], [2012, 1], [2012, 3], [2014, 3.5]]) == STEPPED


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ([], "no points"),
        ([[2012, 1], [2010, 2]], "date 2010 stands after 2012"),
        ([[2010, 1], [2010, 2], [2010, 3]], "2010 is given three times"),
        ([[2010, math.nan]], "nan among its values is not finite"),
        ([[math.inf, 1]], "inf among its dates is not finite"),
        ([["2010", 1]], "'2010' among its dates is not a number"),
        ([[2010, True]], "True among its values is not a number"),
        ([[2010, None]], "None among its values is not a number"),
        ([[2010, 1, 2]], "is not a pair"),
    ],
)
def test_a_wrong_path_is_refused_in_one_line(points, said):
    with pytest.raises(RecordError, match="path: ") as raised:
        Path.from_points(points)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_unequal_lengths_are_refused():
    with pytest.raises(RecordError, match="2 dates but 1 values"):
        Path((2010, 2011), (1.0,))


def test_a_batch_from_arrays_equals_one_from_paths():
    dates, values = [2010.0, 2015.0], [[1.0, 2.0], [3.0, 4.0]]
    direct = PathBatch.from_arrays(dates, values)
    by_path = PathBatch.from_paths([Path(tuple(dates), tuple(row)) for row in values])
    for name in ("dates", "values", "offsets"):
        np.testing.assert_array_equal(getattr(direct, name), getattr(by_path, name))


def test_a_batch_names_the_run_with_a_wrong_path():
    with pytest.raises(RecordError, match="run 1: path: nan"):
        PathBatch.from_arrays([2010, 2011], [[1, 2], [3, math.nan]])
    with pytest.raises(RecordError, match="run 0: path: date 2010 stands after 2011"):
        PathBatch.from_arrays([[2011, 2010]], [[1, 2]])
    with pytest.raises(RecordError, match="one date per value"):
        PathBatch.from_arrays([2010, 2011, 2012], [[1, 2]])
    with pytest.raises(RecordError, match="no points"):
        PathBatch.from_arrays([], [[]])


def test_packing_refuses_unknown_missing_and_uneven_paths():
    with pytest.raises(RecordError, match="'c' is no dated input"):
        pack_paths(("a",), {"a": 1.0, "c": 2.0}, {}, 1)
    with pytest.raises(RecordError, match="a: no path"):
        pack_paths(("a",), {}, {}, 1)
    with pytest.raises(RecordError, match="paths for 2 runs, but the sweep has 3"):
        pack_paths(("a",), {}, {"a": PathBatch.from_arrays([2010], [[1], [2]])}, 3)


def test_paths_that_runs_share_are_stored_once():
    packed = pack_paths(("a", "b"), {"a": STEPPED}, {"b": PathBatch.from_arrays([2010], np.ones((500, 1)))}, 500)
    assert len(packed.records) == (4 + 2) + 500 * (1 + 2)
    assert packed.owner(3) == "a"
    assert packed.owner(6 + 3 * 17) == "b (run 17)"


def walk(packed, name, run, time, side):
    """Value of one packed path, found as the kernel finds it."""
    index = packed.names.index(name)
    column = packed.column[index]
    row = packed.shared[index] if column < 0 else packed.first[run, column]
    while packed.records[row + 1, 0] < time or (side == "right" and packed.records[row + 1, 0] == time):
        row += 1
    date, value, slope = packed.records[row]
    return value + slope * (time - date)


path_points = st.lists(st.tuples(st.integers(0, 12), st.floats(-5, 5, allow_nan=False)), min_size=1, max_size=12).map(
    lambda points: Path(*_at_most_twice(points))
)


def _at_most_twice(points):
    dates = sorted(date for date, _ in points)
    kept = [index for index in range(len(dates)) if index < 2 or dates[index] != dates[index - 2]]
    return tuple(2010 + dates[index] / 2 for index in kept), tuple(points[index][1] for index in kept)


@given(
    st.lists(path_points, min_size=1, max_size=5), path_points, st.integers(-2, 30), st.sampled_from(["left", "right"])
)
def test_packed_paths_have_the_values_of_the_paths(paths, shared, quarter, side):
    packed = pack_paths(("own", "same"), {"same": shared}, {"own": PathBatch.from_paths(paths)}, len(paths))
    time = 2010 + quarter / 4
    for run, path in enumerate(paths):
        assert walk(packed, "own", run, time, side) == pytest.approx(path.value(time, side), abs=1e-13)
        assert walk(packed, "same", run, time, side) == pytest.approx(shared.value(time, side), abs=1e-13)


def test_a_part_of_a_batch_holds_the_same_paths():
    batch = PathBatch.from_paths([Path((2010,), (1.0,)), STEPPED, Path((2010, 2011), (5.0, 6.0))])
    part = batch.part(1, 3)
    packed = pack_paths(("a",), {}, {"a": part}, 2)
    assert walk(packed, "a", 0, 2011, "right") == 0.5
    assert walk(packed, "a", 1, 2010.5, "right") == 5.5


def test_dates_that_mean_a_step_boundary_are_moved_onto_it():
    packed = pack_paths(("a",), {"a": Path((2010.1, 2010.33333333, 2010.33333333), (0.0, 1.0, 2.0))}, {}, 1)
    records = packed.on_grid(2010, 2011, 3)
    assert 2010 + 1 / 3 not in packed.records[:, 0]
    assert list(records[:, 0]).count(2010 + 1 / 3) == 2
    assert 2010.1 in records[:, 0]


def test_a_jump_between_two_steps_is_refused_and_a_kink_is_not():
    jump = pack_paths(("a",), {"a": Path((2010, 2011.03, 2011.03), (0.0, 1.0, 2.0))}, {}, 1)
    with pytest.raises(RecordError, match=r"a: jump at 2011.03 falls between two steps of 1/16 year; move it to 2011"):
        jump.on_grid(2010, 2015, 16)
    pack_paths(("a",), {"a": Path((2010, 2011.03), (0.0, 1.0))}, {}, 1).on_grid(2010, 2015, 16)


def test_the_fewest_steps_that_fit_all_jumps_are_found():
    packed = pack_paths(("a",), {"a": Path((2011.25, 2011.25, 2012 + 1 / 3, 2012 + 1 / 3), (0.0, 1, 1, 2))}, {}, 1)
    assert [packed.fitting_steps(2010, 2015, least) for least in (1, 12, 13)] == [12, 12, 24]
    assert packed.fitting_steps(2010, 2011, 1) == 4
    nowhere = pack_paths(("a",), {"a": Path((2011 + 2**-0.5, 2011 + 2**-0.5), (0.0, 1.0))}, {}, 1)
    assert nowhere.fitting_steps(2010, 2015, 1) is None
    with pytest.raises(RecordError, match=r"move it to 2011\.6875$"):
        nowhere.on_grid(2010, 2015, 16)


def test_a_jump_outside_the_run_may_lie_anywhere():
    packed = pack_paths(("a",), {"a": Path((2003.03, 2003.03, 2030.07, 2030.07), (0.0, 1.0, 2.0, 3.0))}, {}, 1)
    packed.on_grid(2010, 2015, 16)
