"""`benchbench catalog`: instance prices, where they are from, and what they make of a bill."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from benchbench.commands import shell
from benchbench.errors import ExitCode, UsageError

app = typer.Typer(no_args_is_help=True, help="Look at instance prices.")


@app.command("show")
@shell.guarded
def show(
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
    imported: shell.Imported = False,
    file: shell.Files = None,
    most: Annotated[int, typer.Option(min=1, help="How many to show.")] = 40,
    form: shell.Form = shell.Format.TABLE,
    json: shell.Json = False,
) -> None:
    """Offers: instance, silicon, price, source and date; every filter narrows."""
    from benchbench import sheets, terminal
    from benchbench.catalog import search, shelf

    asked = shell.chosen(form, json=json)
    wanted = search.Wanted(
        gpus=tuple(gpu or ()),
        providers=tuple(provider or ()),
        regions=tuple(region or ()),
        price_kinds=(*(price or ()), *(("spot",) if spot else ())),
        instance=instance,
        min_memory_bytes=None if min_memory is None else search.memory(min_memory),
        max_usd_per_hour=max_price,
    )
    loaded = shelf.load(file or (), imported=imported)
    every = asked in {shell.Format.JSON, shell.Format.CSV}
    listed = search.listed(search.find(loaded, wanted), None if every else most)
    today = shell.today()
    shell.present(
        listed,
        asked,
        table=partial(terminal.offers, today=today),
        sheet=partial(sheets.offers, today_ordinal=today.toordinal()),
        after=("benchbench recommend",),
    )


@app.command("check")
@shell.guarded
def check(
    *,
    imported: shell.Imported = False,
    file: shell.Files = None,
) -> None:
    """Lint the offers and the silicon tables: units, ages, impossible prices."""
    from benchbench import terminal
    from benchbench.catalog import check, shelf, silicon

    loaded = shelf.load(file or (), imported=imported)
    findings = check.lint(loaded, silicon.load(), shell.today())
    shell.show(terminal.findings(findings, len(loaded)))
    shell.suggest("benchbench catalog show")
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(ExitCode.GATE_FAILED)


@app.command("import")
@shell.guarded
def import_(
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
    json: shell.Json = False,
) -> None:
    """Read a published price table; say what became of every row of it."""
    from benchbench import terminal
    from benchbench.catalog import fetch, importing, shelf

    day = shelf.day_of(where, shell.today()) if as_of is None else as_of.date()
    imported = shelf.take(kind, where, provider=provider, as_of=day, opener=fetch.over_https)
    if out is None:
        report = shelf.keep(imported, where, provider=provider)
    else:
        importing.to_csv(imported.frame, out)
        report = imported.report.model_copy(update={"stored": str(out)})
    shell.answer(report, terminal.imported, json=json)
    shell.suggest("benchbench catalog show --imported", json=json)
    if not report.offers:
        raise typer.Exit(ExitCode.GATE_FAILED)


@app.command("refresh")
@shell.guarded
def refresh() -> None:
    """Fetch again what was imported from an address."""
    from benchbench import terminal
    from benchbench.catalog import fetch, shelf

    refreshed = shelf.refresh(shell.today(), fetch.over_https)
    for report in refreshed.reports:
        shell.show(terminal.imported(report))
    for line in refreshed.left:
        typer.echo(line, err=True)
    if not (refreshed.reports or refreshed.left):
        raise UsageError("nothing was imported yet; see: benchbench catalog import --help")
    shell.suggest("benchbench catalog show --imported")


@app.command("compare")
@shell.guarded
def compare(
    first: Annotated[str, typer.Argument(help="KIND:FILE, a CSV of offers, or bundled.")],
    second: Annotated[str, typer.Argument(help="The same.")],
    *,
    json: shell.Json = False,
) -> None:
    """Whether two sources say the same of the same offers."""
    from benchbench import terminal
    from benchbench.catalog import agreement, fetch, shelf

    frames = [shelf.named(one, shell.today(), fetch.over_https) for one in (first, second)]
    shell.answer(agreement.between(*frames), terminal.agreement, json=json)
    shell.suggest("benchbench catalog show --imported", json=json)


@app.command("match")
@shell.guarded
def match(
    *,
    imported: shell.Imported = False,
    instance_type: shell.InstanceType = None,
    cloud_metadata: shell.CloudMetadata = False,
    json: shell.Json = False,
) -> None:
    """Which offers are this machine, or have its silicon."""
    from benchbench import terminal
    from benchbench.catalog import match, shelf, silicon
    from benchbench.system import probe

    system = probe(instance_type=instance_type, ask_cloud=cloud_metadata)
    found = match.match(system, shelf.load(imported=imported), silicon.load())
    shell.answer(found, terminal.match, json=json)
    shell.suggest("benchbench run --quick", json=json)
    if found.kind == "none":
        raise typer.Exit(ExitCode.GATE_FAILED)


@app.command("egress")
@shell.guarded
def egress(
    provider: Annotated[str, typer.Argument(help="aws, gcp, azure, oci …")],
    size: Annotated[str, typer.Argument(help="A month's amount: 500GB, 15TB, 15TiB.")],
    *,
    region: Annotated[str | None, typer.Option(help="Where it leaves from; default: home.")] = None,
    json: shell.Json = False,
) -> None:
    """What a month of traffic to the internet costs, tier by tier."""
    _bill(provider, "internet", size, region, json=json)


@app.command("storage")
@shell.guarded
def storage(
    provider: Annotated[str, typer.Argument(help="aws, gcp, azure, oci …")],
    size: Annotated[str, typer.Argument(help="What is kept for a month: 500GB, 15TB, 15TiB.")],
    *,
    kind: Annotated[str, typer.Option(help="block, object or file.")] = "block",
    region: Annotated[str | None, typer.Option(help="Where it is kept; default: home.")] = None,
    json: shell.Json = False,
) -> None:
    """What keeping data for a month costs, tier by tier."""
    _bill(provider, kind, size, region, json=json)


def _bill(provider: str, service: str, size: str, region: str | None, *, json: bool) -> None:
    from benchbench import terminal
    from benchbench.catalog import egress

    schedule = egress.find(provider, egress.service_named(service), region)
    billed = egress.bill(schedule, egress.size(size, schedule), region)
    shell.answer(billed, terminal.bill, json=json)
    amount = "egress" if service == "internet" else "stored"
    shell.suggest(f"benchbench recommend --{amount} {size}", json=json)
