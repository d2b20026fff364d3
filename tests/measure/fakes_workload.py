"""Workload files a test writes, tiny or malicious, and what it needs to watch their processes."""

import time
from pathlib import Path

from benchbench.measure.budget import Budget
from benchbench.measure.message import MeasureWorkload, Request
from benchbench.workload import Setting

TINY = Budget(
    warmup_min_s=0.0,
    warmup_cap_s=0.05,
    timed_min_s=0.05,
    timed_cap_s=0.2,
    check_cap_s=0.05,
    timeout_s=60.0,
)
_FILE = '''"""A workload for a test."""
import ctypes, itertools, math, os, resource, signal, subprocess, sys, time
from pathlib import Path
from benchbench.errors import UsageError
from benchbench.record import Work
from benchbench.workload import Job

name = "{name}"
scenario = "{scenario}"
unit = "item"
precisions = ("fp32",)
batch_size = 4
HERE = Path(__file__).parent


def work(setting):
    return Work(unit=unit, flops_per_unit=1e6)


def step(batch):
    {step}


def load(setting):
    parameters = {{}}
    {load}
    return Job(
        batches=itertools.count(),
        step=step,
        units_per_step=4.0,
        from_memory=True,
        parameters=parameters,
    )
'''


def write_workload(
    folder: Path,
    *,
    step: str = "time.sleep(0.002)",
    load: str = "pass",
    name: str = "tiny",
    scenario: str = "offline",
) -> Path:
    """A file whose `step` and `load` run these statements."""
    file = folder / f"{name.replace('-', '_')}.py"
    file.write_text(_FILE.format(name=name, scenario=scenario, step=step, load=load))
    return file


def asking(file: Path, *, threads: int = 1) -> Request:
    """To measure this file, as shortly as can be."""
    return Request(
        body=MeasureWorkload(
            file=str(file), setting=Setting(), effort="quick", budget=TINY, threads=threads
        )
    )


def lives(pid: int) -> bool:
    """Whether a process runs; one that is only waiting to be buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def dies(pid: int, *, within_s: float = 10.0) -> bool:
    """Whether it ends in time."""
    deadline = time.monotonic() + within_s
    while lives(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not lives(pid)


def noted(file: Path, *, within_s: float = 60.0) -> int:
    """The number a workload writes into `file`, once it is there."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if file.exists() and (text := file.read_text()).endswith("\n"):
            return int(text)
        time.sleep(0.02)
    raise TimeoutError(file)
