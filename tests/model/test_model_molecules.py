"""A molecule bought in volume: its price, its volume, what is spent on it, and what leaks to its alternatives."""

import functools

import numpy as np
import pytest
from model_runs import Runs, run, scenario_values

VALUES = scenario_values()
PRODUCTS = ("winners", "originators", "other_generics")
CLOSE = {"rtol": 1e-9}

CASES = {
    "as it is": {},
    "larger alternatives": {"alternatives_ratio": 2.0},
    "nothing leaks": {"leakage_share": 0.0},
    "volume that does not answer": {"own_price_volume": 0.0},
    "volume that answers in full": {"own_price_volume": 0.6},
}


@functools.cache
def runs() -> Runs:
    return run(*CASES.values(), last=2026, every_step=True)


def of(case: str, name: str) -> np.ndarray:
    return runs()[name][list(CASES).index(case)]


def test_products_share_out_the_volume_of_their_molecule():
    volumes = sum(runs()[f"product_volume[{product}]"] for product in PRODUCTS)
    np.testing.assert_allclose(volumes, runs()["molecule_volume"], **CLOSE)


def test_spending_is_what_products_cost_at_their_volumes():
    """Counted from the products up; the model counts from the molecule down."""
    at_start = sum(
        VALUES[f"product_share_at_start[{product}]"] * VALUES[f"product_price_at_start[{product}]"]
        for product in PRODUCTS
    )
    spent = sum(runs()[f"product_volume[{product}]"] * runs()[f"product_price[{product}]"] for product in PRODUCTS)
    np.testing.assert_allclose(runs()["molecule_spending"], spent / at_start, **CLOSE)


def test_before_the_first_round_nothing_has_moved():
    before = runs().raw.times < 2018.5
    for name in (
        "molecule_price",
        "molecule_volume",
        "molecule_spending",
        "alternatives_volume",
        "drug_volume[tertiary]",
    ):
        np.testing.assert_allclose(runs()[name][:, before], 1.0, rtol=1e-12)


def test_spending_falls_less_than_the_price_unless_volume_stays():
    late = runs().raw.times > 2021
    fallen = of("as it is", "molecule_price")[late]
    assert (fallen < 0.7).all()
    assert (of("as it is", "molecule_spending")[late] > fallen).all()
    np.testing.assert_allclose(
        of("volume that does not answer", "molecule_spending"), of("volume that does not answer", "molecule_price")
    )
    assert (of("volume that answers in full", "molecule_spending")[late] < 1).all()


def test_what_alternatives_gain_is_the_leaking_part_of_what_molecules_save():
    for case in ("as it is", "larger alternatives"):
        gained = CASES[case].get("alternatives_ratio", VALUES["alternatives_ratio"]) * (
            of(case, "alternatives_volume") - 1
        )
        np.testing.assert_allclose(gained, VALUES["leakage_share"] * (1 - of(case, "molecule_price")), atol=1e-12)
    assert (of("nothing leaks", "alternatives_volume") == 1).all()


@pytest.mark.parametrize("name", ["drug_volume[tertiary]", "medical_income[tertiary]", "fund_reserve[employee]"])
def test_how_large_alternatives_are_changes_how_much_more_is_used_of_them_and_nothing_else(name):
    np.testing.assert_allclose(of("larger alternatives", name), of("as it is", name), rtol=1e-9)
    late = runs().raw.times > 2021
    assert (of("larger alternatives", "alternatives_volume")[late] < of("as it is", "alternatives_volume")[late]).all()
