"""The first screen: five questions of somebody who decides, each answered in a sentence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchbench import units
from benchbench.derive import Figures
from benchbench.evaluate import default_beside
from benchbench.recommend import Recommendation
from benchbench.recommend.sentences import fleet, runner_up
from benchbench.record import Record
from benchbench.report import accuracy, choice, evidence, sidebyside, sureness
from benchbench.report.evidence import Measured
from benchbench.stats import Basis
from benchbench.tco.answer import TcoAnswer, TornadoBar

_NOTHING = "Nothing was measured."
_MOST_FIGURES = 4
_MOST_NAMED = 3
"""Workloads a sentence names; of more it says how many, and the sections below have them all."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A question, its answer, and what supports it."""

    question: str
    sentence: str
    details: tuple[str, ...] = ()
    indicative: bool = False


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A number to remember, what it is, and what stands behind it."""

    text: str
    label: str
    detail: str
    basis: Basis


def answers(
    seen: Measured, recommendations: Sequence[Recommendation], tco: TcoAnswer | None
) -> tuple[Answer, ...]:
    """What you have, what it delivers, what to do, how sure we are, what would change it."""
    if tco is not None and not seen.records:
        return (*_costs_alone(tco), _change(seen, recommendations, tco))
    return (
        _have(seen),
        _delivers(seen),
        _do(recommendations, tco),
        _sure(seen, recommendations, tco),
        _change(seen, recommendations, tco),
    )


def key_figures(
    seen: Measured, recommendations: Sequence[Recommendation], tco: TcoAnswer | None
) -> tuple[KeyFigure, ...]:
    """The four numbers to remember: speed, its share of the possible, price of work, the odds."""
    found = (*_speeds(seen), *_prices(recommendations), *_odds(tco))
    return found[:_MOST_FIGURES]


def _speeds(seen: Measured) -> Iterator[KeyFigure]:
    figures = [figure for figure in seen.best if figure.throughput is not None]
    most = sidebyside.contests(seen)[:1] if seen.several else ()
    fastest = max(figures, key=_share, default=None)
    if most and most[0].measured:
        fastest = most[0].measured[0].figure
    if fastest is None or fastest.throughput is None:
        return
    rate = fastest.throughput
    yield KeyFigure(
        units.rate(rate.value, fastest.unit),
        seen.name(fastest),
        units.spread(rate.value, rate.low, rate.high),
        "measured",
    )
    share = fastest.share_of_achievable
    if share is not None:
        sheet = f"{units.percent(fastest.mfu.value)} of the datasheet" if fastest.mfu else ""
        text = units.percent(share.value)
        yield KeyFigure(text, "of what is achievable here", sheet, "measured")


def _share(figure: Figures) -> float:
    return figure.share_of_achievable.value if figure.share_of_achievable else 0.0


def _prices(recommendations: Sequence[Recommendation]) -> Iterator[KeyFigure]:
    for one in recommendations[:1]:
        for first in one.candidates[:1]:
            price = first.usd_per_unit
            factor, work = units.bulk(price.value, one.unit)
            yield KeyFigure(
                units.usd(price.value * factor),
                f"per {work} on {first.offer.instance}",
                units.spread(price.value, price.low, price.high),
                first.basis,
            )


def _odds(tco: TcoAnswer | None) -> Iterator[KeyFigure]:
    if tco is None:
        return
    sure = tco.uncertainty
    if sure is not None:
        chance = units.percent(sure.probability_own_cheaper)
        draws = f"in {units.count(sure.draws)} draws"
        yield KeyFigure(chance, "chance that owning is cheaper", draws, "assumed")
    even = tco.break_even.utilisation
    if even is not None:
        here = f"here {units.percent(tco.utilisation)}"
        label = "use from which owning beats on-demand"
        yield KeyFigure(units.percent(even), label, here, "assumed")
    cheapest = next((one for one in tco.alternatives if one.name == tco.cheapest), None)
    if cheapest is not None and cheapest.npv_usd is not None:
        over = f"over {units.counted(tco.horizon_months, 'month')}, in today's money"
        yield KeyFigure(units.usd(cheapest.npv_usd), cheapest.label, over, "assumed")


def is_indicative(records: Sequence[Record], recommendations: Sequence[Recommendation]) -> bool:
    """Whether a quick measurement is behind it."""
    quick = any(record.effort == "quick" for record in records)
    return quick or any(recommendation.indicative for recommendation in recommendations)


def _costs_alone(tco: TcoAnswer) -> tuple[Answer, ...]:
    """Of a scenario with nothing measured: what is asked, what to do, how sure that is."""
    guessed = sum(one.basis == "assumed" and one.low is not None for one in tco.assumptions)
    sure = (
        f"As sure as what went in: nothing was measured, and {units.count(guessed)} of "
        f"{units.counted(len(tco.assumptions), 'input')} are planning values with a range."
    )
    details = [sureness.sentence(tco.uncertainty)] if tco.uncertainty else []
    horizon = units.counted(tco.horizon_months, "month")
    return (
        Answer("What is asked", f"{tco.title.rstrip('?.')}, over {horizon}?"),
        Answer("What to do", tco.sentences[0]),
        Answer("How sure we are", sure, tuple(details)),
    )


def _have(seen: Measured) -> Answer:
    titles = [machine.title for machine in seen.machines]
    if not titles:
        return Answer("What you have", _NOTHING)
    if not seen.several:
        return Answer("What you have", f"{_capital(titles[0])}.")
    names = evidence.sentence_list([machine.name for machine in seen.machines])
    told = tuple(f"{machine.letter}: {machine.title}." for machine in seen.machines)
    return Answer("What you have", f"{units.counted(len(titles), 'machine')}: {names}.", told)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _delivers(seen: Measured) -> Answer:
    question = "What they deliver" if seen.several else "What it delivers"
    if not seen.best:
        return Answer(question, "No measurement here can be relied on.")
    few = len(seen.best) <= _MOST_NAMED
    details = [_ratio(seen, figure) for figure in seen.best] if few else _ratios(seen)
    details += [_beside(seen, figure) for figure in seen.best]
    indicative = is_indicative(seen.records, ())
    said = [f"{one}." for one in map(sidebyside.sentence, sidebyside.contests(seen)) if one]
    if seen.several and said:
        told = (*said[1:], *filter(None, details))
        return Answer(question, said[0], told, indicative)
    rates = [f"{_rate(figure)} on {seen.name(figure)}" for figure in seen.best]
    sentence = f"{_some(rates, 'figure')}."
    return Answer(question, sentence, tuple(filter(None, details)), indicative)


def _some(items: Sequence[str], noun: str) -> str:
    """All of a few; of many the first, and how many more there are."""
    left = len(items) - _MOST_NAMED
    if left <= 0:
        return evidence.sentence_list(items)
    return f"{', '.join(items[:_MOST_NAMED])} and {units.counted(left, f'more {noun}')}"


def _ratios(seen: Measured) -> list[str]:
    """Of many workloads: from the least of the datasheet to the most, and what bounds which."""
    shares = sorted((one.mfu.value, seen.name(one)) for one in seen.best if one.mfu)
    ends = [f"{units.percent(share)} ({name})" for share, name in shares]
    spans = [f"From {ends[0]} to {ends[-1]} of the datasheet."] if len(ends) > 1 else []
    bound: dict[str, list[str]] = {}
    for one in seen.best:
        if one.regime.name != "undetermined":
            bound.setdefault(one.regime.name, []).append(seen.name(one))
    told = [f"{_some(names, 'workload')}: {regime}-bound." for regime, names in bound.items()]
    return [*spans, *told]


def _beside(seen: Measured, figure: Figures) -> str:
    """Which configuration that is, where it was searched for, and what it gains on the default."""
    default = default_beside(figure, seen.figures)
    if default is None or default.throughput is None or figure.throughput is None:
        return ""
    gain = units.number(figure.throughput.value / default.throughput.value)
    return (
        f"{seen.name(figure)}: that is the best configuration found "
        f"({evidence.setting(figure)}), "
        f"{gain} times the default ({evidence.setting(default)}, {_rate(default)})."
    )


def _rate(figure: Figures) -> str:
    if figure.throughput is None:
        return units.UNKNOWN
    known = figure.throughput
    interval = units.spread(known.value, known.low, known.high)
    rate = units.rate(known.value, figure.unit)
    return f"{rate} ({interval})" if interval else rate


def _ratio(seen: Measured, figure: Figures) -> str:
    shares = [
        f"{units.percent(figure.share_of_achievable.value)} of the achievable"
        if figure.share_of_achievable
        else "",
        f"{units.percent(figure.mfu.value)} of the datasheet" if figure.mfu else "",
        f"{figure.regime.name}-bound" if figure.regime.name != "undetermined" else "",
    ]
    known = ", ".join(filter(None, shares))
    return f"{seen.name(figure)}: {known}." if known else ""


def _do(recommendations: Sequence[Recommendation], tco: TcoAnswer | None) -> Answer:
    sentences = _rents(recommendations)
    sentences += tco.sentences[:1] if tco else []
    if not sentences:
        hint = "Compare offers with benchbench recommend, and owning with benchbench tco."
        return Answer("What to do", "Nothing has been compared yet.", (hint,))
    few = recommendations if len(recommendations) <= _MOST_NAMED else ()
    more = [said for one in few if (said := runner_up(one))]
    indicative = any(one.indicative for one in recommendations)
    return Answer("What to do", sentences[0], (*sentences[1:], *more), indicative)


def _rents(recommendations: Sequence[Recommendation]) -> list[str]:
    """One sentence for each workload; of many, one for all that ask for the same instance."""
    if len(recommendations) <= _MOST_NAMED:
        return [_rent(one) for one in recommendations]
    alike: dict[str, list[Recommendation]] = {}
    for one in recommendations:
        alike.setdefault(_rented(one), []).append(one)
    most_first = sorted(alike.items(), key=lambda group: -len(group[1]))
    return [
        f"For {_some([one.goal.workload for one in group], 'workload')} {rented}."
        if rented and len(group) > 1
        else said
        for rented, group in most_first
        for said in ([_rent(group[0])] if rented else map(_rent, group))
    ]


def _rented(recommendation: Recommendation) -> str:
    """The first of the ranking at its price per hour; empty where there is none."""
    if not recommendation.candidates:
        return ""
    first = recommendation.candidates[0]
    # Nobody rents a fleet on a prediction: it says where to measure next.
    verb = "rent" if first.basis == "measured" else "try first"
    return (
        f"{verb} {units.times(first.replicas, first.offer.instance)} "
        f"({choice.place(first.offer)}): {units.usd(first.usd_per_hour)} per hour"
    )


def _rent(recommendation: Recommendation) -> str:
    workload = recommendation.goal.workload
    if not recommendation.candidates and recommendation.fleet is not None:
        return f"For {workload} no one kind of instance does: {fleet(recommendation.fleet)}"
    if not recommendation.candidates:
        why = recommendation.binding or "no offer could be judged."
        return f"For {workload} nothing fits: {why}"
    first = recommendation.candidates[0]
    price = units.usd_per_unit(first.usd_per_unit.value, recommendation.unit)
    cost = first.usd_per_unit
    known = (first.basis, units.spread(cost.value, cost.low, cost.high))
    return f"For {workload} {_rented(recommendation)}, {price} ({', '.join(filter(None, known))})."


def _sure(
    seen: Measured, recommendations: Sequence[Recommendation], tco: TcoAnswer | None
) -> Answer:
    details = [_intervals(seen.best), *accuracy.sentences(seen.records), _bases(recommendations)]
    if tco is not None and tco.uncertainty is not None:
        details.append(sureness.sentence(tco.uncertainty))
    indicative = is_indicative(seen.records, recommendations)
    verdict = _verdict(seen.best, recommendations, indicative=indicative)
    return Answer("How sure we are", verdict, tuple(filter(None, details)))


def _verdict(
    strongest: Sequence[Figures], recommendations: Sequence[Recommendation], *, indicative: bool
) -> str:
    if not strongest:
        return "Not at all: there is no valid measurement."
    if indicative:
        return (
            "Indicative only: quick measurements are behind this. Next: benchbench run --standard."
        )
    doubtful = any(figure.validity != "valid" for figure in strongest)
    measured = "carry warnings, listed under Method" if doubtful else "are sound"
    first = [one.candidates[0].basis for one in recommendations if one.candidates]
    if any(basis != "measured" for basis in first):
        return f"The measurements {measured}; what to rent rests on a prediction."
    return f"The measurements {measured}."


def _intervals(strongest: Sequence[Figures]) -> str:
    widths = [
        figure.throughput.half_width_fraction
        for figure in strongest
        if figure.throughput is not None and figure.throughput.half_width_fraction is not None
    ]
    if not widths:
        return ""
    fewest = min(figure.processes for figure in strongest)
    runs = "one process" if fewest == 1 else f"at least {units.count(fewest)} separate processes"
    return f"Throughputs are known to {units.interval(max(widths))} or better, from {runs} each."


def _bases(recommendations: Sequence[Recommendation]) -> str:
    bases = [one.basis for ranking in recommendations for one in ranking.candidates]
    if not bases:
        return ""
    predicted = bases.count("predicted")
    return (
        f"Of {units.counted(len(bases), 'ranked offer')}, {units.count(len(bases) - predicted)} "
        f"rest on a measurement and {units.count(predicted)} on a prediction."
    )


def _change(
    seen: Measured, recommendations: Sequence[Recommendation], tco: TcoAnswer | None
) -> Answer:
    sentences = [*_money_changes(tco), *_ties(recommendations)]
    sentences += _tries(seen)
    if not sentences:
        return Answer("What would change the answer", "Measurements: there are none yet.")
    return Answer("What would change the answer", sentences[0], tuple(sentences[1:]))


def _tries(seen: Measured) -> list[str]:
    """What to try next; the same advice once, for all it is meant for."""
    meant: dict[str, list[str]] = {}
    for one in seen.best:
        meant.setdefault(one.regime.try_next.rstrip("."), []).append(seen.name(one))
    return [f"{_some(names, 'workload')}: {advice}." for advice, names in meant.items()]


def _money_changes(tco: TcoAnswer | None) -> list[str]:
    if tco is None:
        return []
    first, _, more = tco.break_even.sentence.partition(". ")
    said = [f"{first}.", more] if more else [first]
    bars = tco.uncertainty.tornado if tco.uncertainty else ()
    flips = [_flip(bar, tco) for bar in bars if bar.low_saving_usd * bar.high_saving_usd < 0]
    if flips:
        said.append(f"Alone, within its range, each of these would turn it: {'; '.join(flips)}.")
    return said


def _flip(bar: TornadoBar, tco: TcoAnswer) -> str:
    name = f"the {evidence.called(bar)}"
    if bar.flips_at is None:
        return name
    unit = next((one.unit for one in tco.assumptions if one.key == bar.key), "")
    return f"{name} at {units.amount(bar.flips_at, unit)}"


def _ties(recommendations: Sequence[Recommendation]) -> list[str]:
    """One sentence for all workloads: what to measure where prices alone do not decide."""
    counts = [
        (sum(candidate.tied_with_best for candidate in one.candidates[1:]), one.goal.workload)
        for one in recommendations
    ]
    tied = [(count, workload) for count, workload in counts if count]
    if not tied:
        return []
    others = _some(
        [f"{units.counted(count, 'other offer')} for {workload}" for count, workload in tied],
        "workload",
    )
    if [count for count, _ in tied] == [1]:
        return [f"{others} is within the interval of the first: measure on it to decide."]
    return [f"{others} are within the interval of the first: measure on one of them to decide."]
