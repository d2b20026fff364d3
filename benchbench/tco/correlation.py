"""Inputs that move together: declared pairs, induced on the draws without touching their ranges."""

from collections.abc import Sequence

import numpy as np

from benchbench.tco.money import Array

PAIRS: dict[frozenset[str], float] = {
    frozenset(pair): strength
    for pair, strength in {
        # One market prices accelerators, whoever buys them.
        ("owned.capex_usd", "cloud.price_usd_per_hour"): 0.5,
        ("owned.capex_usd", "cloud.spot_usd_per_hour"): 0.5,
        # When rents fall, so does what used servers bring.
        ("owned.residual_fraction_3y", "cloud.price_decline_per_year"): -0.6,
        # Hardware that keeps its value is kept longer.
        ("owned.residual_fraction_3y", "owned.life_years"): 0.4,
        # A discount for three years and one for a year are set together.
        ("cloud.commitment_discount", "cloud.shorter_commitment_discount"): 0.8,
        # Dear electricity makes dear colocation.
        ("owned.electricity_usd_per_kwh", "owned.colocation_usd_per_kw_month"): 0.4,
        # Expensive places pay high wages.
        ("owned.staff_wage_usd", "owned.electricity_usd_per_kwh"): 0.3,
        ("owned.staff_wage_usd", "vendor.engineer_usd_per_year"): 0.7,
        # Who automates needs fewer people at both ends.
        ("owned.minimum_fte", "owned.servers_per_admin"): -0.5,
    }.items()
}
"""Judgement, not measurement: rank correlations of normal scores between -1 and 1."""
_LEAST_EIGENVALUE = 1e-6


def matrix(keys: Sequence[str]) -> Array:
    """Of the declared pairs among `keys`, made positive definite where they contradict."""
    wanted = np.eye(len(keys))
    for i, one in enumerate(keys):
        for j, other in enumerate(keys[:i]):
            wanted[i, j] = wanted[j, i] = PAIRS.get(frozenset((one, other)), 0.0)
    values, vectors = np.linalg.eigh(wanted)
    if values.size == 0 or values[0] >= _LEAST_EIGENVALUE:
        return wanted
    mended = (vectors * np.maximum(values, _LEAST_EIGENVALUE)) @ vectors.T
    scale = np.sqrt(np.diag(mended))
    return np.asarray(mended / np.outer(scale, scale))


def induced(uniforms: Sequence[Array], keys: Sequence[str]) -> list[Array]:
    """The same values in another order, so that their ranks correlate as declared.

    Iman, Conover, Communications in Statistics B11(3), 1982: every column keeps its values, and
    with them its stratification; inputs without a pair are left as they are.
    """
    linked = [
        index
        for index, key in enumerate(keys)
        if any(key in pair and pair <= set(keys) for pair in PAIRS)
    ]
    found = list(uniforms)
    if not linked:
        return found
    from scipy.special import ndtri  # noqa: PLC0415  scipy only where draws are made

    scores = np.column_stack([ndtri(uniforms[index]) for index in linked])
    own = np.linalg.cholesky(np.corrcoef(scores, rowvar=False).reshape(len(linked), -1))
    wanted = np.linalg.cholesky(matrix([keys[index] for index in linked]))
    target = scores @ np.linalg.inv(own).T @ wanted.T
    for column, index in enumerate(linked):
        ranks = np.argsort(np.argsort(target[:, column]))
        found[index] = np.sort(uniforms[index])[ranks]
    return found
