"""Draws: the distribution, the seed, the percentiles and what flips the answer."""

from collections.abc import Mapping

import numpy as np
import pytest
from scipy import stats

from benchbench.tco import uncertainty
from benchbench.tco.answer import Assumption
from benchbench.tco.money import Array, Value


def assumption(
    key: str, value: float, low: float | None = None, high: float | None = None
) -> Assumption:
    """An input with a range."""
    return Assumption(
        key=key, value=value, low=low, high=high, unit="", source="fake", basis="assumed"
    )


A = assumption("a", 10.0, 0.0, 40.0)
B = assumption("b", 5.0, 4.0, 6.0)
KNOWN = assumption("known", 3.0)


def difference(values: Mapping[str, Value]) -> Array:
    """Saves a - b."""
    return np.asarray(values.get("a", A.value) - values.get("b", B.value)).reshape(-1)


def test_pert_has_the_textbook_mean_and_ends() -> None:
    """(low + 4 likely + high) / 6."""
    drawn = uncertainty.pert(0.0, 10.0, 40.0, (np.arange(200_000) + 0.5) / 200_000)
    assert drawn.mean() == pytest.approx((0 + 40 + 40) / 6, rel=1e-4)
    assert drawn.min() >= 0
    assert drawn.max() <= 40


def test_pert_is_scipys_beta() -> None:
    """The same quantiles as scipy.stats.beta with the textbook's parameters."""
    uniform = np.array([0.05, 0.5, 0.95])
    expected = stats.beta(1 + 4 * 0.25, 1 + 4 * 0.75, loc=0, scale=40).ppf(uniform)
    assert uncertainty.pert(0.0, 10.0, 40.0, uniform) == pytest.approx(expected)


def test_a_range_of_no_width_is_certain() -> None:
    """Low equals high."""
    assert uncertainty.pert(3.0, 3.0, 3.0, np.array([0.1, 0.9])).tolist() == [3.0, 3.0]


def test_only_what_has_a_range_is_drawn() -> None:
    """A known input and one with equal ends stay put."""
    same = assumption("same", 1.0, 1.0, 1.0)
    assert list(uncertainty.draw([A, KNOWN, same, B])) == ["a", "b"]


def test_a_default_outside_its_range_widens_it() -> None:
    """Such rows exist: a discount whose default is its upper end."""
    drawn = uncertainty.draw([assumption("edge", 0.37, 0.30, 0.36)])["edge"]
    assert drawn.max() > 0.36
    assert drawn.max() <= 0.37


def test_ten_thousand_draws_are_the_same_every_time() -> None:
    """Fixed seed; another seed gives other draws."""
    first, second = (uncertainty.draw([A, B]) for _ in range(2))
    assert first["a"].shape == (10_000, 1)
    assert np.array_equal(first["a"], second["a"])
    assert np.array_equal(first["b"], second["b"])
    assert not np.array_equal(first["a"], uncertainty.draw([A, B], seed=1)["a"])


def test_two_inputs_are_drawn_independently() -> None:
    """No rank correlation to speak of."""
    drawn = uncertainty.draw([A, B])
    rank = uncertainty.rank_correlation(drawn["a"][:, 0], drawn["b"][:, 0])
    assert rank is not None
    assert abs(rank) < 0.03


def test_the_analysis_is_deterministic() -> None:
    """Byte for byte."""
    texts = [uncertainty.analyse(difference, [A, B, KNOWN]).model_dump_json() for _ in range(2)]
    assert texts[0] == texts[1]


def test_probability_and_percentiles_follow_the_distribution() -> None:
    """With b known, P(a > 5) and the quantiles are those of scipy's beta."""
    found = uncertainty.analyse(difference, [A])
    exact = stats.beta(2, 4, loc=0, scale=40)
    assert found.probability_own_cheaper == pytest.approx(float(exact.sf(5.0)), abs=1e-3)
    expected = [float(value) - 5 for value in exact.ppf([0.05, 0.5, 0.95])]
    assert [found.saving_usd_p5, found.saving_usd_p50, found.saving_usd_p95] == pytest.approx(
        expected, abs=0.05
    )


def test_the_tornado_is_sorted_by_swing_and_leaves_out_what_moves_nothing() -> None:
    """A swings by 40, b by 2, c not at all."""
    found = uncertainty.analyse(difference, [B, assumption("c", 1.0, 0.0, 2.0), A])
    assert [bar.key for bar in found.tornado] == ["a", "b"]
    assert (found.tornado[0].low_saving_usd, found.tornado[0].high_saving_usd) == (-5.0, 35.0)


def test_an_input_flips_the_answer_where_the_saving_is_zero() -> None:
    """A = b = 5; b alone never reaches 10."""
    bars = {bar.key: bar for bar in uncertainty.analyse(difference, [A, B]).tornado}
    assert bars["a"].flips_at == pytest.approx(5.0, abs=1e-6)
    assert bars["b"].flips_at is None


def test_rank_correlation_is_scipys() -> None:
    """Spearman's on values without ties; None where nothing varies."""
    generator = np.random.default_rng(3)
    one = generator.random(500)
    other = one + generator.random(500)
    expected = float(stats.spearmanr(one, other).statistic)
    assert uncertainty.rank_correlation(one, other) == pytest.approx(expected)
    assert uncertainty.rank_correlation(one, np.ones(500)) is None


def test_bands_are_the_percentiles_of_what_is_paid_by_then() -> None:
    """Two months of the same uniform amount: by then twice as much, nine draws in ten between."""

    def paid(values: Mapping[str, Value]) -> dict[str, Array]:
        return {"own": np.asarray(values["a"]) * np.array([0.0, 1.0, 1.0])}

    found = uncertainty.bands(paid, [A], draws=4000)["own"]
    drawn = uncertainty.pert(0.0, 10.0, 40.0, np.array([0.05, 0.95]))
    assert found[:, 0] == pytest.approx([0.0, 0.0])
    assert found[:, 1] == pytest.approx(drawn, rel=0.01)
    assert found[:, 2] == pytest.approx(2 * found[:, 1])


def test_certain_payments_have_a_band_of_no_width() -> None:
    """Whatever is not drawn does not vary."""
    found = uncertainty.bands(lambda _: {"rent": np.array([1.0, 2.0])}, [A], draws=100)["rent"]
    assert found.tolist() == [[1.0, 3.0], [1.0, 3.0]]


def test_fifty_savings_stand_for_all_draws() -> None:
    """In order; as many of them above zero as the probability says, to one dot."""
    found = uncertainty.analyse(difference, [A, B], draws=2000)
    savings = found.saving_usd_quantiles
    assert list(savings) == sorted(savings)
    assert len(savings) == 50
    assert sum(one > 0 for one in savings) / 50 == pytest.approx(
        found.probability_own_cheaper, abs=0.02
    )
