"""A newcomer's mistakes, each a sentence that says what to write instead."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from benchbench import bundled
from benchbench.errors import DataError
from benchbench.tco import scenario
from tests.tco import cases_tco

EXAMPLES = sorted((Path(__file__).parents[2] / "reports" / "examples" / "scenarios").glob("*.toml"))


@pytest.mark.parametrize(
    ("section", "field", "value", "sentence"),
    [
        (
            "owned",
            "maintenance_fraction_per_year",
            5,
            "looks like per cent; write a fraction, 0.05",
        ),
        ("demand", "busy_fraction", 40.0, "looks like per cent; write a fraction, 0.4"),
        ("finance", "cost_of_capital", 9, "write a fraction, 0.09"),
        ("cloud", "price_decline_per_year", 12, "write a fraction, 0.12"),
        ("cloud", "egress_gb_per_month", 15e9, "15 TB is 15000"),
        ("cloud", "price_usd_per_hour", 40_000, "not a month's bill"),
        ("owned", "power_kw", 10_200, "kilowatts of one server"),
        ("owned", "electricity_usd_per_kwh", 8.26, "8 cents is 0.08"),
        ("owned", "pue", 0.54, "facility's ratio"),
        ("owned", "capex_usd", 300, "dollars of one server, as 300000"),
        ("owned", "life_years", 48, "years, not months"),
        ("owned", "staff_wage_usd", 96.8, "dollars a year"),
        ("owned", "capex_usd", -5000, "out of range"),
        ("owned", "availability", 99.9, "write a fraction, 0.999"),
        ("owned", "pue", [1.6, 1.4, 1.1], "write [low, likely, high]"),
        ("finance", "tax_rate", 25, "write a fraction, 0.25"),
        ("finance", "borrowing_rate", 8, "write a fraction, 0.08"),
        ("cloud", "data_gb", 5e11, "15 TB is 15000"),
        ("vendor", "engineer_usd_per_year", 133, "dollars a year, as 133080"),
        ("finance", "horizon_months", 0, "greater than or equal to 1"),
        ("demand", "amount", -1, "greater than or equal to 0"),
        ("demand", "shape", "weekly", "'peak_day', 'bursty' or 'csv'"),
        ("owned", "power_kw", "10.2", "write a bare number"),
        ("owned", "power_kw", float("nan"), "finite number"),
    ],
)
def test_a_mistake_in_a_value_says_what_to_write(
    section: str, field: str, value: Any, sentence: str
) -> None:
    """The key, what is wrong, and the right form, in one sentence."""
    with pytest.raises(DataError) as caught:
        scenario.parse(cases_tco.document(**{section: {field: value}}))
    assert f"{section}.{field}" in str(caught.value)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("section", "field", "sentence"),
    [
        ("owned", "maintenance", "did you mean 'maintenance_fraction_per_year'?"),
        ("cloud", "egress_tb_per_month", "'egress_gb_per_month'? (1 TB is 1000 GB)"),
        ("cloud", "data_tb", "'data_gb'? (1 TB is 1000 GB)"),
        ("owned", "power_watts", "(1000 W is 1 kW)"),
        ("owned", "maintenance_percent_per_year", "(40 % is written 0.4)"),
        ("finance", "horizon_years", "did you mean 'horizon_months'?"),
        ("demand", "zzz", "known are workload, unit"),
    ],
)
def test_an_unknown_key_names_the_closest_known(section: str, field: str, sentence: str) -> None:
    """A typing error or another unit in the name."""
    with pytest.raises(DataError) as caught:
        scenario.parse(cases_tco.document(**{section: {field: 1}}))
    assert f"'{section}.{field}'" in str(caught.value)
    assert sentence in str(caught.value)


def test_an_unknown_section_names_the_closest_known() -> None:
    """`[own]` is `[owned]`."""
    with pytest.raises(DataError, match=r"unknown key 'own'; did you mean 'owned'\?"):
        scenario.parse({"own": {}})


@pytest.mark.parametrize("value", [3, [{"servers": 3}]])
def test_a_section_is_a_section(value: Any) -> None:
    """`owned = 3` and `[[owned]]` are not."""
    with pytest.raises(DataError, match=r"\[owned\] must be a section"):
        scenario.parse({"owned": value})


def test_colocation_asks_whether_it_includes_power() -> None:
    """The user says; there is no default for a line this large."""
    with pytest.raises(DataError, match="does the colocation price include power"):
        scenario.parse({})
    assert scenario.parse({"owned": {"site": "own"}}).owned.site == "own"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"shape": "growth"}, "write demand.growth_per_year"),
        ({"shape": "csv"}, "go together"),
        ({"csv": "hours.csv"}, "go together"),
        ({"shape": "bursty"}, "write demand.production_amount"),
        ({"units_per_month": 1e6}, "write demand.workload"),
        ({"amount": 1, "machine_hours_per_month": 10}, "say the same thing"),
    ],
)
def test_a_contradiction_in_the_demand_is_refused(fields: dict[str, Any], sentence: str) -> None:
    """Two fields that need or exclude each other."""
    document = cases_tco.document()
    document["demand"] = fields
    with pytest.raises(DataError, match=sentence):
        scenario.parse(document)


def test_a_bill_and_a_price_exclude_each_other() -> None:
    """Both say what renting costs."""
    with pytest.raises(DataError, match="keep one"):
        scenario.parse(cases_tco.document(cloud={"bill_usd_per_month": 1000}))


def test_a_commitment_longer_than_the_horizon_is_refused() -> None:
    """Twelve months are signed and paid, six are looked at."""
    short = {"cloud": {"commitment_months": 12}, "finance": {"horizon_months": 6}}
    with pytest.raises(DataError, match=r"commitment_months = 12 is longer than .* = 6"):
        scenario.parse(cases_tco.document(**short))


def test_three_figures_are_a_range_and_one_is_known() -> None:
    """`[0.3, 0.6, 0.9]` and `0.6`."""
    read = scenario.parse(cases_tco.document(demand={"busy_fraction": [0.3, 0.6, 0.9]}))
    assert read.given("demand.busy_fraction") == (0.3, 0.6, 0.9)
    assert read.given("cloud.price_usd_per_hour") == 55.04
    assert read.given("owned.pue") is None


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """Missing, not TOML, and with a mistake."""
    with pytest.raises(DataError, match="name an existing TOML file"):
        scenario.load(tmp_path / "none.toml")
    path = tmp_path / "broken.toml"
    path.write_text("[demand", encoding="utf-8")
    with pytest.raises(DataError, match="not valid TOML"):
        scenario.load(path)
    path.write_text("[demands]", encoding="utf-8")
    with pytest.raises(DataError, match=r"broken\.toml: unknown key 'demands'"):
        scenario.load(path)


def test_demand_files_lie_beside_the_scenario(tmp_path: Path) -> None:
    """A relative path is relative to the file that names it."""
    path = tmp_path / "mine.toml"
    path.write_text(
        '[demand]\nshape = "csv"\ncsv = "hours.csv"\n[owned]\nsite = "own"\n', encoding="utf-8"
    )
    assert scenario.load(path).demand.csv == str(tmp_path / "hours.csv")


def test_a_windows_editors_mark_is_no_mistake(tmp_path: Path) -> None:
    """A byte-order mark at the start of the file."""
    path = tmp_path / "bom.toml"
    path.write_text('title = "x"\n[owned]\nsite = "own"\n', encoding="utf-8-sig")
    assert scenario.load(path).title == "x"


def test_the_bundled_scenario_is_the_default() -> None:
    """`load()` reads what travels in the wheel."""
    path = bundled.folder("instance_catalog") / "scenarios" / "default.toml"
    title = tomllib.loads(path.read_text(encoding="utf-8"))["title"]
    assert scenario.load().title == title


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_can_be_read(path: Path) -> None:
    """What we show parses under our own rules."""
    assert scenario.load(path).title


def test_there_are_seven_examples() -> None:
    """A glob that matches nothing would prove nothing."""
    assert len(EXAMPLES) == 7
