"""What the sections have in common: which records stand behind which figures, and their names."""

from collections.abc import Iterable, Sequence

from benchbench import units
from benchbench.derive import Figures, group
from benchbench.record import Ceiling, Record, System
from benchbench.tco import words
from benchbench.tco.answer import Assumption, TornadoBar

SEVERITIES = ("invalid", "warning", "note")
VALIDITY_WORDS = {
    "valid": "valid",
    "valid_with_warnings": "valid, with warnings",
    "invalid": "invalid",
}


def behind(figures: Sequence[Figures], figure: Figures, records: Sequence[Record]) -> list[Record]:
    """The records of one configuration that hold a measurement.

    Two runs of one setting are two figures: the first belongs to the first group of records.
    """
    wanted = _setting(figure)
    earlier = figures[: figures.index(figure)]
    position = sum(_setting(one) == wanted for one in earlier)
    groups = [of for of in group(records) if _setting(of[0]) == wanted]
    chosen = groups[position] if position < len(groups) else []
    return [record for record in chosen if record.measurement is not None]


def _setting(of: Figures | Record) -> tuple[object, ...]:
    return (of.workload, of.scenario, of.precision, of.batch_size, of.backend, of.devices)


def best(figures: Iterable[Figures]) -> list[Figures]:
    """Of each workload and scenario its fastest configuration that is not invalid."""
    fastest: dict[tuple[str, str], Figures] = {}
    for figure in figures:
        if figure.validity == "invalid" or figure.throughput is None:
            continue
        key = (figure.workload, figure.scenario)
        held = fastest.get(key)
        if held is None or _speed(figure) > _speed(held):
            fastest[key] = figure
    return list(fastest.values())


def _speed(figure: Figures) -> float:
    return 0.0 if figure.throughput is None else figure.throughput.value


def setting(figure: Figures) -> str:
    """`torch-eager, fp32, batch 8`."""
    return f"{figure.backend}, {figure.precision}, batch {units.count(figure.batch_size)}"


def key(figures: Sequence[Figures], figure: Figures) -> str:
    """Ties a configuration's row to its marks; unique within the page."""
    return f"m{figures.index(figure) + 1}"


def machines(records: Iterable[Record]) -> list[str]:
    """The distinct machines in a phrase each, in the order they appear."""
    return list(dict.fromkeys(describe(record.system) for record in records))


def called(of: Assumption | TornadoBar) -> str:
    """What people call an input; in a document of before labels, the key spelled out."""
    return of.label or words.label(of.key)


def ceilings(records: Iterable[Record]) -> list[Ceiling]:
    """The distinct ceilings, in the order they appear."""
    distinct: list[Ceiling] = []
    for record in records:
        distinct += [ceiling for ceiling in record.ceilings if ceiling not in distinct]
    return distinct


def describe(system: System) -> str:
    """A machine in one phrase: its accelerators if it has any, else its cores; its memory."""
    memory = units.size(system.memory.limit_bytes or system.memory.total_bytes)
    return f"{_silicon(system)}, with {memory} of memory{_where(system)}"


def _silicon(system: System) -> str:
    if not system.accelerators:
        return _cores(system)
    names = [device.name for device in system.accelerators]
    counted = [units.times(names.count(name), name) for name in dict.fromkeys(names)]
    return f"{' and '.join(counted)} on {_cores(system)}"


def _cores(system: System) -> str:
    cpu = system.cpu
    threads = units.counted(cpu.usable_threads, "thread")
    if cpu.usable_cores is None:
        return f"{threads} of {_article(cpu.model)}"
    return f"{units.counted(cpu.usable_cores, 'core')} ({threads}) of {_article(cpu.model)}"


def _article(name: str) -> str:
    return f"{'an' if name[:1].upper() in 'AEIO' else 'a'} {name}"


def _where(system: System) -> str:
    if system.cloud is not None:
        names = (system.cloud.provider, system.cloud.instance_type, system.cloud.region)
        return f", rented as {' '.join(filter(None, names))}"
    hypervisor = system.virtualisation.hypervisor
    return f", a {hypervisor} guest" if hypervisor else ""


def sentence_list(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(items) < 2:  # noqa: PLR2004 - one item needs no conjunction
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
