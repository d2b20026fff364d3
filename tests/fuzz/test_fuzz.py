"""Each parser on a few hundred broken inputs; `scripts/fuzz.py` runs the same by the million."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchbench.catalog.importers import KINDS
from tests import payloads
from tests.fuzz.targets import TARGETS, Target, call

EXAMPLES = int(os.environ.get("BENCHBENCH_FUZZ_EXAMPLES", "12"))
PIECES = (
    *(name.encode("utf-8", "surrogatepass") for name in payloads.NAMES),
    *(b"null", b"-1", b"1e308", b"5e-324", b"[]", b"{}", b'""', b"\n", b",", b";", b'"', b"\x00"),
    *(b"1" * 400, b"true", b"[[", b"}", b"=", b"\xff", b"\xef\xbb\xbf"),
)
SLOW = {"report-verify", "import-whole", "offers-csv"}
"""Milliseconds for one input."""


@st.composite
def damaged(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A sound input with pieces cut out and put in, or something else altogether."""
    data = draw(st.sampled_from((*seeds, b"", *payloads.DOCUMENTS)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        gone = draw(st.integers(0, 20))
        piece = draw(st.sampled_from(PIECES) | st.binary(max_size=8))
        data = data[:at] + piece + data[at + gone :]
    return data


@pytest.mark.parametrize("target", TARGETS, ids=lambda one: one.name)
def test_sound_inputs_and_the_corpus_end_in_our_own_errors(target: Target) -> None:
    """What it was made for, and every broken document of the corpus."""
    for data in (*target.seeds, *payloads.DOCUMENTS):
        call(target, data)


@pytest.mark.parametrize("target", TARGETS, ids=lambda one: one.name)
def test_damaged_inputs_end_in_our_own_errors(target: Target) -> None:
    """Pieces cut out and put in, at random."""
    count = max(3, EXAMPLES // 4) if target.name in SLOW else EXAMPLES

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(damaged(target.seeds))
    def run(data: bytes) -> None:
        call(target, data)

    run()


def test_another_error_is_a_defect() -> None:
    """The positive control: what a parser lets through is not swallowed here."""

    def careless(data: bytes) -> object:
        return {b"a": 1}[data]

    with pytest.raises(KeyError):
        call(Target("careless", careless), b"b")


def test_every_importer_is_a_target() -> None:
    """A new kind of source cannot be forgotten."""
    assert {f"import-{kind}" for kind in KINDS} <= {target.name for target in TARGETS}
