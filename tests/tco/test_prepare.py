"""A scenario looked up: demand in every form, units, and what the case is told."""

from typing import Any

import pytest

from benchbench.catalog import catalogue, defaults, quotes, silicon
from benchbench.record import Record
from benchbench.tco import scenario
from benchbench.tco.prepare import Setup, prepare
from tests import factories as make
from tests.tco.cases_tco import TODAY, document


def setup(*records: Record, **sections: dict[str, Any]) -> Setup:
    """Everything looked up, an instance of eight A100 in the catalogue."""
    parsed = document(**sections)
    return prepare(
        scenario.parse(parsed),
        records=records,
        catalog=catalogue.from_offers([make.gpu_offer(8)]),
        silicon=silicon.load(),
        defaults=defaults.load(),
        quotes=quotes.load(),
        today=TODAY,
    )


def test_constant_demand_is_busy_for_the_cited_share() -> None:
    """60 % of the hours, by default."""
    found = setup()
    assert found.case.demand.mean()[0] == pytest.approx(0.6)
    assert found.unit == "server-hour"


@pytest.mark.parametrize(
    ("demand", "mean"),
    [
        ({"shape": "business_hours", "amount": 21.0, "base": 0.0}, 21 * 40 / 168),
        ({"shape": "steady", "amount": 3.0}, 3.0),
        ({"shape": "daily_cycle", "amount": 64.0, "base": 16.0}, 40.0),
        (
            {"shape": "bursty", "amount": 4.0, "busy_fraction": 0.5, "production_amount": 9.0},
            2.0,
        ),
        ({"shape": "peak_day", "amount": 1000.0, "base": 10.0}, (1000 + 364 * 10) / 365),
        ({"busy_fraction": 1.0, "amount": 5.0}, 5.0),
        ({"amount": None, "machine_hours_per_month": 365.0}, 0.5),
    ],
)
def test_the_shapes_have_their_mean(demand: dict[str, Any], mean: float) -> None:
    """Level times hours."""
    assert setup(demand=demand).case.demand.mean()[0] == pytest.approx(mean)


def test_shapes_that_say_when_ask_no_busy_share() -> None:
    """Only constant and growing demand take it from the defaults."""
    rows = {row.key for row in setup(demand={"shape": "peak_day"}).assumptions}
    assert "demand.busy_fraction" not in rows


def test_a_month_of_images_becomes_machines_by_the_measured_rate() -> None:
    """8,000 images/s on eight A100; a month at half of that is half a machine."""
    record = make.gpu_record(8000.0, count=8, used=8)
    month = 4000 * 3600 * 730.0
    found = setup(
        record,
        demand={"amount": None, "workload": "resnet50-train", "units_per_month": month},
        cloud={"price_usd_per_hour": 30.0, "instance": "a100x8"},
        owned={"accelerator": "A100"},
    )
    assert found.unit == "image"
    assert found.case.demand.machine_hours(found.case.cloud_capacity)[0] == pytest.approx(365)
    assert {row.basis for row in found.assumptions if row.key.endswith("capacity")} == {"measured"}


def test_a_workload_without_an_amount_keeps_one_server_busy() -> None:
    """Whatever that server delivers."""
    record = make.gpu_record(8000.0, count=8, used=8)
    found = setup(
        record,
        demand={"amount": None, "workload": "resnet50-train", "busy_fraction": 1.0},
        cloud={"price_usd_per_hour": 30.0, "instance": "a100x8"},
        owned={"accelerator": "A100"},
    )
    assert found.case.demand.peak()[0] == pytest.approx(8000.0)


def test_the_bill_is_spread_over_the_instances() -> None:
    """$7,300 a month for ten servers round the clock: a dollar an hour."""
    found = setup(
        demand={"amount": 10, "busy_fraction": 1.0},
        cloud={"price_usd_per_hour": None, "bill_usd_per_month": 7300},
    )
    assert found.case["cloud.price_usd_per_hour"] == pytest.approx(1.0)
    assert found.case.commitment_months is None


@pytest.mark.parametrize(
    ("owned", "colocation", "pays_power"),
    [
        ({"colocation_includes_power": True}, True, False),
        ({"colocation_includes_power": False}, True, True),
        ({"site": "own"}, False, True),
    ],
)
def test_who_pays_for_power(owned: dict[str, Any], colocation: bool, pays_power: bool) -> None:  # noqa: FBT001  a parameter of a table
    """The house does only where the user says so."""
    case = setup(owned=owned).case
    assert (case.colocation, case.pays_power) == (colocation, pays_power)


def test_minutes_become_hours() -> None:
    """Of checkpoints and restarts."""
    spot = {"spot_allowed": True, "spot_usd_per_hour": 20.0}
    case = setup(cloud={"checkpoint_minutes": 6, "restart_minutes": 15, **spot}).case
    assert (case.checkpoint_hours, case.restart_hours) == (0.1, 0.25)
