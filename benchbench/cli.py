"""The commands: parse, call, print. Heavy modules are imported by the command that needs them."""

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec, TypeVar

import typer

from benchbench import __version__, cli_transfer, printable
from benchbench.errors import BenchbenchError, ExitCode, UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import RenderableType

    from benchbench.evaluate import ResultList
    from benchbench.measure.turns import Side
    from benchbench.progress import Progress
    from benchbench.recommend import Recommendation
    from benchbench.record import Effort
    from benchbench.run import Outcome

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound="BaseModel")

_SIGNAL_INTERRUPT = 130
_SIGNAL_PIPE = 141

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="What your hardware really delivers on machine-learning work, and what that costs.",
    epilog="New here? benchbench quickstart",
)
results_app = typer.Typer(no_args_is_help=True, help="Look at stored results.")
catalog_app = typer.Typer(no_args_is_help=True, help="Look at instance prices.")
app.add_typer(results_app, name="results")
app.add_typer(catalog_app, name="catalog")


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


class Emit(StrEnum):
    """The tools that read one's own prices."""

    OPENCOST = "opencost"
    SKYPILOT = "skypilot"


Json = Annotated[bool, typer.Option("--json", help="One JSON document instead of tables.")]
Results = Annotated[
    str,
    typer.Option("--results", envvar="BENCHBENCH_RESULTS", help="Where results are stored."),
]
InstanceType = Annotated[
    str | None,
    typer.Option(help="What this machine is rented as, e.g. aws:g5.xlarge or g5.xlarge."),
]
CloudMetadata = Annotated[
    bool,
    typer.Option("--cloud-metadata", help="Ask the cloud's metadata service what this is."),
]
Workloads = Annotated[
    list[str] | None, typer.Argument(help="Names, or your own .py files; default: all.")
]
Quick = Annotated[bool, typer.Option("--quick", help="Indicative: one process, to ±2 %.")]
Standard = Annotated[bool, typer.Option("--standard", help="Three processes, to ±1 % (default).")]
Full = Annotated[bool, typer.Option("--full", help="Five processes, to ±0.5 %.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda or cuda:1; default: a GPU if any.")]
Dtype = Annotated[str | None, typer.Option(help="Default: the fastest native one.")]
Batch = Annotated[int | None, typer.Option(min=1, help="Units per step.")]
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
        help="Inference asked for by MLCommons' LoadGen: offline, single_stream or multi_stream.",
    ),
]
Tune = Annotated[
    bool, typer.Option("--tune", help="Search for the fastest configuration, then measure it.")
]
Minutes = Annotated[
    float, typer.Option("--budget-minutes", min=0.1, help="Of --tune's search, per workload.")
]
Seed = Annotated[int, typer.Option(help="Of data and weights.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run.")]
Ceilings = Annotated[
    bool, typer.Option("--ceilings/--no-ceilings", help="Measure the machine's limits first.")
]
GoalWorkload = Annotated[str | None, typer.Option("--workload", help="A measured workload.")]
GoalFile = Annotated[Path | None, typer.Option(help="A goal in TOML; flags go before it.")]
Rate = Annotated[float | None, typer.Option(help="Units per second to sustain.")]
Units = Annotated[float | None, typer.Option(help="Units to finish in all.")]
Deadline = Annotated[float | None, typer.Option(help="Hours to finish them in.")]
Latency = Annotated[float | None, typer.Option(help="At most so many milliseconds …")]
Percentile = Annotated[float | None, typer.Option(help="… at p90, 95, 99 (default) or 99.9.")]
Budget = Annotated[float | None, typer.Option(help="US dollars for the units.")]
HourlyBudget = Annotated[float | None, typer.Option(help="US dollars per hour.")]
MaxInstances = Annotated[
    int | None, typer.Option(min=1, help="At most so many; default: 64, or 1 for training.")
]
Quotas = Annotated[
    list[str] | None, typer.Option("--quota", help="INSTANCE=COUNT one may rent; repeatable.")
]
Providers = Annotated[list[str] | None, typer.Option("--provider", help="Only these; repeatable.")]
Regions = Annotated[
    list[str] | None, typer.Option("--region", help="Prefixes, e.g. eu-; repeatable.")
]
Prices = Annotated[
    list[str] | None,
    typer.Option("--price", help="on_demand (default), spot, reserved_1y …; repeatable."),
]
PriceConfidence = Annotated[
    str | None, typer.Option(help="Of prices: low, medium (default) or high at least.")
]
Egress = Annotated[
    str | None, typer.Option(help="To the internet, for the job or per month, e.g. 15TB.")
]
Stored = Annotated[str | None, typer.Option(help="Kept with the provider, e.g. 2TB.")]
More = Annotated[
    list[str] | None,
    typer.Option("--set", help="FIELD=VALUE of the goal, as spare_replicas=1; repeatable."),
]
WhyNot = Annotated[str | None, typer.Option(help="Why this instance is not among the best.")]
Rejected = Annotated[
    int | None, typer.Option(min=0, help="In JSON list so many per reason; default: all.")
]
Imported = Annotated[
    bool,
    typer.Option("--imported", envvar="BENCHBENCH_IMPORTED", help="Also what was imported."),
]
Files = Annotated[list[Path] | None, typer.Option(help="Your own offers; repeatable.")]
_RESULTS = "results"


def main() -> None:
    """The entry point."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    if odd := [word for word in sys.argv if not _is_text(word)]:
        _say(f"error: {odd[0]!r} is no UTF-8 text; rename the file, or write it otherwise")
        sys.exit(ExitCode.USAGE)
    app()


def _is_text(word: str) -> bool:
    """Python hands over bytes that are no UTF-8 as surrogates, which no document can hold."""
    return not any("\ud800" <= mark <= "\udfff" for mark in word)


def _guarded(command: Callable[P, R]) -> Callable[P, R]:
    """User errors become one sentence and an exit code; an interrupt and a closed pipe too."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except BenchbenchError as error:
            _say(f"error: {error}")
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as interrupt:
            typer.echo("interrupted; what was finished is stored", err=True)
            raise typer.Exit(_SIGNAL_INTERRUPT) from interrupt
        except BrokenPipeError as closed:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(_SIGNAL_PIPE) from closed
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            _say(f"error: {where}{error.strerror or error}; choose another path")
            raise typer.Exit(ExitCode.USAGE) from error

    return guarded


@app.command()
@_guarded
def doctor(
    *,
    ceilings: Annotated[
        bool, typer.Option("--ceilings", help="Also measure what it could do (some minutes).")
    ] = False,
    storage: Annotated[
        Path, typer.Option(help="With --ceilings: the folder whose disk is measured.")
    ] = Path(),
    instance_type: InstanceType = None,
    cloud_metadata: CloudMetadata = False,
    json: Json = False,
) -> None:
    """What is this machine, what can be measured here, and what to mend first."""
    from benchbench import session, terminal
    from benchbench.system import facts, probe
    from benchbench.system.doctor import examine

    system = probe(instance_type=instance_type, ask_cloud=cloud_metadata)
    known = facts.read()
    with _progress() as progress:
        limits = (
            session.limits(system, effort="quick", on_event=progress, storage_folder=storage)
            if ceilings
            else ()
        )
    report = examine(system, known, limits)
    _answer(report, terminal.doctor, json=json)
    _next("benchbench run --quick" if ceilings else "benchbench doctor --ceilings", json=json)


@app.command()
@_guarded
def workloads(*, json: Json = False) -> None:
    """What can be run, and what one unit of it costs by counting."""
    from benchbench import terminal, workload

    _answer(workload.list_builtin(), terminal.workloads, json=json)
    _next("benchbench run resnet50-train --quick", json=json)


@app.command()
@_guarded
def run(
    workload: Workloads = None,
    *,
    quick: Quick = False,
    standard: Standard = False,
    full: Full = False,
    device: Device = None,
    dtype: Dtype = None,
    batch: Batch = None,
    backend: Backend = None,
    scenario: LoadScenario = None,
    tune: Tune = False,
    budget_minutes: Minutes = 10.0,
    data: Data = None,
    weights: Weights = None,
    parameter: Parameter = None,
    out: Out = _RESULTS,
    seed: Seed = 0,
    resume: Resume = False,
    ceilings: Ceilings = True,
    instance_type: InstanceType = None,
    cloud_metadata: CloudMetadata = False,
    json: Json = False,
) -> None:
    """Measure workloads on this machine, one process each, and store what was seen."""
    from benchbench import run as runner
    from benchbench import session, tuning
    from benchbench import workload as contract
    from benchbench.measure import loadgen
    from benchbench.store import Store
    from benchbench.system import probe

    if tune and scenario is not None:
        raise UsageError("--tune searches by throughput, without --scenario: leave one of them out")
    system = probe(instance_type=instance_type, ask_cloud=cloud_metadata)
    files = [contract.find(name) for name in workload] if workload else contract.builtin()
    plan = runner.plan(
        files,
        system=system,
        effort=_effort(quick=quick, standard=standard, full=full),
        device=device,
        precision=contract.precision(dtype),
        batch_size=batch,
        backend=backend or contract.EAGER,
        scenario=loadgen.chosen(scenario),
        data=data,
        weights=weights,
        seed=seed,
        parameters=contract.parsed(parameter or ()),
        repeats=1 if tune else None,
    )
    fixed = tuning.Fixed(
        precision=dtype is not None, batch_size=batch is not None, backend=backend is not None
    )
    search = partial(tuning.tune, fixed=fixed, minutes=budget_minutes)
    with _progress() as progress:
        outcome = (search if tune else session.measure)(
            plan,
            store=Store(out),
            system=system,
            command=_command(),
            on_event=progress,
            with_ceilings=ceilings,
            resume=resume,
        )
    _show_outcome(outcome, out, json=json)


@app.command()
@_guarded
def compare(
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
    results: Results = _RESULTS,
    json: Json = False,
) -> None:
    """Is B faster than A? Workloads are measured in turns; stored results are read."""
    from benchbench import terminal, versus
    from benchbench.measure import turns

    sides = turns.side(a), turns.side(b)
    if sides[0] is not None and sides[1] is not None:
        effort = _effort(quick=quick, standard=standard, full=full)
        names = _measured_in_turns(sides[0], sides[1], effort, pairs, results)
        answer = versus.of_names(results, *names, labels=(Path(a).name, Path(b).name))
    elif sides != (None, None):
        raise UsageError("name two workloads to measure, or two stored results; not one of each")
    else:
        answer = versus.of_stored(a, b, results)
    _answer(answer, terminal.comparisons, json=json)
    verdicts = {one.verdict for one in answer.comparisons}
    if verdicts == {"not_comparable"}:
        raise typer.Exit(ExitCode.INVALID)
    if gate and "slower" in verdicts:
        raise typer.Exit(ExitCode.GATE_FAILED)


@results_app.command("list")
@_guarded
def results_list(*, results: Results = _RESULTS, json: Json = False) -> None:
    """One line per configuration measured."""
    from benchbench import decide, terminal

    listed = decide.results(results)
    if not (listed.results or listed.unreadable):
        raise UsageError(f"no results in {results}; measure first: benchbench run --quick")
    _answer(listed, terminal.results, json=json)
    _next_after(listed, results, json=json)


@results_app.command("show")
@_guarded
def results_show(
    name: Annotated[str, typer.Argument(help="A workload, or part of a document's name.")],
    *,
    results: Results = _RESULTS,
    json: Json = False,
) -> None:
    """One configuration in full: figures, doubts, and why it is not faster."""
    from benchbench import decide, terminal
    from benchbench.evaluate import ResultList

    listed = decide.results(results).results
    found = [r for r in listed if r.figures.workload == name or any(name in n for n in r.names)]
    if not (name and found):
        raise UsageError(f"no result named {name!r} in {results}; see: benchbench results list")
    if json:
        _answer(ResultList(results=tuple(found)), terminal.results, json=True)
        return
    for one in found:
        _print(terminal.result(one))


@results_app.command("verify")
@_guarded
def results_verify(
    report: Annotated[
        str | None,
        typer.Argument(help="A report.html, or a folder of results; default: --results."),
    ] = None,
    *,
    results: Results = _RESULTS,
    json: Json = False,
) -> None:
    """Recompute every claim from the samples behind it: in stored results, or in a report."""
    from benchbench import terminal, verify

    answer = verify.anything(results if report is None else report)
    _answer(answer, terminal.verification, json=json)
    if answer.findings:
        raise typer.Exit(ExitCode.GATE_FAILED)


@app.command()
@_guarded
def recommend(
    workload: GoalWorkload = None,
    *,
    goal: GoalFile = None,
    rate: Rate = None,
    units: Units = None,
    deadline: Deadline = None,
    latency: Latency = None,
    percentile: Percentile = None,
    budget: Budget = None,
    budget_per_hour: HourlyBudget = None,
    max_instances: MaxInstances = None,
    quota: Quotas = None,
    provider: Providers = None,
    region: Regions = None,
    price: Prices = None,
    confidence: PriceConfidence = None,
    egress: Egress = None,
    stored: Stored = None,
    more: More = None,
    file: Files = None,
    imported: Imported = False,
    results: Results = _RESULTS,
    most: Annotated[int, typer.Option(min=1, help="How many to show.")] = 10,
    why_not: WhyNot = None,
    rejected: Rejected = None,
    json: Json = False,
) -> None:
    """Which instances do this work for the least money, and why the others do not."""
    from benchbench import decide

    flags = {
        "workload": workload,
        "rate_per_s": rate,
        "units": units,
        "deadline_s": None if deadline is None else deadline * 3600,
        "latency_s": None if latency is None else latency / 1000,
        "latency_percent": percentile,
        "budget_usd": budget,
        "budget_usd_per_hour": budget_per_hour,
        "max_replicas": max_instances,
        "quotas": decide.quotas(quota or ()),
        "providers": tuple(provider or ()),
        "regions": tuple(region or ()),
        "price_kinds": tuple(price or ()),
        "confidence": confidence,
        "egress_bytes": egress,
        "stored_bytes": stored,
        **decide.fields(more or ()),
    }
    known = decide.records(results)
    answer = decide.recommendation(
        known,
        decide.goal(known, flags, goal),
        _today(),
        listed=rejected if json or why_not else 0,
        offers=decide.offers(file or (), imported=imported),
    )
    _show_recommendation(answer, most, why_not, json=json)


@app.command()
@_guarded
def tco(
    scenario: Annotated[
        Path | None, typer.Argument(help="A scenario in TOML; default: the built-in one.")
    ] = None,
    *,
    explain: Annotated[
        bool, typer.Option("--explain", help="Every input: value, range, source and date.")
    ] = False,
    emit: Annotated[
        Emit | None, typer.Option("--emit", help="Your own machine's price as CSV for a tool.")
    ] = None,
    results: Results = _RESULTS,
    json: Json = False,
) -> None:
    """Rent, own, or both: what the work costs over time, and where owning begins to win."""
    from benchbench import decide, terminal

    answer = decide.costs(scenario, decide.records_if_any(results), _today())
    if emit is not None:
        from benchbench.tco import emit as emitter

        _print_plain(emitter.write(answer, emit.value, _today()).rstrip())
        return
    _answer(answer, terminal.tco_inputs if explain else terminal.tco, json=json)
    _next("benchbench report", json=json)


@app.command()
@_guarded
def report(
    *,
    results: Results = _RESULTS,
    scenario: Annotated[Path | None, typer.Option("--tco", help="A cost scenario in TOML.")] = None,
    out: Annotated[Path, typer.Option("--out", help="The HTML file to write.")] = Path(
        "report.html"
    ),
    day: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="Judge prices as of that day."),
    ] = None,
) -> None:
    """One HTML file with everything: measured, recommended, costed. No network, ever."""
    from benchbench import decide

    today = _today() if day is None else day.date()
    read = decide.records if scenario is None else decide.records_if_any
    page = decide.page(read(results), scenario=scenario, today=today)
    out.write_text(page.html, encoding="utf-8")
    _print(f"Report: {out}")


@app.command()
@_guarded
def quickstart(
    *,
    out: Annotated[str, typer.Option("--out", help="Where results and report go.")] = _RESULTS,
    instance_type: InstanceType = None,
    cloud_metadata: CloudMetadata = False,
) -> None:
    """The whole way in about five minutes: measure, recommend, compare with owning, report."""
    from benchbench import quickstart as first_look

    with _progress() as progress:
        answer = first_look.run(
            _folder(out),
            instance_type=instance_type,
            ask_cloud=cloud_metadata,
            on_event=progress,
            say=_say,
            today=_today(),
            command=_command(),
        )
    for sentence in answer.sentences:
        _print(sentence)
    _print(f"Report: {answer.report}")
    if answer.failures:
        raise typer.Exit(ExitCode.PARTIAL)


@catalog_app.command("show")
@_guarded
def catalog_show(
    *,
    gpu: Annotated[list[str] | None, typer.Option(help="H100, A100-SXM4-80GB …")] = None,
    provider: Annotated[list[str] | None, typer.Option(help="aws, gcp, azure, lambda …")] = None,
    region: Annotated[list[str] | None, typer.Option(help="eu, us, ap, or a prefix: us-e.")] = None,
    price: Annotated[list[str] | None, typer.Option(help="on_demand, spot, reserved_1y …")] = None,
    spot: Annotated[bool, typer.Option("--spot", help="The same as --price spot.")] = False,
    instance: Annotated[str | None, typer.Option(help="A name, in any case.")] = None,
    min_memory: Annotated[
        str | None, typer.Option(help="All accelerators' together, or main memory: 80GB.")
    ] = None,
    max_price: Annotated[float | None, typer.Option(help="US dollars per hour.")] = None,
    imported: Imported = False,
    file: Files = None,
    most: Annotated[int, typer.Option(min=1, help="How many to show.")] = 40,
    json: Json = False,
) -> None:
    """Offers: instance, silicon, price, source and date; every filter narrows."""
    from benchbench import terminal
    from benchbench.catalog import search, shelf

    wanted = search.wanted(
        gpus=tuple(gpu or ()),
        providers=tuple(provider or ()),
        regions=tuple(region or ()),
        price_kinds=(*(price or ()), *(("spot",) if spot else ())),
        instance=instance,
        min_memory_bytes=None if min_memory is None else search.memory(min_memory),
        max_usd_per_hour=max_price,
    )
    loaded = shelf.load(file or (), imported=imported)
    listed = search.listed(search.find(loaded, wanted), None if json else most)
    _answer(listed, lambda one: terminal.offers(one, _today()), json=json)


@catalog_app.command("check")
@_guarded
def catalog_check(
    *,
    imported: Imported = False,
    file: Files = None,
) -> None:
    """Lint the offers and the silicon tables: units, ages, impossible prices."""
    from benchbench import terminal
    from benchbench.catalog import check, shelf, silicon

    loaded = shelf.load(file or (), imported=imported)
    findings = check.lint(loaded, silicon.load(), _today())
    _print(terminal.findings(findings, len(loaded)))
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(ExitCode.GATE_FAILED)


@catalog_app.command("import")
@_guarded
def catalog_import(
    kind: Annotated[str, typer.Argument(help="skypilot, karpenter, azure-retail …")],
    where: Annotated[str, typer.Argument(metavar="FILE|URL", help="A file, or https://…")],
    *,
    provider: Annotated[
        str | None, typer.Option(help="Whose prices, where the file does not say.")
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day of the prices; default: the file's."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A CSV to write; default: benchbench's cache folder.")
    ] = None,
    json: Json = False,
) -> None:
    """Read a published price table; say what became of every row of it."""
    from benchbench import terminal
    from benchbench.catalog import fetch, importing, shelf

    day = shelf.day_of(where, _today()) if as_of is None else as_of.date()
    imported = shelf.take(kind, where, provider=provider, as_of=day, opener=fetch.over_https)
    if out is None:
        report = shelf.keep(imported, where, provider=provider)
    else:
        importing.to_csv(imported.frame, out)
        report = imported.report.model_copy(update={"stored": str(out)})
    _answer(report, terminal.imported, json=json)
    _next("benchbench catalog show --imported", json=json)
    if not report.offers:
        raise typer.Exit(ExitCode.GATE_FAILED)


@catalog_app.command("refresh")
@_guarded
def catalog_refresh() -> None:
    """Fetch again what was imported from an address."""
    from benchbench import terminal
    from benchbench.catalog import fetch, shelf

    refreshed = shelf.refresh(_today(), fetch.over_https)
    for report in refreshed.reports:
        _print(terminal.imported(report))
    for line in refreshed.left:
        _say(line)
    if not (refreshed.reports or refreshed.left):
        raise UsageError("nothing was imported yet; see: benchbench catalog import --help")


@catalog_app.command("compare")
@_guarded
def catalog_compare(
    first: Annotated[str, typer.Argument(help="KIND:FILE, a CSV of offers, or bundled.")],
    second: Annotated[str, typer.Argument(help="The same.")],
    *,
    json: Json = False,
) -> None:
    """Whether two sources say the same of the same offers."""
    from benchbench import terminal
    from benchbench.catalog import agreement, fetch, shelf

    frames = [shelf.named(one, _today(), fetch.over_https) for one in (first, second)]
    _answer(agreement.between(*frames), terminal.agreement, json=json)


@catalog_app.command("match")
@_guarded
def catalog_match(
    *,
    imported: Imported = False,
    instance_type: InstanceType = None,
    cloud_metadata: CloudMetadata = False,
    json: Json = False,
) -> None:
    """Which offers are this machine, or have its silicon."""
    from benchbench import terminal
    from benchbench.catalog import match, shelf, silicon
    from benchbench.system import probe

    system = probe(instance_type=instance_type, ask_cloud=cloud_metadata)
    found = match.match(system, shelf.load(imported=imported), silicon.load())
    _answer(found, terminal.match, json=json)
    if found.kind == "none":
        raise typer.Exit(ExitCode.GATE_FAILED)


@catalog_app.command("egress")
@_guarded
def catalog_egress(
    provider: Annotated[str, typer.Argument(help="aws, gcp, azure, oci …")],
    size: Annotated[str, typer.Argument(help="A month's amount: 500GB, 15TB, 15TiB.")],
    *,
    region: Annotated[str | None, typer.Option(help="Where it leaves from; default: home.")] = None,
    json: Json = False,
) -> None:
    """What a month of traffic to the internet costs, tier by tier."""
    _bill(provider, "internet", size, region, json=json)


@catalog_app.command("storage")
@_guarded
def catalog_storage(
    provider: Annotated[str, typer.Argument(help="aws, gcp, azure, oci …")],
    size: Annotated[str, typer.Argument(help="What is kept for a month: 500GB, 15TB, 15TiB.")],
    *,
    kind: Annotated[str, typer.Option(help="block, object or file.")] = "block",
    region: Annotated[str | None, typer.Option(help="Where it is kept; default: home.")] = None,
    json: Json = False,
) -> None:
    """What keeping data for a month costs, tier by tier."""
    _bill(provider, kind, size, region, json=json)


@app.command()
@_guarded
def schema(
    document: Annotated[Schema, typer.Argument(help="Which document.")],
) -> None:
    """Print a document's JSON Schema, for editors and programs."""
    import json

    from benchbench import schemas

    _print_plain(json.dumps(schemas.of(document.value), indent=2))


@app.callback(invoke_without_command=True)
def _root(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"benchbench {__version__}")
        raise typer.Exit


def _bill(provider: str, service: str, size: str, region: str | None, *, json: bool) -> None:
    from benchbench import terminal
    from benchbench.catalog import egress

    schedule = egress.find(provider, egress.service_named(service), region)
    _answer(egress.bill(schedule, egress.size(size, schedule), region), terminal.bill, json=json)


def _measured_in_turns(
    a: "Side", b: "Side", effort: "Effort", pairs: int | None, out: str
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
    with _progress() as progress:
        outcome = session.measure(
            order,
            store=Store(out),
            system=system,
            command=_command(),
            on_event=progress,
            with_ceilings=False,
        )
    first = {id(planned) for planned in plans[0]}
    named = list(zip(order, outcome.names, strict=True))
    return (
        [name for planned, name in named if id(planned) in first],
        [name for planned, name in named if id(planned) not in first],
    )


def _show_recommendation(
    answer: "Recommendation", most: int, why_not: str | None, *, json: bool
) -> None:
    """The ranking, or what became of one instance; the exit code says whether anything fits."""
    from benchbench import terminal

    if why_not is not None and not json:
        _print(terminal.why_not(answer, why_not))
        return
    _answer(answer, lambda one: terminal.recommendation(one, most=most), json=json)
    _next("benchbench tco, benchbench report", json=json)
    if not (answer.candidates or answer.fleet):
        raise typer.Exit(ExitCode.GATE_FAILED)


def _show_outcome(outcome: "Outcome", out: str, *, json: bool) -> None:
    """The figures of what was just measured; the exit code says whether all of it held."""
    from benchbench import decide, terminal

    listed = decide.results(out, session=outcome.session)
    _answer(listed, terminal.outcome, json=json)
    _next_after(listed, out, json=json)
    measured = [record for record in outcome.records if not record.is_trial]
    invalid = [record for record in measured if record.validity == "invalid"]
    if not invalid:
        return
    failed_all = len(invalid) == len(measured)
    raise typer.Exit(ExitCode.INVALID if failed_all else ExitCode.PARTIAL)


def _effort(*, quick: bool, standard: bool, full: bool) -> "Effort":
    if quick + standard + full > 1:
        raise UsageError("--quick, --standard and --full exclude one another; give one")
    return "quick" if quick else "full" if full else "standard"


@contextmanager
def _progress() -> "Iterator[Progress]":
    """Events on stderr, away from the answer."""
    from rich.console import Console

    from benchbench.progress import Progress

    with Progress(Console(stderr=True)) as progress:
        yield progress


def _folder(url: str) -> Path:
    """A report lies beside these results: on a local disk."""
    if "://" in url:
        raise UsageError(f"{url} is no folder; quickstart writes a report there: give a local one")
    return Path(url)


def _today() -> date:
    return datetime.now(UTC).date()


def _command() -> tuple[str, ...]:
    return ("benchbench", *sys.argv[1:])


def _say(text: str) -> None:
    """One line beside the answer; a name in it steers nothing and writes no line of its own."""
    typer.echo(printable.line(text), err=True)


def _print_plain(text: str) -> None:
    sys.stdout.write(printable.json_text(text) + "\n")
    sys.stdout.flush()


def _print(shown: "RenderableType | str") -> None:
    from rich.console import Console

    Console(markup=False, emoji=False).print(printable.Harmless(shown), highlight=False)


def _answer(document: M, table: "Callable[[M], RenderableType]", *, json: bool) -> None:
    if json:
        _print_plain(document.model_dump_json(by_alias=True, indent=2))
    else:
        _print(table(document))


def _next_after(listed: "ResultList", results: str, *, json: bool) -> None:
    """Commands that work as printed: with a workload, and where the results are."""
    where = "" if results == _RESULTS else f" --results {shlex.quote(results)}"
    names = list(dict.fromkeys(one.figures.workload for one in listed.results))
    for name in map(shlex.quote, names[:1]):
        _next(
            f"benchbench results show {name}{where}, benchbench recommend --workload {name}{where}",
            json=json,
        )


def _next(commands: str, *, json: bool) -> None:
    if not json:
        _say(f"next: {commands}")


cli_transfer.add(results_app, _guarded, _answer, _print_plain)
