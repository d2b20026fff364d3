"""How wrong predictions are: published throughputs, each accelerator predicted from others.

    python benchmarks/prediction_error.py TABLE.csv

TABLE has the columns benchmark, round, accelerator, median_per_accel: units per second of one
accelerator under its canonical name (`benchbench catalog show`). A round is a release of the
software. The accelerator asked about is never seen, in any round or benchmark. Protocols:

    pairs, same     from one accelerator of the round and architecture
    pairs, other    from one of another architecture; the target's own is unseen everywhere
    nearest         from the one accelerator of the round whose peak and bandwidth are nearest
    device          from all other accelerators of the round
    architecture    from those of other architectures; the target's own is unseen everywhere
    new here        the same, but its architecture was seen in other benchmarks

In these, other rounds of the benchmark tell how accelerators compare on it. `pair alone` and
`nearest alone` go without: one measurement of the workload, the product's usual case. How
efficient an architecture is (`Knowledge.efficiency`) is learnt from the other benchmarks of TABLE
as far as the protocol allows, not taken from the product. Its other numbers are the product's.

Printed per benchmark and protocol: median/p90 of |predicted / true - 1| in %, how often the 80 %
interval held the truth, and the same errors of scaling the nearest (in pairs: the one) accelerator
by a ratio: low-precision peak, bandwidth, their minimum, their geometric mean; and of a log-linear
fit on both, which sees the same results of the benchmark as the predictor. `gain` compares medians
with the best ratio. Refusals and rows of unknown accelerators are counted.
"""

import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from benchbench.catalog import silicon
from benchbench.catalog.silicon import Chip, Identity, OfferSilicon, Silicon
from benchbench.derive import Figures, Regime
from benchbench.predict import Ceilings, Prediction, Predictor, Reference
from benchbench.predict.hardware import Hardware, logarithms
from benchbench.predict.knowledge import KNOWLEDGE, Knowledge
from benchbench.record import Cpu, Memory, Precision, Software, System
from benchbench.stats import Estimate

COLUMNS = ("benchmark", "round", "accelerator", "median_per_accel")
RATIOS = ("peak", "bandwidth", "min", "geometric")
METHODS = ("predicted", *RATIOS, "fitted")
FLOPS_PER_UNIT = {"resnet50": 8.178368512e9, "bert-99": 246.425321472e9}
"""Where counted; bert's at 384 tokens, padding included. Elsewhere everything is "the rest"."""
LOW: tuple[Precision, ...] = ("int8", "fp8", "fp16", "bf16")
FLOATING: tuple[Precision, ...] = ("fp8", "fp16", "bf16")
NEEDS_FLOATING = ("bert-99.9", "gptj", "llama", "mixtral", "deepseek", "whisper")
"""Integers miss the accuracy asked for; submitters used 8-bit or 16-bit floating point."""
TYPICAL = Hardware("typical", None, None, 1e14, 1e12, None, None, 300.0, 2.0**25)
FREE = 10.0
"""Standard deviation of a benchmark's level in one round: a factor of 22,000."""
SYSTEM = System(
    cpu=Cpu(model="unknown", architecture="unknown", threads=1, usable_threads=1),
    memory=Memory(total_bytes=0),
    software=Software(os="unknown", kernel="unknown", python="unknown"),
)


@dataclass(frozen=True)
class Row:
    """One published result, as the predictor sees it."""

    benchmark: str
    round: str
    chip: Chip
    rate: float
    reference: Reference


@dataclass(frozen=True)
class Question:
    """Predict `target` from `sources` of its round and `beside` of the others."""

    protocol: str
    target: Row
    sources: Sequence[Row]
    beside: Sequence[Row] = ()
    foreign: bool = False
    """The target's architecture is unseen in other benchmarks too."""


@dataclass(frozen=True)
class Case:
    """The truth and what each method says; `held`: in the 80 % interval."""

    benchmark: str
    accelerator: str
    protocol: str
    truth: float
    said: dict[str, float]
    held: bool


def main(path: Path) -> None:
    """Read the table, leave out, predict, print."""
    known = silicon.load()
    table = pd.read_csv(path)
    rows, unknown = read(table, known)
    refused: Counter[tuple[str, str]] = Counter()
    cases = evaluated(questions(rows), rows, known, refused)
    today = datetime.now(tz=UTC).date().isoformat()
    chips = {row.chip.name for row in rows}
    print(f"{today}: {len(rows)} of {len(table)} rows, of {len(chips)} accelerators")
    for (name, why), count in sorted(unknown.items()):
        print(f"left out: {count} rows of {name}: {why}")
    _print_all(cases)
    for (protocol, code), count in sorted(refused.items()):
        print(f"refused: {count} of {protocol}: {code}")
    learnt = sorted(efficiencies(rows).items())
    print("efficiency from all rows:", ", ".join(f"{name} {value:+.2f}" for name, value in learnt))


def _print_all(cases: pd.DataFrame) -> None:
    methods = "".join(f"{method:>11}" for method in METHODS)
    print(f"{'benchmark':22}{'protocol':15}{'n':>5}{'held':>6}{'gain':>6}{methods}")
    for (benchmark, protocol), group in cases.groupby(["benchmark", "protocol"]):
        _line(str(benchmark), str(protocol), group)
    for protocol, group in cases.groupby("protocol"):
        _line("ALL", str(protocol), group)
    pairs = cases[cases["protocol"].str.startswith("pairs")]
    if len(pairs):
        _line("ALL", "pairs", pairs)


def _line(benchmark: str, protocol: str, group: pd.DataFrame) -> None:
    errors = {method: errors_of(group, method) for method in METHODS}
    medians = {method: float(np.median(error)) for method, error in errors.items()}
    gain = 1 - medians["predicted"] / min(medians[ratio] for ratio in RATIOS)
    cells = "".join(
        f"{np.median(error) * 100:6.1f}/{np.quantile(error, 0.9) * 100:<4.0f}"
        for error in errors.values()
    )
    held = group["held"].mean()
    print(f"{benchmark:22}{protocol:15}{len(group):5}{held:6.0%}{gain:6.0%}{cells}")


def errors_of(cases: pd.DataFrame, method: str) -> np.ndarray:
    """|said / true - 1| of each case."""
    said = np.array([one[method] for one in cases["said"]])
    truth = cases["truth"].to_numpy(dtype=float)
    return np.asarray(np.abs(said / truth - 1), dtype=float)


def read(table: pd.DataFrame, known: Silicon) -> tuple[list[Row], Counter[tuple[str, str]]]:
    """The rows that can be used, and why the others cannot, by accelerator."""
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        sys.exit(f"the table lacks {', '.join(missing)}; it must have {', '.join(COLUMNS)}")
    rows: list[Row] = []
    unusable: Counter[tuple[str, str]] = Counter()
    for benchmark, which, name, rate in table[list(COLUMNS)].itertuples(index=False):
        chip = known.chips.get(str(name))
        why = _obstacle(chip, str(benchmark), float(rate))
        if chip is None or why is not None:
            unusable[str(name), why or ""] += 1
        else:
            reference = _reference(str(benchmark), str(which), float(rate), chip)
            rows.append(Row(str(benchmark), str(which), chip, float(rate), reference))
    return rows, unusable


def _obstacle(chip: Chip | None, benchmark: str, rate: float) -> str | None:
    if chip is None:
        return "not in the catalogue"
    if not chip.bandwidth_bytes_per_s or not _fastest(chip, benchmark):
        return "no known peak or bandwidth"
    return None if rate > 0 else "no throughput above zero"


def evaluated(
    asked: Iterable[Question], rows: list[Row], known: Silicon, refused: Counter[tuple[str, str]]
) -> pd.DataFrame:
    """All cases; what the product refuses is counted in `refused` by protocol and reason."""
    cases = []
    efficiency = Efficiency(rows)
    for question in asked:
        target = question.target
        predictor = Predictor(
            [row.reference for row in question.sources],
            known,
            Ceilings(),
            [row.reference for row in question.beside],
            {"accelerator": efficiency.knowledge(question)},
        )
        answer = predictor.predict(_target(target.chip, target.benchmark))
        if not isinstance(answer, Prediction):
            refused[question.protocol, answer.code] += 1
            continue
        estimate = answer.throughput
        said = {"predicted": estimate.value, **_ratios(question), "fitted": _fitted(question)}
        held = (estimate.low or 0) <= target.rate <= (estimate.high or 0)
        cases.append(
            Case(target.benchmark, target.chip.name, question.protocol, target.rate, said, held)
        )
    return pd.DataFrame([vars(case) for case in cases])


def questions(rows: Iterable[Row]) -> Iterator[Question]:
    """Every protocol for every row."""
    by_benchmark: dict[str, list[Row]] = {}
    for row in rows:
        by_benchmark.setdefault(row.benchmark, []).append(row)
    for alike in by_benchmark.values():
        for target in alike:
            yield from _about(target, alike)


def _about(target: Row, alike: Sequence[Row]) -> Iterator[Question]:
    seen = [row for row in alike if row.chip.name != target.chip.name]
    foreign = [row for row in seen if row.chip.architecture != target.chip.architecture]
    here, beside = _split(seen, target)
    foreign_here, foreign_beside = _split(foreign, target)
    for source in here:
        other = source.chip.architecture != target.chip.architecture
        around = foreign_beside if other else beside
        yield Question(f"pairs, {'other' if other else 'same'}", target, [source], around, other)
        yield Question("pair alone", target, [source])
    if here:
        nearest = _nearest(target, here)
        yield Question("nearest", target, [nearest], beside)
        yield Question("nearest alone", target, [nearest])
        yield Question("device", target, here, beside)
    if foreign_here:
        yield Question("architecture", target, foreign_here, foreign_beside, foreign=True)
        yield Question("new here", target, foreign_here, foreign_beside)


class Efficiency:
    """What architectures deliver over what their figures promise, learnt from other benchmarks."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._found: dict[tuple[str, str, bool], Knowledge] = {}

    def knowledge(self, question: Question) -> Knowledge:
        """Without the question's benchmark and accelerator; where `foreign`, architecture."""
        target = question.target
        key = (target.benchmark, target.chip.name, question.foreign)
        if key not in self._found:
            rows = [row for row in self._rows if _teaches(row, question)]
            self._found[key] = replace(KNOWLEDGE["accelerator"], efficiency=efficiencies(rows))
        return self._found[key]


def _teaches(row: Row, question: Question) -> bool:
    target = question.target
    if question.foreign and row.chip.architecture == target.chip.architecture:
        return False
    return row.benchmark != target.benchmark and row.chip.name != target.chip.name


def efficiencies(rows: Sequence[Row]) -> dict[str, float]:
    """By architecture of several accelerators: the logarithm of rate over what figures promise.

    Benchmark and round are at their own level, architectures and accelerators shrunk towards 0 by
    their variances (ridge regression). Centred: an unknown architecture is an average one.
    """
    knowledge = KNOWLEDGE["accelerator"]
    chips = {row.chip.name: row.chip.architecture or "" for row in rows}
    counted = Counter(chips.values())
    names = [name for name, count in counted.items() if count > 1]
    labels = [[f"{row.benchmark} {row.round}" for row in rows], [row.chip.name for row in rows]]
    level, chip = (pd.get_dummies(pd.Series(one), dtype=float).to_numpy() for one in labels)
    family = np.array([[row.chip.architecture == name for name in names] for row in rows], float)
    design = np.hstack([family, chip, level])
    spread = np.repeat(
        [knowledge.architecture_sd, knowledge.design_sd, FREE],
        [part.shape[1] for part in (family, chip, level)],
    )
    noise = math.hypot(knowledge.noise_sd, knowledge.software_sd)
    departure = np.log([row.rate for row in rows]) - [_promised(row) for row in rows]
    departure -= departure.mean()
    normal = design.T @ design / noise**2 + np.diag(spread**-2)
    solution = np.linalg.solve(normal, design.T @ departure / noise**2)
    found = solution[: len(names)]
    return dict(zip(names, (found - found.mean()).tolist(), strict=True)) if names else {}


def _promised(row: Row) -> float:
    """Logarithm of what the figures of its silicon promise, on an arbitrary level."""
    weights = KNOWLEDGE["accelerator"].weights
    logs = logarithms(Hardware.measured(row.reference, row.chip).over(TYPICAL), weights)
    return float(np.dot(logs or (0.0,), weights if logs else (0.0,)))


def _split(rows: Sequence[Row], target: Row) -> tuple[list[Row], list[Row]]:
    """Of the target's round, and of the others."""
    here = [row for row in rows if row.round == target.round]
    return here, [row for row in rows if row.round != target.round]


def _nearest(target: Row, sources: Sequence[Row]) -> Row:
    def distance(source: Row) -> float:
        return float(np.hypot(*np.log(_two(source, target))))

    return min(sources, key=distance)


def _two(source: Row, target: Row) -> tuple[float, float]:
    """Ratios of low-precision peak and bandwidth."""
    there, here = (row.chip.bandwidth_bytes_per_s or 0.0 for row in (target, source))
    return _low(target.chip) / _low(source.chip), there / here


def _ratios(question: Question) -> dict[str, float]:
    source = _nearest(question.target, question.sources)
    peak, bandwidth = _two(source, question.target)
    factors = (peak, bandwidth, min(peak, bandwidth), (peak * bandwidth) ** 0.5)
    return {name: source.rate * factor for name, factor in zip(RATIOS, factors, strict=True)}


def _fitted(question: Question) -> float:
    """Least squares on the logarithms of peak and bandwidth, each round at its own level."""
    rows = [*question.sources, *question.beside]
    rounds = sorted({row.round for row in rows})
    design = np.array([_regressors(row, rounds) for row in rows])
    solution = np.linalg.lstsq(design, np.log([row.rate for row in rows]), rcond=None)[0]
    return float(np.exp(_regressors(question.target, rounds) @ solution))


def _regressors(row: Row, rounds: Sequence[str]) -> np.ndarray:
    bandwidth = row.chip.bandwidth_bytes_per_s or 0.0
    levels = [float(row.round == one) for one in rounds]
    return np.array([np.log(_low(row.chip) / 1e14), np.log(bandwidth / 1e12), *levels])


def _low(chip: Chip) -> float:
    """The peak at the fastest precision of eight bits or more."""
    return max((chip.peaks.get(precision, 0.0) for precision in LOW), default=0.0)


def _fastest(chip: Chip, benchmark: str) -> float:
    """The peak at the fastest precision of eight bits or more that meets the accuracy."""
    choices = FLOATING if benchmark.startswith(NEEDS_FLOATING) else LOW
    return max((chip.peaks.get(precision, 0.0) for precision in choices), default=0.0)


def _target(chip: Chip, benchmark: str) -> OfferSilicon:
    """One of the chip, its fastest peak under the one name the references carry."""
    return OfferSilicon(
        name=chip.name,
        kind="accelerator",
        count=1,
        peaks={"int8": _fastest(chip, benchmark)},
        bandwidth_bytes_per_s=chip.bandwidth_bytes_per_s,
        because="left out",
    )


def _reference(benchmark: str, which: str, rate: float, chip: Chip) -> Reference:
    throughput = Estimate(value=rate, basis="measured")
    figures = Figures(
        workload=benchmark,
        scenario="offline",
        unit="sample",
        precision="int8",
        batch_size=1,
        backend=f"published in {which}",
        devices=("cuda:0",),
        processes=1,
        steps=1,
        throughput=throughput,
        step_s=None,
        flops_per_unit=FLOPS_PER_UNIT.get(benchmark, 1.0),
        regime=Regime(name="undetermined", evidence="", try_next=""),
        validity="valid",
    )
    identity = Identity(
        chip_name=chip.name,
        peaks={"int8": _fastest(chip, benchmark)},
        bandwidth_bytes_per_s=chip.bandwidth_bytes_per_s,
        because="published",
    )
    return Reference(
        figures=figures,
        throughput=throughput,
        system=SYSTEM,
        identity=identity,
        kind="accelerator",
        name=chip.name,
        architecture=chip.architecture,
        count=1,
        effort="full",
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004  the script and its table
        sys.exit("usage: python benchmarks/prediction_error.py TABLE.csv")
    main(Path(sys.argv[1]))
