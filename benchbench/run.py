"""Plan what to measure, give each measurement a process of its own, store each record at once."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from types import MappingProxyType
from typing import Any, Literal

from benchbench import atomic, units
from benchbench.errors import CannotMeasureError, StorageError
from benchbench.measure import choose, journal
from benchbench.measure.caveats import ceiling_caveats, latency_caveats
from benchbench.measure.journal import Journal, alone_in, exclusive, folder_for
from benchbench.measure.loadgen import chosen
from benchbench.measure.loop import Phase
from benchbench.measure.message import (
    CeilingsResult,
    MeasureCeilings,
    MeasureCollectives,
    MeasureWorkload,
    Progress,
    Request,
    TrainingResult,
    TryBatch,
    WorkloadResult,
)
from benchbench.measure.plan import (
    TARGET,
    Identity,
    Planned,
    digest,
    fingerprint,
    identity,
    identity_of,
    plan,
    to_target,
)
from benchbench.measure.process import Ended, run_worker
from benchbench.measure.provenance import Scrubber, provenance
from benchbench.measure.ranks import devices
from benchbench.record import (
    Blas,
    Ceiling,
    Effort,
    Failure,
    Measurement,
    Precision,
    Provenance,
    Record,
    Scalar,
    System,
    Work,
    validity_of,
)
from benchbench.stats import Estimate, mean_step_interval
from benchbench.store import Store
from benchbench.system import environment
from benchbench.workload import Setting

__all__ = [
    "Event",
    "Outcome",
    "Planned",
    "Sitting",
    "ask",
    "execute",
    "measure_ceilings",
    "measure_collectives",
    "plan",
    "sitting",
    "to_target",
]

_CEILING_SECONDS: dict[Effort, float] = {"quick": 3.0, "standard": 5.0, "full": 10.0}
_CEILINGS_TIMEOUT_S = 900.0
_HOLDING_BACK = (
    *("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS"),
    *("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY"),
)
"""They fix an older kernel or a smaller cache than the processor has."""
_NOTHING_TO_RESUME = "nothing to resume: starting anew"


@dataclass(frozen=True)
class Event:
    """Where a run is; `total` counts the measurements of the plan."""

    name: str
    unit: str
    index: int
    total: int
    phase: Phase | Literal["done", "failed", "notice"]
    """A notice is about the whole run; only its `message` counts."""
    elapsed_s: float = 0.0
    units_per_s: float | None = None
    half_width_fraction: float | None = None
    """While it is measured, estimated cheaply."""
    ends: tuple[float, float] | None = None
    """When it is done, the 95 % interval of `units_per_s`: of the steps of this one process."""
    clock_hz: float | None = None
    power_w: float | None = None
    message: str = ""
    detail: tuple[str, ...] = ()
    """The worker's last lines on stderr, when it failed; never stored."""
    planned: Planned | None = None
    """None while ceilings are measured."""


OnEvent = Callable[[Event], None]


@dataclass(frozen=True)
class Outcome:
    """What a run measured: `names` are the stored documents of `records`."""

    records: tuple[Record, ...]
    names: tuple[str, ...]
    session: str
    already_measured: int = 0
    """Measurements a resumed run found in the store."""
    resumed: bool = False
    """Whether it went on with an interrupted run."""


def execute(
    planned: Sequence[Planned],
    *,
    store: Store,
    system: System,
    ceilings: Sequence[Ceiling] = (),
    command: Sequence[str] = (),
    on_event: OnEvent | None = None,
    resume: bool = False,
    lock: Path | None = None,
) -> Outcome:
    """Measure one after the other, each in a process of its own; store each record at once.

    A failure is a record too, and the others go on. `resume` goes on with the same plan where an
    interrupted run left it, or says in an event that there is none. `lock` is the file
    that keeps a second runner away.

    Raises:
        CannotMeasureError: another runner is at work on this machine.
    """
    with sitting(
        fingerprint(planned),
        store=store,
        system=system,
        ceilings=ceilings,
        command=command,
        on_event=on_event,
        resume=resume,
        lock=lock,
    ) as here:
        for index, one in enumerate(planned):
            here.measure(one, index, len(planned))
    return here.outcome()


@contextmanager
def sitting(
    plan: str,
    *,
    store: Store,
    system: System,
    ceilings: Sequence[Ceiling] = (),
    command: Sequence[str] = (),
    on_event: OnEvent | None = None,
    resume: bool = False,
    lock: Path | None = None,
) -> Iterator["Sitting"]:
    """Alone on this machine until the end; `plan` is what an interrupted one is known by.

    Raises:
        CannotMeasureError: another runner is at work on this machine, or in this folder.
        StorageError: a result cannot be stored; those before it are.
    """
    folder = folder_for(store.url)
    with exclusive(lock), alone_in(folder):
        journal.sweep(folder)
        notes = Journal(folder, plan)
        session = notes.interrupted() if resume else None
        if resume and session is None and on_event is not None:
            on_event(Event("run", "", 0, 0, "notice", message=_NOTHING_TO_RESUME))
        stored = _stored(store, session)
        shared = _Run(system, tuple(ceilings), tuple(command), session or notes.begin())
        yield Sitting(shared, store, stored, on_event, resumed=session is not None)
        notes.finish()


class Sitting:
    """Measures one thing after the other and stores each record at once."""

    def __init__(
        self,
        shared: "_Run",
        store: Store,
        stored: Mapping[Identity, Record],
        on_event: OnEvent | None,
        *,
        resumed: bool,
    ) -> None:
        self._shared, self._store, self._on_event = shared, store, on_event
        self._stored, self._resumed = stored, resumed
        self._found = 0
        self._measured: dict[str, Record] = {}

    def measure(self, planned: Planned, index: int, total: int) -> Record:
        """The record of `planned`, the `index`th of `total`: one found, or one made now."""
        found = self._stored.get(identity(planned))
        if found is not None:
            self._found += 1
            return found
        tell = _Teller(planned, index, total, self._on_event)
        made = self._shared.measure(planned, tell)
        kind = "loadgen" if planned.target is None else "mllog"
        with _storing(self._store.url):
            name = self._store.write(made.record)
            self._store.keep_beside(name, kind, made.logs)
        self._measured[name] = made.record
        tell.stored(made.record, made.stderr)
        return made.record

    def outcome(self) -> Outcome:
        """Of everything so far."""
        return Outcome(
            tuple(self._measured.values()),
            tuple(self._measured),
            self._shared.session,
            already_measured=self._found,
            resumed=self._resumed,
        )


def measure_ceilings(
    system: System,
    devices: Sequence[str],
    precisions: Sequence[Precision],
    effort: Effort = "quick",
    *,
    on_event: OnEvent | None = None,
    storage_folder: Path | None = None,
    decoders: int = 0,
    lock: Path | None = None,
) -> tuple[Ceiling, ...]:
    """What this machine could do, measured in a process of its own.

    With `decoders` also how many images so many processes decode, with `storage_folder` its disk.

    Raises:
        CannotMeasureError: they cannot be measured, or another runner is at work.
    """
    tell = _Teller(None, 0, 1, on_event)
    body = MeasureCeilings(
        devices=tuple(devices),
        precisions=tuple(precisions),
        seconds_per_kernel=_CEILING_SECONDS[effort],
        storage_folder=None if storage_folder is None else str(storage_folder),
        decoders=decoders,
        last_level_cache_bytes=system.cpu.l3_bytes or system.cpu.l2_bytes,
        available_bytes=_available_bytes(system),
        threads=choose.threads(system, os.environ),
    )
    return _ceilings(body, _CEILINGS_TIMEOUT_S * max(1, len(devices)), tell, lock)


def measure_collectives(
    system: System,
    device: str,
    ranks: int,
    *,
    on_event: OnEvent | None = None,
    lock: Path | None = None,
) -> tuple[Ceiling, ...]:
    """How fast `ranks` processes exchange gradients, each on a device of its own.

    Raises:
        CannotMeasureError: they cannot, or another runner is at work.
    """
    body = MeasureCollectives(
        devices=devices(device, ranks),
        threads=_share(system, ranks),
    )
    return _ceilings(body, _CEILINGS_TIMEOUT_S, _Teller(None, 0, 1, on_event), lock)


def _ceilings(
    body: MeasureCeilings | MeasureCollectives,
    timeout_s: float,
    tell: "_Teller",
    lock: Path | None,
) -> tuple[Ceiling, ...]:
    with exclusive(lock):
        ended = ask(body, timeout_s, tell.progress)
    if not isinstance(ended.result, CeilingsResult):
        failure = ended.why()
        tell.failed(failure, ended.stderr)
        raise CannotMeasureError(
            f"the ceilings could not be measured ({failure.message}); {failure.remedy}"
        )
    return ended.result.ceilings


class _Teller:
    """Turns what happens to one measurement into events."""

    def __init__(
        self, planned: Planned | None, index: int, total: int, on_event: OnEvent | None
    ) -> None:
        self._on_event = on_event or (lambda _event: None)
        self._event = Event(
            name="ceilings" if planned is None else planned.name,
            unit="" if planned is None else planned.unit,
            index=index,
            total=total,
            phase="load",
            planned=planned,
        )

    def progress(self, progress: Progress) -> None:
        self._on_event(replace(self._event, **dict(progress)))

    def failed(self, failure: Failure, detail: tuple[str, ...]) -> None:
        """There is no result, and its worker's last words were these."""
        message = f"{failure.message}; {failure.remedy}"
        self._on_event(replace(self._event, phase="failed", message=message, detail=detail))

    def stored(self, record: Record, stderr: tuple[str, ...]) -> None:
        """The last event of a measurement: what is told here outlives any crash."""
        if record.failure is not None:
            self.failed(record.failure, stderr)
        if (seen := record.measurement) is None:
            return
        doubts = dict.fromkeys(c.code for c in record.caveats if c.severity != "note")
        rate = _rate(seen)
        self._on_event(
            replace(
                self._event,
                phase="done",
                elapsed_s=seen.elapsed_s,
                units_per_s=rate.value,
                ends=None if rate.low is None or rate.high is None else (rate.low, rate.high),
                message=" ".join(
                    [*_met(record), *["INVALID"] * (record.validity == "invalid"), *doubts]
                ),
            )
        )


@dataclass(frozen=True)
class _Made:
    """A record to store, the logs of a driver that wrote some, and what is only shown."""

    record: Record
    logs: Mapping[str, str]
    stderr: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Run:
    """What all records of one run share."""

    system: System
    ceilings: tuple[Ceiling, ...]
    command: tuple[str, ...]
    session: str

    def measure(self, planned: Planned, tell: _Teller) -> _Made:
        """One worker's life."""
        scrub = Scrubber.of_this_machine()
        origin = provenance(
            session=self.session,
            seed=planned.setting.seed,
            command=self.command,
            workload_sha256=planned.sha256,
            setting_sha256=digest(planned.setting),
            scrub=scrub,
        )
        threads = planned.setting.threads or _share(self.system, planned.setting.ranks)
        body = MeasureWorkload(
            file=str(planned.file),
            setting=planned.setting,
            effort=planned.effort,
            budget=planned.budget,
            threads=threads,
            load=chosen(planned.scenario) if planned.driver == "loadgen" else None,
            latency_bound_s=planned.latency_bound_s,
            gate_fraction=planned.gate_fraction,
            target=planned.target,
            runs=planned.runs,
            platform=_platform(self.system),
        )
        timeout_s = planned.budget.timeout_s
        ended = ask(body, timeout_s, tell.progress, planned.setting.environment)
        if isinstance(ended.result, WorkloadResult):
            logs = {name: scrub(text) for name, text in ended.result.logs.items()}
            return _Made(_without_names(self._success(planned, ended.result, origin), scrub), logs)
        if isinstance(ended.result, TrainingResult):
            logs = {name: scrub(text) for name, text in ended.result.logs.items()}
            trained = self._trained(planned, ended.result, origin)
            return _Made(_without_names(trained, scrub), logs)
        failure = _scrubbed(ended.why(), scrub)
        record = _without_names(self._failure(planned, failure, origin, threads), scrub)
        return _Made(record, {}, ended.stderr)

    def _success(self, planned: Planned, result: WorkloadResult, origin: Provenance) -> Record:
        setting = planned.setting
        doubts = (
            *planned.caveats,
            *ceiling_caveats(
                result.measurement,
                result.work,
                self.ceilings,
                device=setting.device,
                precision=setting.precision,
                devices=len(_devices(setting)),
            ),
            *latency_caveats(result.measurement, planned.scenario),
            *result.caveats,
        )
        return self._record(
            planned,
            origin,
            parameters={**setting.parameters, **result.parameters, **_way(setting)},
            system=_as_used(self.system, setting, result.blas),
            work=result.work,
            measurement=result.measurement,
            accuracy=result.accuracy,
            caveats=doubts,
            validity=validity_of(doubts),
        )

    def _trained(self, planned: Planned, result: TrainingResult, origin: Provenance) -> Record:
        """A training to a target: one that missed it is a failure that keeps its accuracies."""
        doubts = (*planned.caveats, *result.caveats)
        return self._record(
            planned,
            origin,
            parameters={**planned.setting.parameters, **result.parameters},
            system=_as_used(self.system, planned.setting, result.blas),
            work=result.work,
            measurement=result.measurement,
            failure=result.failure,
            convergence=result.convergence,
            caveats=doubts,
            validity=validity_of(doubts, failed=result.failure is not None),
        )

    def _failure(
        self, planned: Planned, failure: Failure, origin: Provenance, threads: int
    ) -> Record:
        return self._record(
            planned,
            origin,
            parameters={
                **planned.setting.parameters,
                **_target(planned),
                "threads": threads,
                **_way(planned.setting),
            },
            system=_as_used(self.system, planned.setting),
            work=Work(unit=planned.unit),
            failure=failure,
            caveats=planned.caveats,
            validity="invalid",
        )

    def _record(self, planned: Planned, origin: Provenance, **parts: Any) -> Record:  # noqa: ANN401 - Record checks them
        setting = planned.setting
        return Record(
            workload=planned.name,
            scenario=planned.scenario,
            driver=planned.driver,
            precision=setting.precision,
            batch_size=setting.batch_size * setting.ranks,
            backend=setting.backend,
            devices=_devices(setting),
            effort=planned.effort,
            repeat=planned.repeat,
            tuning=planned.tuning,
            fit=planned.fit,
            ceilings=self.ceilings,
            provenance=origin,
            **parts,
        )


@contextmanager
def _storing(url: str) -> Iterator[None]:
    """A disk that takes no more ends the run: what it measured next could not be kept either."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"a result could not be stored in {url} ({error.strerror or error}); make room there, "
            "then go on with the same command and --resume"
        ) from error


def _devices(setting: Setting) -> tuple[str, ...]:
    """Those used; the processors are one, however many processes share them."""
    return tuple(dict.fromkeys(devices(setting.device, setting.ranks)))


def _share(system: System, ranks: int) -> int:
    """Of the threads, for each of so many processes."""
    return max(1, choose.threads(system, os.environ) // ranks)


def _way(setting: Setting) -> dict[str, Scalar]:
    """How processes shared the work; nothing of one alone."""
    if setting.ranks == 1:
        return {}
    return {"processes": setting.ranks, "parallel": setting.parallel}


def ask(
    body: MeasureWorkload | MeasureCeilings | MeasureCollectives | TryBatch,
    timeout_s: float,
    on_progress: Callable[[Progress], None],
    own: Mapping[str, str] = MappingProxyType({}),
) -> Ended:
    """A worker whose libraries all start with the same number of threads.

    A workload runs in the user's own environment and what it asks for in its `own`. A ceiling is
    what the machine could do, so what holds a library back from its fastest kernel is taken away;
    the record of a workload names it. What an earlier process compiled is out of its reach: it
    would make a cold start look warm. Its temporary files go where they are swept.
    """
    freed = dict.fromkeys(_HOLDING_BACK) if isinstance(body, MeasureCeilings) else {}
    with atomic.scratch() as folder:
        set_here = {
            "OMP_NUM_THREADS": str(body.threads),
            "TORCHINDUCTOR_CACHE_DIR": str(folder),
            "TMPDIR": str(folder),
        }
        return run_worker(
            Request(body=body),
            timeout_s=timeout_s,
            on_progress=on_progress,
            environment={**freed, **set_here, **own},
        )


def _target(planned: Planned) -> dict[str, float]:
    return {} if planned.target is None else {TARGET: planned.target}


def _met(record: Record) -> list[str]:
    found = record.convergence
    if found is None or found.reached_s is None:
        return []
    return [f"{units.accuracy(found.target)} after {units.duration(found.reached_s)}"]


def _platform(system: System) -> str:
    """What ran, without whose or where it is."""
    return system.accelerators[0].name if system.accelerators else system.cpu.model


def _rate(seen: Measurement) -> Estimate:
    """Units per second of one process, with the same interval its figures will have."""
    if seen.rate_search is not None:
        return Estimate(value=seen.units_completed / seen.elapsed_s, basis="measured")
    mean, ends = fmean(seen.step_s), mean_step_interval(seen)
    low, high = ends or (None, None)
    step_s = Estimate(value=mean, low=low, high=high, basis="measured")
    return step_s.inverted(mean).scaled(seen.units_completed / seen.elapsed_s)


def _available_bytes(system: System) -> int | None:
    """What the container leaves us, where that is less than what the machine has."""
    known = (system.memory.available_bytes, system.memory.limit_bytes)
    return min((size for size in known if size is not None), default=None)


def _as_used(system: System, setting: Setting, blas: tuple[Blas, ...] = ()) -> System:
    """With the libraries that did the work, loaded in the worker alone, and its own variables."""
    software = system.software
    own = environment.read(setting.environment)
    used = {"blas": blas or software.blas, "environment": {**software.environment, **own}}
    return system.model_copy(update={"software": software.model_copy(update=used)})


def _without_names(record: Record, scrub: Scrubber) -> Record:
    """No words of a workload or a library name a person or a machine."""
    doubts = (one.model_copy(update={"message": scrub(one.message)}) for one in record.caveats)
    values = record.parameters.items()
    told = {name: scrub(value) if isinstance(value, str) else value for name, value in values}
    return record.model_copy(update={"caveats": tuple(doubts), "parameters": told})


def _scrubbed(failure: Failure, scrub: Scrubber) -> Failure:
    return failure.model_copy(update={"message": scrub(failure.message)})


def _stored(store: Store, session: str | None) -> dict[Identity, Record]:
    """What an interrupted session finished."""
    if session is None:
        return {}
    records = store.read().records
    return {identity_of(each): each for each in records if each.provenance.session == session}
