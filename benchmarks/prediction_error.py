"""How wrong predictions are: published throughputs, each accelerator predicted from the others.

    python benchmarks/prediction_error.py TABLE.csv

TABLE has the columns benchmark, round, accelerator, median_per_accel: units per second of one
accelerator under its canonical name (`benchbench catalog show`). Rows of unknown accelerators are
counted and left out. Only rows of one benchmark and round are compared.

Prints, per benchmark and protocol, the median and p90 of |predicted ÷ true - 1| and how often the
80 % interval held the truth, beside scaling by a single ratio. Protocols: `device` leaves one
accelerator out, `architecture` every accelerator of its architecture (the honest one).
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from benchbench.catalog import silicon
from benchbench.catalog.silicon import Chip, Identity, OfferSilicon, Silicon
from benchbench.derive import Figures, Regime
from benchbench.predict import Ceilings, Prediction, Predictor, Reference
from benchbench.record import Cpu, Memory, Precision, Software, System
from benchbench.stats import Estimate

PROTOCOLS = ("device", "architecture")
METHODS = ("predicted", "peak", "bandwidth", "min", "geometric")
FLOPS_PER_UNIT = {"resnet50": 8.178368512e9, "bert-99": 246.425321472e9}
"""Where counted; bert's at 384 tokens, padding included. Elsewhere everything is "the rest"."""
LOW: tuple[Precision, ...] = ("int8", "fp8", "fp16", "bf16")
SYSTEM = System(
    cpu=Cpu(model="unknown", architecture="unknown", threads=1, usable_threads=1),
    memory=Memory(total_bytes=0),
    software=Software(os="unknown", kernel="unknown", python="unknown"),
)


@dataclass(frozen=True)
class Case:
    """One accelerator left out: the truth and what each method says; `held`: in the interval."""

    benchmark: str
    protocol: str
    truth: float
    said: dict[str, float]
    held: bool
    step: str


def main(path: Path) -> None:
    """Read the table, leave out, predict, print."""
    known = silicon.load()
    table = pd.read_csv(path)
    listed = table[table["accelerator"].isin(known.chips)]
    cases = pd.DataFrame([vars(case) for case in _cases(listed, known)])
    today = datetime.now(tz=UTC).date().isoformat()
    print(
        f"{today}: {len(listed)} of {len(table)} rows, of {listed['accelerator'].nunique()} chips"
    )
    print(f"{'benchmark':24}{'left out':14}{'n':>5}{'held':>6}", *(f"{m:>11}" for m in METHODS))
    for (benchmark, protocol), group in cases.groupby(["benchmark", "protocol"]):
        _line(str(benchmark), str(protocol), group)
    for protocol, group in cases.groupby("protocol"):
        _line("ALL", str(protocol), group)
    for step, group in cases.groupby("step"):
        _line(f"ALL {step}", "both", group)
    _widths(listed, known)


def _line(benchmark: str, protocol: str, group: pd.DataFrame) -> None:
    errors = []
    for method in METHODS:
        said = np.array([one[method] for one in group["said"]])
        error = np.abs(said / group["truth"].to_numpy() - 1) * 100
        errors.append(f"{np.median(error):6.0f}/{np.quantile(error, 0.9):<4.0f}")
    held = f"{group['held'].mean() * 100:.0f} %"
    print(f"{benchmark:24}{protocol:14}{len(group):5}{held:>6}", *errors)


def _cases(table: pd.DataFrame, known: Silicon) -> Iterator[Case]:
    for (benchmark, _), rows in table.groupby(["benchmark", "round"]):
        measured = {
            row["accelerator"]: _reference(str(benchmark), row["median_per_accel"], chip)
            for _, row in rows.iterrows()
            if (chip := known.chips[row["accelerator"]]).bandwidth_bytes_per_s and _low(chip)
        }
        for name, left_out in measured.items():
            chip = known.chips[name]
            for protocol in PROTOCOLS:
                others = [
                    one
                    for one in measured.values()
                    if one.name != name
                    and (protocol == "device" or one.architecture != chip.architecture)
                ]
                if others:
                    truth = left_out.throughput.value
                    case = _case(str(benchmark), protocol, truth, chip, others, known)
                    if case is not None:
                        yield case


def _case(
    benchmark: str,
    protocol: str,
    truth: float,
    chip: Chip,
    others: list[Reference],
    known: Silicon,
) -> Case | None:
    """None where the product refuses: accelerators that run other software."""
    answer = Predictor(others, known, Ceilings()).predict(_target(chip))
    if not isinstance(answer, Prediction):
        return None
    estimate = answer.throughput
    nearest = next(one for one in others if one.name == answer.nearest)
    rate = nearest.throughput.value
    peaks, bandwidths = _ratios(known.chips[nearest.name], chip)
    said = {
        "predicted": estimate.value,
        "peak": rate * peaks,
        "bandwidth": rate * bandwidths,
        "min": rate * min(peaks, bandwidths),
        "geometric": rate * (peaks * bandwidths) ** 0.5,
    }
    held = (estimate.low or 0) <= truth <= (estimate.high or 0)
    return Case(benchmark, protocol, truth, said, held, answer.step)


def _ratios(source: Chip, target: Chip) -> tuple[float, float]:
    bandwidths = (target.bandwidth_bytes_per_s or 0) / (source.bandwidth_bytes_per_s or 1)
    return _low(target) / _low(source), bandwidths


def _low(chip: Chip) -> float:
    """The peak at the fastest precision of eight bits or more, which tuned inference uses."""
    return max((chip.peaks.get(precision, 0.0) for precision in LOW), default=0.0)


def _target(chip: Chip) -> OfferSilicon:
    """One of the chip, its fastest peak under the one name the references carry."""
    return OfferSilicon(
        name=chip.name,
        kind="accelerator",
        count=1,
        peaks={"int8": _low(chip)},
        bandwidth_bytes_per_s=chip.bandwidth_bytes_per_s,
        because="left out",
    )


def _reference(benchmark: str, rate: float, chip: Chip) -> Reference:
    throughput = Estimate(value=float(rate), basis="measured")
    figures = Figures(
        workload=benchmark,
        scenario="offline",
        unit="sample",
        precision="int8",
        batch_size=1,
        backend="published",
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
        peaks={"int8": _low(chip)},
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


def _widths(table: pd.DataFrame, known: Silicon) -> None:
    """The factor that holds 80 % of all pairs of one round, geometric scaling."""
    errors: dict[bool, list[float]] = {True: [], False: []}
    for _, rows in table.groupby(["benchmark", "round"]):
        rates = [
            (known.chips[row["accelerator"]], float(row["median_per_accel"]))
            for _, row in rows.iterrows()
        ]
        for source, rate in rates:
            for target, truth in rates:
                peaks, bandwidths = _ratios(source, target)
                if source.name != target.name and peaks > 0 and bandwidths > 0:
                    same = source.architecture == target.architecture
                    errors[same].append(np.log(rate * np.sqrt(peaks * bandwidths) / truth))
    for same, label in ((True, "same architecture"), (False, "other architecture")):
        logs = np.abs(errors[same])
        relative = np.abs(np.expm1(errors[same]))
        print(
            f"{label}: {len(logs)} pairs, 80 % within a factor {np.exp(np.quantile(logs, 0.8)):.2f}"
            f", error median {np.median(relative) * 100:.0f} % p90 "
            f"{np.quantile(relative, 0.9) * 100:.0f} %"
        )


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004  the script and its table
        sys.exit("usage: python benchmarks/prediction_error.py TABLE.csv")
    main(Path(sys.argv[1]))
