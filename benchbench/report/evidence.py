"""What the sections have in common: which records stand behind which figures, and their names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import ascii_uppercase

from benchbench import evaluate, units
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


@dataclass(frozen=True)
class Machine:
    """One of the machines measured; alike are those that read alike."""

    letter: str
    """What charts and tables call it; empty where it is the only one."""
    short: str
    """What people call it."""
    title: str
    """What it is, in one phrase."""
    system: System

    @property
    def name(self) -> str:
        """`B (p5.48xlarge)`."""
        return f"{self.letter} ({self.short})" if self.letter else self.short


@dataclass(frozen=True)
class Measured:
    """The records, the figures made of them, and on which machine each was measured."""

    records: tuple[Record, ...]
    figures: tuple[Figures, ...]

    @cached_property
    def machines(self) -> tuple[Machine, ...]:
        """The distinct machines, in the order they appear."""
        systems = {describe(record.system): record.system for record in reversed(self.records)}
        titles = dict.fromkeys(describe(record.system) for record in self.records)
        letters = ascii_uppercase if len(titles) > 1 else ""
        return tuple(
            Machine(letters[at : at + 1], evaluate.machine(systems[title]), title, systems[title])
            for at, title in enumerate(titles)
        )

    @property
    def several(self) -> bool:
        """Whether machines are to be told apart."""
        return len(self.machines) > 1

    @cached_property
    def _groups(self) -> tuple[list[Record], ...]:
        """The records of each figure.

        Two runs of one setting are two figures: the first belongs to the first group of records.
        """
        left = [(_setting(of[0]), of) for of in group(self.records)]
        found = []
        for figure in self.figures:
            at = next((i for i, (of, _) in enumerate(left) if of == _setting(figure)), None)
            found.append([] if at is None else left.pop(at)[1])
        return tuple(found)

    def number(self, figure: Figures) -> int:
        """Its place among the figures."""
        return self.figures.index(figure)

    def key(self, figure: Figures) -> str:
        """Ties a configuration's row to its marks; unique within the page."""
        return f"m{self.number(figure) + 1}"

    def behind(self, figure: Figures) -> list[Record]:
        """The records of one configuration that hold a measurement."""
        records = self._groups[self.number(figure)]
        return [record for record in records if record.measurement is not None]

    def machine(self, figure: Figures) -> Machine | None:
        """Where it was measured; None where its records are not here."""
        records = self._groups[self.number(figure)]
        if not records:
            return None
        title = describe(records[0].system)
        return next(one for one in self.machines if one.title == title)

    @cached_property
    def best(self) -> tuple[Figures, ...]:
        """Of each machine, workload and scenario the fastest configuration that is not invalid."""
        fastest: dict[tuple[str, ...], Figures] = {}
        for figure in self.figures:
            if figure.validity == "invalid" or figure.throughput is None:
                continue
            machine = self.machine(figure)
            place = "" if machine is None else machine.title
            key = (figure.workload, figure.scenario, place)
            held = fastest.get(key)
            if held is None or _speed(figure) > _speed(held):
                fastest[key] = figure
        return tuple(fastest.values())

    def work(self, figure: Figures) -> str:
        """The workload; its scenario too, where it was measured in several."""
        scenarios = {one.scenario for one in self.figures if one.workload == figure.workload}
        several = len(scenarios) > 1
        return (
            f"{figure.workload}, {units.scenario(figure.scenario)}" if several else figure.workload
        )

    def name(self, figure: Figures) -> str:
        """The same, and on which machine, where there are several."""
        machine = self.machine(figure)
        where = f" on {machine.letter}" if machine is not None and machine.letter else ""
        return f"{self.work(figure)}{where}"


def _setting(of: Figures | Record) -> tuple[object, ...]:
    return (of.workload, of.scenario, of.precision, of.batch_size, of.backend, of.devices)


def _speed(figure: Figures) -> float:
    return 0.0 if figure.throughput is None else figure.throughput.value


def setting(figure: Figures) -> str:
    """`torch-eager, fp32, batch 8`."""
    return f"{figure.backend}, {figure.precision}, batch {units.count(figure.batch_size)}"


def devices(names: Sequence[str]) -> str:
    """`cpu`, `cuda:0 and cuda:1`, `cuda:0 to cuda:7`."""
    if len(names) > 2:  # noqa: PLR2004 - more are told by their ends
        return f"{names[0]} to {names[-1]}"
    return sentence_list(names)


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
