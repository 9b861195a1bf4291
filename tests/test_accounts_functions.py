"""The national health account's third dimension: what providers are paid for."""

from __future__ import annotations

import numpy as np
import pytest

import healthreform as hr
from healthreform.flows_of_money import untold_payments
from healthreform.functions_of_care import FILE, read_functions

YEARS = (2010, 2020, 2035)


@pytest.fixture(scope="module")
def run():
    return hr.simulate("china", "linked_package", stop=2035)


@pytest.mark.parametrize("year", YEARS)
def test_told_by_function_and_by_provider_the_account_is_the_same(run, year):
    plain, functions, both = (hr.national_accounts(run, year, by=by) for by in ("provider", "function", "both"))
    whole = plain.loc["total", "total"]
    np.testing.assert_allclose(functions["total"], plain["total"], rtol=0, atol=1e-12 * whole)
    inner = both.drop(columns=[("total", "total")])
    by_provider = inner.T.groupby(level="provides").sum().T
    by_function = inner.T.groupby(level="what_for").sum().T
    for provider in by_provider:
        np.testing.assert_allclose(by_provider[provider], plain[provider], rtol=0, atol=1e-12 * whole)
    for function in by_function:
        np.testing.assert_allclose(by_function[function], functions[function], rtol=0, atol=1e-12 * whole)


def test_every_payment_is_told_what_it_is_for(run):
    assert untold_payments(run) == []
    assert "not_told" not in hr.national_accounts(run, 2020, by="function")


def test_all_functions_have_money_and_stand_in_the_order_of_their_file(run):
    functions = list(hr.national_accounts(run, 2020, by="function").columns.drop("total"))
    assert functions == list(read_functions().titles)
    assert {"outpatient", "inpatient", "retail_goods", "public_health", "administration", "capital"} <= set(functions)


def test_grants_build_grants_for_public_health_prevent_and_pharmacies_sell(run):
    account, year = hr.national_accounts(run, 2020, by="both"), run.sel(time=2020)
    capital = account.xs("capital", axis=1, level="what_for").loc["total"].sum()
    assert capital == pytest.approx(float(year.capital_subsidy.sum()))
    prevention = account.loc["government"].xs("public_health", level="what_for").sum()
    assert prevention == pytest.approx(float(year.public_health_paid + year.public_health_paid_elsewhere))
    assert account[("pharmacy", "retail_goods")]["total"] == pytest.approx(
        float(year.account_retail + year.household_retail)
    )


def test_claims_are_for_outpatients_and_inpatients_as_they_are_due(run):
    year = run.sel(time=2020)
    account = hr.national_accounts(run, 2020, by="both")
    due = year.claims_due
    paid = year.claims_paid + year.false_claims_paid + year.savings_retained - year.recoveries_paid
    for scheme in ("employee", "resident"):
        chosen = {"tier": "tertiary", "scheme": scheme}
        share = float(due.sel(care="inpatient", **chosen) / due.sel(chosen).sum("care"))
        found = account.loc[f"fund[{scheme}]", ("provider[tertiary]", "inpatient")]
        assert found == pytest.approx(share * float(paid.sel(chosen)), rel=1e-9)


def test_a_payment_that_stands_nowhere_is_shown_as_not_told(run, monkeypatch):
    rules = read_functions()
    without = type(rules)(
        rules.titles, {name: rule for name, rule in rules.payments.items() if name != "capital_subsidy"}
    )
    monkeypatch.setattr("healthreform.flows_of_money.read_functions", lambda: without)
    assert untold_payments(run) == ["capital_subsidy"]
    account = hr.national_accounts(run, 2020, by="function")
    assert account.columns[-2] == "not_told" and account.loc["total", "not_told"] > 0
    assert account.loc["total", "total"] == pytest.approx(hr.national_accounts(run, 2020).loc["total", "total"])


def test_an_unknown_way_of_telling_is_refused(run):
    with pytest.raises(
        hr.RecordError, match=r"by='functions' is not one of provider, function, both; nearest .*function"
    ):
        hr.national_accounts(run, 2020, by="functions")


def test_a_result_without_the_pattern_of_a_payment_is_refused(run):
    with pytest.raises(hr.RecordError, match="lacks 'claims_due', by which '"):
        hr.national_accounts(run.drop_vars("claims_due"), 2020, by="function")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            'capital_subsidy = "capital"',
            'capital_subsidy = "capitel"',
            "payments.capital_subsidy: 'capitel' is no function",
        ),
        ("claims_paid = { like", "claims_paid = { as", "must be { like ="),
        ("[payments]", "[payment]", r"the table \[payments\] is missing"),
        ('other = "', 'other = 3 # "', "functions.other: 3 must be text"),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_one_line(tmp_path, before, after, message):
    text = FILE.read_text()
    assert before in text
    file = tmp_path / "functions.toml"
    file.write_text(text.replace(before, after))
    with pytest.raises(hr.RecordError, match=message) as error:
        read_functions(file)
    assert "\n" not in str(error.value)
