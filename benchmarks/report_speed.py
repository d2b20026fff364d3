"""How long a page takes: 40 measurements x 20 offers, and the costs explored.

    python benchmarks/report_speed.py

Prints the seconds of exploring the costs (bands and the what-if grid), of building and drawing the
page, and its size, beside the limits: five seconds and one megabyte. Beside them a yardstick of the
same machine: drawing the page's charts alone, which nothing on the page can be faster than.
"""

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

from benchbench import decide, derive
from benchbench.recommend import Goal
from benchbench.record import Record
from benchbench.report import view
from benchbench.report.blocks import Plot
from benchbench.report.chart import draw
from benchbench.report.page import render
from benchbench.tco.answer import TcoAnswer

LIMIT_S, LIMIT_BYTES = 5.0, 1_000_000
MEASUREMENTS, OFFERS = 40, 20
TODAY = date(2026, 11, 25)
SAMPLE = Path(__file__).parents[1] / "reports" / "examples" / "quickstart"

T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds of the second run, the first one having imported and cached, and what it gave."""
    work()
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def many() -> tuple[Record, ...]:
    """The committed measurements at many batch sizes: real samples, real ceilings."""
    stored = decide.records(SAMPLE)
    return tuple(
        record.model_copy(update={"batch_size": batch})
        for batch in range(1, MEASUREMENTS // len(stored) + 1)
        for record in stored
    )


def build(records: tuple[Record, ...]) -> view.View:
    """The page's content, costs apart."""
    ranked = decide.recommendation(records, Goal(workload=records[0].workload), TODAY, listed=25)
    few = ranked.model_copy(update={"candidates": ranked.candidates[:OFFERS]})
    return view.build(
        records,
        figures=decide.figures(records),
        recommendations=(few,),
        tco=costs(),
        generated_on=TODAY.isoformat(),
    )


def costs() -> TcoAnswer:
    """The built-in scenario, explored."""
    return decide.costs(None, (), TODAY, explored=True)


def main() -> None:
    """Measure and print."""
    records = many()
    plain, _ = timed(lambda: decide.costs(None, (), TODAY))
    explored, _ = timed(costs)
    building, built = timed(lambda: build(records))
    rendering, html = timed(lambda: render(built))
    plots = [
        block
        for section in built.sections
        for part in section.parts
        for block in part.blocks
        if isinstance(block, Plot)
    ]
    drawing, _ = timed(lambda: [draw(plot) for plot in plots])
    whole = building + rendering
    print(f"{len(derive.group(records))} measurements, {OFFERS} offers")
    print(f"costs {plain:.2f} s, explored {explored:.2f} s ({explored / plain:.1f} times)")
    print(f"content {building:.2f} s, costs within; page {rendering:.2f} s")
    print(f"charts alone {drawing:.2f} s, {drawing / rendering:.0%} of the page")
    print(f"all {whole:.2f} s of {LIMIT_S:.0f} s: {whole / LIMIT_S:.0%}")
    size = len(html.encode())
    print(f"{size / 1e3:.0f} kB of {LIMIT_BYTES / 1e3:.0f}: {size / LIMIT_BYTES:.0%}")


if __name__ == "__main__":
    main()
