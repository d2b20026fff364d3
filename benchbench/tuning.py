"""`run --tune`: look for the fastest valid configuration, then measure it beside the default.

Every configuration tried is a short measurement in a process of its own and a record of its own,
marked as a trial. Two are then measured in full, in turns, and stand for the machine.
"""

import ctypes.util
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic

from benchbench import run, session
from benchbench.measure import choose
from benchbench.measure.budget import REPEATS, Budget
from benchbench.measure.plan import Planned, fingerprint
from benchbench.measure.search import Search, Space
from benchbench.record import Precision, Record, System, Tried, Tuning
from benchbench.run import OnEvent, Outcome, Sitting
from benchbench.store import Store
from benchbench.system.environment import harmless
from benchbench.workload import Setting, tunable
from benchbench.workload.file import backends, load_file

TRIAL = Budget(
    warmup_min_s=1.0,
    warmup_cap_s=6.0,
    timed_min_s=3.0,
    timed_cap_s=10.0,
    check_cap_s=1.0,
    timeout_s=300.0,
    warmup_min_steps=2,
    window_steps=2,
    timed_min_steps=3,
    interval_fraction=0.02,
)
MINUTES = 10.0
_RAISED_BYTES = str(4 * 2**30)
_RAISED = {"MALLOC_MMAP_THRESHOLD_": _RAISED_BYTES, "MALLOC_TRIM_THRESHOLD_": _RAISED_BYTES}
"""glibc then keeps the memory of large tensors, instead of mapping it anew in every step."""
_ALLOCATORS = ("jemalloc", "tcmalloc_minimal")
_PINNED = {"OMP_PROC_BIND": "close", "OMP_PLACES": "cores"}
_CHOSEN_ALLOCATOR = ("MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD")
_CHOSEN_AFFINITY = ("OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY", "KMP_AFFINITY")
_PAIRS: tuple[tuple[str, Precision], ...] = (("onnxruntime", "int8"),)
_CPU_ONLY, _GPU_ONLY = ("onnxruntime", "openvino"), ("cuda-graph",)


@dataclass(frozen=True)
class Fixed:
    """What the user chose, and the search leaves alone."""

    precision: bool = False
    batch_size: bool = False
    backend: bool = False


def tune(  # noqa: PLR0913 - what a run needs, and the search's own limits, all by name
    defaults: Sequence[Planned],
    *,
    fixed: Fixed,
    store: Store,
    system: System,
    command: tuple[str, ...],
    on_event: OnEvent,
    with_ceilings: bool = True,
    minutes: float = MINUTES,
    resume: bool = False,
    clock: Callable[[], float] = monotonic,
) -> Outcome:
    """Search around each of `defaults` for at most `minutes`, then measure the best and it.

    Raises:
        UsageError: results cannot be stored there; nothing was measured.
        CannotMeasureError: another runner is at work on this machine.
    """
    store.prepare()
    spaces = [space(one, fixed, system, os.environ, _installed()) for one in defaults]
    own = [one.setting.precision for one in defaults]
    precisions = [*own, *(each for one in spaces for each in one.precisions)]
    ceilings = session.beside(defaults, precisions, system, on_event) if with_ceilings else ()
    plan = f"tune {minutes:g} {fixed} {fingerprint(defaults)}"
    with run.sitting(
        plan,
        store=store,
        system=system,
        ceilings=ceilings,
        command=command,
        on_event=on_event,
        resume=resume,
    ) as here:
        for default, around in zip(defaults, spaces, strict=True):
            left_out = excluded(default, fixed, system)
            _tune(default, Search(default.setting, around), here, clock, 60 * minutes, left_out)
    return here.outcome()


def space(
    default: Planned,
    fixed: Fixed,
    system: System,
    environment: Mapping[str, str],
    allocators: Sequence[str],
) -> Space:
    """What is worth trying around `default` on this machine; `allocators` are installed here."""
    workload, setting = load_file(default.file), default.setting
    on_cpu = setting.device == "cpu"
    offered = () if fixed.backend else backends(workload)
    precisions = () if fixed.precision else _precisions(workload.precisions, setting, system)
    return Space(
        backends=[one for one in offered if one not in (_GPU_ONLY if on_cpu else _CPU_ONLY)],
        precisions=precisions,
        pairs=[
            pair
            for pair in _PAIRS
            if on_cpu and pair[0] in offered and pair[1] in workload.precisions
            if not fixed.precision
        ],
        grows=not fixed.batch_size,
        tunable={
            name: values[1:]
            for name, values in tunable(workload).items()
            if name not in setting.parameters
        },
        threads=_threads(system, environment) if on_cpu else (),
        allocators=_allocators(environment, allocators) if on_cpu else (),
        affinities=[_PINNED] if on_cpu and not _chosen(environment, _CHOSEN_AFFINITY) else (),
    )


def excluded(default: Planned, fixed: Fixed, system: System) -> tuple[Tried, ...]:
    """What cannot win here and is not tried, each with the reason."""
    workload, setting = load_file(default.file), default.setting
    on_cpu = setting.device == "cpu"
    native = choose.native(setting.device, system)
    known = {setting.precision, *native, *(precision for _, precision in _PAIRS)}
    without_units = [one for one in workload.precisions if one not in known]
    elsewhere = [one for one in backends(workload) if one in (_GPU_ONLY if on_cpu else _CPU_ONLY)]
    place = "an NVIDIA GPU" if on_cpu else "the CPU"
    return (
        *(
            tried(replace(setting, backend=one), None, f"not tried: it runs on {place}")
            for one in elsewhere
            if not fixed.backend
        ),
        *(
            tried(replace(setting, precision=one), None, f"not tried: no units for {one} here")
            for one in without_units
            if not fixed.precision
        ),
    )


def tried(setting: Setting, units_per_s: float | None, because: str | None) -> Tried:
    """A setting and what came of it."""
    return Tried(
        backend=setting.backend,
        precision=setting.precision,
        batch_size=setting.batch_size,
        threads=setting.threads,
        parameters=dict(setting.parameters),
        environment={name: harmless(value) for name, value in setting.environment.items()},
        units_per_s=units_per_s,
        because=because,
    )


def _tune(
    default: Planned,
    search: Search,
    here: Sitting,
    clock: Callable[[], float],
    seconds: float,
    left_out: tuple[Tried, ...],
) -> None:
    """One search, and the full measurements that end it."""
    found: list[Tried] = []
    complete = _follow(default, search, here, found, _time_is_up(clock, seconds))
    best = Tuning(role="best", tried=(*found, *left_out), complete=complete)
    finals = list(_finals(default, search.best, best))
    for index, one in enumerate(finals):
        here.measure(one, index, len(finals))


def _follow(
    default: Planned,
    search: Search,
    here: Sitting,
    found: list[Tried],
    time_is_up: Callable[[], bool],
) -> bool:
    """Try what the search asks for; False when time ended it."""
    trials = search.trials()
    setting = next(trials)
    while True:
        record = here.measure(_trial(default, setting), len(found), 0)
        found.append(tried(setting, _rate(record), _because(record)))
        try:
            setting = trials.send(_rate(record))
        except StopIteration:
            return True
        if time_is_up():
            return False


def _time_is_up(clock: Callable[[], float], seconds: float) -> Callable[[], bool]:
    """Asked after each trial: whether another one as long as the last would end too late."""
    began = last = clock()

    def is_up() -> bool:
        nonlocal last
        now = clock()
        took, last = now - last, now
        return now + took - began > seconds

    return is_up


def _trial(default: Planned, setting: Setting) -> Planned:
    return replace(
        default, setting=setting, effort="quick", budget=TRIAL, tuning=Tuning(role="trial")
    )


def _finals(default: Planned, best: Setting, tuning: Tuning) -> Iterator[Planned]:
    """The best and the default in turns, so that a drift of the machine meets both."""
    for repeat in range(REPEATS[default.effort]):
        yield replace(default, setting=best, repeat=repeat, tuning=tuning)
        if best != default.setting:
            yield replace(default, repeat=repeat, tuning=Tuning(role="default"))


def _rate(record: Record) -> float | None:
    """Units per second; None where it failed or its outputs cannot be believed."""
    seen = record.measurement
    return None if seen is None or _because(record) else seen.units_completed / seen.elapsed_s


def _because(record: Record) -> str | None:
    """Why it cannot win. Noise is no reason: on a restless machine all trials have it."""
    if record.failure is not None:
        return record.failure.message
    invalid = (one for one in record.caveats if one.severity == "invalid")
    return next((one.message for one in invalid if one.code != "too_noisy"), None)


def _precisions(
    offered: Sequence[Precision], setting: Setting, system: System
) -> tuple[Precision, ...]:
    """Those the device has units for, the default's own left out."""
    native = choose.native(setting.device, system)
    return tuple(one for one in native if one in offered and one != setting.precision)


def _threads(system: System, environment: Mapping[str, str]) -> tuple[int, ...]:
    """One per physical core, where the default would be one per hyper-thread."""
    cores = system.cpu.usable_cores
    if cores is None or "OMP_NUM_THREADS" in environment:
        return ()
    return (cores,) if cores < choose.threads(system, environment) else ()


def _allocators(
    environment: Mapping[str, str], installed: Sequence[str]
) -> list[Mapping[str, str]]:
    """Glibc told to keep memory, and every other allocator here; none where the user chose one."""
    if _chosen(environment, _CHOSEN_ALLOCATOR):
        return []
    return [_RAISED, *({"LD_PRELOAD": library} for library in installed)]


def _chosen(environment: Mapping[str, str], prefixes: tuple[str, ...]) -> bool:
    return any(name.startswith(prefixes) for name in environment)


def _installed() -> list[str]:
    """File names of the allocators here, as the dynamic linker finds them."""
    return [file for name in _ALLOCATORS if (file := ctypes.util.find_library(name))]
