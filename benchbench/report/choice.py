"""The section on what to rent: the ranking, its chart, and a reason for every rejected offer."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from benchbench import units
from benchbench.catalog.offer import STALE_AFTER_DAYS, Offer
from benchbench.recommend import (
    Candidate,
    Configuration,
    Goal,
    Reason,
    Recommendation,
    Rejected,
    sentences,
)
from benchbench.report.blocks import (
    Axis,
    Block,
    Cell,
    Column,
    Part,
    Plot,
    Point,
    Prose,
    Row,
    Scatter,
    Section,
    Table,
    derived,
    ends,
    plain,
    quantity,
    words,
)

_COMMAND = "benchbench recommend"
_JSON = "the output of benchbench recommend --json"
_MOST_PER_REASON = 25
_MOST_AT_SIGHT = 12
_ABLE = {"ranked_lower", "same_instance"}
"""Codes of offers that meet the goal and have a better one in the ranking."""


def section(recommendations: Sequence[Recommendation], generated_on: str) -> Section:
    """A ranking per workload, or what to run to get one."""
    title = "What to rent"
    if not recommendations:
        start = Prose(("No recommendation is in this report. To make one:",), (_COMMAND,))
        missing = Part("no-recommendation", "Start here", (start,))
        return Section("rent", title, "No offers have been compared yet.", (missing,))
    today = date.fromisoformat(generated_on)
    parts = [
        part
        for number, one in enumerate(recommendations, start=1)
        for part in _parts(one, "" if number == 1 else f"-{number}", today)
    ]
    return Section("rent", title, _lede(recommendations), tuple(parts))


def _lede(recommendations: Sequence[Recommendation]) -> str:
    """Rankings of one catalogue judge the same offers; they are counted once."""
    judged = [_judged(one) for one in recommendations]
    most = max(map(_total, recommendations))
    offers = units.counted(max(most, len(frozenset[str]().union(*judged))), "offer")
    alone = len(judged) == 1
    of = offers if alone else f"the same {offers}" if len(set(judged)) == 1 else f"{offers} in all"
    rankings = units.counted(len(judged), "ranking")
    return f"{rankings} of {of}: each offer is ranked, or it is said why not."


def _total(one: Recommendation) -> int:
    return len(one.candidates) + sum(reason.offers for reason in one.reasons)


def _judged(one: Recommendation) -> frozenset[str]:
    ranked = (candidate.offer.key for candidate in one.candidates)
    return frozenset([*ranked, *(rejected.key for rejected in one.rejected)])


def _parts(recommendation: Recommendation, suffix: str, today: date) -> tuple[Part, ...]:
    workload = recommendation.goal.workload
    goal = Prose((goal_sentence(recommendation),))
    ranking = _ranking(recommendation, suffix, today)
    able = _Out.of(recommendation, lambda code: code in _ABLE)
    unfit = _Out.of(recommendation, lambda code: code not in _ABLE)
    return (
        Part(f"ranking{suffix}", f"Offers for {workload}", (goal, *ranking)),
        *_not_ranked(able, suffix, workload),
        Part(f"rejected{suffix}", f"Does not meet the goal: {workload}", _rejected(unfit)),
    )


@dataclass(frozen=True)
class _Out:
    """Rejected offers of some codes: all of them counted, some or all of them listed."""

    reasons: Sequence[Reason]
    listed: Sequence[Rejected]

    @classmethod
    def of(cls, one: Recommendation, wanted: Callable[[str], bool]) -> "_Out":
        return cls(
            [reason for reason in one.reasons if wanted(reason.code)],
            [rejected for rejected in one.rejected if wanted(rejected.code)],
        )

    @property
    def offers(self) -> int:
        return sum(reason.offers for reason in self.reasons)


def _not_ranked(able: _Out, suffix: str, workload: str) -> tuple[Part, ...]:
    """What would do, and has a better in the ranking: no failure."""
    if not able.offers:
        return ()
    title = f"Not ranked: does the job, at a worse price ({workload})"
    blocks = (
        _reasons(able, "Why these offers are not in the ranking"),
        _list(able, "Offers that do the job at a worse price", "dearer offer"),
    )
    return (Part(f"dearer{suffix}", title, blocks),)


def goal_sentence(recommendation: Recommendation) -> str:
    """What was asked for."""
    goal, unit = recommendation.goal, recommendation.unit
    wanted = [f"The goal: {goal.workload}"]
    if goal.rate_per_s is not None:
        wanted.append(f"at {units.rate(goal.rate_per_s, unit)}")
    if goal.units is not None:
        wanted.append(f"for {units.count(goal.units)} {units.plural(unit)}")
    if goal.deadline_s is not None:
        wanted.append(f"within {units.trimmed(units.duration(goal.deadline_s))}")
    if goal.latency_s is not None:
        percentile = units.trimmed(units.number(goal.latency_percent))
        wanted.append(f"with p{percentile} of at most {units.duration(goal.latency_s)}")
    return f"{' '.join(wanted)}{_limits(goal)}."


def _limits(goal: Goal) -> str:
    limits = [
        f"at most {units.usd(goal.budget_usd)}" if goal.budget_usd else "",
        f"at most {units.usd(goal.budget_usd_per_hour)} per hour"
        if goal.budget_usd_per_hour
        else "",
        f"from {', '.join(goal.providers)}" if goal.providers else "",
        f"in {', '.join(goal.regions)}" if goal.regions else "",
        f"priced {', '.join(price_kind(kind) for kind in goal.price_kinds)}",
        *_sizes(goal),
    ]
    return "".join(f"; {limit}" for limit in limits if limit)


def _sizes(goal: Goal) -> Iterator[str]:
    """Memory, data and quotas asked for."""
    for size, said in (
        (goal.min_memory_bytes, "with {} of memory or more"),
        (goal.min_accelerator_memory_bytes, "with {} per accelerator or more"),
        (goal.egress_bytes, "{} sent out" if goal.units else "{} sent out a month"),
        (goal.stored_bytes, "{} stored"),
    ):
        if size is not None:
            yield said.format(units.size(size))
    if goal.quotas:
        yield f"within {units.counted(len(goal.quotas), 'quota')}"
    if goal.spare_replicas:
        yield f"{units.counted(goal.spare_replicas, 'spare')} of each kind"


def price_kind(kind: str) -> str:
    """`on_demand` → `on demand`."""
    return kind.replace("_", " ")


def place(offer: Offer | Rejected) -> str:
    """`aws us-east-1, on demand`."""
    return f"{offer.provider} {offer.region}, {price_kind(offer.price_kind)}"


def _ranking(recommendation: Recommendation, suffix: str, today: date) -> tuple[Block, ...]:
    if not recommendation.candidates:
        why = recommendation.binding or "No offer in the catalogue could be judged."
        ways = [one.sentence for one in recommendation.relaxations] or [why]
        return (Prose(("No one kind of instance meets this goal.", *ways)), *_fleet(recommendation))
    candidates = recommendation.candidates
    best = sentences.notes(candidates[0], recommendation.goal, recommendation.unit)
    first = f"The first, {candidates[0].offer.instance}: {' '.join(best)}" if best else ""
    return (
        Prose(tuple(filter(None, (*_assumptions(candidates), first)))),
        *_fleet(recommendation),
        *_tables(recommendation, f"offers{suffix}"),
        _sources(recommendation, today),
        _plot(recommendation, f"chart-pareto{suffix}"),
    )


def _fleet(recommendation: Recommendation) -> tuple[Block, ...]:
    found = recommendation.fleet
    if found is None:
        return ()
    columns = (
        Column("Offer"),
        Column("Instances", numeric=True),
        Column("All, per hour", numeric=True),
        Column("Carries"),
        Column("Basis"),
    )
    rows = tuple(
        Row(
            (
                words(one.offer.instance, place(one.offer)),
                plain(one.replicas, units.count),
                plain(one.usd_per_hour, units.usd),
                words("; ".join(_carried(name, rate) for name, rate in one.units_per_s.items())),
                words(one.basis),
            )
        )
        for one in found.members
    )
    return (Prose((f"Or {sentences.fleet(found)}",)), Table("The mixed fleet", columns, rows))


def _carried(workload: str, rate: float) -> str:
    return f"{workload} {units.rate(rate, 'unit')}"


def _assumptions(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    settings = list(dict.fromkeys(one for candidate in candidates for one in _settings(candidate)))
    said = "; ".join(_configuration(setting) for setting in settings)
    return (
        f"Throughputs assume {said}. Another backend can change them several times over.",
        "Cheapest per unit of work first. Offers whose interval overlaps the first one's are tied.",
    )


def _settings(candidate: Candidate) -> list[Configuration]:
    """Of every workload."""
    return [share.configuration for share in candidate.shares] or [candidate.configuration]


def _configuration(setting: Configuration) -> str:
    """Nothing is called measured but the precision and the batch that were."""
    measured = setting.measured_precision
    known = setting.batch_size is not None
    batch = f"batch {units.count(setting.batch_size)}" if known else "a batch that fills the device"
    said = f"{setting.backend} in {setting.precision} at {batch}"
    if known and measured is None:
        return f"{said}, measured on {setting.device}"
    return f"{said}, predicted from {measured or setting.precision} on {setting.device}"


def _tables(recommendation: Recommendation, key: str) -> tuple[Table, ...]:
    """The best and the unbeaten at sight, the others folded."""
    candidates = recommendation.candidates
    seen = tuple(one for one in candidates if one.pareto or one.rank <= _MOST_AT_SIGHT)
    rest = tuple(one for one in candidates if one not in seen)
    said = "Offers that meet the goal. Unbeaten: none is both cheaper and faster"
    first = _table(recommendation, seen, said)
    if not rest:
        return (first,)
    more = _table(recommendation, rest, "Offers that meet the goal, ranked lower")
    folded = f"Show {units.count(len(rest))} more"
    paper = f"{units.counted(len(rest), 'more ranked offer')}: in the file, not on paper."
    return (
        replace(first, list_key=key),
        replace(more, folded=folded, off_paper=paper, list_key=key),
    )


def _table(recommendation: Recommendation, listed: Sequence[Candidate], caption: str) -> Table:
    candidates = recommendation.candidates
    factor, work = units.bulk(candidates[0].usd_per_unit.value, recommendation.unit)
    timed = any(candidate.time_s is not None for candidate in candidates)
    columns = (
        Column("Offer"),
        Column("Rank", numeric=True),
        Column("Throughput of one", numeric=True),
        Column("Needed", numeric=True),
        Column("All, per hour", numeric=True),
        Column(f"Per {work}", numeric=True),
        *((Column("Cost of the job", numeric=True), Column("Time", numeric=True)) if timed else ()),
    )
    rows = tuple(_row(one, recommendation.unit, factor, timed=timed) for one in listed)
    return Table(caption, columns, rows, filterable=True)


def _row(candidate: Candidate, unit: str, factor: float, *, timed: bool) -> Row:
    job = (derived(candidate.cost_usd, units.usd), derived(candidate.time_s, units.duration))
    cells = (
        words(candidate.offer.instance, place(candidate.offer)),
        Cell(units.count(candidate.rank), _standing(candidate), candidate.rank),
        quantity(candidate.throughput, lambda value: units.rate(value, unit)),
        plain(candidate.replicas, units.count),
        plain(candidate.usd_per_hour, units.usd),
        derived(candidate.usd_per_unit.scaled(factor), units.usd),
        *(job if timed else ()),
    )
    return Row(cells, _key(candidate), strong=candidate.rank == 1)


def _sources(recommendation: Recommendation, today: date) -> Table:
    candidates = recommendation.candidates
    factor, work = units.bulk(candidates[0].usd_per_unit.value, recommendation.unit)
    columns = (
        Column("Offer"),
        Column("Price read on"),
        Column(f"Per {work} at 100 % of peak", numeric=True),
        Column("Where the throughput comes from"),
        Column("What else to know"),
    )
    goal, unit = recommendation.goal, recommendation.unit
    rows = tuple(
        Row(
            (
                words(one.offer.instance, place(one.offer)),
                _price_date(one.offer, today),
                plain(
                    None if one.floor_usd_per_unit is None else one.floor_usd_per_unit * factor,
                    units.usd,
                ),
                words(one.because),
                words(" ".join(sentences.notes(one, goal, unit))),
            ),
            _key(one),
        )
        for one in candidates
    )
    folded = "Show where throughputs and prices come from"
    paper = "Where each throughput and price comes from: in the file, not on paper."
    return Table("What stands behind each offer", columns, rows, folded=folded, off_paper=paper)


def _standing(candidate: Candidate) -> str:
    said = {
        "tied": candidate.tied_with_best and candidate.rank > 1,
        "unbeaten": candidate.pareto,
        "rests on a measurement with warnings": any(
            one.validity != "valid" for one in _settings(candidate)
        ),
    }
    return ", ".join(word for word, true in said.items() if true)


def _price_date(offer: Offer, today: date) -> Cell:
    age = offer.age_days(today)
    stale = f", {units.count(age)} days old" if age > STALE_AFTER_DAYS else ""
    return Cell(offer.as_of.isoformat(), f"{offer.source}{stale}", float(offer.as_of.toordinal()))


def _key(candidate: Candidate) -> str:
    return f"c{candidate.rank}"


def _plot(recommendation: Recommendation, key: str) -> Plot:
    candidates = recommendation.candidates
    timed = all(one.time_s is not None and one.cost_usd is not None for one in candidates)
    drawing = _cost_time(candidates) if timed else _cost_speed(candidates, recommendation.unit)
    what = "The cost of the job against its time" if timed else "The cost of work against speed"
    aim = "down and left is better" if timed else "down and right is better"
    return Plot(
        key,
        _plot_title(candidates),
        f"{what}; {aim}. The line joins the offers that none beats in both; numbers are ranks. "
        "Solid marks are measured, hollow ones predicted, with their intervals.",
        drawing,
        _plot_table(candidates, drawing),
    )


def _cost_time(candidates: Sequence[Candidate]) -> Scatter:
    points = tuple(
        Point(
            _key(one),
            units.count(one.rank),
            one.time_s.value,
            one.cost_usd.value,
            one.basis,
            note=one.offer.instance,
            x_ends=ends(one.time_s),
            y_ends=ends(one.cost_usd),
        )
        for one in candidates
        if one.time_s is not None and one.cost_usd is not None
    )
    x = Axis("Time", units.duration, log=True)
    return Scatter(x, Axis("Cost", units.usd, log=True), points, _front(candidates, points))


def _cost_speed(candidates: Sequence[Candidate], unit: str) -> Scatter:
    points = tuple(
        Point(
            _key(one),
            units.count(one.rank),
            one.throughput.value,
            one.usd_per_unit.value * 1e6,
            one.basis,
            note=one.offer.instance,
            x_ends=ends(one.throughput),
            y_ends=ends(one.usd_per_unit.scaled(1e6)),
        )
        for one in candidates
    )
    plural = units.plural(unit)
    x = Axis(f"{plural.capitalize()} per second, one instance", units.number, log=True)
    y = Axis(f"Per million {plural}", units.usd, log=True)
    return Scatter(x, y, points, _front(candidates, points))


def _front(candidates: Sequence[Candidate], points: Sequence[Point]) -> tuple[str, ...]:
    on_front = {_key(one) for one in candidates if one.pareto}
    return tuple(point.key for point in sorted(points, key=_left_to_right) if point.key in on_front)


def _left_to_right(point: Point) -> float:
    return point.x


def _plot_title(candidates: Sequence[Candidate]) -> str:
    """The cheapest and the fastest of those nothing beats."""
    front = [one for one in candidates if one.pareto] or list(candidates[:1])
    cheapest = min(front, key=lambda one: one.usd_per_unit.value)
    if len(front) == 1:
        return f"{cheapest.offer.instance} is both the cheapest and the fastest"
    fastest = max(front, key=_speed)
    between = units.counted(len(front), "offer")
    return (
        f"From {cheapest.offer.instance}, the cheapest, to {fastest.offer.instance}, the fastest: "
        f"{between} that nothing beats"
    )


def _speed(one: Candidate) -> float:
    """The one over the job's time where there is a job, else units per second."""
    return one.throughput.value if one.time_s is None else 1 / one.time_s.value


def _plot_table(candidates: Sequence[Candidate], drawing: Scatter) -> Table:
    points = {point.key: point for point in drawing.points}
    columns = (
        Column("Offer"),
        Column("Rank", numeric=True),
        Column(drawing.x.label, numeric=True),
        Column(drawing.y.label, numeric=True),
        Column("Basis"),
    )
    rows = tuple(
        Row(
            (
                words(one.offer.instance, place(one.offer)),
                plain(one.rank, units.count),
                Cell(drawing.x.text(points[_key(one)].x), sort=points[_key(one)].x),
                Cell(drawing.y.text(points[_key(one)].y), sort=points[_key(one)].y),
                words(one.basis),
            ),
            _key(one),
        )
        for one in candidates
        if _key(one) in points
    )
    return Table(drawing.y.label, columns, rows, folded="Show the numbers")


def _rejected(out: _Out) -> tuple[Block, ...]:
    if not out.offers:
        return (Prose(("Every offer considered meets the goal.",)),)
    return (
        _reasons(out, "Why offers were rejected"),
        _list(out, "Offers that do not meet the goal", "rejected offer"),
    )


def _reasons(out: _Out, caption: str) -> Table:
    columns = (Column("Reason"), Column("Offers", numeric=True), Column("For example"))
    rows = tuple(
        Row(
            (
                words(one.code.replace("_", " ")),
                plain(one.offers, units.count),
                words(f"{one.instance}: {one.because}"),
            )
        )
        for one in out.reasons
    )
    return Table(caption, columns, rows)


def _shown(rejected: Sequence[Rejected]) -> list[Rejected]:
    """The first of each reason: a catalogue rejects thousands, a table carries some of each."""
    seen: Counter[str] = Counter()
    kept = []
    for one in rejected:
        seen[one.code] += 1
        if seen[one.code] <= _MOST_PER_REASON:
            kept.append(one)
    return kept


def _list(out: _Out, caption: str, noun: str) -> Table:
    shown = _shown(out.listed)
    columns = (Column("Offer"), Column("Where and how priced"), Column("Because"))
    rows = tuple(
        Row(
            (words(one.instance), words(place(one)), words(one.because, one.code.replace("_", " ")))
        )
        for one in shown
    )
    missing = out.offers - len(shown)
    if missing:
        where = "in the data of this file" if len(out.listed) == out.offers else f"in {_JSON}"
        caption += f"; {units.count(missing)} more are {where}"
    folded = f"Show {units.counted(len(shown), noun)}"
    paper = f"{units.counted(len(shown), noun)} by name: in the file, not on paper."
    return Table(caption, columns, rows, folded=folded, filterable=True, off_paper=paper)
