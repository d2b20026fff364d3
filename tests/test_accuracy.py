"""Accuracy end to end: models trained here on data of the real form, through the command."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import BertConfig, BertForQuestionAnswering
from typer.testing import CliRunner, Result

from benchbench import verify
from benchbench.accuracy import squad
from benchbench.cli import app
from benchbench.record import Accuracy, Record
from benchbench.store import Store
from benchbench.workload import Setting
from benchbench.workload.file import find, load_file

LENGTH = 96
PLACES = ("denver", "zürich", "osaka", "quito", "dakar", "perth")
COLOURS = ("red", "blue", "green", "white")
FILLER = "and then nothing much was said about it by anyone for a long time"
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "##s", "##n", "?", ".", ","]


def examine(name: str, results: Path, data: Path, weights: Path | None, *more: str) -> Result:
    """`benchbench run NAME --accuracy`, without ceilings."""
    given = ["run", name, "--accuracy", "--no-ceilings", "--device", "cpu", "--dtype", "fp32"]
    given += ["--data", str(data), "--out", str(results), *more]
    given += [] if weights is None else ["--weights", str(weights)]
    own = {"XDG_CACHE_HOME": str(results.parent / "cache")}  # not the lock of a run beside this
    return CliRunner().invoke(app, given, env=own)


def only(results: Path) -> tuple[Record, Accuracy]:
    """The one record stored there."""
    (record,) = Store(results).read().records
    assert record.accuracy is not None, record.failure
    return record, record.accuracy


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Steps this small only wait for a second one."""
    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(usual)


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SQuAD v1.1 JSON: who was where, in contexts some of which need two windows."""
    paragraphs = []
    for number, place in enumerate(PLACES):
        colour = COLOURS[number % len(COLOURS)]
        long = " ".join([FILLER] * (6 if number % 2 else 1))
        context = f"{long}. The {colour} team won in {place.title()}, {long}."
        answers = [
            {"text": text, "answer_start": context.index(text)}
            for text in (place.title(), f"in {place.title()}")
        ]
        asked = f"where did the {colour} team win?"
        qas = [{"id": f"q{number}", "question": asked, "answers": answers}]
        paragraphs.append({"context": context, "qas": qas})
    file = tmp_path_factory.mktemp("squad") / "dev-v1.1.json"
    document = {"version": "1.1", "data": [{"title": "Teams", "paragraphs": paragraphs}]}
    file.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return file


def small_bert() -> BertForQuestionAnswering:
    """Two layers, as wide as sixteen words."""
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(vocabulary()),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=128,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    return BertForQuestionAnswering(config)


def vocabulary() -> list[str]:
    """WordPieces: whole words, without accents as an uncased BERT reads them, and suffixes."""
    words = ["where", "did", "team", "win", "won", "in", "the", "zurich", *PLACES, *COLOURS]
    return list(dict.fromkeys([*PIECES, *words, *FILLER.split()]))


def saved(model: BertForQuestionAnswering, folder: Path) -> Path:
    """A folder as Hugging Face has it: config.json, model.safetensors, vocab.txt."""
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(vocabulary()), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def trained(questions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It knows the six answers by heart."""
    folder = saved(small_bert(), tmp_path_factory.mktemp("bert"))
    known = list(squad.read(questions))
    shown = list(squad.windows(squad.vocabulary(folder), known, LENGTH))
    ids, types, mask = (torch.tensor([window[n] for window in shown]) for n in (1, 2, 3))
    marks = torch.tensor([span_of(window, known[window.question]) for window in shown])
    model = small_bert().train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for _ in range(100):
        optimiser.zero_grad()
        loss: Any = model(
            input_ids=ids,
            token_type_ids=types,
            attention_mask=mask,
            start_positions=marks[:, 0],
            end_positions=marks[:, 1],
        ).loss
        loss.backward()
        optimiser.step()
    return saved(model, folder)


def span_of(window: squad.Window, question: squad.Question) -> tuple[int, int]:
    """The answer's first and last position; [CLS] where the window does not show it."""
    start = question.context.index(question.answers[0])
    end = start + len(question.answers[0])
    first = [p for p, (left, _) in window.characters.items() if left == start]
    last = [p for p, (_, right) in window.characters.items() if right == end]
    return (first[0], last[0]) if first and last else (0, 0)


@pytest.mark.slow
def test_a_bert_that_learnt_squad_passes_and_a_random_one_does_not(
    trained: Path, questions: Path, tmp_path: Path
) -> None:
    """F1 100 against about 0; exit code 0 against 1; LoadGen's log of answers beside the record."""
    good, bad = tmp_path / "good", tmp_path / "bad"
    more = ("--set", f"sequence_length={LENGTH}", "--batch", "4")
    passed = examine("bert-large-infer", good, questions, trained, *more)
    assert passed.exit_code == 0, passed.output
    record, accuracy = only(good)
    assert accuracy.percent == 100
    assert accuracy.others["exact_match"] == 100
    assert (accuracy.scored, accuracy.metric) == (len(PLACES), "f1")
    assert accuracy.samples > len(PLACES), "some contexts need two windows"
    assert accuracy.data_sha256 is not None
    assert accuracy.weights_sha256 is not None
    assert record.driver == "loadgen"
    (logs,) = good.glob("*.loadgen")
    entries = json.loads((logs / "mlperf_log_accuracy.json").read_text())
    assert len(entries) == accuracy.samples
    assert verify.store(good).findings == ()

    untrained = saved(small_bert(), tmp_path / "untrained")
    missed = examine("bert-large-infer", bad, questions, untrained, *more)
    assert missed.exit_code == 1, missed.output
    assert "missed" in missed.output
    record, accuracy = only(bad)
    assert accuracy.percent < 50
    assert "accuracy_gate" in {caveat.code for caveat in record.caveats}


def photographs(folder: Path) -> Path:
    """Five of each of three colours, noise on top, in folders called by the class's number."""
    noise = np.random.default_rng(2)
    for number, colour in {"3": (200, 40, 40), "77": (40, 200, 40), "901": (40, 40, 200)}.items():
        (folder / number).mkdir(parents=True)
        for index in range(5):
            pixels = np.clip(noise.normal(colour, 30, (80, 90 + index, 3)), 0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / number / f"{index}.jpeg")
    return folder


def taught(data: Path) -> dict[str, torch.Tensor]:
    """ResNet-50 whose last layer learnt these photographs: its features are random, not useless."""
    resnet: Any = load_file(find("resnet50-infer"))
    setting = Setting(data=data, batch_size=1, parameters={"image_size": 64, "workers": 1})
    exam = resnet.exam(setting)
    model = resnet.build(setting, 64)
    exam.prepare(range(exam.samples))
    images = exam.batch(range(exam.samples))
    truths = torch.tensor([3] * 5 + [77] * 5 + [901] * 5)
    head, model.fc = model.fc, torch.nn.Identity()
    with torch.inference_mode():
        features = model(images).clone()
    optimiser: Any = torch.optim.LBFGS(head.parameters(), max_iter=30)

    def loss() -> Any:
        optimiser.zero_grad()
        found: Any = torch.nn.functional.cross_entropy(head(features.clone()), truths)
        found.backward()
        return found

    optimiser.step(loss)
    model.fc = head
    return {name: value.contiguous() for name, value in model.state_dict().items()}


@pytest.mark.slow
def test_a_resnet_that_learnt_passes_and_a_random_one_does_not(tmp_path: Path) -> None:
    """Top-1 100 against what random weights name; a plain checkpoint serves as well."""
    data, weights = photographs(tmp_path / "val"), tmp_path / "weights"
    weights.mkdir()
    save_file(taught(data), weights / "model.safetensors")
    more = ("--set", "image_size=64", "--set", "workers=1", "--batch", "4")
    passed = examine("resnet50-infer", tmp_path / "good", data, weights, *more)
    assert passed.exit_code == 0, passed.output
    _, accuracy = only(tmp_path / "good")
    assert (accuracy.metric, accuracy.percent, accuracy.scored) == ("top1", 100, 15)
    assert accuracy.gates[0].least_percent == pytest.approx(75.695, abs=1e-3)

    missed = examine("resnet50-infer", tmp_path / "bad", data, None, *more)
    assert missed.exit_code == 1, missed.output
    record, accuracy = only(tmp_path / "bad")
    assert accuracy.percent < 75
    assert {"accuracy_gate", "untrained"} <= {caveat.code for caveat in record.caveats}


def test_a_remote_models_code_does_not_run(tmp_path: Path, questions: Path) -> None:
    """A folder that brings its own modelling file is read as the BERT it says it is, or refused."""
    folder = saved(small_bert(), tmp_path / "remote")
    sentinel = tmp_path / "sentinel"
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModelForQuestionAnswering": "evil.Evil"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text(f"open({str(sentinel)!r}, 'w')\nclass Evil: ...\n")
    bert: Any = load_file(find("bert-large-infer"))
    bert.exam(Setting(data=questions, weights=folder, parameters={"sequence_length": LENGTH}))
    assert not sentinel.exists()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--data", "."), "has no accuracy to measure"),
        ((), "name it with --data"),
        (("--data", ".", "--scenario", "server"), "leave --scenario out"),
        (("--data", ".", "--tune"), "without --scenario or --accuracy"),
    ],
)
def test_what_cannot_be_examined_is_refused_at_the_door(
    tmp_path: Path, more: tuple[str, ...], says: str
) -> None:
    """A workload without an exam, no data, another scenario, a search: one sentence each."""
    file = tmp_path / "mine.py"
    file.write_text(
        'name, scenario, unit = "mine", "offline", "row"\nprecisions, batch_size = ("fp32",), 1\n'
        "def work(setting): ...\ndef load(setting): ...\n"
    )
    result = CliRunner().invoke(app, ["run", str(file), "--accuracy", "--no-ceilings", *more])
    assert result.exit_code == 2
    assert says in result.output
