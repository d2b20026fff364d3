"""Whisper inference: its sizes against the paper's, its count against PyTorch's, its two parts."""

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from benchbench.errors import UsageError
from benchbench.measure.checks import agreement
from benchbench.workload import Setting
from benchbench.workload.file import find, load_file

whisper: Any = load_file(find("whisper-infer"))
TOY = whisper.Shape(32, 2, 3, 2, vocabulary=101, mels=8, positions=50, target_positions=20)
SMALL = Setting(batch_size=2, parameters={"size": "toy", "tokens": 7})


@pytest.fixture(autouse=True)
def _toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A size of one second of audio and three layers."""
    monkeypatch.setitem(whisper.SIZES, "toy", TOY)


def toy(**changes: Any) -> Setting:
    """The toy with some parameters changed."""
    return replace(SMALL, parameters={**SMALL.parameters, **changes})


@pytest.mark.parametrize(
    ("size", "millions"),
    [
        ("tiny", 39),
        ("base", 74),
        ("small", 244),
        ("medium", 769),
        ("large-v3", 1550),
        ("large-v3-turbo", 809),
    ],
)
def test_sizes_have_the_published_weights(size: str, millions: float) -> None:
    """Radford et al. 2022, table 1, and the turbo's model card: millions, within 4 %."""
    shape = whisper.SIZES[size]
    counted = whisper.encoder_weights(shape) + whisper.decoder_weights(shape)
    assert counted / 1e6 == pytest.approx(millions, rel=0.04)


@pytest.mark.parametrize("size", list(whisper.SIZES))
def test_weights_are_transformers_own(size: str) -> None:
    """Encoder and decoder, each exactly as many as the real model has."""
    from transformers import WhisperForConditionalGeneration

    shape = whisper.SIZES[size]
    with torch.device("meta"):
        model = WhisperForConditionalGeneration(whisper.configuration(shape)).model
    encoder, decoder = (
        sum(each.numel() for each in part.parameters()) for part in (model.encoder, model.decoder)
    )
    assert encoder == whisper.encoder_weights(shape)
    assert decoder == whisper.decoder_weights(shape)


@pytest.mark.known_error("MACs reported as FLOPs; CPU attention counted as 0")
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("part", ["all", "encoder", "decoder"])
def test_pytorchs_counter_agrees(part: str, attention: str) -> None:
    """An independent count of a real step is the analytic one, part by part."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    setting = toy(part=part, attention=attention)
    job = whisper.load(setting)
    batch = next(job.batches)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        job.step(batch)
    counted = whisper.work(setting).flops_per_unit * job.units_per_step
    assert counter.get_total_flops() == pytest.approx(counted, rel=1e-12)


@pytest.mark.parametrize("size", ["tiny", "large-v3"])
def test_pytorchs_counter_agrees_at_full_size(size: str) -> None:
    """The real shapes on no device at all: 30 s encoded, three tokens decoded."""
    from torch.utils.flop_counter import FlopCounterMode

    shape = whisper.SIZES[size]
    with torch.device("meta"):
        model = whisper.build(Setting(), shape, "eager")
        sound = torch.empty(1, shape.mels, 2 * shape.positions)
        ids = torch.zeros(1, 3, dtype=torch.int64)
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            model(input_features=sound, decoder_input_ids=ids)
    assert counter.get_total_flops() == whisper.window_flops(shape, "all", 3)


def test_the_parts_add_up() -> None:
    """Encoder and decoder alone cost what both together do, in FLOPs and in seconds of audio."""
    counts = [whisper.work(toy(part=each)).flops_per_unit for each in ("encoder", "decoder", "all")]
    assert counts[0] + counts[1] == pytest.approx(counts[2])
    others = [
        whisper.work(toy(part=each)).other_flops_per_unit for each in ("encoder", "decoder", "all")
    ]
    assert others[0] + others[1] == pytest.approx(others[2])


def test_the_unit_is_a_second_of_audio() -> None:
    """A window is 30 s in every size, and a batch of three windows 90 s."""
    assert {shape.seconds for name, shape in whisper.SIZES.items() if name != "toy"} == {30.0}
    job = whisper.load(replace(SMALL, batch_size=3))
    assert job.units_per_step == 3 * TOY.seconds == 3.0


def test_token_by_token_is_the_whole_at_once() -> None:
    """With a cache the last token's scores are those of transformers' one forward pass."""
    job = whisper.load(SMALL)
    batch = next(job.batches)
    model = whisper.build(SMALL, TOY, "eager").whisper
    with torch.inference_mode():
        expected = model(**batch).logits[:, -1]
    torch.testing.assert_close(job.step(batch), expected, rtol=1e-4, atol=1e-5)


def test_a_part_alone_is_the_same_part() -> None:
    """The encoder's states, given to the decoder alone, end in the scores of the whole."""
    whole, encoder, decoder = (
        whisper.load(toy(part=each)) for each in ("all", "encoder", "decoder")
    )
    batch = next(whole.batches)
    encoded = encoder.step({"input_features": batch["input_features"]})
    scores = decoder.step({"encoded": encoded, "decoder_input_ids": batch["decoder_input_ids"]})
    torch.testing.assert_close(scores, whole.step(batch), rtol=1e-4, atol=1e-5)
    assert set(next(encoder.batches)) == {"input_features"}
    assert set(next(decoder.batches)) == {"encoded", "decoder_input_ids"}


def test_scores_depend_on_the_sound() -> None:
    """Another spectrogram under the same tokens, other scores: the encoder is not for show."""
    job = whisper.load(SMALL)
    first, second = islice(job.batches, 2)
    assert not torch.allclose(job.step(first), job.step({**first, **_sound(second)}), atol=1e-4)


def _sound(batch: Any) -> dict[str, torch.Tensor]:
    return {"input_features": batch["input_features"]}


def test_batches_never_repeat() -> None:
    """Twenty spectrograms and twenty texts, all different."""
    batches = list(islice(whisper.load(SMALL).batches, 20))
    assert len({float(each["input_features"].sum()) for each in batches}) == 20
    assert len({tuple(each["decoder_input_ids"].flatten().tolist()) for each in batches}) == 20
    assert batches[0]["input_features"].shape == (2, 8, 100)
    assert batches[0]["decoder_input_ids"].shape == (2, 7)


@pytest.mark.parametrize("part", ["all", "encoder", "decoder"])
def test_reduced_precision_agrees_with_the_reference(part: str) -> None:
    """In bf16 the outputs are nearly those of fp32, given the same tokens."""
    found = agreement(whisper.load(replace(toy(part=part), precision="bf16")))
    assert found is not None
    assert found.cosine > 0.99
    assert whisper.load(SMALL).reference is None


def test_least_bytes_of_the_decoder_by_hand() -> None:
    """Two tokens in fp32: weights twice, caches of 50 + 50 + 1 + 2 rows read, 50 + 2 written."""
    rows = 2 * 3 * 32 * (50 + 50 + 1 + 2 + 50 + 2)
    weights = whisper.decoder_weights(TOY) - 19 * 32
    expected = 4 * (2 * weights + rows + 50 * 32 + 2 * 101) + 8 * 2
    assert whisper.least_bytes(TOY, "decoder", 2, 1, "fp32") == expected


def test_other_operations_are_a_small_share() -> None:
    """Norms, softmax and activations are below a tenth of the products, as far as those go."""
    work = whisper.work(Setting())
    assert 0.001 < work.other_flops_per_unit / work.flops_per_unit < 0.1


def test_memory_grows_with_the_text() -> None:
    """Each token adds a key and a value of every layer; never less than the weights."""
    short, long = (whisper.memory_bytes(toy(tokens=each)) for each in (1, 2))
    assert long - short == 4 * 2 * (2 * 3 * 32)
    assert short > 4 * (whisper.encoder_weights(TOY) + whisper.decoder_weights(TOY))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": "huge"}, "no size 'huge'; choose one of tiny, base"),
        ({"part": "middle"}, "no part 'middle'; choose one of all, encoder, decoder"),
        ({"tokens": 21}, "21 tokens do not fit; a window has 1 to 20"),
        ({"tokens": 0}, "0 tokens do not fit"),
    ],
)
def test_an_impossible_parameter_is_refused(changes: dict[str, Any], message: str) -> None:
    """Counting refuses it already."""
    with pytest.raises(UsageError, match=message):
        whisper.work(toy(**changes))


def test_what_it_cannot_use_is_refused() -> None:
    """Neither data nor weights are ignored."""
    for setting in (replace(SMALL, data=Path("x")), replace(SMALL, weights=Path("x"))):
        with pytest.raises(UsageError, match="takes no --"):
            whisper.load(setting)
