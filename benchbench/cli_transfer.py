"""`results merge` and `results export`: the commands; what they do is in `transfer`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from benchbench.transfer import Merger

Into = Annotated[
    str, typer.Option("--results", envvar="BENCHBENCH_RESULTS", help="Where results are stored.")
]
Sources = Annotated[list[str], typer.Argument(help="Folders or URLs of results.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")]
Form = Annotated[str, typer.Option("--format", help="csv, a line per record; jsonl, all of it.")]
Out = Annotated[Path | None, typer.Option("--out", help="A file to write; default: the terminal.")]


def add(
    app: typer.Typer,
    guarded: Callable[[Callable[..., None]], Callable[..., None]],
    answer: Callable[..., None],
    write: Callable[[str], None],
) -> None:
    """The two commands on `app`; only the caller's `answer` and `write` print."""

    def merge(sources: Sources, *, results: Into = "results", json: Json = False) -> None:
        """Take other results in: a union, whatever the order and however often."""
        from benchbench import transfer  # noqa: PLC0415 - --help is fast

        answer(transfer.merge(results, sources), _told, json=json)

    def export(*, results: Into = "results", form: Form = "csv", out: Out = None) -> None:
        """All records as a table or as lines of JSON, for a spreadsheet or a program."""
        from benchbench import transfer  # noqa: PLC0415 - as above

        text = transfer.export(results, form)
        if out is None:
            write(text.rstrip("\n"))
        else:
            out.write_text(text, encoding="utf-8")

    app.command("merge")(guarded(merge))
    app.command("export")(guarded(export))


def _told(merger: "Merger") -> Any:  # noqa: ANN401 - rich has many renderables
    from rich.console import Group  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    from benchbench import units  # noqa: PLC0415 - as above

    counts = (units.counted(len(merger.added), "result"), units.count(len(merger.held)))
    left_out = (
        Text(f"left out: {one.store}: {one.name}: {one.reason}", style="yellow")
        for one in merger.left_out
    )
    return Group(*left_out, Text(f"{merger.into}: {counts[0]} added, {counts[1]} held already"))
