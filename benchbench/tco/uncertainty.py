"""How sure: many draws of every uncertain input, the decisions held fixed. Vectorised, seeded."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from benchbench.tco import correlation
from benchbench.tco.answer import Assumption, TornadoBar, Uncertainty
from benchbench.tco.money import Array, Value

DRAWS = 10_000
SEED = 20260701
_SHAPE = 4.0
"""The weight of the likely value in a PERT distribution."""
_FIFTIETHS = tuple(range(1, 100, 2))
"""Per cent: the middles of fifty equal shares of the draws."""
_CHUNK = 2_500
_BISECTIONS = 30

Saving = Callable[[Mapping[str, Value]], Array]
"""From values, one per draw (draws, 1), to what owning saves in each draw: (draws,)."""
Paid = Callable[[Mapping[str, Value]], Mapping[str, Array]]
"""From values, one per draw, to what each alternative costs in each month: (draws, months + 1)."""


def pert(low: float, likely: float, high: float, uniform: Array) -> Array:
    """Quantiles of the PERT distribution: Beta(1 + 4(m-a)/(b-a), 1 + 4(b-m)/(b-a)) on [a, b].

    Malcolm, Roseboom, Clark, Fazar, Operations Research 7(5), 1959.
    """
    from scipy.special import betaincinv  # noqa: PLC0415  scipy only where draws are made

    if high <= low:
        return np.full_like(uniform, likely)
    alpha = 1.0 + _SHAPE * (likely - low) / (high - low)
    beta = 1.0 + _SHAPE * (high - likely) / (high - low)
    return np.asarray(low + (high - low) * betaincinv(alpha, beta, uniform))


def uncertain(assumptions: Sequence[Assumption]) -> tuple[Assumption, ...]:
    """Those with a range to draw from."""
    return tuple(row for row in assumptions if _ends(row) is not None)


def draw(
    assumptions: Sequence[Assumption], draws: int = DRAWS, seed: int = SEED
) -> dict[str, Array]:
    """Draws (draws, 1) of each uncertain input, stratified (Latin hypercube) and correlated."""
    return dict(_drawn(uncertain(assumptions), draws, seed))


@lru_cache(maxsize=1)
def _drawn(rows: tuple[Assumption, ...], draws: int, seed: int) -> dict[str, Array]:
    """Remembered, for one answer asks for them several times."""
    generator = np.random.default_rng(seed)
    strata = [
        (generator.permutation(draws) + generator.random(draws)) / draws for _ in range(len(rows))
    ]
    uniforms = correlation.induced(strata, [row.key for row in rows])
    values = {}
    for row, uniform in zip(rows, uniforms, strict=True):
        low, high = _ends(row) or (row.value, row.value)
        values[row.key] = pert(low, row.value, high, uniform)[:, None]
        values[row.key].setflags(write=False)
    return values


def analyse(
    saving: Saving,
    assumptions: Sequence[Assumption],
    draws: int = DRAWS,
    seed: int = SEED,
    break_even: Saving | None = None,
) -> Uncertainty:
    """P(own cheaper), percentiles of the saving, and which input moves it most.

    `break_even` gives the break-even utilisation of each draw, NaN where there is none.
    """
    values = draw(assumptions, draws, seed)
    savings = _in_chunks(saving, values, draws)
    ends = _ends_of(break_even, values, draws)
    p5, p50, p95 = (float(value) for value in np.percentile(savings, [5, 50, 95]))
    bars = [_bar(saving, row, values[row.key][:, 0], savings) for row in uncertain(assumptions)]
    moving = [bar for bar in bars if bar.low_saving_usd != bar.high_saving_usd]
    return Uncertainty(
        draws=draws,
        probability_own_cheaper=float((savings > 0).mean()),
        saving_usd_p5=p5,
        saving_usd_p50=p50,
        saving_usd_p95=p95,
        saving_usd_quantiles=tuple(np.percentile(savings, _FIFTIETHS).tolist()),
        break_even_p5=ends[0],
        break_even_p50=ends[1],
        break_even_p95=ends[2],
        tornado=tuple(sorted(moving, key=_swing, reverse=True)),
    )


def bands(
    paid: Paid, assumptions: Sequence[Assumption], draws: int = DRAWS, seed: int = SEED
) -> dict[str, Array]:
    """The 5th and 95th percentile over the draws of what is paid by each month: (2, months + 1)."""
    values = draw(assumptions, draws, seed)
    found: dict[str, list[Array]] = {}
    for start in range(0, draws, _CHUNK):
        part = {key: value[start : start + _CHUNK] for key, value in values.items()}
        count = min(_CHUNK, draws - start)
        for name, flow in paid(part).items():
            spread = np.broadcast_to(flow, (count, flow.shape[-1]))
            found.setdefault(name, []).append(np.cumsum(spread, axis=-1, dtype=np.float64))
    return {
        name: np.percentile(np.concatenate(parts), [5, 95], axis=0) for name, parts in found.items()
    }


def _ends_of(
    break_even: Saving | None, values: Mapping[str, Array], draws: int
) -> list[float | None]:
    """P5, P50 and P95; a draw without break-even lies above all others."""
    if break_even is None:
        return [None, None, None]
    found = _in_chunks(break_even, values, draws)
    ranked = np.sort(np.where(np.isnan(found), np.inf, found))
    ends = (float(ranked[min(draws - 1, int(share * draws))]) for share in (0.05, 0.5, 0.95))
    return [end if np.isfinite(end) else None for end in ends]


def rank_correlation(one: Array, other: Array) -> float | None:
    """Spearman's, for values without ties; None where nothing varies."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    ranks = [np.argsort(np.argsort(values)) for values in (one, other)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _in_chunks(saving: Saving, values: Mapping[str, Array], draws: int) -> Array:
    """Draws by months by components at once would not fit a small machine."""
    parts = [
        np.broadcast_to(
            saving({key: value[start : start + _CHUNK] for key, value in values.items()}),
            (min(_CHUNK, draws - start),),
        )
        for start in range(0, draws, _CHUNK)
    ]
    return np.concatenate(parts)


def _bar(saving: Saving, row: Assumption, drawn: Array, savings: Array) -> TornadoBar:
    low, high = _ends(row) or (row.value, row.value)

    def at(value: float) -> float:
        return float(saving({row.key: value}).item())

    return TornadoBar(
        key=row.key,
        label=row.label,
        low_saving_usd=at(low),
        high_saving_usd=at(high),
        rank_correlation=rank_correlation(drawn, savings),
        flips_at=_flip(at, low, row.value, high),
    )


def _flip(at: Callable[[float], float], low: float, likely: float, high: float) -> float | None:
    """The value nearest to the likely one at which the sign of the saving changes; None: none."""
    found = [_root(at, likely, end) for end in (low, high) if (at(end) > 0) != (at(likely) > 0)]
    return min(found, key=lambda value: abs(value - likely), default=None)


def _root(at: Callable[[float], float], inside: float, end: float) -> float:
    """Bisection; whole months of life make the saving jump, so no smoothness is assumed."""
    sign = at(inside) > 0
    for _ in range(_BISECTIONS):
        middle = (inside + end) / 2
        if (at(middle) > 0) == sign:
            inside = middle
        else:
            end = middle
    return end


def _ends(row: Assumption) -> tuple[float, float] | None:
    if row.low is None or row.high is None or row.low == row.high:
        return None
    return min(row.low, row.value), max(row.high, row.value)


def _swing(bar: TornadoBar) -> float:
    return abs(bar.high_saving_usd - bar.low_saving_usd)
