"""What each answer has to show, as tables of values: the same for a terminal, Markdown and CSV."""

from __future__ import annotations

from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from benchbench import units
from benchbench.catalog.offer import STALE_AFTER_DAYS, Offer, OfferList
from benchbench.formats import Field, Grid, Sheet, Value
from benchbench.record import Caveat

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchbench.derive import Figures
    from benchbench.derive.comparison import Comparison, ComparisonList, Side
    from benchbench.evaluate import Examination, Result, ResultList
    from benchbench.recommend import Candidate, Configuration, Recommendation
    from benchbench.record import Gate
    from benchbench.stats import Estimate
    from benchbench.tco.answer import Alternative, Assumption, TcoAnswer

MARKS = {"measured": "● measured", "predicted": "○ predicted", "assumed": "◌ assumed"}
_VALIDITY = {"valid": "", "valid_with_warnings": "!", "invalid": "INVALID"}


def within(text: str, estimate: Estimate) -> str:
    """A figure and how far the truth may lie."""
    return f"{text} {units.spread(estimate.value, estimate.low, estimate.high)}".strip()


def throughput(figures: Figures) -> str:
    """`4.12 images/s ±1.2 %`, or a dash."""
    if figures.throughput is None:
        return units.UNKNOWN
    return within(units.rate(figures.throughput.value, figures.unit), figures.throughput)


def middle(estimate: Estimate | None) -> float | None:
    """The middle of it, None when there is none."""
    return None if estimate is None else estimate.value


def _of(path: str) -> Field[Any]:
    """A value for programs alone, under the last part of where it stands."""
    return Field(attrgetter(path), name=path.rpartition(".")[2])


def _three(path: str, name: str, unit: str) -> tuple[Field[Any], ...]:
    """An estimate for programs: its middle and both ends."""

    def end(which: str, item: object) -> Value:
        estimate = attrgetter(path)(item)
        found: Value = None if estimate is None else getattr(estimate, which)
        return found

    return (
        Field(partial(end, "value"), name=f"{name}_{unit}"),
        Field(partial(end, "low"), name=f"{name}_low_{unit}"),
        Field(partial(end, "high"), name=f"{name}_high_{unit}"),
    )


def _setting(one: Result) -> str:
    figures = one.figures
    setting = units.setting(
        figures.precision, figures.batch_size, figures.backend, figures.devices[0]
    )
    if figures.driver == "loadgen":
        return f"{units.scenario(figures.scenario, figures.driver)}, {setting}"
    return setting


def _delivered(one: Result) -> str:
    if one.failure is not None:
        return f"failed: {one.failure.kind}"
    return f"{throughput(one.figures)} {_VALIDITY[one.figures.validity]}".strip()


def _unless_failed(one: Result, text: str) -> str:
    return "" if one.failure is not None else text


_RESULT: tuple[Field[Result], ...] = (
    _of("machine"),
    Field(attrgetter("figures.workload"), "workload", "workload"),
    Field(_setting, "setting"),
    *map(_of, ("figures.scenario", "figures.precision", "figures.batch_size", "figures.backend")),
    Field(lambda one: " ".join(one.figures.devices), name="devices"),
    _of("effort"),
    _of("time_utc"),
    _of("figures.validity"),
    Field(lambda one: None if one.failure is None else one.failure.kind, name="failure"),
    _of("figures.unit"),
    Field(
        lambda one: middle(one.figures.throughput),
        "throughput",
        text=_delivered,
    ),
    *_three("figures.throughput", "throughput", "units_per_s"),
    Field(
        lambda one: middle(one.figures.achieved_flops),
        "achieved",
        "achieved_flop_per_s",
        lambda one: _unless_failed(one, units.flops(middle(one.figures.achieved_flops))),
    ),
    Field(
        lambda one: middle(one.figures.mfu),
        "of peak",
        "mfu_fraction",
        lambda one: _unless_failed(one, units.percent(middle(one.figures.mfu))),
    ),
    Field(
        lambda one: middle(one.figures.share_of_achievable),
        "of best",
        "share_of_achievable_fraction",
        lambda one: _unless_failed(one, units.percent(middle(one.figures.share_of_achievable))),
    ),
    Field(lambda one: middle(one.figures.step_s), name="median_step_s"),
    *_three("figures.time_to_train", "time_to_train", "s"),
    _of("figures.ranks"),
    Field(lambda one: middle(one.figures.joules_per_unit), name="energy_per_unit_j"),
    Field(attrgetter("figures.peak_memory_bytes"), name="peak_memory_bytes"),
    Field(attrgetter("figures.regime.name"), name="regime"),
    Field(lambda one: " ".join(one.names), name="documents"),
)


def results(listed: ResultList) -> Sheet:
    """One line per configuration, one table per machine, and one of accuracies."""
    machines = dict.fromkeys(one.machine for one in listed.results)
    grids = [
        Grid.of(f"Results on {name}", _RESULT, [r for r in listed.results if r.machine == name])
        for name in machines
    ]
    if listed.examinations:
        grids.append(accuracies(listed.examinations))
    return Sheet(
        grids=tuple(grids),
        sentences=tuple(f"left out: {one.name}: {one.reason}" for one in listed.unreadable),
        doubts=tuple(_doubts(listed.results)),
    )


def _held(gate: Gate) -> str:
    asked = "" if gate.demanded else ", not demanded"
    return f"{'passed' if gate.passed else 'missed'}{asked}"


_Gated = tuple["Examination", "Gate"]
_ACCURACY: tuple[Field[_Gated], ...] = (
    Field(lambda one: one[0].workload, "workload", "workload"),
    Field(lambda one: f"{one[0].precision}, {one[0].backend}", "setting", "setting"),
    Field(
        lambda one: one[0].accuracy.percent,
        "reached",
        "reached_percent",
        lambda one: f"{one[0].accuracy.metric} {units.number(one[0].accuracy.percent, 5)}",
    ),
    Field(
        lambda one: one[1].least_percent,
        "gate",
        "least_percent",
        lambda one: (
            f"{units.number(one[1].least_percent, 5)} "
            f"({units.percent(one[1].fraction, 4)} of the reference)"
        ),
    ),
    Field(
        lambda one: one[1].passed,
        "",
        "passed",
        lambda one: _held(one[1]),
    ),
)


def accuracies(taken: Sequence[Examination]) -> Grid:
    """One line per gate of each."""
    gated = [(one, gate) for one in taken for gate in one.accuracy.gates]
    return Grid.of("Accuracy", _ACCURACY, gated)


def _doubts(listed: Sequence[Result]) -> Iterable[Caveat]:
    """Each once, said of what; a failure is one too."""
    found: dict[tuple[str, str], Caveat] = {}
    for one in listed:
        name = one.figures.workload
        for doubt in (*_failures(one), *one.figures.caveats):
            told = doubt.model_copy(update={"message": f"{name}: {doubt.message}"})
            found.setdefault((doubt.code, told.message), told)
    return found.values()


def _failures(one: Result) -> tuple[Caveat, ...]:
    if one.failure is None:
        return ()
    failed = one.failure
    return (
        Caveat(code=failed.kind, severity="invalid", message=failed.message, remedy=failed.remedy),
    )


def _side(side: Side) -> str:
    return f"{side.label}: {throughput(side.figures)}"


def _interval(ratio: Estimate | None) -> str:
    return units.UNKNOWN if ratio is None else units.between(ratio.low, ratio.high, digits=4)


def _said(one: Comparison) -> str:
    return "slower than" if one.verdict == "slower" else "not comparable with"


_COMPARISON: tuple[Field[Comparison], ...] = (
    Field(attrgetter("workload"), "workload", "workload"),
    Field(attrgetter("a.label"), "A", "a", lambda one: _side(one.a)),
    Field(attrgetter("b.label"), "B", "b", lambda one: _side(one.b)),
    Field(lambda one: middle(one.a.figures.throughput), name="a_units_per_s"),
    Field(lambda one: middle(one.b.figures.throughput), name="b_units_per_s"),
    Field(attrgetter("a.figures.unit"), name="unit"),
    Field(attrgetter("verdict"), "B is", "verdict", lambda one: one.verdict.replace("_", " ")),
    Field(
        lambda one: middle(one.ratio),
        "B ÷ A",
        text=lambda one: units.number(middle(one.ratio), 4),
    ),
    Field(lambda _: None, "95 % interval", text=lambda one: _interval(one.ratio)),
    *_three("ratio", "ratio", "b_per_a"),
    Field(attrgetter("minimum_detectable_effect"), name="minimum_detectable_effect_fraction"),
    Field(attrgetter("interleaved"), name="interleaved"),
    Field(attrgetter("because"), "because", "because"),
)


def comparisons(listed: ComparisonList, *, gated: bool = False) -> Sheet:
    """B against A, one line each; what could not be compared, and with a gate what is slower."""
    stopped = [
        f"{one.workload}: {one.b.label} is {_said(one)} {one.a.label}, {one.because}"
        for one in listed.comparisons
        if one.verdict == "not_comparable" or (gated and one.verdict == "slower")
    ]
    doubts = {(d.code, d.message): d for one in listed.comparisons for d in one.caveats}
    return Sheet(
        (Grid.of("B against A", _COMPARISON, listed.comparisons),),
        doubts=tuple(doubts.values()),
        failures=tuple(stopped),
    )


def _candidate(amount: float) -> tuple[Field[Candidate], ...]:
    """The columns of a ranking that prices `amount` units at once."""
    return (
        Field(
            attrgetter("rank"),
            "",
            "rank",
            lambda one: f"{one.rank}{'=' if one.tied_with_best else ''}",
        ),
        Field(attrgetter("offer.instance"), "instance", "instance", _several),
        Field(
            attrgetter("offer.provider"),
            "where",
            "provider",
            lambda one: f"{one.offer.provider} {one.offer.region}",
        ),
        _of("offer.region"),
        _of("offer.price_kind"),
        _of("replicas"),
        Field(
            attrgetter("usd_per_hour"),
            "$/h",
            "usd_per_hour",
            lambda one: units.usd(one.usd_per_hour),
        ),
        Field(
            attrgetter("usd_per_unit.value"),
            "$",
            text=lambda one: units.usd(one.usd_per_unit.value * amount),
        ),
        Field(lambda _: None, "±", text=lambda one: within("", one.usd_per_unit)),
        *_three("usd_per_unit", "cost", "usd_per_unit"),
        *_three("throughput", "throughput", "units_per_s"),
        *_three("cost_usd", "job", "usd"),
        *_three("time_s", "job", "s"),
        Field(attrgetter("basis"), "", "basis", _basis),
        Field(attrgetter("tied_with_best"), name="tied_with_best"),
        Field(attrgetter("pareto"), name="pareto"),
        *map(_of, ("configuration.backend", "configuration.precision", "configuration.batch_size")),
        _of("configuration.validity"),
        Field(attrgetter("offer.source"), name="price_source"),
        Field(lambda one: one.offer.as_of.isoformat(), name="price_as_of"),
        Field(attrgetter("because"), name="because"),
    )


def recommendation(answer: Recommendation, *, most: int = 10) -> Sheet:
    """The ranking with its reasons; nothing in it is what a gate stops at."""
    from benchbench.recommend import sentences  # noqa: PLC0415 - brings pandas, for this answer only

    shown = answer.candidates[:most]
    grids = (ranking(answer, most),) if shown else ()
    best = (*sentences.notes(shown[0], answer.goal, answer.unit),) if shown else ()
    ways = [one.sentence for one in answer.relaxations] or [answer.binding or ""]
    fleet = [] if answer.fleet is None else [f"Or {sentences.fleet(answer.fleet)}"]
    told = (*best, sentences.runner_up(answer), *fleet, *rejections(answer))
    nothing = not (answer.candidates or answer.fleet)
    return Sheet(
        grids,
        sentences=tuple(filter(None, (*told, *(() if nothing else ways)))),
        doubts=answer.caveats,
        failures=tuple(filter(None, ways)) if nothing else (),
    )


def ranking(answer: Recommendation, most: int) -> Grid:
    """The best `most`, and what was measured wherever it ranks."""
    shown = answer.candidates[:most]
    amount, name = units.bulk(shown[0].usd_per_unit.value, answer.unit)
    title = f"{answer.goal.workload}: US dollars per {name}"
    here = [one for one in answer.candidates[most:] if _is_here(one)]
    return Grid.of(title, _candidate(amount), (*shown, *here))


def rejections(answer: Recommendation) -> list[str]:
    """How many offers were turned down for what, with one of each."""
    return [
        f"{units.count(one.offers)} rejected, {one.code}: e.g. {one.instance}: {one.because}"
        for one in answer.reasons
    ]


def _several(one: Candidate) -> str:
    return f"{one.replicas} x {one.offer.instance}" if one.replicas > 1 else one.offer.instance


def _basis(one: Candidate) -> str:
    settings: list[Configuration] = [s.configuration for s in one.shares] or [one.configuration]
    doubtful = any(setting.validity != "valid" for setting in settings)
    return f"{MARKS[one.basis]}{' !' if doubtful else ''}"


def _is_here(one: Candidate) -> bool:
    """The silicon that was measured: what staying costs, wherever it ranks."""
    return one.basis == "measured" or one.step == "same_chip"


def tco(answer: TcoAnswer) -> Sheet:
    """The alternatives side by side, then the answer in sentences."""
    title = f"{answer.title}, {units.counted(answer.horizon_months, 'month')}"
    return Sheet((Grid.of(title, _alternative(answer), answer.alternatives),), answer.sentences)


def _alternative(answer: TcoAnswer) -> tuple[Field[Alternative], ...]:
    def money(one: Alternative, value: float | None) -> str:
        return "" if one.infeasible_because else units.usd(value)

    return (
        Field(attrgetter("name"), name="alternative"),
        Field(
            attrgetter("label"),
            "alternative",
            "label",
            lambda one: one.label + (" ←" if one.name == answer.cheapest else ""),
        ),
        Field(
            attrgetter("total_usd"),
            "total",
            "total_usd",
            lambda one: one.infeasible_because or units.usd(one.total_usd),
        ),
        Field(
            attrgetter("npv_usd"),
            "present value",
            "present_value_usd",
            lambda one: money(one, one.npv_usd),
        ),
        _of("annuity_usd_per_year"),
        Field(attrgetter("usd_per_unit"), name="cost_usd_per_unit"),
        Field(
            attrgetter("usd_per_useful_hour"),
            "per useful hour",
            "cost_usd_per_useful_hour",
            lambda one: money(one, one.usd_per_useful_hour),
        ),
        Field(lambda one: one.name == answer.cheapest, name="cheapest"),
        _of("infeasible_because"),
    )


def _offer(today_ordinal: int) -> tuple[Field[Offer], ...]:
    """For people the few columns one chooses by; for programs the catalogue's own."""
    return (
        Field(lambda one: f"{one.provider} {one.instance}", "instance"),
        Field(lambda one: one.region if one.zone is None else f"{one.region} {one.zone}", "region"),
        Field(lambda one: one.price_kind + _interrupted(one), "price kind"),
        Field(lambda one: units.usd(one.price_usd_per_hour), "$/h"),
        Field(_silicon, "silicon"),
        Field(lambda one: units.size(one.memory_bytes), "memory"),
        Field(lambda one: _dated(one, today_ordinal), "as of"),
        *(Field(partial(_column, name), name=name) for name in Offer.model_fields),
    )


def offers(listed: OfferList, today_ordinal: int) -> Sheet:
    """Instances and prices, each with its source and day; what is old is marked."""
    left = listed.total - len(listed.offers)
    more = f"{units.count(left)} more; narrow it down with --gpu, --provider, --region"
    grid = Grid.of("Offers", _offer(today_ordinal), listed.offers)
    return Sheet((grid,), (more,) if left else ())


def _column(name: str, one: Offer) -> Value:
    value = getattr(one, name)
    found: Value = value.isoformat() if name == "as_of" else value
    return found


def _silicon(one: Offer) -> str:
    if one.accelerator is None:
        return one.cpu_model or units.UNKNOWN
    return f"{units.trimmed(units.number(one.accelerator_count))} x {one.accelerator}"


def _dated(one: Offer, today_ordinal: int) -> str:
    old = today_ordinal - one.as_of.toordinal() > STALE_AFTER_DAYS
    return f"{one.as_of}{' (old)' if old else ''} {one.source}"


def _interrupted(one: Offer) -> str:
    low = one.interruption_low_fraction_per_month
    high = one.interruption_high_fraction_per_month
    if low is None and high is None:
        return ""
    upper = "" if high is None else f"-{units.percent(high)}"
    return f", {units.percent(low)}{upper or ' or more'} interrupted a month"


_ASSUMPTION: tuple[Field[Assumption], ...] = (
    Field(attrgetter("key"), "input", "input"),
    Field(
        attrgetter("value"),
        "value",
        "value",
        lambda one: units.amount(one.value, one.unit, 4),
    ),
    Field(
        attrgetter("low"),
        "from",
        "low",
        lambda one: units.amount(one.low, one.unit, 4),
    ),
    Field(
        attrgetter("high"),
        "to",
        "high",
        lambda one: units.amount(one.high, one.unit, 4),
    ),
    _of("unit"),
    Field(attrgetter("basis"), "basis", "basis", lambda one: MARKS[one.basis]),
    Field(attrgetter("source"), "source", "source"),
    Field(attrgetter("as_of"), "as of", "as_of"),
)


def tco_inputs(answer: TcoAnswer) -> Sheet:
    """Every input of a comparison: value, range, where it is from and since when."""
    return Sheet((Grid.of(f"{answer.title}: every input", _ASSUMPTION, answer.assumptions),))
