"""Figures for Prometheus, read back by Prometheus' own client in both of its formats."""

from typing import Any

import pytest

from benchbench import decide
from benchbench.record import Cloud
from benchbench.report.metrics import openmetrics
from benchbench.store import Store
from tests import factories as make

strict: Any = pytest.importorskip("prometheus_client.openmetrics.parser")
classic: Any = pytest.importorskip("prometheus_client.parser")


def samples(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    """By name, as the strict parser of OpenMetrics reads them."""
    return {
        family.name: [(one.labels, one.value) for one in family.samples]
        for family in strict.text_string_to_metric_families(text)
    }


def exported(*records: object, place: str) -> str:
    """The export of a store that holds these."""
    store = Store(f"memory://{place}")
    for record in records:
        store.write(record)  # type: ignore[arg-type] # records
    return openmetrics(decide.results(f"memory://{place}"), ())


def test_it_is_openmetrics_and_prometheus_text() -> None:
    """Two parsers that are not ours; every family is a gauge, its unit ends its name."""
    text = exported(make.record(4.0, ceilings=(make.ceiling(1.2e11),)), place="both")
    families = list(strict.text_string_to_metric_families(text))
    assert len(families) > 5
    for family in families:
        assert family.type == "gauge"
        assert family.name.endswith(family.unit)
        assert family.documentation
    older = {
        family.name: [s.value for s in family.samples]
        for family in classic.text_string_to_metric_families(text)
    }
    assert older == {family.name: [s.value for s in family.samples] for family in families}
    assert text.endswith("# EOF\n")


def test_its_numbers_are_the_figures() -> None:
    """4 images/s of 24.3 GFLOP are 81 % of a ceiling of 120 GFLOP/s; 2 GiB at the peak."""
    found = samples(exported(make.record(4.0, ceilings=(make.ceiling(1.2e11),)), place="numbers"))
    ((labels, rate),) = found["benchbench_throughput_units_per_second"]
    assert rate == pytest.approx(4.0)
    assert (labels["workload"], labels["unit"], labels["batch_size"]) == (
        "resnet50-train",
        "image",
        "8",
    )
    ((_, share),) = found["benchbench_share_of_achievable_ratio"]
    assert share == pytest.approx(0.80997, rel=1e-4)
    ((_, memory),) = found["benchbench_peak_memory_bytes"]
    assert memory == 2 * 2**30
    ((_, when),) = found["benchbench_measured_timestamp_seconds"]
    assert when == 1767225600  # 2026-01-01T00:00:00Z


def test_what_is_invalid_has_no_number() -> None:
    """Only the word that it is."""
    found = samples(exported(make.record(failure=make.out_of_memory()), place="invalid"))
    assert [value for _, value in found["benchbench_valid"]] == [0.0]
    assert "benchbench_throughput_units_per_second" not in found


def test_the_newest_of_equal_settings_counts() -> None:
    """A later failure takes the older number away, instead of letting it look fresh."""
    first = make.record(4.0)
    later = first.provenance.model_copy(update={"time_utc": "2026-02-01T00:00:00Z", "session": "b"})
    faster = make.record(5.0, provenance=later)
    found = samples(exported(first, faster, place="newest"))
    assert [v for _, v in found["benchbench_throughput_units_per_second"]] == [pytest.approx(5.0)]
    failed = make.record(failure=make.out_of_memory(), provenance=later)
    found = samples(exported(first, failed, place="failed"))
    assert "benchbench_throughput_units_per_second" not in found
    assert [value for _, value in found["benchbench_valid"]] == [0.0]


@pytest.mark.parametrize("name", ['a"b', "back\\slash", "two\nlines", "{x}", "\x1b[31m", "=1"])
def test_any_name_is_a_label(name: str) -> None:
    """Escaped as both formats want it."""
    rented = make.system(cloud=Cloud(provider="aws", instance_type=name, source="flag"))
    found = samples(exported(make.record(4.0, system=rented), place=f"hostile{hash(name)}"))
    ((labels, _),) = found["benchbench_valid"]
    assert labels["machine"] == name.replace("\n", " ").replace("\x1b", "\ufffd")


def test_what_to_rent_is_exported() -> None:
    """The first of the ranking, with its basis."""
    from datetime import date

    place = "memory://rent"
    Store(place).write(make.record(4.0))
    text = decide.in_openmetrics(place, date(2026, 11, 25))
    ((labels, cost),) = samples(text)["benchbench_cheapest_cost_usd_per_unit"]
    assert labels["basis"] == "predicted"
    assert 0 < cost < 1
