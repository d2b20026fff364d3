"""The commands: parse, call, print. Heavy modules are imported by the command that needs them."""

import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchbench import __version__
from benchbench.commands import catalogue, deciding, settings, shell, stored, transferring
from benchbench.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from benchbench.measure.turns import Side
    from benchbench.record import Effort
    from benchbench.run import Outcome

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="What your hardware really delivers on machine-learning work, and what that costs.",
    epilog="New here? benchbench quickstart",
)
transferring.add_to(stored.app)
app.add_typer(stored.app, name="results")
app.add_typer(catalogue.app, name="catalog")


class Schema(StrEnum):
    """The documents whose JSON Schema can be printed."""

    DOCTOR = "doctor"
    WORKLOADS = "workloads"
    RECORD = "record"
    RESULTS = "results"
    RECOMMEND = "recommend"
    GOAL = "goal"
    COMPARE = "compare"
    VERIFY = "verify"
    TCO = "tco"
    SCENARIO = "scenario"
    CATALOG = "catalog"
    BILL = "bill"
    IMPORT = "import"
    AGREEMENT = "agreement"
    MATCH = "match"
    CONFIG = "config"


Workloads = Annotated[
    list[str] | None,
    typer.Argument(help="Names, or your own .py files; default: those of quickstart."),
]
Quick = Annotated[bool, typer.Option("--quick", help="Indicative: one process, to ±2 %.")]
Standard = Annotated[bool, typer.Option("--standard", help="Three processes, to ±1 % (default).")]
Full = Annotated[bool, typer.Option("--full", help="Five processes, to ±0.5 %.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda or cuda:1; default: a GPU if any.")]
Dtype = Annotated[str | None, typer.Option(help="Default: the fastest native one.")]
Batch = Annotated[
    str | None, typer.Option(help="Units per step and device, or auto: the largest that fits.")
]
Devices = Annotated[int, typer.Option(min=1, help="So many share each step, by torchrun.")]
Parallel = Annotated[str, typer.Option(help="How several devices train: ddp or fsdp.")]
Data = Annotated[Path | None, typer.Option(help="Real data; default: synthetic.")]
Weights = Annotated[Path | None, typer.Option(help="A folder of weights; default: random.")]
Parameter = Annotated[
    list[str] | None,
    typer.Option("--set", help="NAME=VALUE of the workload, as image_size=160; repeatable."),
]
Out = Annotated[
    str, typer.Option("--out", envvar="BENCHBENCH_RESULTS", help="Where to store results.")
]
Backend = Annotated[
    str | None,
    typer.Option(help="How the model is executed; default: torch-eager, or what --tune finds."),
]
LoadScenario = Annotated[
    str | None,
    typer.Option(
        "--scenario",
        help="Inference asked for by MLCommons' LoadGen: offline, single_stream, multi_stream "
        "or server.",
    ),
]
LatencyBound = Annotated[
    float | None,
    typer.Option(min=0.001, help="Milliseconds, at p99 of --scenario server; default: its rules'."),
]
Examine = Annotated[
    bool, typer.Option("--accuracy", help="How right the answers to all of --data are, not speed.")
]
AccuracyGate = Annotated[
    float,
    typer.Option(min=1, max=100, help="With --accuracy: percent of the reference's to be reached."),
]
Tune = Annotated[
    bool, typer.Option("--tune", help="Search for the fastest configuration, then measure it.")
]
Minutes = Annotated[
    float, typer.Option("--budget-minutes", min=0.1, help="Of --tune's search, per workload.")
]
ToTarget = Annotated[
    float | None,
    typer.Option(help="Train until so good, e.g. 0.759, and time that: the time to train."),
]
Runs = Annotated[
    int | None,
    typer.Option(min=1, help="Processes per setting; default: 1 quick, 3 standard, 5 full."),
]
Seed = Annotated[int, typer.Option(help="Of data and weights.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run.")]
Ceilings = Annotated[
    bool, typer.Option("--ceilings/--no-ceilings", help="Measure the machine's limits first.")
]


def main() -> None:
    """The entry point."""
    shell.spell_out(sys.stdout, sys.stderr)
    if odd := [word for word in sys.argv if not _is_text(word)]:
        shell.say(f"error: {odd[0]!r} is no UTF-8 text; rename the file, or write it otherwise")
        sys.exit(ExitCode.USAGE)
    app()


def _is_text(word: str) -> bool:
    """Python hands over bytes that are no UTF-8 as surrogates, which no document can hold."""
    return not any("\ud800" <= mark <= "\udfff" for mark in word)


@app.command()
@shell.guarded
def doctor(
    *,
    ceilings: Annotated[
        bool, typer.Option("--ceilings", help="Also measure what it could do (some minutes).")
    ] = False,
    storage: Annotated[
        Path, typer.Option(help="With --ceilings: the folder whose disk is measured.")
    ] = Path(),
    instance_type: shell.InstanceType = None,
    cloud_metadata: shell.CloudMetadata = False,
    json: shell.Json = False,
) -> None:
    """What is this machine, what can be measured here, and what to mend first."""
    from benchbench import session, terminal
    from benchbench.system import facts, probe
    from benchbench.system.doctor import examine

    system = probe(instance_type=instance_type, ask_cloud=cloud_metadata)
    known = facts.read()
    with shell.progress() as progress:
        limits = (
            session.limits(system, effort="quick", on_event=progress, storage_folder=storage)
            if ceilings
            else ()
        )
    report = examine(system, known, limits)
    shell.answer(report, terminal.doctor, json=json)
    following = "benchbench run --quick" if ceilings else "benchbench doctor --ceilings"
    shell.suggest(following, json=json)


@app.command()
@shell.guarded
def workloads(
    name: Annotated[str | None, typer.Argument(help="One, in full: a name or a .py file.")] = None,
    *,
    json: shell.Json = False,
) -> None:
    """What can be run: what it stresses, costs by counting and needs, and what holds it."""
    from benchbench import catalog, listing, terminal
    from benchbench.system import probe
    from benchbench.workload.file import builtin, find

    files = builtin() if name is None else [find(name)]
    listed = listing.workloads(files, probe(), catalog.load())
    shown = terminal.workloads if name is None else lambda _: terminal.workload(listed.workloads[0])
    shell.answer(listed, shown, json=json)
    shell.suggest(f"benchbench run {name or 'resnet50-train'} --quick", json=json)


@app.command()
@shell.guarded
def run(
    context: typer.Context,
    workload: Workloads = None,
    *,
    quick: Quick = False,
    standard: Standard = False,
    full: Full = False,
    device: Device = None,
    dtype: Dtype = None,
    batch: Batch = None,
    devices: Devices = 1,
    parallel: Parallel = "ddp",
    backend: Backend = None,
    scenario: LoadScenario = None,
    latency_bound: LatencyBound = None,
    accuracy: Examine = False,
    accuracy_gate: AccuracyGate = 99.0,
    tune: Tune = False,
    budget_minutes: Minutes = 10.0,
    to_target: ToTarget = None,
    runs: Runs = None,
    data: Data = None,
    weights: Weights = None,
    parameter: Parameter = None,
    out: Out = shell.RESULTS,
    seed: Seed = 0,
    resume: Resume = False,
    ceilings: Ceilings = True,
    instance_type: shell.InstanceType = None,
    cloud_metadata: shell.CloudMetadata = False,
    json: shell.Json = False,
) -> None:
    """Measure workloads on this machine, one process each, and store what was seen."""
    from benchbench import fitting, session, tuning
    from benchbench import run as runner
    from benchbench import workload as contract
    from benchbench.measure import loadgen
    from benchbench.store import Store
    from benchbench.system import probe
    from benchbench.workload.file import FIRST_LOOK, find

    if tune and (scenario is not None or accuracy):
        raise UsageError(
            "--tune searches by throughput, without --scenario or --accuracy: leave one of them out"
        )
    if to_target is not None and (tune or accuracy or scenario is not None):
        raise UsageError("--to-target trains: leave --tune, --scenario and --accuracy out")
    size = fitting.asked(batch)
    if size == fitting.AUTO and (tune or scenario is not None):
        raise UsageError("--tune and --scenario choose the batch themselves: leave --batch out")
    if devices > 1 and (tune or accuracy or to_target is not None):
        raise UsageError(
            "--tune, --accuracy and --to-target work on one device: leave --devices out"
        )
    system = probe(instance_type=instance_type, ask_cloud=cloud_metadata)
    files = [find(name) for name in workload or FIRST_LOOK]
    plan = runner.plan(
        files,
        system=system,
        effort=_effort(quick=quick, standard=standard, full=full),
        device=device,
        precision=contract.precision(dtype),
        batch_size=size if isinstance(size, int) else None,
        backend=backend or contract.EAGER,
        ranks=devices,
        parallel=contract.way(parallel),
        scenario=loadgen.chosen(scenario),
        latency_bound_s=None if latency_bound is None else latency_bound / 1000,
        gate_fraction=round(accuracy_gate / 100, 6) if accuracy else None,
        data=data,
        weights=weights,
        seed=seed,
        parameters=contract.parsed(parameter or ()),
        repeats=1 if tune else runs,
    )
    if to_target is not None:
        plan = runner.to_target(plan, to_target)
    fixed = tuning.Fixed(
        precision=dtype is not None, batch_size=batch is not None, backend=backend is not None
    )
    search = partial(tuning.tune, fixed=fixed, minutes=budget_minutes)
    with shell.progress() as progress:
        if not tune:
            plan = fitting.fitted(plan, size, system=system, on_event=progress)
        outcome = (search if tune else session.measure)(
            plan,
            store=Store(out),
            system=system,
            command=shell.command_line(context),
            on_event=progress,
            with_ceilings=ceilings,
            resume=resume,
        )
    _show_outcome(outcome, out, json=json)


@app.command()
@shell.guarded
def compare(
    context: typer.Context,
    a: Annotated[str, typer.Argument(help="WORKLOAD:batch=1, ./mine.py, a result or a folder.")],
    b: Annotated[str, typer.Argument(help="The same; the answer is B against A.")],
    *,
    quick: Quick = False,
    standard: Standard = False,
    full: Full = False,
    pairs: Annotated[
        int | None, typer.Option(min=2, help="Processes of each side; default: 5.")
    ] = None,
    gate: Annotated[bool, typer.Option("--gate", help="Exit with 1 when B is slower.")] = False,
    results: shell.Results = shell.RESULTS,
    form: shell.Form = shell.Format.TABLE,
    json: shell.Json = False,
) -> None:
    """Is B faster than A? Workloads are measured in turns; stored results are read."""
    from benchbench import sheets, terminal, versus
    from benchbench.measure import turns

    asked = shell.chosen(form, json=json)
    sides = turns.side(a), turns.side(b)
    if sides[0] is not None and sides[1] is not None:
        effort = _effort(quick=quick, standard=standard, full=full)
        command = shell.command_line(context)
        names = _measured_in_turns(sides[0], sides[1], effort, pairs, results, command)
        answer = versus.of_names(results, *names, labels=(Path(a).name, Path(b).name))
    elif sides != (None, None):
        raise UsageError("name two workloads to measure, or two stored results; not one of each")
    else:
        answer = versus.of_stored(a, b, results)
    workload = answer.comparisons[0].workload
    shell.present(
        answer,
        asked,
        table=terminal.comparisons,
        sheet=partial(sheets.comparisons, gated=gate),
        after=(f"benchbench recommend --workload {workload}{shell.stored_in(results)}",),
    )
    verdicts = {one.verdict for one in answer.comparisons}
    if verdicts == {"not_comparable"}:
        raise typer.Exit(ExitCode.INVALID)
    if gate and "slower" in verdicts:
        raise typer.Exit(ExitCode.GATE_FAILED)


app.command()(deciding.recommend)
app.command()(deciding.tco)
app.command()(deciding.report)


@app.command()
@shell.guarded
def quickstart(
    context: typer.Context,
    *,
    out: Annotated[str, typer.Option("--out", help="Where results and report go.")] = shell.RESULTS,
    instance_type: shell.InstanceType = None,
    cloud_metadata: shell.CloudMetadata = False,
) -> None:
    """The whole way in about five minutes: measure, recommend, compare with owning, report."""
    from benchbench import quickstart as first_look

    with shell.progress() as progress:
        answer = first_look.run(
            _folder(out),
            instance_type=instance_type,
            ask_cloud=cloud_metadata,
            on_event=progress,
            say=shell.say,
            today=shell.today(),
            command=shell.command_line(context),
        )
    for sentence in answer.sentences:
        shell.show(sentence)
    shell.show_plain(f"Report: {answer.report}")
    if answer.failures:
        shell.say("not all of it can be relied on; benchbench results show WORKLOAD says why")
    shell.suggest(f"benchbench results list{shell.stored_in(out)}")
    if answer.failures:
        raise typer.Exit(ExitCode.PARTIAL)


@app.command()
@shell.guarded
def schema(
    document: Annotated[Schema, typer.Argument(help="Which document.")],
) -> None:
    """Print a document's JSON Schema, for editors and programs."""
    import json

    from benchbench import schemas

    if document is Schema.CONFIG:
        described = settings.schema(settings.commands(app))
    else:
        described = schemas.of(document.value)
    shell.show_plain(json.dumps(described, indent=2))


@app.callback(invoke_without_command=True)
@shell.guarded
def _root(
    context: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"benchbench {__version__}")
        raise typer.Exit
    found = settings.sources(Path.cwd())
    if found:
        settled = settings.settle(found, settings.commands(app))
        context.obj, context.default_map = settled, settings.defaults(settled)


def _measured_in_turns(
    a: "Side",
    b: "Side",
    effort: "Effort",
    pairs: int | None,
    out: str,
    command: tuple[str, ...],
) -> tuple[list[str], list[str]]:
    """The documents of the two sides, measured one after the other in turns."""
    from benchbench import run as runner
    from benchbench import session
    from benchbench.measure import turns
    from benchbench.store import Store
    from benchbench.system import probe

    system, count = probe(), turns.PAIRS[effort] if pairs is None else pairs
    plans = [
        runner.plan([one.file], system=system, effort=effort, repeats=count, **one.options)
        for one in (a, b)
    ]
    order = turns.in_turns(*plans)
    with shell.progress() as progress:
        outcome = session.measure(
            order,
            store=Store(out),
            system=system,
            command=command,
            on_event=progress,
            with_ceilings=False,
        )
    first = {id(planned) for planned in plans[0]}
    named = list(zip(order, outcome.names, strict=True))
    return (
        [name for planned, name in named if id(planned) in first],
        [name for planned, name in named if id(planned) not in first],
    )


def _folder(url: str) -> Path:
    """A report lies beside these results: on a local disk. Raises UsageError."""
    if "://" in url:
        raise UsageError(f"{url} is no folder; quickstart writes a report there: give a local one")
    return Path(url)


def _show_outcome(outcome: "Outcome", out: str, *, json: bool) -> None:
    """The figures of what was just measured; the exit code says whether all of it held."""
    from benchbench import decide, terminal

    listed = decide.results(out, session=outcome.session)
    shell.answer(listed, terminal.outcome, json=json)
    shell.suggest(*shell.after(listed, out), json=json)
    measured = [record for record in outcome.records if not record.is_trial]
    invalid = [one for one in measured if one.validity == "invalid" and not one.gate_failed]
    if not invalid:
        if any(record.gate_failed for record in measured):
            raise typer.Exit(ExitCode.GATE_FAILED)
        return
    failed_all = len(invalid) == len(measured)
    raise typer.Exit(ExitCode.INVALID if failed_all else ExitCode.PARTIAL)


def _effort(*, quick: bool, standard: bool, full: bool) -> "Effort":
    if quick + standard + full > 1:
        raise UsageError("--quick, --standard and --full exclude one another; give one")
    return "quick" if quick else "full" if full else "standard"
