"""How long uncertainty takes: 10,000 draws of 60 months with a year of hourly demand.

    python benchmarks/tco_speed.py

Prints the seconds of the draws alone and of the whole answer, beside the limit of two seconds, and
a yardstick of the same machine: drawing as many beta quantiles as the analysis needs, which nothing
can be faster than.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np

from benchbench.catalog import catalogue, defaults, quotes
from benchbench.tco import engine, scenario, uncertainty
from benchbench.tco.case import BUSY
from benchbench.tco.demand import Demand
from benchbench.tco.plan import plan
from benchbench.tco.prepare import prepare

LIMIT_S = 2.0
REPEATS = 3
TODAY = date(2026, 7, 30)


def hourly() -> Demand:
    """A year of hours, every one different: a daily wave, noise, 60 months."""
    hour = np.arange(8760)
    noise = np.random.default_rng(1).normal(0.0, 2.0, hour.size)
    levels = np.maximum(0.0, 20.0 + 15.0 * np.sin(hour / 24.0 * 2.0 * np.pi) + noise)
    return Demand(levels=levels, weights=np.full(hour.size, 1 / hour.size), months=60)


def fastest(work: Callable[[], object]) -> float:
    """Seconds of the best of a few runs."""
    found = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def main() -> None:
    """Measure and print."""
    parsed = scenario.load()
    longer = parsed.model_copy(
        update={"finance": parsed.finance.model_copy(update={"horizon_months": 60})}
    )
    setup = prepare(
        longer,
        records=(),
        catalog=catalogue.load(),
        silicon=None,
        defaults=defaults.load(),
        quotes=quotes.load(),
        today=TODAY,
    )
    setup = replace(
        setup,
        case=replace(setup.case, demand=hourly()),
        assumptions=tuple(row for row in setup.assumptions if row.key != BUSY),
    )
    decided = plan(setup.case)
    rows = [row for row in setup.assumptions if row.key in setup.case.values]
    draws = fastest(lambda: engine.how_sure(setup, decided, uncertainty.DRAWS))
    floor = fastest(lambda: uncertainty.draw(rows))
    deciding = fastest(lambda: plan(setup.case))
    print(f"{uncertainty.DRAWS} draws x 60 months x 8,760 hours, {len(rows)} inputs")
    print(f"draws and tornado: {draws:.2f} s ({draws / LIMIT_S:.0%} of the {LIMIT_S:g} s allowed)")
    print(f"of which drawing the inputs: {floor:.2f} s ({floor / draws:.0%})")
    print(f"deciding the plan on the likely values: {deciding:.2f} s")


if __name__ == "__main__":
    main()
