"""Predictions held against published throughputs, where that table is at hand."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from benchbench.catalog import silicon

_ROOT = Path(__file__).parents[2]
_TABLE = _ROOT / ".." / "shared" / "data" / "truth" / "published_offline_per_accelerator.csv"


def _script() -> ModuleType:
    path = _ROOT / "benchmarks" / "prediction_error.py"
    spec = importlib.util.spec_from_file_location("prediction_error", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not _TABLE.is_file(), reason="the table of published results is not at hand")
def test_the_80_percent_interval_holds_at_least_80_percent() -> None:
    """Leaving out one accelerator, or its whole architecture; at most as wrong as either ratio."""
    known = silicon.load()
    table = pd.read_csv(_TABLE)
    listed = table[table["accelerator"].isin(known.chips)]
    cases = pd.DataFrame([vars(case) for case in _script()._cases(listed, known)])
    assert len(cases) > 900
    for protocol, group in cases.groupby("protocol"):
        assert group["held"].mean() >= 0.8, protocol
        errors = {
            method: (group["said"].map(lambda said, m=method: said[m]) / group["truth"] - 1).abs()
            for method in ("predicted", "peak", "bandwidth")
        }
        p90 = {method: error.quantile(0.9) for method, error in errors.items()}
        assert p90["predicted"] <= min(p90["peak"], p90["bandwidth"])
