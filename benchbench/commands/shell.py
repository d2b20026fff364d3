"""What every command shares: options, guarding, and where its words go."""

import codecs
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import wraps
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec, TextIO, TypeVar

import typer

from benchbench import printable
from benchbench.commands import settings
from benchbench.errors import BenchbenchError, ExitCode, UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import RenderableType

    from benchbench.evaluate import ResultList
    from benchbench.formats import Sheet
    from benchbench.progress import Progress

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound="BaseModel")

_SIGNAL_INTERRUPT = 130
_SIGNAL_PIPE = 141

_SPELLED = str.maketrans("→←●○◌—–×±≤≥µ÷…█━╸╺─│", "><*o.--x~<>u/.#----|")
"""For a terminal that lacks them: one character each, so that tables stay as wide."""


class Format(StrEnum):
    """What an answer is written in."""

    TABLE = "table"
    MD = "md"
    CSV = "csv"
    JSON = "json"
    GITHUB = "github"


Json = Annotated[bool, typer.Option("--json", help="One JSON document instead of tables.")]
Form = Annotated[
    Format,
    typer.Option("--format", help="For a terminal, a document, a program, or GitHub Actions."),
]
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
Imported = Annotated[
    bool,
    typer.Option("--imported", envvar="BENCHBENCH_IMPORTED", help="Also what was imported."),
]
Files = Annotated[list[Path] | None, typer.Option(help="Your own offers; repeatable.")]
RESULTS = "results"


def spell_out(*streams: TextIO) -> None:
    """Let characters that a stream cannot show be written as others, not end the command."""
    codecs.register_error("benchbench", _spelled)
    for stream in streams:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="benchbench")


def _spelled(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end].translate(_SPELLED)
    return lacking.encode("ascii", "replace").decode(), error.end


def guarded(command: Callable[P, R]) -> Callable[P, R]:
    """User errors become one sentence and an exit code; an interrupt and a closed pipe too."""

    @wraps(command)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except BenchbenchError as error:
            say(f"error: {error}")
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as interrupt:
            typer.echo("interrupted; what was finished is stored (run --resume goes on)", err=True)
            raise typer.Exit(_SIGNAL_INTERRUPT) from interrupt
        except BrokenPipeError as closed:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(_SIGNAL_PIPE) from closed
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            say(f"error: {where}{error.strerror or error}; choose another path")
            raise typer.Exit(ExitCode.USAGE) from error

    return call


@contextmanager
def progress() -> "Iterator[Progress]":
    """Events on stderr, away from the answer."""
    from rich.console import Console

    from benchbench.progress import Progress

    with Progress(Console(stderr=True)) as progress:
        yield progress


def today() -> date:
    """The day prices are judged by, in UTC."""
    return datetime.now(UTC).date()


def command_line(context: typer.Context) -> tuple[str, ...]:
    """What was typed, for the record; then what files of settings added, and which they are."""
    chosen = settings.measuring(context)
    added = [word for setting in chosen for word in setting.typed]
    files = dict.fromkeys(setting.source for setting in chosen)
    said = ["#", f"{' '.join(added)} from {', '.join(files)}"] if chosen else []
    return ("benchbench", *sys.argv[1:], *added, *said)


def say(text: str) -> None:
    """One line beside the answer; a name in it steers nothing and writes no line of its own."""
    typer.echo(printable.line(text), err=True)


def show_plain(text: str) -> None:
    """Text as it is: a document for a program."""
    sys.stdout.write(printable.json_text(text) + "\n")
    sys.stdout.flush()


def show(shown: "RenderableType | str") -> None:
    """An answer as this terminal can show it; a name in it is no markup."""
    from rich.console import Console

    console = Console(markup=False, emoji=False)
    with console.capture() as written:  # rich would end the process itself where a pipe closes
        console.print(printable.Harmless(shown), highlight=False)
    sys.stdout.write(written.get())
    sys.stdout.flush()


def answer(document: M, table: "Callable[[M], RenderableType]", *, json: bool) -> None:
    """The document itself, or its table."""
    if json:
        show_plain(document.model_dump_json(by_alias=True, indent=2))
    else:
        show(table(document))


def chosen(form: Format, *, json: bool) -> Format:
    """What `--format` and `--json` ask for together. Raises UsageError where they differ."""
    if json and form not in {Format.TABLE, Format.JSON}:
        raise UsageError(f"--json and --format {form} contradict one another; give one of them")
    return Format.JSON if json else form


def present(
    document: M,
    form: Format,
    *,
    table: "Callable[[M], RenderableType]",
    sheet: "Callable[[M], Sheet]",
    after: Sequence[str] = (),
) -> None:
    """The answer in the form asked for; below a table also what to type next."""
    if form in {Format.TABLE, Format.JSON}:
        answer(document, table, json=form is Format.JSON)
        suggest(*after, json=form is Format.JSON)
        return
    from benchbench import formats

    if form is Format.GITHUB:
        _to_github(sheet(document))
    else:
        write = formats.markdown if form is Format.MD else formats.comma_separated
        show_plain(write(sheet(document)).rstrip("\n"))


def _to_github(sheet: "Sheet") -> None:
    """Annotations for the run, and Markdown for its log and its summary page."""
    from benchbench import formats

    text = formats.markdown(sheet)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as page:
            page.write(f"{text}\n")
    show_plain(f"{formats.annotations(sheet)}{text}".rstrip("\n"))


def left_out(text: str) -> None:
    """A document that cannot be believed."""
    say(text)


def after(listed: "ResultList", results: str) -> tuple[str, ...]:
    """Commands that work as printed: with a workload, and where the results are."""
    figures, where = [one.figures for one in listed.results], stored_in(results)
    believed = [one for one in figures if one.validity != "invalid"]
    return (
        *(f"benchbench results show {shlex.quote(one.workload)}{where}" for one in figures[:1]),
        *(
            f"benchbench recommend --workload {shlex.quote(one.workload)}{where}"
            for one in believed[:1]
        ),
    )


def stored_in(results: str) -> str:
    """The option that names the folder, where it is not the usual one."""
    return "" if results == RESULTS else f" --results {shlex.quote(results)}"


def suggest(*commands: str, json: bool = False) -> None:
    """What to type next, a command a line; on stderr, and never beside a document."""
    for index, command in enumerate(() if json else commands):
        say(f"{'next:' if index == 0 else '     '} {command}")
