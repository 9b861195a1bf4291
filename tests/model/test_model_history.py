"""History 2010-2021: the baseline against what was published."""

import numpy as np
import pytest

import healthreform as hr

#: Largest mean absolute percentage error.
BOUND = 0.08

SERIES = (
    "total_health_expenditure", "scheme_income[employee]", "scheme_income[resident]", "scheme_expenditure[employee]",
    "scheme_expenditure[resident]", "contacts_total[outpatient]", "tier_contacts[tertiary,outpatient]",
    "tier_contacts[secondary,outpatient]", "tier_contacts[primary,outpatient]", "contacts_total[inpatient]",
    "tier_contacts[tertiary,inpatient]", "tier_contacts[secondary,inpatient]", "tier_contacts[primary,inpatient]",
    "hospital_cost_per_contact[outpatient]", "hospital_cost_per_contact[inpatient]", "physicians_total", "mean_pay",
)  # fmt: skip


@pytest.fixture(scope="module")
def past():
    return hr.simulate("china", "baseline", stop=2021)


@pytest.fixture(scope="module")
def fit(past):
    return hr.fit_to_history(past)


@pytest.mark.parametrize("name", SERIES)
def test_history_is_reproduced_in_level(fit, name):
    assert fit.loc[name, "years"] >= 8
    assert fit.loc[name, "mape"] < BOUND


MISSES_PAY = (
    "pay grows by 8.9 % a year from 2014 to 2021, published 10.4: it follows what hospitals earn, and the outbreak of "
    "2020 took more of that in the model than government and hospitals let it take"
)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xfail(strict=True, reason=MISSES_PAY)) if name == "mean_pay" else name
             for name in SERIES],
)  # fmt: skip
def test_history_is_reproduced_in_trend(past, name):
    """Growth a year over the years published, within a percentage point and a half (3 for a scheme's money)."""
    table = hr.history("china", table=True)
    seen = table[(table["name"] == name) & table["year"].between(2010, 2021)].sort_values("year")
    years = seen["year"].to_numpy()
    values = _series(past, name, years)
    span = years[-1] - years[0]
    published = (seen["value"].iloc[-1] / seen["value"].iloc[0]) ** (1 / span) - 1
    simulated = (values[-1] / values[0]) ** (1 / span) - 1
    assert abs(simulated - published) < (0.03 if name.startswith("scheme") else 0.015)


def _series(run, name, years):
    written, _, rest = name.partition("[")
    array = run[written]
    for element in rest.rstrip("]").split(",") if rest else ():
        dimension = next(d for d in array.dims if element in array[d].values)
        array = array.sel({dimension: element})
    return array.sel(time=years).to_numpy()


@pytest.mark.parametrize("name", SERIES)
def test_no_series_is_missed_on_one_side_throughout(fit, name):
    """Theil's share of bias times the mean squared error: the level is off by less than four per cent."""
    assert np.sqrt(fit.loc[name, "bias"]) * fit.loc[name, "mape"] < 0.04


def test_shares_of_finance_are_as_published_at_both_ends(past):
    published, simulated = hr.history("china")["out_of_pocket_share"], past["out_of_pocket_share"]
    for year in (2010, 2021):
        assert float(simulated.sel(time=year)) == pytest.approx(float(published.sel(time=year)), abs=0.03)


def test_drug_share_falls_as_published(past):
    published = hr.history("china")["hospital_item_share"].sel(care="inpatient", bill_item="drugs")
    simulated = past["hospital_item_share"].sel(care="inpatient", bill_item="drugs")
    for year in (2012, 2016, 2020):
        assert float(simulated.sel(time=year)) == pytest.approx(float(published.sel(time=year)), abs=0.03)


def test_the_epidemic_year_is_a_dip_and_not_a_trend(past):
    admissions = past["contacts_total"].sel(care="inpatient").to_series()
    assert admissions[2020] < 0.95 * admissions[2019]
    assert admissions[2021] > admissions[2020]
    assert np.all(np.diff(admissions.loc[2010:2019]) > 0)
