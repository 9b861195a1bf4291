"""Every equation says where it comes from: a publication, an official document, or the ground it stands on."""

import importlib.util

import pytest

import healthreform as hr
from healthreform.assembly import UNITS
from healthreform.sectors import grounds
from healthreform.stockflow import Records

#: One equation of each kind; GIVEN stands where a source may.
POND = '''"""Fish in a pond."""

from healthreform.stockflow import auxiliary, balance, delay, flow, pipeline, reference, smooth, stock


@stock("person", GIVEN)
def fish(fish_at_start):
    """Fish in the pond."""
    return fish_at_start


@flow("person/year", out_of="fish", GIVEN)
def caught(fish, catching_time):
    """Fish caught."""
    return fish / catching_time


@delay("person/year", time="catching_time", into="fish", GIVEN)
def hatched(caught):
    """Fish hatched, later."""
    return caught


@pipeline("person/year", time="catching_time", stages=2, into="fish", GIVEN)
def stocked(caught):
    """Fish brought from elsewhere, later."""
    return caught


@smooth("person", time="catching_time", GIVEN)
def usual_fish(fish):
    """Fish people have got used to."""
    return fish


@reference("person", GIVEN)
def first_fish(fish):
    """Fish at the start."""
    return fish


@auxiliary("dimensionless", GIVEN)
def fish_ratio(fish, first_fish):
    """Fish against the start."""
    return fish / first_fish


@balance("person", scale="fish", GIVEN)
def counted_twice(fish, first_fish, fish_ratio):
    """Fish counted in two ways."""
    return fish - first_fish * fish_ratio
'''
KINDS = ["fish", "caught", "hatched", "stocked", "usual_fish", "first_fish", "fish_ratio", "counted_twice"]
RECORDS = """
[parameters]
fish_at_start = { unit = "person", value = 9, low = 1, high = 99, description = "d", source = "s", grade = "assumed" }
catching_time = { unit = "year", value = 6, low = 1, high = 24, description = "d", source = "s", grade = "assumed" }
"""


def without_source(place):
    """Equations that say nothing of where they come from, or "own formulation" and not why."""
    sources = hr.equations(place)["source"].str.strip()
    return list(sources.index[(sources == "") | sources.str.fullmatch(r"own (form|formulation)[:;,.]*")])


@pytest.fixture
def pond(tmp_path):
    """Make a place whose equations have some source, all the same."""

    def load(given):
        (tmp_path / "pond.py").write_text(POND.replace(", GIVEN", given))
        (tmp_path / "pond.toml").write_text('title = "A pond"\nstart = 2010\n')
        specification = importlib.util.spec_from_file_location("pond", tmp_path / "pond.py")
        equations = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(equations)
        records = Records.from_text(RECORDS, units=UNITS)
        return hr.Place.load(tmp_path / "pond.toml", records=records, modules=(equations,))

    return load


def test_every_equation_says_where_it_comes_from():
    assert without_source("china") == []


@pytest.mark.parametrize("given", ["", ', source=""', ', source=" "', ', source="own formulation: "'])
def test_an_equation_of_any_kind_without_a_source_is_reported(pond, given):
    assert without_source(pond(given)) == KINDS


def test_an_own_formulation_with_its_reason_is_a_source(pond):
    assert without_source(pond(', source="own formulation: linear, as nobody counts fish"')) == []


def test_what_is_made_for_a_delay_has_the_source_of_its_owner():
    table = hr.variables(generated=True)["source"]
    assert table["beds_opened_stage_1"] == table["beds_opened_transit_1"] == table["beds_opened"]
    assert table["income_reference_input"] == table["income_reference"]
    assert (table.str.strip() != "").all()


def test_a_source_is_one_short_line_and_no_repetition_of_what_the_quantity_is():
    table = hr.variables()
    assert (table["source"].str.len() <= 90).all() and not table["source"].str.contains("\n").any()
    assert (table["source"] != table["description"]).all()


def test_every_recurring_source_is_some_equation_s():
    sources = " | ".join(hr.equations()["source"])
    for name, text in vars(grounds).items():
        if name.isupper():
            assert text in sources, name
