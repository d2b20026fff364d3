"""Several machines in one report: who is how fast at what, and what tells them apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchbench import units
from benchbench.derive import Figures
from benchbench.recommend import Candidate, Recommendation
from benchbench.report import evidence, machine
from benchbench.report.blocks import (
    Bar,
    BarGroups,
    Cell,
    Column,
    Part,
    Plot,
    Row,
    Table,
    derived,
    ends,
    quantity,
    words,
)
from benchbench.report.evidence import Machine, Measured
from benchbench.stats import Estimate

_TITLE = "Machine against machine"


@dataclass(frozen=True, slots=True)
class Entry:
    """One machine at one piece of work: measured there, predicted, or neither."""

    machine: Machine
    throughput: Estimate | None
    figure: Figures | None
    usd_per_unit: Estimate | None


@dataclass(frozen=True, slots=True)
class Contest:
    """Every machine at one piece of work."""

    work: str
    workload: str
    unit: str
    entries: tuple[Entry, ...]

    @property
    def measured(self) -> list[Entry]:
        """Those with a measurement, fastest first."""
        known = [one for one in self.entries if one.figure is not None]
        return sorted(known, key=_speed, reverse=True)


def contests(seen: Measured, recommendations: Sequence[Recommendation] = ()) -> tuple[Contest, ...]:
    """One per workload and scenario, the machines in their order."""
    works: dict[str, Figures] = {}
    for figure in seen.best:
        works.setdefault(seen.work(figure), figure)
    return tuple(
        Contest(
            work,
            one.workload,
            one.unit,
            tuple(_entry(seen, work, one, each, recommendations) for each in seen.machines),
        )
        for work, one in works.items()
    )


def _entry(
    seen: Measured,
    work: str,
    like: Figures,
    at: Machine,
    recommendations: Sequence[Recommendation],
) -> Entry:
    found = (one for one in seen.best if seen.work(one) == work and seen.machine(one) == at)
    figure = next(found, None)
    offered = _offered(at, like.workload, recommendations)
    if figure is not None:
        usd = offered.usd_per_unit if offered and offered.basis == "measured" else None
        return Entry(at, figure.throughput, figure, usd)
    if offered is None:
        return Entry(at, None, None, None)
    return Entry(at, offered.throughput, None, offered.usd_per_unit)


def _offered(
    at: Machine, workload: str, recommendations: Sequence[Recommendation]
) -> Candidate | None:
    """The cheapest ranked offer of the instance that the machine is rented as."""
    cloud = at.system.cloud
    if cloud is None or cloud.instance_type is None:
        return None
    same = (
        one
        for ranking in recommendations
        if ranking.goal.workload == workload
        for one in ranking.candidates
        if (one.offer.provider, one.offer.instance) == (cloud.provider, cloud.instance_type)
    )
    return next(same, None)


def _speed(entry: Entry) -> float:
    return 0.0 if entry.throughput is None else entry.throughput.value


def ratio(one: Estimate, other: Estimate) -> Estimate:
    """How many times as fast; its ends are the least and the most the two intervals allow."""
    value = one.value / other.value
    known = one.low is not None and one.high is not None and other.low and other.high
    if not known or one.low is None or one.high is None or not other.low or not other.high:
        return Estimate(value=value, low=None, high=None, n=0, basis=one.basis)
    return Estimate(
        value=value, low=one.low / other.high, high=one.high / other.low, n=0, basis=one.basis
    )


def _lead(contest: Contest) -> tuple[Entry, Entry, Estimate] | None:
    """The fastest, the next, and how many times as fast; None with fewer than two measured."""
    ranked = [(one, one.throughput) for one in contest.measured if one.throughput is not None]
    if len(ranked) < 2:  # noqa: PLR2004 - one has nobody to lead
        return None
    (first, fast), (second, slow) = ranked[:2]
    return first, second, ratio(fast, slow)


def sentence(contest: Contest) -> str:
    """Who is the fastest, and by how much the next one is slower."""
    if not contest.measured:
        return ""
    first = contest.measured[0]
    said = f"{contest.work}: {units.rate(_speed(first), contest.unit)} on {first.machine.name}"
    found = _lead(contest)
    if found is None:
        return f"{said}, the only machine it was measured on"
    _, second, apart = found
    if apart.low is not None and apart.low <= 1:
        return f"{said}; {second.machine.letter} is as fast within the intervals"
    interval = units.between(apart.low, apart.high)
    return f"{said}, {units.number(apart.value)} times {second.machine.letter} ({interval})"


def lead(contest: Contest) -> str:
    """The same in a few words, machines by their letters."""
    found = _lead(contest)
    if found is None:
        return ""
    first, second, apart = found
    letters = first.machine.letter, second.machine.letter
    if apart.low is not None and apart.low <= 1:
        return f"{contest.work}: {letters[0]} and {letters[1]} are level"
    return f"{contest.work}: {letters[0]}, {units.number(apart.value)} times {letters[1]}"


def parts(seen: Measured, recommendations: Sequence[Recommendation]) -> tuple[Part, ...]:
    """Nothing, where there is but one machine."""
    if not seen.several:
        return ()
    found = contests(seen, recommendations)
    told = list(filter(None, map(lead, found)))
    plot = Plot(
        "chart-machines",
        f"The fastest, and its lead. {'; '.join(told)}" if told else "What each machine delivers",
        "Each workload on its own scale, the fastest configuration of each machine. Solid was "
        "measured there, hollow is predicted; the line at a bar's end is its interval.",
        BarGroups(tuple((one.work, tuple(_bars(one))) for one in found)),
        _table(seen, found),
    )
    return (Part("machines", _TITLE, (plot, _differences(seen))),)


def _bars(contest: Contest) -> Iterator[Bar]:
    for entry in contest.entries:
        known = entry.throughput
        text = units.rate(known.value, contest.unit) if known else "not measured here"
        interval = units.spread(known.value, known.low, known.high) if known else ""
        basis = known.basis if known else "measured"
        said = " ".join(filter(None, (text, interval)))
        value = known.value if known else None
        yield Bar(entry.machine.name, value, said, basis, ends(known))


def _table(seen: Measured, found: Sequence[Contest]) -> Table:
    columns = (
        Column("Workload"),
        Column("Machine"),
        Column("Throughput", numeric=True),
        Column("Times the slowest", numeric=True),
        Column("Of the datasheet", numeric=True),
        Column("Of the achievable", numeric=True),
        Column("Cost of work", numeric=True),
        Column("Limited by"),
    )
    rows = tuple(_row(seen, one, entry) for one in found for entry in one.entries)
    caption = "Throughput, shares of the ceilings and cost of work, machine by machine"
    return Table(caption, columns, rows)


def _row(seen: Measured, contest: Contest, entry: Entry) -> Row:
    figure = entry.figure
    known = [one.throughput for one in contest.measured if one.throughput is not None]
    against = ratio(entry.throughput, known[-1]) if entry.throughput and known else None
    cells = (
        words(contest.work, evidence.setting(figure) if figure else ""),
        words(entry.machine.name),
        quantity(entry.throughput, lambda value: units.rate(value, contest.unit)),
        derived(against, units.number),
        derived(figure.mfu if figure else None, units.percent),
        derived(figure.share_of_achievable if figure else None, units.percent),
        _cost(entry.usd_per_unit, contest.unit),
        words(figure.regime.name if figure else None),
    )
    return Row(cells, seen.key(figure) if figure else "")


def _cost(usd: Estimate | None, unit: str) -> Cell:
    """In one unit of work for all, so that the column can be compared and sorted."""
    if usd is None:
        return words(None, "no price")
    said = units.usd_per_unit(usd.value, unit)
    return Cell(said, units.spread(usd.value, usd.low, usd.high), usd.value, usd.basis)


def _differences(seen: Measured) -> Table:
    """What is not the same on all machines, one column each."""
    facts = [dict(machine.facts(one.system)) for one in seen.machines]
    names = dict.fromkeys(name for one in facts for name in one)
    unlike = [name for name in names if len({one.get(name) for one in facts}) > 1]
    columns = (Column("Fact"), *(Column(one.name) for one in seen.machines))
    rows = tuple(Row((words(name), *(words(one.get(name)) for one in facts))) for name in unlike)
    alike = units.counted(len(names) - len(unlike), "more fact")
    return Table(f"What tells the machines apart; {alike} are the same on all", columns, rows)
