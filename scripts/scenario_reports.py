"""Write the answer to every example scenario anew, beside it: on a terminal, and as a page.

    python scripts/scenario_reports.py

The kept answers are golden files: `tests/test_scenario_reports.py` compares them with what this
version says on the same day from the bundled catalogue.
"""  # noqa: INP001  a script, not a package

from collections.abc import Iterator
from datetime import date
from io import StringIO
from pathlib import Path

from rich.console import Console

from benchbench import decide, terminal

FOLDER = Path(__file__).parents[1] / "reports" / "examples" / "scenarios"
DAY = date(2026, 11, 23)
_COLUMNS = 80


def written() -> Iterator[tuple[Path, str]]:
    """Each kept file and what belongs into it."""
    for scenario in sorted(FOLDER.glob("*.toml")):
        answer = decide.costs(scenario, (), DAY)
        out = Console(file=StringIO(), width=_COLUMNS, color_system=None)
        out.print(terminal.tco(answer), highlight=False)
        text = out.file.getvalue() if isinstance(out.file, StringIO) else ""
        lines = (line.rstrip() for line in text.splitlines())
        yield scenario.with_suffix(".txt"), "\n".join(lines) + "\n"
        yield scenario.with_suffix(".html"), decide.page((), scenario=scenario, today=DAY).html


def main() -> None:
    """Write them."""
    for path, text in written():
        path.write_text(text, encoding="utf-8")
        print(path.name)  # noqa: T201  a script says what it wrote


if __name__ == "__main__":
    main()
