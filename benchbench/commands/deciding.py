"""Deciding from stored results: `recommend`, `tco` and `report`. None of it needs torch."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchbench.commands import shell
from benchbench.errors import ExitCode

if TYPE_CHECKING:
    from benchbench.recommend import Recommendation


class Emit(StrEnum):
    """The tools that read one's own prices."""

    OPENCOST = "opencost"
    SKYPILOT = "skypilot"


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
    json: shell.Json = False,
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
    known = decide.records(results, shell.left_out)
    answer = decide.recommendation(
        known,
        decide.goal(known, flags, goal),
        shell.today(),
        listed=rejected if json or why_not else 0,
        offers=decide.offers(file or (), imported=imported),
    )
    _show_recommendation(answer, most, why_not, json=json)


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
    json: shell.Json = False,
) -> None:
    """Rent, own, or both: what the work costs over time, and where owning begins to win."""
    from benchbench import decide, terminal

    answer = decide.costs(scenario, decide.records_if_any(results, shell.left_out), shell.today())
    if emit is not None:
        from benchbench.tco import emit as emitter

        shell.show_plain(emitter.write(answer, emit.value, shell.today()).rstrip())
        return
    shell.answer(answer, terminal.tco_inputs if explain else terminal.tco, json=json)
    shell.suggest("benchbench report", json=json)


@shell.guarded
def report(
    *,
    results: shell.Results = shell.RESULTS,
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

    today = shell.today() if day is None else day.date()
    read = decide.records if scenario is None else decide.records_if_any
    stored = read(results, shell.left_out)
    page = decide.page(stored, scenario=scenario, today=today)
    out.write_text(page.html, encoding="utf-8")
    shell.show(f"Report: {out}")


def _show_recommendation(
    answer: "Recommendation", most: int, why_not: str | None, *, json: bool
) -> None:
    """The ranking, or what became of one instance; the exit code says whether anything fits."""
    from benchbench import terminal

    if why_not is not None and not json:
        shell.show(terminal.why_not(answer, why_not))
        return
    shell.answer(answer, lambda one: terminal.recommendation(one, most=most), json=json)
    shell.suggest("benchbench tco, benchbench report", json=json)
    if not (answer.candidates or answer.fleet):
        raise typer.Exit(ExitCode.GATE_FAILED)
