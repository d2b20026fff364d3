"""`benchbench results merge` and `export`: results on their way elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from benchbench.commands import shell

Sources = Annotated[list[str], typer.Argument(help="Folders or URLs of results.")]
Form = Annotated[str, typer.Option("--format", help="csv, a line per record; jsonl, all of it.")]
Out = Annotated[Path | None, typer.Option("--out", help="A file to write; default: the terminal.")]


@shell.guarded
def merge(
    sources: Sources, *, results: shell.Results = shell.RESULTS, json: shell.Json = False
) -> None:
    """Take other results in: a union, whatever the order and however often."""
    from benchbench import terminal, transfer

    shell.answer(transfer.merge(results, sources), terminal.merger, json=json)


@shell.guarded
def export(*, results: shell.Results = shell.RESULTS, form: Form = "csv", out: Out = None) -> None:
    """All records as a table or as lines of JSON, for a spreadsheet or a program."""
    from benchbench import transfer

    text = transfer.export(results, form)
    if out is None:
        shell.show_plain(text.rstrip("\n"))
    else:
        out.write_text(text, encoding="utf-8")


def add_to(app: typer.Typer) -> None:
    """Both commands."""
    app.command()(merge)
    app.command()(export)
