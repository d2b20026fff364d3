"""The JSON Schema of every document benchbench prints or reads."""

from collections.abc import Callable
from typing import Any

from benchbench.record import Model


def of(name: str) -> dict[str, Any]:
    """The JSON Schema of one of `NAMES`, as this version writes it. Raises KeyError."""
    return _MODELS[name]().model_json_schema(by_alias=True)


def _doctor() -> type[Model]:
    from benchbench.system.doctor import DoctorReport  # noqa: PLC0415 - one document, one import

    return DoctorReport


def _workloads() -> type[Model]:
    from benchbench.workload.describe import WorkloadList  # noqa: PLC0415 - as above

    return WorkloadList


def _record() -> type[Model]:
    from benchbench.record import Record  # noqa: PLC0415 - as above

    return Record


def _results() -> type[Model]:
    from benchbench.evaluate import ResultList  # noqa: PLC0415 - as above

    return ResultList


def _recommend() -> type[Model]:
    from benchbench.recommend import Recommendation  # noqa: PLC0415 - as above

    return Recommendation


def _goal() -> type[Model]:
    from benchbench.recommend import Goal  # noqa: PLC0415 - as above

    return Goal


def _compare() -> type[Model]:
    from benchbench.derive.comparison import ComparisonList  # noqa: PLC0415 - as above

    return ComparisonList


def _verify() -> type[Model]:
    from benchbench.verify import Verification  # noqa: PLC0415 - as above

    return Verification


def _tco() -> type[Model]:
    from benchbench.tco.answer import TcoAnswer  # noqa: PLC0415 - as above

    return TcoAnswer


def _scenario() -> type[Model]:
    from benchbench.tco.scenario import Scenario  # noqa: PLC0415 - as above

    return Scenario


def _catalog() -> type[Model]:
    from benchbench.catalog.offer import OfferList  # noqa: PLC0415 - as above

    return OfferList


def _bill() -> type[Model]:
    from benchbench.catalog.egress import Bill  # noqa: PLC0415 - as above

    return Bill


def _import() -> type[Model]:
    from benchbench.catalog.importing import ImportReport  # noqa: PLC0415 - as above

    return ImportReport


def _agreement() -> type[Model]:
    from benchbench.catalog.agreement import Agreement  # noqa: PLC0415 - as above

    return Agreement


def _match() -> type[Model]:
    from benchbench.catalog.match import Match  # noqa: PLC0415 - as above

    return Match


_MODELS: dict[str, Callable[[], type[Model]]] = {
    "doctor": _doctor,
    "workloads": _workloads,
    "record": _record,
    "results": _results,
    "recommend": _recommend,
    "goal": _goal,
    "compare": _compare,
    "verify": _verify,
    "tco": _tco,
    "scenario": _scenario,
    "catalog": _catalog,
    "bill": _bill,
    "import": _import,
    "agreement": _agreement,
    "match": _match,
}
NAMES = tuple(_MODELS)
