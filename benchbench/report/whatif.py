"""What if: the grid the engine worked out, as tables a reader can turn dials on."""

from benchbench import units
from benchbench.report.blocks import Choice, Dial, Explorer, Part, Prose, Way
from benchbench.tco.answer import TcoAnswer, WhatIf

_EXPLAINED = (
    "Every figure here was worked out by the cost model when this page was written, each point "
    "with its own best plan: its fleet, its commitments, its hybrid. Nothing is calculated in this "
    "page; the dials choose among {points} points. Utilisation is how much of the time owned "
    "machines would work: the peak stays, and the hours with work become fewer or more. Price "
    "moves every price of renting alike; the scenario's own values are marked."
)

_SHORT = {"owned": "own room", "vendor": "service"}


def part(answer: TcoAnswer) -> Part | None:
    """The dials and the tables; nothing where no grid was worked out."""
    grid = answer.what_if
    if grid is None:
        return None
    points = units.count(len(grid.cheapest))
    explained = Prose((_EXPLAINED.format(points=points),))
    return Part("what-if", "What if", (explored(answer, grid), explained))


def explored(answer: TcoAnswer, grid: WhatIf) -> Explorer:
    """All points, one table per horizon."""
    labels = {str(one.name): one.label for one in answer.alternatives}
    ordered = [name for name in labels if name in grid.usd_per_useful_hour]
    costs = {name: grid.usd_per_useful_hour[name] for name in ordered}
    grid = grid.model_copy(update={"usd_per_useful_hour": costs})
    tables = tuple(
        tuple(
            tuple(_choice(grid, labels, (i, j, k)) for j in range(len(grid.price_factors)))
            for i in range(len(grid.utilisations))
        )
        for k in range(len(grid.horizons))
    )
    captions = tuple(
        f"Cheapest way over {units.counted(months, 'month')}, per useful hour"
        for months in grid.horizons
    )
    return Explorer(_dials(grid), tables, captions)


def _dials(grid: WhatIf) -> tuple[Dial, Dial, Dial]:
    use, price, horizon = grid.here
    return (
        Dial("use", "Utilisation", tuple(map(units.percent, grid.utilisations)), use),
        Dial("price", "Price of renting", tuple(map(_factor, grid.price_factors)), price),
        Dial(
            "horizon",
            "Horizon",
            tuple(units.counted(months, "month") for months in grid.horizons),
            horizon,
        ),
    )


def _factor(factor: float) -> str:
    """`as priced`, `15 % less`, `50 % more`."""
    if factor == 1:
        return "as priced"
    return f"{units.percent(abs(factor - 1))} {'more' if factor > 1 else 'less'}"


def _choice(grid: WhatIf, labels: dict[str, str], at: tuple[int, int, int]) -> Choice:
    number = grid.at(*at)
    costs = {name: values[number] for name, values in grid.usd_per_useful_hour.items()}
    best = str(grid.cheapest[number])
    ways = tuple(
        Way(name, labels.get(name, short(name)), usd, units.usd(usd)) for name, usd in costs.items()
    )
    behind = _behind(costs, best)
    label, text = labels.get(best, short(best)), units.usd(costs[best])
    said = f"{label} is the cheapest, {text} per useful hour"
    sentence = f"{said}; {behind}." if behind else f"{said}."
    return Choice("-".join(map(str, at)), best, short(best), text, behind, sentence, ways)


def _behind(costs: dict[str, float | None], best: str) -> str:
    """The next way, and by how much it is dearer."""
    paid = costs[best]
    others = sorted((usd, name) for name, usd in costs.items() if usd is not None and name != best)
    if not others or not paid:
        return ""
    usd, name = others[0]
    return f"{short(name)} {units.percent(usd / paid - 1)} more"


def short(name: str) -> str:
    """A way in a word or two."""
    return _SHORT.get(name, name.replace("_", " "))
