"""Draws that move together, each still over its own range."""

import numpy as np
import pytest
from scipy import stats

from benchbench.tco import correlation, uncertainty
from tests.tco.test_uncertainty import assumption

CAPEX, PRICE = "owned.capex_usd", "cloud.price_usd_per_hour"
RESALE, DECLINE = "owned.residual_fraction_3y", "cloud.price_decline_per_year"


def drawn(*keys: str) -> dict[str, np.ndarray]:
    """Ten thousand draws of inputs with the same range."""
    rows = [assumption(key, 2.0, 1.0, 4.0) for key in keys]
    return {key: values[:, 0] for key, values in uncertainty.draw(rows).items()}


@pytest.mark.parametrize(("pair", "strength"), [((CAPEX, PRICE), 0.5), ((RESALE, DECLINE), -0.6)])
def test_declared_pairs_correlate_as_declared(pair: tuple[str, str], strength: float) -> None:
    """Spearman's of normal scores: 6/π · asin(r/2)."""
    values = drawn(*pair)
    found = stats.spearmanr(values[pair[0]], values[pair[1]]).statistic
    assert found == pytest.approx(6 / np.pi * np.arcsin(strength / 2), abs=0.02)


def test_what_is_not_declared_stays_independent() -> None:
    """The server's price and the PUE."""
    values = drawn(CAPEX, PRICE, "owned.pue")
    assert abs(stats.spearmanr(values[CAPEX], values["owned.pue"]).statistic) < 0.03


def test_correlating_changes_no_distribution() -> None:
    """The same values in another order: sorted they are those of an input alone."""
    together, alone = drawn(CAPEX, PRICE)[CAPEX], drawn(CAPEX)[CAPEX]
    assert np.sort(together) == pytest.approx(np.sort(alone), rel=1e-3)


def test_every_declared_pair_is_an_input_and_its_strength_possible() -> None:
    """Between -1 and 1, of keys the scenario has."""
    from benchbench.tco.scenario import Scenario

    for pair, strength in correlation.PAIRS.items():
        assert len(pair) == 2
        assert -1 < strength < 1
        for key in pair:
            section, field = key.split(".")
            assert field in type(getattr(Scenario(), section)).model_fields


def test_the_matrix_of_all_pairs_is_a_correlation_matrix() -> None:
    """Ones on the diagonal, no negative eigenvalue."""
    keys = sorted({key for pair in correlation.PAIRS for key in pair})
    found = correlation.matrix(keys)
    assert np.diag(found) == pytest.approx(np.ones(len(keys)))
    assert np.linalg.eigvalsh(found).min() > 0


def test_contradicting_pairs_are_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A with b and b with c strongly, a against c: no such world, the nearest is taken."""
    pairs = {("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.9}
    declared = {frozenset(pair): strength for pair, strength in pairs.items()}
    monkeypatch.setattr(correlation, "PAIRS", declared)
    found = correlation.matrix(["a", "b", "c"])
    assert np.linalg.eigvalsh(found).min() > 0
    assert np.diag(found) == pytest.approx([1, 1, 1])
