"""The committed sample report is what this version writes: a golden file."""

import re
from datetime import date
from pathlib import Path

import numpy as np

from benchbench import decide

EXAMPLE = Path(__file__).parents[1] / "reports" / "examples" / "quickstart"


NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def test_the_sample_report_is_what_is_written_today() -> None:
    """Same words, same numbers; after a change that is meant, run: make examples.

    Numbers are compared to seven digits: the last ones depend on the processor's vector units.
    """
    makefile = (EXAMPLE.parents[2] / "Makefile").read_text(encoding="utf-8")
    day = re.search(r"^EXAMPLE_DATE := (.*)$", makefile, re.MULTILINE)
    assert day is not None
    written = decide.page(decide.records(EXAMPLE), scenario=None, today=date.fromisoformat(day[1]))
    committed = (EXAMPLE / "report.html").read_text(encoding="utf-8")
    meant = "the report changed; if that is meant, run: make examples"
    assert NUMBER.sub("0", written.html) == NUMBER.sub("0", committed), meant
    numbers = [[float(n) for n in NUMBER.findall(page)] for page in (written.html, committed)]
    np.testing.assert_allclose(numbers[0], numbers[1], rtol=1e-7, err_msg=meant)


def test_the_sample_comes_from_real_measurements() -> None:
    """Both workloads, on one machine, none invalid."""
    stored = decide.records(EXAMPLE)
    assert {one.workload for one in stored} == {"resnet50-train", "bert-large-infer"}
    assert "invalid" not in {one.validity for one in stored}
    assert all(one.ceilings for one in stored)
