"""Predictions held against published throughputs, where that table is at hand."""

import importlib.util
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from benchbench.catalog import silicon

_ROOT = Path(__file__).parents[2]
_TABLE = _ROOT / ".." / "shared" / "data" / "truth" / "published_offline_per_accelerator.csv"
_KNOWN = silicon.load()

at_hand = pytest.mark.skipif(
    not _TABLE.is_file(), reason="the table of published results is not at hand"
)


def _script() -> ModuleType:
    path = _ROOT / "benchmarks" / "prediction_error.py"
    spec = importlib.util.spec_from_file_location("prediction_error", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


SCRIPT = _script()


def _cases(table: pd.DataFrame, protocols: Iterable[str], every: int = 1) -> pd.DataFrame:
    rows, _ = SCRIPT.read(table, _KNOWN)
    asked = [one for one in SCRIPT.questions(rows) if one.protocol in protocols][::every]
    cases = SCRIPT.evaluated(asked, rows, _KNOWN, Counter())
    assert isinstance(cases, pd.DataFrame)
    return cases


def _median(cases: pd.DataFrame, method: str) -> float:
    return float(np.median(SCRIPT.errors_of(cases, method)))


@pytest.fixture(scope="module")
def cases() -> pd.DataFrame:
    """Every fifth question of four protocols: enough to hold their medians."""
    protocols = ("device", "nearest alone", "architecture", "new here")
    return _cases(pd.read_csv(_TABLE), protocols, every=5)


@at_hand
@pytest.mark.slow
@pytest.mark.parametrize(
    ("protocol", "median"),
    [
        ("device", 0.06),
        ("nearest alone", 0.09),
        ("architecture", 0.22),
        ("new here", 0.17),
    ],
)
def test_predictions_beat_every_ratio_by_30_percent(
    cases: pd.DataFrame, protocol: str, median: float
) -> None:
    """The median error against the best of peak, bandwidth, minimum and geometric mean."""
    group = cases[cases["protocol"] == protocol]
    best = min(_median(group, ratio) for ratio in SCRIPT.RATIOS)
    assert len(group) > 80
    assert _median(group, "predicted") <= min(median, 0.7 * best)


@at_hand
@pytest.mark.slow
def test_the_80_percent_interval_holds_about_80_percent(cases: pd.DataFrame) -> None:
    """In each protocol 72 to 90 %, in all of them together 76 to 87 %."""
    for protocol, group in cases.groupby("protocol"):
        assert 0.72 <= group["held"].mean() <= 0.90, protocol
    assert 0.76 <= cases["held"].mean() <= 0.87


def _table(**rates: float) -> pd.DataFrame:
    """Two benchmarks and rounds; underscores in names stand for dashes."""
    rows = [
        (benchmark, which, name.replace("_", "-"), rate * level)
        for benchmark, which, level in (
            ("resnet50", "a", 1.0),
            ("resnet50", "b", 1.1),
            ("x", "a", 2.0),
        )
        for name, rate in rates.items()
    ]
    return pd.DataFrame(rows, columns=list(SCRIPT.COLUMNS))


CHIPS = {"A100_SXM4_80GB": 40e3, "A10": 14e3, "H100_SXM5_80GB": 88e3, "L4": 13e3, "T4": 6e3}


@pytest.mark.parametrize("protocol", ["device", "nearest alone", "architecture", "new here"])
def test_what_is_predicted_was_never_seen(protocol: str) -> None:
    """A thousand times the A10's published rates change nothing in what is said of the A10."""
    fast = {**CHIPS, "A10": 1000 * CHIPS["A10"]}
    assert _said_of("A10", CHIPS, protocol) == pytest.approx(_said_of("A10", fast, protocol))


def test_an_unseen_architecture_is_unseen_in_other_benchmarks_too() -> None:
    """All Ampere a thousand times as fast: the same is said of the A100 from foreign chips."""
    fast = {**CHIPS, "A10": 14e6, "A100_SXM4_80GB": 40e6}
    said = [_said_of("A100-SXM4-80GB", rates, "architecture") for rates in (CHIPS, fast)]
    assert said[0] == pytest.approx(said[1])


def _said_of(name: str, rates: dict[str, float], protocol: str) -> list[float]:
    cases = _cases(_table(**rates), [protocol])
    said = [one["predicted"] for one in cases[cases["accelerator"] == name]["said"]]
    assert len(said) == 3
    return said


def test_unknown_accelerators_are_counted_not_predicted() -> None:
    """Three rows of a chip of no catalogue are left out, with the reason."""
    rows, unusable = SCRIPT.read(_table(**CHIPS, Abacus=1.0), _KNOWN)
    assert len(rows) == 15
    assert unusable == {("Abacus", "not in the catalogue"): 3}


def test_rates_that_are_none_are_left_out() -> None:
    """Zero, negative and missing rates."""
    for rate in (0.0, -1.0, float("nan")):
        _, unusable = SCRIPT.read(_table(A10=rate), _KNOWN)
        assert unusable == {("A10", "no throughput above zero"): 3}


def test_other_vendors_software_is_refused_and_counted() -> None:
    """A Qualcomm card is not predicted from NVIDIA's."""
    rows, _ = SCRIPT.read(_table(**CHIPS, QAIC100_Ultra=50e3), _KNOWN)
    refused: Counter[tuple[str, str]] = Counter()
    asked = [one for one in SCRIPT.questions(rows) if one.protocol == "device"]
    SCRIPT.evaluated(asked, rows, _KNOWN, refused)
    assert refused["device", "other_software"] == 3


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    """One sentence with the columns missing and those needed."""
    (tmp_path / "table.csv").write_text("benchmark,round\nx,a\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="lacks accelerator, median_per_accel"):
        SCRIPT.main(tmp_path / "table.csv")


def test_the_printed_table_names_every_protocol(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows, protocols, methods and the accelerators left out."""
    _table(**CHIPS, Abacus=1.0).to_csv(tmp_path / "table.csv", index=False)
    SCRIPT.main(tmp_path / "table.csv")
    printed = capsys.readouterr().out
    for word in (
        "15 of 18 rows",
        "Abacus: not in the catalogue",
        "pairs, same",
        "new here",
        "fitted",
    ):
        assert word in printed
