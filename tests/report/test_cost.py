"""The cost section says what a CFO asks next: line by line, other sizes, other clouds, buying."""

from typing import Any

from benchbench.catalog import catalogue
from benchbench.report import cost
from benchbench.report.blocks import Part, Plot, Table
from benchbench.tco import engine, scenario
from benchbench.tco.answer import TcoAnswer
from tests.tco.cases_tco import TODAY, document, p5


def answered(draws: int = 50, **sections: dict[str, Any]) -> TcoAnswer:
    """The steady question with a rival in the catalogue."""
    rival = p5(provider="lambda", region="us", instance="h100x8", price_usd_per_hour=31.92)
    cloud = {"compare": ["lambda/h100x8"], **sections.pop("cloud", {})}
    parsed = scenario.parse(document(cloud=cloud, **sections))
    return engine.evaluate(
        parsed, catalog=catalogue.from_offers([p5(), rival]), today=TODAY, draws=draws
    )


def parts(answer: TcoAnswer) -> dict[str, Part]:
    """By anchor."""
    return {part.key: part for part in cost.section(answer).parts}


def cells(table: Table) -> list[list[str]]:
    """What stands in the rows."""
    return [[cell.text for cell in row.cells] for row in table.rows]


def tables(part: Part) -> list[Table]:
    """Those that are not beside a chart."""
    return [block for block in part.blocks if isinstance(block, Table)]


def test_the_break_even_is_shown_line_by_line() -> None:
    """The parts of owning add up to their sum, and the formula's result closes the table."""
    answer = answered()
    rows = cells(tables(parts(answer)["made-of"])[0])
    owning = [row for row in rows if row[0].startswith("of owning: ")]
    said = sum(float(row[1].replace("$", "").replace(",", "")) for row in owning)
    assert answer.break_even.hourly is not None
    assert abs(said - answer.break_even.hourly.owned_fixed) < 0.05
    assert rows[-1][0] == "(c_f - idle cloud) / (a · (p - v))"


def test_other_clouds_have_their_own_break_even() -> None:
    """One row each, with source and day."""
    row = cells(tables(parts(answered())["other-clouds"])[0])[0]
    assert row[0] == "lambda/h100x8"
    assert row[1] == "$31.92"
    assert row[4].endswith("% use")


def test_scale_and_horizon_are_drawn() -> None:
    """A chart each, every point with its cheapest way."""
    drawn = parts(answered())["sweeps"].blocks
    assert [block.key for block in drawn if isinstance(block, Plot)] == [
        "chart-scale",
        "chart-horizon",
    ]


def test_reasons_stand_beside_the_money_only_where_a_service_is_weighed() -> None:
    """Four questions, in their own table."""
    assert "build-or-buy" not in parts(answered())
    weighed = parts(answered(vendor={"usd_per_unit": 20.0}))["build-or-buy"]
    assert len(tables(weighed)[0].rows) == 4
