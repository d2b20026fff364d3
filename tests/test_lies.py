"""Workloads that lie, measured as any other is: each ends INVALID, with its cause and no figure."""

from pathlib import Path

import pytest

from benchbench import run
from benchbench.derive import figures
from benchbench.measure.budget import Budget
from benchbench.record import Record
from benchbench.store import Store
from tests import factories as make

LOOKING = Budget(
    warmup_min_s=0.0,
    warmup_cap_s=0.05,
    timed_min_s=0.05,
    timed_cap_s=0.3,
    check_cap_s=1.0,
    timeout_s=120.0,
)
"""Short, but for the checks."""
FILE = '''"""It lies."""
import itertools, time
import numpy as np
from benchbench.record import Work
from benchbench.workload import Job

name, scenario, unit, batch_size = "liar", "{scenario}", "row", 4
precisions = ("fp32",)
random = np.random.default_rng(0)
seen = {{}}
weights = random.normal(size=8)


def work(setting):
    return Work(unit=unit)


def honest(batch):
    return batch @ weights


def step(batch):
{step}


def load(setting):
    batches = (random.normal(size=(4, 8)) for _ in itertools.count())
    return Job(batches, step, units_per_step=4.0, from_memory=True, reference={reference})
'''


def measured(
    folder: Path, *lines: str, scenario: str = "offline", reference: str = "None"
) -> Record:
    """The record of a step made of these lines."""
    step = "\n".join(f"    {line}" for line in lines)
    file = folder / "liar.py"
    file.write_text(FILE.format(scenario=scenario, step=step, reference=reference))
    outcome = run.execute(
        run.plan([file], system=make.system(), budget=LOOKING),
        store=Store(folder / "results"),
        system=make.system(),
        lock=folder / "lock",
    )
    (record,) = outcome.records
    assert Store(folder / "results").read().records == outcome.records
    return record


def cause(record: Record) -> str:
    """The first reason for which nothing of it is shown."""
    assert record.validity == "invalid"
    assert figures([record]).throughput is None
    if record.failure is not None:
        return record.failure.kind
    return next(one.code for one in record.caveats if one.severity == "invalid")


SLOW = "time.sleep(0.004)"
LIES = [
    pytest.param(("return np.zeros(4)",), {}, "output_constant", id="zeros"),
    pytest.param(("return np.arange(4.0)",), {}, "output_ignores_input", id="the same answer"),
    pytest.param(
        ("return np.zeros(4)",),
        {"reference": "honest"},
        "wrong_output",
        id="zeros, with a reference",
    ),
    pytest.param(
        (
            "key = batch.tobytes()",
            f"if key not in seen: {SLOW}",
            "seen[key] = True",
            "return honest(batch)",
        ),
        {},
        "cached",
        id="a cache",
    ),
    pytest.param((SLOW, "return float('nan')"), {"scenario": "train"}, "not_finite", id="NaN loss"),
    pytest.param((SLOW, "return honest(batch) * np.nan"), {}, "not_finite", id="NaN outputs"),
    pytest.param(
        (SLOW, "return float(batch.sum()) + 10.0"),
        {"scenario": "train"},
        "not_learning",
        id="no learning",
    ),
    pytest.param((SLOW, "return 0.0"), {"scenario": "train"}, "constant_loss", id="no loss"),
]


@pytest.mark.parametrize(("lines", "options", "code"), LIES)
def test_a_lie_is_invalid(
    tmp_path: Path, lines: tuple[str, ...], options: dict[str, str], code: str
) -> None:
    """Measured by the real runner, in a real worker, and read back from the store."""
    assert cause(measured(tmp_path, *lines, **options)) == code


@pytest.mark.parametrize(
    ("lines", "scenario"),
    [
        ((SLOW, "return honest(batch)"), "offline"),
        ((SLOW, "return honest(batch) > 0"), "offline"),
        (
            (
                SLOW,
                "global weights",
                "loss = float(np.square(honest(batch)).mean())",
                "weights = 0.9 * weights",
                "return loss",
            ),
            "train",
        ),
    ],
)
def test_the_truth_is_not(tmp_path: Path, lines: tuple[str, ...], scenario: str) -> None:
    """The same without the lie: outputs, classes and a falling loss."""
    record = measured(tmp_path, *lines, scenario=scenario)
    assert record.validity != "invalid", record.caveats
