"""What is written without effect is refused, by name."""

from typing import Any

import pytest

from benchbench.errors import DataError
from benchbench.tco import scenario
from tests.tco.cases_tco import document


@pytest.mark.parametrize(
    ("section", "fields", "sentence"),
    [
        ("demand", {"shape": "peak_day", "busy_fraction": 0.5}, "busy_fraction has no effect with"),
        ("demand", {"shape": "business_hours", "busy_fraction": 0.5}, "shape = 'business_hours'"),
        ("demand", {"shape": "business_hours", "peak_days_per_year": 3}, "peak_days_per_year has"),
        ("demand", {"hours_per_day": 9}, "hours_per_day has no effect with demand.shape"),
        (
            "demand",
            {"amount": None, "machine_hours_per_month": 9, "busy_fraction": 0.5},
            "no effect with demand.machine_hours_per_month",
        ),
        ("cloud", {"spot_usd_per_hour": 9.0}, "without cloud.spot_allowed = true"),
        ("cloud", {"checkpoint_minutes": 9}, "without cloud.spot_allowed = true"),
        (
            "owned",
            {"site": "own", "colocation_includes_power": True},
            "colocation_includes_power has no effect with owned.site",
        ),
        (
            "owned",
            {
                "site": "own",
                "colocation_usd_per_kw_month": 150,
            },
            "colocation_usd_per_kw_month has no effect",
        ),
        (
            "cloud",
            {"price_usd_per_hour": None, "bill_usd_per_month": 9, "commitment_discount": 0.3},
            "no effect with cloud.bill_usd_per_month",
        ),
        ("demand", {"production_after_months": 6}, "production_after_months has no effect with"),
        ("finance", {"loan_months": 24}, "no effect with finance.funding = 'cash'; leave it out"),
        ("finance", {"funding": "lease", "loan_fraction": 0.5}, "finance.funding = 'lease'"),
        ("finance", {"tax_life_years": 5}, "without finance.tax_rate"),
        ("vendor", {"staff_fte": 2}, "vendor.staff_fte has no effect without a price"),
        (
            "cloud",
            {"committed_usd_per_hour": 9.0, "commitment_discount": 0.3},
            "say the same thing",
        ),
    ],
)
def test_a_key_without_effect_is_refused(
    section: str, fields: dict[str, Any], sentence: str
) -> None:
    """The key, and what makes it idle, in one sentence."""
    with pytest.raises(DataError) as caught:
        scenario.parse(document(**{section: fields}))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_commitment_needs_a_year() -> None:
    """Nothing fits into six months."""
    wanted = document(cloud={"commitment_discount": 0.3}, finance={"horizon_months": 6})
    with pytest.raises(DataError, match="shortest commitment runs 12 months"):
        scenario.parse(wanted)


@pytest.mark.parametrize(
    "fields",
    [
        {"demand": {"shape": "peak_day", "peak_days_per_year": 3}},
        {"demand": {"shape": "business_hours", "hours_per_day": 9}},
        {"demand": {"shape": "growth", "growth_per_year": 0.3, "busy_fraction": 0.5}},
        {"cloud": {"spot_allowed": True, "spot_usd_per_hour": 9.0, "restart_minutes": 1}},
        {"owned": {"colocation_usd_per_kw_month": 150}},
        {"finance": {"funding": "loan", "loan_months": 24, "borrowing_rate": 0.07}},
        {"finance": {"funding": "lease", "lease_usd_per_server_month": 9000}},
        {"finance": {"tax_rate": 0.25, "tax_life_years": 3}},
        {"vendor": {"usd_per_month": 900, "staff_fte": 2}},
    ],
)
def test_a_key_with_effect_is_kept(fields: dict[str, Any]) -> None:
    """Beside what reads it."""
    parsed = scenario.parse(document(**fields)).model_dump(exclude_unset=True)
    for section, said in fields.items():
        assert parsed[section].items() >= said.items()


@pytest.mark.parametrize("price", [0, 0.0, [0.0, 1.0, 2.0]])
@pytest.mark.parametrize("key", ["price_usd_per_hour", "bill_usd_per_month"])
def test_a_price_of_nothing_is_no_price(key: str, price: Any) -> None:
    """What is not known is left out, never 0."""
    with pytest.raises(DataError, match=rf"cloud\.{key}: 0 is no price"):
        scenario.parse(document(cloud={"price_usd_per_hour": None, key: price}))
