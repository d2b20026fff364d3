"""Measured watts replace the planning value of the load; estimates do not."""

from typing import Any

import pytest

from benchbench.catalog import quotes, silicon
from benchbench.record import Energy, EnergyScope, Record
from benchbench.tco import scenario, server, watts
from benchbench.tco.answer import Assumption
from tests import factories as make
from tests.tco.cases_tco import document


def measured(watts_each: float, scope: EnergyScope = "gpu_board", count: int = 8) -> Record:
    """Eight A100 at so many watts each, for as long as the steps took."""
    measurement = make.measurement(8000.0, units_per_step=256.0)
    energy = tuple(
        Energy(
            scope=scope,
            device=f"cuda:{index}",
            joules=watts_each * measurement.elapsed_s,
            elapsed_s=measurement.elapsed_s,
        )
        for index in range(count)
    )
    told = measurement.model_copy(update={"energy": energy})
    return make.gpu_record(8000.0, count=8, used=8, measurement=told)


def load(*records: Record, **owned: Any) -> Assumption | None:
    """The load factor of eight A100 training ResNet-50."""
    parsed = scenario.parse(
        document(
            demand={"amount": None, "workload": "resnet50-train"},
            owned={"quote": "hgx-a100-80-8", "accelerator": None, **owned},
        )
    )
    bought = server.find(parsed, quotes.load(), None)
    return watts.load_factor(parsed, bought, records, silicon.load())


def test_board_power_is_a_share_of_the_boards_rating() -> None:
    """300 W of 400 W, measured, with its source in words."""
    found = load(measured(300.0))
    assert found is not None
    assert found.value == pytest.approx(0.75)
    assert found.basis == "measured"
    assert "of the boards while resnet50-train ran on 8.00 x A100" in found.source


def test_wall_power_is_a_share_of_the_servers() -> None:
    """Eight counters of 500 W make 4 kW of 6.5 kW."""
    found = load(measured(500.0, "wall"))
    assert found is not None
    assert found.value == pytest.approx(4.0 / 6.5)


def test_an_estimate_is_no_measurement() -> None:
    """A modelled node leaves the planning value."""
    assert load(measured(300.0, "node_estimated")) is None


def test_without_counters_the_planning_value_stays() -> None:
    """And where the scenario says it."""
    assert load(make.gpu_record(8000.0, count=8, used=8)) is None
    assert load(measured(300.0), load_factor=0.6) is None


def test_more_than_the_rating_is_not_believed() -> None:
    """A counter that says 700 W of a 400 W board."""
    assert load(measured(700.0)) is None
