"""What every command shares: options, guarding, and where its words go."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec, TypeVar

import typer

from benchbench.errors import BenchbenchError, ExitCode

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import RenderableType

    from benchbench.evaluate import ResultList
    from benchbench.progress import Progress

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound="BaseModel")

_SIGNAL_INTERRUPT = 130
_SIGNAL_PIPE = 141

Json = Annotated[bool, typer.Option("--json", help="One JSON document instead of tables.")]
Results = Annotated[
    Path,
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
RESULTS = Path("results")


def guarded(command: Callable[P, R]) -> Callable[P, R]:
    """User errors become one sentence and an exit code; an interrupt and a closed pipe too."""

    @wraps(command)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except BenchbenchError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as interrupt:
            typer.echo("interrupted; what was finished is stored (run --resume goes on)", err=True)
            raise typer.Exit(_SIGNAL_INTERRUPT) from interrupt
        except BrokenPipeError as closed:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(_SIGNAL_PIPE) from closed
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            typer.echo(f"error: {where}{error.strerror}; choose another path", err=True)
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


def command_line() -> tuple[str, ...]:
    """What was typed, for the record."""
    return ("benchbench", *sys.argv[1:])


def show_plain(text: str) -> None:
    """Text as it is: a document for a program."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def show(shown: "RenderableType | str") -> None:
    """An answer as this terminal can show it."""
    from rich.console import Console

    Console().print(shown, highlight=False)


def answer(document: M, table: "Callable[[M], RenderableType]", *, json: bool) -> None:
    """The document itself, or its table."""
    if json:
        show_plain(document.model_dump_json(by_alias=True, indent=2))
    else:
        show(table(document))


def left_out(text: str) -> None:
    """A document nobody can believe; a file may be called anything, also what steers a terminal."""
    typer.echo("".join(mark if mark.isprintable() else "?" for mark in text), err=True)


def suggest_after(listed: "ResultList", results: Path, *, json: bool) -> None:
    """Commands that work as printed: with a workload, and where the results are."""
    where = "" if results == RESULTS else f" --results {results}"
    names = list(dict.fromkeys(one.figures.workload for one in listed.results))
    for name in names[:1]:
        suggest(
            f"benchbench results show {name}{where}, benchbench recommend --workload {name}{where}",
            json=json,
        )


def suggest(commands: str, *, json: bool) -> None:
    """What to type next; on stderr, and never beside a document."""
    if not json:
        typer.echo(f"next: {commands}", err=True)
