"""Figures of parts of a step and of requests at a rate, against sums done by hand."""

from typing import Any

import pytest

from benchbench.derive import figures
from benchbench.record import Offered, Part, PartWork, Perturbation, Record
from tests import factories as make

PARTS = (
    PartWork(name="prefill", units=512, flops=1e12, bytes=2e9),
    PartWork(name="decode", units=4, flops=4e9, bytes=2e9),
)


def answering(**changes: Any) -> Record:
    """Prefills of 0.5 s and decodings of 0.1 s, on a machine of 10 TFLOP/s and 40 GB/s."""
    work = make.record().work.model_copy(update={"unit": "token", "parts": PARTS})
    seen = make.measurement(
        parts=(
            Part(name="prefill", seconds=(0.5,) * 4),
            Part(name="decode", seconds=(0.1,) * 20),
        ),
        **changes,
    )
    ceilings = (make.ceiling(10e12), make.bandwidth_ceiling(40e9))
    return make.record(
        workload="llm-infer", scenario="offline", work=work, measurement=seen, ceilings=ceilings
    )


def test_each_part_is_held_against_its_own_ceiling() -> None:
    """Prefill 2 TFLOP/s of 10; decoding 20 GB/s of 40, whatever the whole step reaches."""
    prefill, decode = figures([answering()], datasheet_flops=20e12).parts
    assert prefill.seconds.value == 0.5
    assert prefill.units_per_s == 1024
    assert prefill.flops_per_s == pytest.approx(2e12)
    assert prefill.share_of_achievable == pytest.approx(0.2)
    assert prefill.mfu == pytest.approx(0.1)
    assert decode.seconds.value == 0.1
    assert decode.bytes_per_s == pytest.approx(20e9)
    assert decode.mbu == pytest.approx(0.5)


def test_of_an_invalid_measurement_no_part_is_shown() -> None:
    """Withheld as every figure is."""
    doubt = (make.caveat("invalid"),)
    record = answering().model_copy(update={"caveats": doubt, "validity": "invalid"})
    assert figures([record]).parts == ()
    assert figures([record]).rates == ()


def offered(first: tuple[float | None, ...], tokens: tuple[int, ...]) -> Offered:
    """Requests that came every second and wanted 11 tokens, 0.1 s apart."""
    return Offered(
        requests_per_s=1.0,
        elapsed_s=20.0,
        arrived_s=tuple(float(index) for index in range(len(first))),
        first_token_s=first,
        last_token_s=tuple(None if each is None else each + 1.0 for each in first),
        tokens=tokens,
        wanted_tokens=11,
    )


def test_waiting_counts_from_arrival_and_tokens_from_the_first() -> None:
    """0.25 s to the first token, 0.1 s for each of ten more, 44 tokens in 20 s."""
    one = offered(tuple(index + 0.25 for index in range(4)), (11,) * 4)
    (rate,) = figures([answering(offered=(one,))]).rates
    assert rate.first_token_s == pytest.approx(0.25)
    assert rate.per_token_s == pytest.approx(0.1)
    assert rate.tokens_per_s == pytest.approx(2.2)
    assert (rate.offered, rate.answered, rate.keeps_up) == (4, 4, True)
    assert rate.first_token_p90_s is None


def test_a_growing_queue_and_unanswered_requests_fall_behind() -> None:
    """Later ones waiting three times as long, or not answered at all."""
    growing = offered((0.1, 1.1, 2.3, 3.3), (11,) * 4)
    unanswered = offered((0.1, 1.1, 2.1, None), (11, 11, 5, 0))
    slow, lost = figures([answering(offered=(growing, unanswered))]).rates
    assert (slow.answered, slow.keeps_up) == (4, False)
    assert (lost.answered, lost.keeps_up) == (2, False)


def exchanging(*step_s: float) -> Perturbation:
    """Steps of 1 s that take so long without a word to the others."""
    return Perturbation(
        kind="no_exchange",
        kept_fraction=0.5,
        step_s=step_s,
        unchanged_s=(1.0,) * len(step_s),
    )


def test_communication_is_what_silence_saves() -> None:
    """0.7 of the time without exchange: 30 %, and the verdict; never less than nothing."""
    slowed = make.record(measurement=make.measurement(perturbations=(exchanging(0.7, 0.7, 0.6),)))
    found = figures([slowed])
    assert found.communication_fraction == pytest.approx(0.3)
    assert found.regime.name == "communication"
    free = make.record(measurement=make.measurement(perturbations=(exchanging(1.02, 1.0),)))
    assert figures([free]).communication_fraction == 0.0
    assert figures([free]).regime.name != "communication"
    assert figures([make.record()]).communication_fraction is None


def test_what_is_executed_twice_is_beside_the_models_own() -> None:
    """A third more executed: HFU is a third above MFU; None where nothing is."""
    work = make.record().work
    again = work.model_copy(update={"executed_flops_per_unit": (work.flops_per_unit or 0) * 4 / 3})
    found = figures([make.record(work=again)], datasheet_flops=1e12)
    assert found.mfu is not None
    assert found.hfu is not None
    assert found.hfu.value == pytest.approx(found.mfu.value * 4 / 3)
    assert figures([make.record()], datasheet_flops=1e12).hfu is None
