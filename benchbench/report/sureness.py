"""How sure a comparison is: the odds over all draws, what moves them most, and what was assumed."""

from collections.abc import Sequence

from benchbench import units
from benchbench.report import evidence
from benchbench.report.blocks import (
    Axis,
    Block,
    Cell,
    Column,
    Dots,
    Part,
    Plot,
    Prose,
    Row,
    Swings,
    Table,
    plain,
    words,
)
from benchbench.tco.answer import (
    Assumption,
    TcoAnswer,
    TornadoBar,
    Uncertainty,
)

_MOST_SWINGS = 12
_OWNING = {"owned", "colocated"}


def sureness(answer: TcoAnswer) -> Part:
    """The odds and the swings, or why there are none."""
    uncertainty = answer.uncertainty
    if uncertainty is None:
        text = (
            "Not computed: the scenario gives no ranges, so nothing is known about how sure it is."
        )
        return Part("sureness", "How sure this is", (Prose((text,)),))
    blocks: list[Block] = [Prose((sentence(uncertainty),))]
    if uncertainty.saving_usd_quantiles:
        blocks.append(_odds(answer, uncertainty))
    if uncertainty.tornado:
        blocks.append(_tornado(uncertainty.tornado[:_MOST_SWINGS], answer.assumptions))
    return Part("sureness", "How sure this is", tuple(blocks))


def _odds(answer: TcoAnswer, uncertainty: Uncertainty) -> Plot:
    """Fifty dots, each one draw in fifty: odds one can count."""
    chance = units.percent(uncertainty.probability_own_cheaper)
    savings = uncertainty.saving_usd_quantiles
    columns = (Column("Of the draws below"), Column("Saving by owning", numeric=True))
    rows = tuple(
        Row((Cell(units.percent(share), sort=share), plain(saving, units.usd)))
        for share, saving in zip(_middles(len(savings)), savings, strict=True)
    )
    own = next((one.name for one in answer.alternatives if one.name in _OWNING), "owned")
    return Plot(
        "chart-odds",
        f"Owning is cheaper in {chance} of {units.count(uncertainty.draws)} draws",
        f"Each dot is one in {units.count(len(savings))} equally likely outcomes; those right of "
        "zero are the ones in which owning saves money.",
        Dots(
            Axis("Saving by owning", units.usd),
            savings,
            "renting is cheaper",
            "owning is cheaper",
            own,
        ),
        Table("Saving by owning, by share of the draws", columns, rows, folded="Show the numbers"),
    )


def _middles(count: int) -> list[float]:
    """The middles of so many equal shares: 1 %, 3 %, … of fifty."""
    return [(2 * at + 1) / (2 * count) for at in range(count)]


def sentence(uncertainty: Uncertainty) -> str:
    """P(own cheaper), and what owning saves with its interval."""
    return (
        f"Owning is cheaper in {units.percent(uncertainty.probability_own_cheaper)} of "
        f"{units.count(uncertainty.draws)} draws over the ranges assumed. At the median it costs "
        f"{saved(uncertainty.saving_usd_p50)}; in nine draws of ten between "
        f"{saved(uncertainty.saving_usd_p5)} and {saved(uncertainty.saving_usd_p95)}."
    )


def saved(usd: float) -> str:
    """An amount with its direction: "1,000 $ less"."""
    return f"{units.usd(abs(usd))} {'more' if usd < 0 else 'less'}"


def _tornado(bars: Sequence[TornadoBar], inputs: Sequence[Assumption]) -> Plot:
    unit = {one.key: one.unit for one in inputs}
    columns = (
        Column("Input"),
        Column("Saving at its low end", numeric=True),
        Column("Saving at its high end", numeric=True),
        Column("Turns at", numeric=True),
        Column("Rank correlation", numeric=True),
    )
    rows = tuple(
        Row(
            (
                words(evidence.called(bar), bar.key),
                plain(bar.low_saving_usd, units.usd),
                plain(bar.high_saving_usd, units.usd),
                words(units.amount(bar.flips_at, unit.get(bar.key, ""))),
                plain(bar.rank_correlation, units.number),
            )
        )
        for bar in bars
    )
    return Plot(
        "chart-tornado",
        f"The {evidence.called(bars[0])} moves the answer most",
        "What owning saves when one input moves from its low to its high end and the others stay. "
        "A bar that crosses zero can turn the answer round alone.",
        Swings(
            Axis("Saving by owning", units.usd),
            tuple((evidence.called(bar), bar.low_saving_usd, bar.high_saving_usd) for bar in bars),
        ),
        Table("Saving by owning", columns, rows, folded="Show the numbers"),
    )


def assumed(assumptions: Sequence[Assumption]) -> Part | None:
    """Every input with its range, source and day."""
    if not assumptions:
        return None
    columns = (
        Column("Input"),
        Column("Value", numeric=True),
        Column("Range", numeric=True),
        Column("Source"),
        Column("As of"),
    )
    rows = tuple(
        Row(
            (
                words(evidence.called(one), one.key),
                Cell(units.amount(one.value, one.unit, 4), "", one.value, one.basis),
                words(spread(one)),
                words(one.source),
                words(one.as_of),
            )
        )
        for one in assumptions
    )
    folded = f"Show all {units.counted(len(rows), 'input')}"
    table = Table("Inputs of the comparison", columns, rows, folded=folded, filterable=True)
    return Part("assumptions", "What was assumed", (table,))


def spread(one: Assumption) -> str | None:
    """From low to high, the unit said once; None without ends."""
    if one.low is None or one.high is None:
        return None
    low, high = (units.amount(end, one.unit, 4).split() for end in (one.low, one.high))
    same = 0
    while same < len(low) and low[-1 - same :] == high[-1 - same :]:
        same += 1
    if same == len(low):
        return " ".join(low)
    return f"{' '.join(low[: len(low) - same])} to {' '.join(high)}"
