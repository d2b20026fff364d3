"""Deciding from stored results: `recommend`, `tco` and `report`. None of it needs torch."""

from datetime import date, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchbench.commands import shell
from benchbench.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from benchbench.recommend import Recommendation


class Emit(StrEnum):
    """The tools that read one's own prices."""

    OPENCOST = "opencost"
    SKYPILOT = "skypilot"


class ReportFormat(StrEnum):
    """What a report is written in."""

    HTML = "html"
    MD = "md"
    OPENMETRICS = "openmetrics"


_REPORTS = {
    ReportFormat.HTML: "report.html",
    ReportFormat.MD: "report.md",
    ReportFormat.OPENMETRICS: "benchbench.prom",
}
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


@shell.guarded
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
    file: shell.Files = None,
    imported: shell.Imported = False,
    results: shell.Results = shell.RESULTS,
    most: Annotated[int, typer.Option(min=1, help="How many to show.")] = 10,
    why_not: WhyNot = None,
    rejected: Rejected = None,
    form: shell.Form = shell.Format.TABLE,
    json: shell.Json = False,
) -> None:
    """Which instances do this work for the least money, and why the others do not."""
    from benchbench import decide

    asked = shell.chosen(form, json=json)
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
    known = decide.records(results, shell.left_out)
    answer = decide.recommendation(
        known,
        decide.goal(known, flags, goal),
        shell.today(),
        listed=rejected if asked is shell.Format.JSON or why_not else 0,
        offers=decide.offers(file or (), imported=imported),
    )
    if why_not is None:
        _show_recommendation(answer, most, asked, results)
    else:
        _show_why_not(answer, why_not, asked)


@shell.guarded
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
    results: shell.Results = shell.RESULTS,
    form: shell.Form = shell.Format.TABLE,
    json: shell.Json = False,
) -> None:
    """Rent, own, or both: what the work costs over time, and where owning begins to win."""
    from benchbench import decide, sheets, terminal

    asked = shell.chosen(form, json=json)
    with_scenario = "" if scenario is None else f" --tco {scenario}"
    answer = decide.costs(scenario, decide.records_if_any(results, shell.left_out), shell.today())
    if emit is not None:
        from benchbench.tco import emit as emitter

        shell.show_plain(emitter.write(answer, emit.value, shell.today()).rstrip())
        return
    shell.present(
        answer,
        asked,
        table=terminal.tco_inputs if explain else terminal.tco,
        sheet=sheets.tco_inputs if explain else sheets.tco,
        after=(f"benchbench report{with_scenario}{shell.stored_in(results)}",),
    )


@shell.guarded
def report(
    *,
    results: shell.Results = shell.RESULTS,
    scenario: Annotated[Path | None, typer.Option("--tco", help="A cost scenario in TOML.")] = None,
    form: Annotated[
        ReportFormat, typer.Option("--format", help="A page, a document, or for Prometheus.")
    ] = ReportFormat.HTML,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write; - is stdout.")
    ] = None,
    day: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="Judge prices as of that day."),
    ] = None,
) -> None:
    """One file with everything: measured, recommended, costed. No network, ever."""
    today = shell.today() if day is None else day.date()
    text = _written(form, results, scenario, today)
    out = Path(_REPORTS[form]) if out is None else out
    if str(out) == "-":
        shell.show_plain(text.rstrip("\n"))
        return
    _replace(out, text)
    shell.show_plain(f"Report: {out}")
    shell.suggest(f"benchbench results verify {out}", json=form is not ReportFormat.HTML)


def _replace(out: Path, text: str) -> None:
    """In one step: whoever reads the old file meanwhile never meets half of the new one."""
    if out.exists() and not out.is_file():
        out.write_text(text, encoding="utf-8")  # a device, or a folder that says so itself
        return
    unfinished = out.parent / f".{out.name}.unfinished"
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


def _written(form: ReportFormat, results: Path, scenario: Path | None, today: date) -> str:
    from benchbench import decide

    if form is ReportFormat.OPENMETRICS:
        return decide.in_openmetrics(results, today)
    read = decide.records if scenario is None else decide.records_if_any
    known = read(results, shell.left_out)
    if form is ReportFormat.MD:
        return decide.in_markdown(known, scenario=scenario, today=today)
    return decide.page(known, scenario=scenario, today=today).html


def _show_recommendation(
    answer: "Recommendation", most: int, form: shell.Format, results: Path
) -> None:
    """The ranking; the exit code says whether anything fits."""
    from benchbench import sheets, terminal

    where = shell.stored_in(results)
    shell.present(
        answer,
        form,
        table=partial(terminal.recommendation, most=most),
        sheet=partial(sheets.recommendation, most=most),
        after=(f"benchbench tco{where}", f"benchbench report{where}"),
    )
    if not (answer.candidates or answer.fleet):
        raise typer.Exit(ExitCode.GATE_FAILED)


def _show_why_not(answer: "Recommendation", instance: str, form: shell.Format) -> None:
    """What became of one instance; the document has it among everything else."""
    from benchbench import terminal

    if form not in {shell.Format.TABLE, shell.Format.JSON}:
        raise UsageError(f"--why-not is answered as a table or as JSON, not as {form}")
    shell.answer(
        answer, lambda one: terminal.why_not(one, instance), json=form is shell.Format.JSON
    )
    shell.suggest("benchbench recommend --help", json=form is shell.Format.JSON)
