"""The kept answer to every example scenario is what this version says: golden files."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import scenario_reports

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
KINDS = (".txt", ".html")
GOLDEN = sorted(scenario_reports.FOLDER.glob("*.toml"))


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    """Every scenario, answered today as on the day of the kept answers."""
    return {path.name: text for path, text in scenario_reports.written()}


@pytest.mark.slow
@pytest.mark.parametrize("scenario", GOLDEN, ids=lambda path: path.stem)
@pytest.mark.parametrize("kind", KINDS)
def test_a_scenario_s_answer_is_the_kept_one(
    scenario: Path, kind: str, written: dict[str, str]
) -> None:
    """Same words; numbers to a thousandth, as the last digits depend on the processor."""
    kept = _shown(scenario.with_suffix(kind).read_text(encoding="utf-8"))
    meant = "the answer changed; if that is meant, run: make examples"
    now = _shown(written[scenario.with_suffix(kind).name])
    assert NUMBER.sub("0", now).split() == NUMBER.sub("0", kept).split(), meant
    numbers = [
        [float(one.replace(",", "").rstrip(".")) for one in NUMBER.findall(text)]
        for text in (now, kept)
    ]
    np.testing.assert_allclose(numbers[0], numbers[1], rtol=2e-3, atol=1e-3, err_msg=meant)


def _shown(text: str) -> str:
    """Without the data under a page, which have digits nobody reads."""
    return text.partition('id="benchbench-data"')[0]


@pytest.mark.parametrize("kind", KINDS)
def test_every_scenario_has_a_kept_answer(kind: str) -> None:
    """None is left over either."""
    kept = {path.stem for path in scenario_reports.FOLDER.glob(f"*{kind}")}
    assert kept == {path.stem for path in GOLDEN}
