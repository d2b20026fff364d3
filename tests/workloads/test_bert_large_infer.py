"""BERT-large inference: its count against the published figure, its data, and its reference."""

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertForQuestionAnswering

from benchbench.errors import UsageError
from benchbench.models.bert import layer_weights, weights
from benchbench.record import Precision
from benchbench.workload import Setting
from benchbench.workload.file import find, load_file

bert: Any = load_file(find("bert-large-infer"))
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "who", "won", "the", "cup", "red", "blue"]
CLS, SEP, WHO, WON, RED = 2, 3, 5, 6, 9


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers saved with its vocabulary."""
    folder = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=512,
    )
    BertForQuestionAnswering(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    return folder


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Two questions in SQuAD's form: a context of 3 words and one of 500."""
    short, long = "red won cup", " ".join(["blue"] * 500)
    paragraphs = [
        {"context": short, "qas": [{"question": "who won", "id": "1", "answers": []}]},
        {"context": long, "qas": [{"question": "who " * 100, "id": "2", "answers": []}]},
    ]
    file = tmp_path / "dev.json"
    file.write_text(json.dumps({"version": "1.1", "data": [{"paragraphs": paragraphs}]}))
    return file


def small(tiny: Path, **changes: Any) -> Setting:
    """Two sequences of 128 tokens on the tiny model."""
    setting = Setting(batch_size=2, weights=tiny, parameters={"sequence_length": 128})
    return replace(setting, **changes)


def test_the_forward_pass_is_the_published_count() -> None:
    """BERT-large with its answering head at 384 tokens: 246.425321472 GFLOP."""
    assert bert.work(Setting()).flops_per_unit == 246_425_321_472


@pytest.mark.known_error("MACs reported as FLOPs; CPU attention counted as 0")
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_pytorchs_counter_agrees(tiny: Path, attention: str) -> None:
    """An independent count of a real step is the analytic one."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    setting = small(tiny, parameters={"sequence_length": 128, "attention": attention})
    job = bert.load(setting)
    batch = next(job.batches)
    # Fused attention on a CPU has been counted as 0; the one made of products cannot be.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        job.step(batch)
    assert counter.get_total_flops() == 2 * bert.work(setting).flops_per_unit


def test_weights_are_transformers_own() -> None:
    """Layers, embeddings and head add up to the 334,094,338 of BERT-large with its head."""
    shape = bert.Shape()
    embeddings = (shape.vocabulary + shape.positions + 2 + 2) * shape.hidden
    head = 2 * shape.hidden + 2
    assert shape.layers * layer_weights(shape) + embeddings + head == weights(shape) == 334_094_338


def test_layer_weights_are_transformers_own(tiny: Path) -> None:
    """One layer of the real model has as many weights as counted."""
    layer = BertForQuestionAnswering.from_pretrained(tiny).bert.encoder.layer[0]
    assert layer_weights(bert.shape_of(tiny)) == sum(p.numel() for p in layer.parameters())


def test_least_bytes_by_hand() -> None:
    """One layer of width 4 at 2 tokens: weights once a batch, hidden states per sequence."""
    shape = bert.Shape(vocabulary=10, hidden=4, layers=1, heads=1, feed_forward=8, positions=16)
    layer = 4 * (4 * 4 + 4) + (4 * 8 + 8) + (8 * 4 + 4) + 2 * 2 * 4
    once = layer + (2 + 2 + 2) * 4 + (2 * 4 + 2)
    each = (2 * 4) * 3 + 2 * 2
    assert bert.least_bytes(shape, 2, 1, "fp32") == 4 * (once + each) + 3 * 8 * 2
    assert bert.least_bytes(shape, 2, 8, "bf16") == 2 * (once / 8 + each) + 3 * 8 * 2


def test_other_operations_are_a_small_share() -> None:
    """Norms, softmax and activation are counted apart and are below a percent of the products."""
    work = bert.work(Setting())
    assert 0.001 < work.other_flops_per_unit / work.flops_per_unit < 0.01


def test_random_tokens_never_repeat(tiny: Path) -> None:
    """A thousand batches are all different and use the whole vocabulary, without padding."""
    job = bert.load(small(tiny))
    batches = [each["input_ids"] for each in islice(job.batches, 1000)]
    assert len({each.numpy().tobytes() for each in batches}) == 1000
    assert set(torch.cat(batches).flatten().tolist()) == set(range(len(WORDS)))
    assert all(each.shape == (2, 128) for each in batches[:3])


def test_the_answer_has_a_start_and_an_end(tiny: Path) -> None:
    """Two logits a token, without gradient."""
    job = bert.load(small(tiny))
    answer = job.step(next(job.batches))
    assert answer.shape == (2, 2, 128)
    assert not answer.requires_grad
    assert job.reference is None


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_the_reference_is_the_same_model_in_fp32(tiny: Path, precision: Precision) -> None:
    """Reduced precision gives nearly the logits of the reference, which are exactly fp32's."""
    exact, reduced = bert.load(small(tiny)), bert.load(small(tiny, precision=precision))
    batch = next(reduced.batches)
    assert reduced.reference is not None
    expected = exact.step(batch)
    torch.testing.assert_close(reduced.reference(batch), expected)
    answer = reduced.step(batch)
    assert answer.dtype != torch.float32
    assert torch.nn.functional.cosine_similarity(
        answer.float().flatten(), expected.flatten(), dim=0
    ) == pytest.approx(1, abs=0.01)


def test_random_weights_repeat_with_their_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a folder the same seed gives the same model, so that the reference can be rebuilt."""
    shape = bert.Shape(hidden=32, layers=1, heads=2, feed_forward=32)
    monkeypatch.setattr(bert, "shape_of", lambda _weights: shape)
    setting = Setting(parameters={"sequence_length": 128}, precision="bf16", seed=3)
    job = bert.load(setting)
    batch = next(job.batches)
    exact = bert.load(replace(setting, precision="fp32"))
    torch.testing.assert_close(job.reference(batch), exact.step(batch))
    assert job.parameters["weights"] == "random"


def test_saved_weights_are_used(tiny: Path) -> None:
    """The logits are those of the saved model itself."""
    job = bert.load(small(tiny))
    batch = next(job.batches)
    model = BertForQuestionAnswering.from_pretrained(tiny)
    model.train(mode=False)
    with torch.inference_mode():
        expected = model(input_ids=batch["input_ids"])
    torch.testing.assert_close(job.step(batch)[:, 0], expected.start_logits)
    torch.testing.assert_close(job.step(batch)[:, 1], expected.end_logits)


def test_questions_become_sequences(tiny: Path, questions: Path) -> None:
    """[CLS] question [SEP] context [SEP] padding, with types and mask as BERT was trained."""
    job = bert.load(small(tiny, data=questions, parameters={}))
    batch = next(job.batches)
    ids, types, mask = (
        batch[name][0].tolist() for name in ("input_ids", "token_type_ids", "attention_mask")
    )
    assert ids[:9] == [CLS, WHO, WON, SEP, RED, WON, 8, SEP, 0]
    assert types[:9] == [0, 0, 0, 0, 1, 1, 1, 1, 0]
    assert mask[:9] == [1] * 8 + [0]
    assert batch["input_ids"].shape == (2, 384)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_padding_does_not_change_the_answer(tiny: Path, questions: Path, attention: str) -> None:
    """The logits of real tokens equal those of the sequence without its padding."""
    chosen = {"sequence_length": 384, "attention": attention}
    job = bert.load(small(tiny, data=questions, parameters=chosen))
    batch = next(job.batches)
    answer = job.step(batch)[0, :, :8]
    alone = {
        "input_ids": batch["input_ids"][:1, :8],
        "token_type_ids": batch["token_type_ids"][:1, :8],
    }
    torch.testing.assert_close(answer, job.step(alone)[0], rtol=1e-4, atol=1e-5)
    assert job.parameters["data"] == "squad-v1.1"


def test_squad_needs_a_vocabulary(tiny: Path, questions: Path, tmp_path: Path) -> None:
    """Without weights, or with weights alone, the sentence names what is missing."""
    bare = tmp_path / "bare"
    bare.mkdir()
    for file in ("config.json", "model.safetensors"):
        (bare / file).write_bytes((tiny / file).read_bytes())
    with pytest.raises(UsageError, match=r"needs a vocabulary; name a folder with vocab\.txt"):
        bert.load(small(bare, data=questions))
    with pytest.raises(UsageError, match="needs a vocabulary"):
        bert.load(Setting(data=questions))


@pytest.mark.parametrize("text", ["", "[]", '{"data": [{}]}', '{"data": 3}'])
def test_a_file_that_is_not_squad_is_refused(tiny: Path, tmp_path: Path, text: str) -> None:
    """Any other content is named as such, with the flag."""
    file = tmp_path / "other.json"
    file.write_text(text)
    with pytest.raises(UsageError, match=r"is not SQuAD v1\.1 JSON .* --data"):
        bert.load(small(tiny, data=file))


def test_too_few_questions_are_refused(tiny: Path, questions: Path) -> None:
    """Four sequences are no batch of five."""
    setting = small(tiny, data=questions, batch_size=5, parameters={})
    with pytest.raises(UsageError, match="gives 4 sequences, less than one batch; lower --batch"):
        bert.load(setting)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    """Counting refuses it already, before torch is imported."""
    with pytest.raises(UsageError, match=r"holds no BERT: its config\.json is missing"):
        bert.work(Setting(weights=tmp_path))


@pytest.mark.fault("weights")
def test_pickled_weights_are_never_opened(tiny: Path, tmp_path: Path) -> None:
    """A pickle that would run code on loading is refused, and does not run."""
    sentinel = tmp_path / "sentinel"

    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (sentinel,))

    folder = tmp_path / "pickled"
    folder.mkdir()
    (folder / "config.json").write_bytes((tiny / "config.json").read_bytes())
    torch.save({"weight": Bomb()}, folder / "pytorch_model.bin")
    with pytest.raises(UsageError, match=r"holds no model\.safetensors"):
        bert.load(small(folder))
    assert not sentinel.exists()
    torch.load(folder / "pytorch_model.bin", weights_only=False)
    assert sentinel.exists(), "the bomb itself must work, or this test proves nothing"


@pytest.mark.parametrize(
    "parameters", [{"sequence_length": 513}, {"sequence_length": 64}, {"attention": "flash"}]
)
def test_an_impossible_parameter_is_refused(tiny: Path, parameters: dict[str, Any]) -> None:
    """Beyond the model's positions, no room for a context, an unknown attention."""
    with pytest.raises(UsageError, match="must lie above 64 and within the model's 512 positions"):
        bert.load(small(tiny, parameters=parameters))


@pytest.mark.slow
def test_the_real_model_steps() -> None:
    """BERT-large itself, 384 tokens, random weights: finite logits of the right shape."""
    job = bert.load(Setting())
    answer = job.step(next(job.batches))
    assert answer.shape == (1, 2, 384)
    assert bool(torch.isfinite(answer).all())
