"""Several processes started together by torchrun, and what they saw put into one.

This process only waits: torchrun's agent starts the ranks, notices when one is gone, and ends the
others. Each rank dies with this process, whatever kills it.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import get_args

from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from benchbench.measure import failure
from benchbench.measure.counters import oom_kills
from benchbench.measure.message import (
    CeilingsResult,
    MeasureCollectives,
    MeasureWorkload,
    Request,
    WorkloadResult,
)
from benchbench.measure.ranks import devices
from benchbench.record import Caveat, Failure, Measurement, RankTimes, Severity

REQUEST = "request.json"
_SEVERITIES = get_args(Severity)


class RankFailedError(RuntimeError):
    """One of the ranks failed, and so all did."""

    def __init__(self, because: Failure) -> None:
        super().__init__(because.message)
        self.because = because


def together(
    body: MeasureWorkload | MeasureCollectives, descriptor: int
) -> WorkloadResult | CeilingsResult:
    """Launch one rank per device, wait for them, merge what they saw.

    Raises RankFailedError naming the first rank that failed.
    """
    collectives = isinstance(body, MeasureCollectives)
    named = _named(body)
    with tempfile.TemporaryDirectory(prefix="benchbench-ranks-") as folder:
        here = Path(folder)
        (here / REQUEST).write_text(Request(body=body).model_dump_json(), encoding="utf-8")
        _launch(here, named, descriptor)
        texts = [said(here, rank).read_text(encoding="utf-8") for rank in range(len(named))]
    if collectives:
        return CeilingsResult.model_validate_json(texts[0])
    return merged([WorkloadResult.model_validate_json(text) for text in texts], named)


def _named(body: MeasureWorkload | MeasureCollectives) -> tuple[str, ...]:
    """A device for each rank."""
    if isinstance(body, MeasureCollectives):
        return body.devices
    return devices(body.setting.device, body.setting.ranks)


def said(folder: Path, rank: int) -> Path:
    """Where a rank puts its result."""
    return folder / f"rank{rank}.json"


def failed(folder: Path, rank: int) -> Path:
    """Where a rank puts why it failed."""
    return folder / f"failure{rank}.json"


def _launch(folder: Path, named: Sequence[str], descriptor: int) -> None:
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # they are all here
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=len(named),
        run_id="benchbench",
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="127.0.0.1",
        max_restarts=0,
        logs_specs=DefaultLogsSpecs(log_dir=str(folder)),  # it is swept away with the folder
    )
    program = (sys.executable, "-P", "-m", "benchbench.measure.rank")
    start: Callable[..., object] = elastic_launch(config, program[0])
    kills_before = oom_kills()
    try:
        start(*program[1:], str(folder), str(descriptor), str(os.getpid()))
    except ChildFailedError as error:
        rank, first = error.get_first_failure()
        killed = kills_before is not None and (oom_kills() or 0) > kills_before
        because = _blamed(folder, rank, named, first.exitcode, oom_killed=killed)
        raise RankFailedError(because) from error


def _blamed(
    folder: Path, rank: int, named: Sequence[str], exit_code: int, *, oom_killed: bool
) -> Failure:
    """Its last word if it left one, else how it died; the message names it."""
    note = failed(folder, rank)
    if note.exists():
        because = Failure.model_validate_json(note.read_text(encoding="utf-8"))
    else:
        because = failure.of_death(exit_code, oom_killed=oom_killed)
    who = f"rank {rank} of {len(named)} on {named[rank]}"
    return because.model_copy(update={"message": f"{who}: {because.message}"})


def merged(results: Sequence[WorkloadResult], named: Sequence[str]) -> WorkloadResult:
    """The units of all ranks, in the time the slowest one took for each step."""
    seen = [result.measurement for result in results]
    first = results[0]
    return first.model_copy(
        update={
            "measurement": _together(seen, named),
            "caveats": _once(caveat for result in results for caveat in result.caveats),
        }
    )


def _together(seen: Sequence[Measurement], named: Sequence[str]) -> Measurement:
    return seen[0].model_copy(
        update={
            "units_per_step": sum(one.units_per_step for one in seen),
            "units_completed": sum(one.units_completed for one in seen),
            "step_s": _slowest([one.step_s for one in seen]),
            "elapsed_s": max(one.elapsed_s for one in seen),
            "device_s": _slowest([one.device_s for one in seen]),
            "input_s": _slowest([one.input_s for one in seen]),
            "step_from_memory_s": _slowest([one.step_from_memory_s for one in seen]),
            "load_s": max(one.load_s or 0.0 for one in seen),
            "first_step_s": max(one.first_step_s or 0.0 for one in seen),
            "steady": all(one.steady for one in seen),
            "peak_memory_bytes": sum(one.peak_memory_bytes or 0 for one in seen),
            "peak_device_memory_bytes": max(
                (one.peak_device_memory_bytes or 0 for one in seen), default=0
            )
            or None,
            "samples": tuple(
                sample
                for one in seen
                for sample in one.samples
                if _counts(one, seen, sample.device)
            ),
            "energy": tuple(
                each for one in seen for each in one.energy if _counts(one, seen, each.device)
            ),
            "idle_power": tuple(
                each for one in seen for each in one.idle_power if _counts(one, seen, each.device)
            ),
            "ranks": tuple(map(_times, range(len(seen)), named, seen)),
        }
    )


def _counts(one: Measurement, seen: Sequence[Measurement], device: str | None) -> bool:
    """A device's own figures are everybody's; the machine's are told once."""
    return device is not None or one is seen[0]


def _times(rank: int, device: str, one: Measurement) -> RankTimes:
    return RankTimes(
        rank=rank,
        device=device,
        units_per_step=one.units_per_step,
        step_s=one.step_s,
        elapsed_s=one.elapsed_s,
        peak_memory_bytes=one.peak_memory_bytes,
        peak_device_memory_bytes=one.peak_device_memory_bytes,
    )


def _slowest(columns: Sequence[tuple[float, ...] | None]) -> tuple[float, ...] | None:
    """Step by step; None where one of them has none."""
    known = [column for column in columns if column is not None]
    if len(known) < len(columns):
        return None
    return tuple(max(step) for step in zip(*known, strict=True))


def _once(caveats: Iterable[Caveat]) -> tuple[Caveat, ...]:
    """One of each kind, the worst that any rank had."""
    kept: dict[str, Caveat] = {}
    for caveat in caveats:
        known = kept.setdefault(caveat.code, caveat)
        if _SEVERITIES.index(caveat.severity) > _SEVERITIES.index(known.severity):
            kept[caveat.code] = caveat
    return tuple(kept.values())
