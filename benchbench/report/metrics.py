"""The newest figures as OpenMetrics text: for Prometheus, by a textfile collector or a scrape.

Only gauges, without timestamps, so that both OpenMetrics 1.0 and the older Prometheus text format
(which node_exporter's textfile collector reads) take the same file. Units end the names.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from benchbench.evaluate import Result, ResultList
from benchbench.formats import legible
from benchbench.recommend import Recommendation
from benchbench.stats import Estimate

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Family:
    """A metric: `unit` ends its name; empty where it counts nothing."""

    name: str
    unit: str
    says: str

    @property
    def full_name(self) -> str:
        return "_".join(filter(None, ("benchbench", self.name, self.unit)))


_Values = Callable[[Result], Iterator[tuple[Labels, float | None]]]


def openmetrics(listed: ResultList, recommendations: Sequence[Recommendation]) -> str:
    """Every family with its newest value per configuration; unknown ones are left out."""
    families = [
        *((family, _measured(listed.results, values)) for family, values in _MEASURED),
        *((family, _cheapest(recommendations, value)) for family, value in _RECOMMENDED),
    ]
    lines = [line for family, samples in families for line in _lines(family, samples)]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _lines(family: _Family, samples: Mapping[Labels, float]) -> Iterator[str]:
    if not samples:
        return
    name = family.full_name
    yield f"# TYPE {name} gauge"
    if family.unit:
        yield f"# UNIT {name} {family.unit}"
    yield f"# HELP {name} {_escaped(family.says)}"
    for labels, value in sorted(samples.items()):
        shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
        yield f"{name}{{{shown}}} {float(value)!r}"


def _escaped(text: str) -> str:
    r"""As both formats want it: `\`, `"` and line ends."""
    return legible(text).replace("\\", r"\\").replace('"', r"\"")


def _measured(results: Sequence[Result], values: _Values) -> dict[Labels, float]:
    """Results come oldest first, so the newest of equal labels stays."""
    found: dict[Labels, float] = {}
    for one in results:
        own = _labels(one)
        for key in [key for key in found if set(own) <= set(key)]:
            del found[key]  # a newer result without the figure takes the older one's away
        found |= {own + more: value for more, value in values(one) if value is not None}
    return found


def _labels(one: Result) -> Labels:
    figures = one.figures
    return (
        ("workload", figures.workload),
        ("scenario", figures.scenario),
        ("driver", figures.driver),
        ("precision", figures.precision),
        ("batch_size", str(figures.batch_size)),
        ("backend", figures.backend),
        ("devices", " ".join(figures.devices)),
        ("role", figures.role or ""),
        ("machine", one.machine),
        ("unit", figures.unit),
    )


def _one(value: Callable[[Result], float | None]) -> _Values:
    def values(one: Result) -> Iterator[tuple[Labels, float | None]]:
        yield (), value(one)

    return values


def _end(which: str, of: Callable[[Result], Estimate | None]) -> _Values:
    """The middle or an end of an estimate."""

    def value(one: Result) -> float | None:
        estimate = of(one)
        found: float | None = None if estimate is None else getattr(estimate, which)
        return found

    return _one(value)


def _latencies(one: Result) -> Iterator[tuple[Labels, float | None]]:
    for percentile in one.figures.latency:
        yield (("percentile", f"{percentile.percent:g}"),), percentile.seconds


def _when(one: Result) -> float:
    return datetime.fromisoformat(one.time_utc).timestamp()


_MEASURED: tuple[tuple[_Family, _Values], ...] = (
    (
        _Family("throughput", "units_per_second", "Units of work per second."),
        _end("value", lambda one: one.figures.throughput),
    ),
    (
        _Family("throughput_low", "units_per_second", "Low end of its 95 % interval."),
        _end("low", lambda one: one.figures.throughput),
    ),
    (
        _Family("throughput_high", "units_per_second", "High end of its 95 % interval."),
        _end("high", lambda one: one.figures.throughput),
    ),
    (
        _Family("step_median", "seconds", "Median step."),
        _end("value", lambda one: one.figures.step_s),
    ),
    (_Family("latency", "seconds", "Latency from the scheduled time of a query."), _latencies),
    (
        _Family("achieved", "flop_per_second", "Model FLOP/s."),
        _end("value", lambda one: one.figures.achieved_flops),
    ),
    (
        _Family("mfu", "ratio", "Achieved over the datasheet's dense peak."),
        _end("value", lambda one: one.figures.mfu),
    ),
    (
        _Family("share_of_achievable", "ratio", "Achieved over the best matmul measured here."),
        _end("value", lambda one: one.figures.share_of_achievable),
    ),
    (
        _Family("mbu", "ratio", "Least bytes over time over memory bandwidth."),
        _end("value", lambda one: one.figures.mbu),
    ),
    (
        _Family("energy_per_unit", "joules", "Energy per unit of work."),
        _end("value", lambda one: one.figures.joules_per_unit),
    ),
    (
        _Family("peak_memory", "bytes", "Resident memory of the process at its highest."),
        _one(lambda one: one.figures.peak_memory_bytes),
    ),
    (
        _Family("peak_device_memory", "bytes", "Memory of the device at its highest."),
        _one(lambda one: one.figures.peak_device_memory_bytes),
    ),
    (
        _Family("valid", "", "1 valid, with or without warnings; 0 invalid or failed."),
        _one(lambda one: float(one.figures.validity != "invalid")),
    ),
    (_Family("measured_timestamp", "seconds", "When it was measured, Unix time."), _one(_when)),
)


def _cheapest(
    recommendations: Sequence[Recommendation], value: Callable[[Recommendation], float | None]
) -> dict[Labels, float]:
    found: dict[Labels, float] = {}
    for one in recommendations:
        amount = value(one)
        if amount is not None:
            found[_rented(one)] = amount
    return found


def _rented(one: Recommendation) -> Labels:
    first = one.candidates[0]
    return (
        ("workload", one.goal.workload),
        ("instance", first.offer.instance),
        ("provider", first.offer.provider),
        ("region", first.offer.region),
        ("price_kind", first.offer.price_kind),
        ("basis", first.basis),
        ("unit", one.unit),
    )


_RECOMMENDED: tuple[tuple[_Family, Callable[[Recommendation], float | None]], ...] = (
    (
        _Family("cheapest_cost", "usd_per_unit", "Of the first in the ranking."),
        lambda one: one.candidates[0].usd_per_unit.value if one.candidates else None,
    ),
    (
        _Family("cheapest_price", "usd_per_hour", "Of all its instances."),
        lambda one: one.candidates[0].usd_per_hour if one.candidates else None,
    ),
)
