"""`benchbench results`: look at what was measured."""

from pathlib import Path
from typing import Annotated

import typer

from benchbench.commands import shell
from benchbench.errors import ExitCode, UsageError

app = typer.Typer(no_args_is_help=True, help="Look at stored results.")


@app.command("list")
@shell.guarded
def list_(
    *,
    results: shell.Results = shell.RESULTS,
    form: shell.Form = shell.Format.TABLE,
    json: shell.Json = False,
) -> None:
    """One line per configuration measured."""
    from benchbench import decide, sheets, terminal

    asked = shell.chosen(form, json=json)
    listed = decide.results(results)
    if not (listed.results or listed.examinations or listed.unreadable):
        raise UsageError(f"no results in {results}; measure first: benchbench run --quick")
    after = shell.after(listed, results)
    shell.present(listed, asked, table=terminal.results, sheet=sheets.results, after=after)


@app.command("show")
@shell.guarded
def show(
    name: Annotated[str, typer.Argument(help="A workload, or part of a document's name.")],
    *,
    results: shell.Results = shell.RESULTS,
    json: shell.Json = False,
) -> None:
    """One configuration in full: figures, doubts, and why it is not faster."""
    from benchbench import decide, terminal
    from benchbench.evaluate import ResultList

    stored = decide.results(results)
    listed = stored.results
    found = [r for r in listed if r.figures.workload == name or any(name in n for n in r.names)]
    exams = [one for one in stored.examinations if one.workload == name or name in one.name]
    if not (name and (found or exams)):
        raise UsageError(f"no result named {name!r} in {results}; see: benchbench results list")
    if json:
        chosen = ResultList(results=tuple(found), examinations=tuple(exams))
        shell.answer(chosen, terminal.results, json=True)
        return
    for one in found:
        shell.show(terminal.result(one))
    for exam in exams:
        shell.show(terminal.examination(exam))
    for workload in dict.fromkeys(one.figures.workload for one in found):
        shell.suggest(f"benchbench recommend --workload {workload}{shell.stored_in(results)}")


@app.command("verify")
@shell.guarded
def verify(
    report: Annotated[
        Path | None,
        typer.Argument(help="A report.html, or a folder of results; default: --results."),
    ] = None,
    *,
    results: shell.Results = shell.RESULTS,
    json: shell.Json = False,
) -> None:
    """Recompute every claim from the samples behind it: in stored results, or in a report."""
    from benchbench import terminal, verify

    where = results if report is None else report
    if not where.exists():
        raise UsageError(f"{where} is not there; name a report.html or a folder of results")
    answer = verify.page(where) if where.is_file() else verify.store(where)
    shell.answer(answer, terminal.verification, json=json)
    shell.suggest(f"benchbench report{shell.stored_in(results)}", json=json or where.is_file())
    if answer.findings:
        raise typer.Exit(ExitCode.GATE_FAILED)
