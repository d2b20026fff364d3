"""Equal useful work: counted among like machines, measured among unlike ones."""

from typing import Any

import pytest

from benchbench.catalog import quotes, silicon
from benchbench.catalog.offer import Offer
from benchbench.errors import DataError
from benchbench.record import Record
from benchbench.tco import capacity, scenario, server
from benchbench.tco.capacity import Capacity
from tests import factories as make
from tests.tco.cases_tco import document, p5

A100_SERVER = {"quote": "hgx-a100-80-8", "site": "own"}


def resolve(
    offer: Offer | None, demand: dict[str, Any], *records: Record, **sections: dict[str, Any]
) -> tuple[Capacity, Capacity]:
    """Capacities of one instance and one server."""
    parsed = document()
    parsed["demand"] = demand
    parsed["owned"] = {"site": "own"}
    parsed["cloud"] = {}
    for name, fields in sections.items():
        parsed[name] = fields
    read = scenario.parse(parsed)
    bought = server.find(read, quotes.load(), offer)
    return capacity.resolve(read, offer, bought, records, silicon.load())


@pytest.mark.parametrize(
    ("unit", "count", "rented", "bought"),
    [("server", 8.0, 1.0, 1.0), ("server", 4.0, 0.5, 1.0), ("accelerator", 4.0, 4.0, 8.0)],
)
def test_like_accelerators_are_counted(
    unit: str, count: float, rented: float, bought: float
) -> None:
    """An instance with half the accelerators does half a server's work."""
    found = resolve(p5(accelerator_count=count), {"unit": unit})
    assert [one.value for one in found] == [rented, bought]
    assert {one.basis for one in found} == {"assumed"}


def test_cores_and_vcpu_of_cpu_machines() -> None:
    """A vCPU is half a core on both sides."""
    offer = make.offer(vcpu=8.0, cores=4.0)
    assert [one.value for one in resolve(offer, {"unit": "core"})] == [4, 96]
    assert [one.value for one in resolve(offer, {"unit": "vcpu"})] == [8, 192]


def test_unlike_accelerators_need_a_measurement() -> None:
    """Counting an H100 as an A100 would not be fair."""
    with pytest.raises(DataError, match="would not be fair; name a measured workload"):
        resolve(p5(), {}, owned=A100_SERVER)


def test_what_the_user_says_needs_no_counting() -> None:
    """Both capacities stated."""
    stated = {"capacity": 3.0}
    found = resolve(p5(), {}, cloud=stated, owned={**A100_SERVER, "capacity": 2.0})
    assert [one.value for one in found] == [3.0, 2.0]


def test_a_measured_workload_gives_units_per_second() -> None:
    """The very eight A100 measured: measured, with its interval."""
    record = make.gpu_record(8000.0, count=8, used=8)
    rented, bought = resolve(
        make.gpu_offer(8), {"workload": "resnet50-train"}, record, owned=A100_SERVER
    )
    assert bought.basis == rented.basis == "measured"
    assert bought.value == pytest.approx(8000.0, rel=1e-6)


def test_of_several_configurations_the_fastest_counts() -> None:
    """The backend is part of the machine's answer."""
    slow = make.gpu_record(4000.0, count=8, used=8)
    fast = make.gpu_record(8000.0, count=8, used=8, backend="torch-compile")
    _, bought = resolve(
        make.gpu_offer(8), {"workload": "resnet50-train"}, slow, fast, owned=A100_SERVER
    )
    assert bought.value == pytest.approx(8000.0, rel=1e-6)


def test_unmeasured_hardware_is_predicted_and_says_so() -> None:
    """One A100 measured, eight asked for."""
    record = make.gpu_record(1000.0)
    _, bought = resolve(
        make.gpu_offer(8), {"workload": "resnet50-train"}, record, owned=A100_SERVER
    )
    assert bought.basis == "predicted"
    assert bought.low is not None
    assert bought.high is not None
    assert bought.low < bought.value < bought.high


def test_a_workload_nobody_measured_is_refused() -> None:
    """With the way out."""
    with pytest.raises(DataError, match=r"no throughput of bert.*write capacity under \[cloud\]"):
        resolve(make.gpu_offer(8), {"workload": "bert"}, owned=A100_SERVER)


def test_a_price_without_an_instance_needs_a_capacity() -> None:
    """One instance is taken for one server; for cores nobody can know."""
    rented, _ = resolve(None, {"unit": "server"}, cloud={"price_usd_per_hour": 1.0})
    assert rented.value == 1
    with pytest.raises(DataError, match=r"write capacity under \[cloud\]"):
        resolve(None, {"unit": "core"}, cloud={"price_usd_per_hour": 1.0})
    with pytest.raises(DataError, match="which instance runs"):
        resolve(None, {"workload": "bert"}, cloud={"price_usd_per_hour": 1.0})


def test_accelerators_of_a_cpu_server_are_none() -> None:
    """Zero would divide."""
    with pytest.raises(DataError, match="how many accelerators c6a"):
        resolve(make.offer(), {"unit": "accelerator"})
