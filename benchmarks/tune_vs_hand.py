"""What `run --tune` finds against what a skilled user gets by hand, side by side in one run.

    benchbench run bert-large-infer --tune --quick --out RESULTS
    python benchmarks/tune_vs_hand.py bert-large-infer RESULTS [ROUNDS]

(or resnet50-train). The winner stored in RESULTS takes turns with code that owes nothing to
benchbench: BERT-large by transformers in eager fp32 and bf16, compiled and frozen, by ONNX Runtime
and by OpenVINO; ResNet-50 training as timm's benchmark script does it (its model, optimiser and
order of calls, one random batch), plain, channels_last, compiled. Each in a process of its own, all
of them once per round. Prints units per second, the best of the rounds counting, and two ratios:
tuned / best by hand (limit 0.95) and tuned / plain (BERT's limit 1.5).
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

SECONDS = 12.0
FEWEST = 3
TUNED = "tuned"
Step = Callable[[], object]


@dataclass(frozen=True)
class Hand:
    """One way to run the work by hand: the step, and the units it does."""

    make: Callable[[], Step]
    units: int


def main(workload: str, results: Path, rounds: int) -> bool:
    """Everything once per round; whether the limits hold."""
    names = [*HAND[workload], TUNED]
    rates: dict[str, float] = dict.fromkeys(names, 0.0)
    for number in range(rounds):
        for name in names if number % 2 == 0 else names[::-1]:
            rates[name] = max(rates[name], measured(workload, name, results))
    plain = rates[names[0]]
    for name, rate in rates.items():
        print(f"{workload} {name}: {rate:.4f} units/s, {rate / plain:.3f} x {names[0]}")
    best = max(names[:-1], key=rates.__getitem__)
    ratio, gain = rates[TUNED] / rates[best], rates[TUNED] / plain
    print(f"tuned / best by hand ({best}): {ratio:.3f} (limit 0.95); tuned / plain: {gain:.3f}")
    return ratio >= 0.95  # noqa: PLR2004 - the limit, as printed


def measured(workload: str, name: str, results: Path) -> float:
    """Units per second of one way, in a process of its own; 0 where it does not run here."""
    environment = winner(results, workload)["environment"] if name == TUNED else {}
    done = subprocess.run(
        [sys.executable, __file__, "--child", workload, name, str(results)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(f"{workload} {name}: does not run here: {done.stderr.strip().splitlines()[-1:]}")
        return 0.0
    return float(done.stdout.split()[-1])


def child(workload: str, name: str, results: Path) -> float:
    """Warm up, then step for a while; units per second of the median step."""
    way = tuned(workload, results) if name == TUNED else HAND[workload][name]
    step = way.make()
    step()
    step()
    taken: list[float] = []
    while len(taken) < FEWEST or sum(taken) < SECONDS:
        began = perf_counter()
        step()
        taken.append(perf_counter() - began)
    return way.units / sorted(taken)[len(taken) // 2]


def winner(results: Path, workload: str) -> dict[str, Any]:
    """The configuration a search ended with, from the newest of its records."""
    records = [json.loads(file.read_text()) for file in results.glob(f"{workload}-*.json")]
    best = [one for one in records if (one.get("tuning") or {}).get("role") == "best"]
    record = max(best, key=lambda one: one["provenance"]["time_utc"])
    tried = max(record["tuning"]["tried"], key=lambda one: _matches(one, record))
    return {**tried, "threads": record["parameters"]["threads"]}


def _matches(tried: dict[str, Any], record: dict[str, Any]) -> tuple[bool, float]:
    same = all(tried[name] == record[name] for name in ("backend", "precision", "batch_size"))
    return same, tried["units_per_s"] or 0.0


def tuned(workload: str, results: Path) -> Hand:
    """The winner, by benchbench's own workload file and backend."""
    from benchbench import backend
    from benchbench.workload import Setting
    from benchbench.workload.file import find, load_file

    chosen = winner(results, workload)
    names = ("backend", "precision", "batch_size", "parameters")
    setting = Setting(**{name: chosen[name] for name in names})
    torch.set_num_threads(chosen["threads"])

    def make() -> Step:
        job = backend.load(load_file(find(workload)), setting)
        return lambda: job.step(next(job.batches))

    return Hand(make, setting.batch_size)


class Answering(torch.nn.Module):
    """BERT-large with its question answering head, random weights."""

    def __init__(self) -> None:
        from transformers import BertConfig, BertForQuestionAnswering

        super().__init__()
        torch.manual_seed(0)
        config = BertConfig(
            hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096
        )
        self.network = BertForQuestionAnswering(config)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """(1, 384) → (1, 2, 384)."""
        answer = self.network(input_ids=tokens)
        return torch.stack((answer.start_logits, answer.end_logits), dim=1)


def sequences() -> Iterator[torch.Tensor]:
    """Random tokens, new ones for each step."""
    while True:
        yield torch.randint(30522, (1, 384))


def bert_torch(dtype: torch.dtype, *, compiled: bool) -> Step:
    """By PyTorch, inference mode; compiled with its weights frozen."""
    model: Any = Answering().eval().to(dtype)
    if compiled:
        model = torch.compile(model, options={"freezing": True})
    tokens = sequences()

    @torch.inference_mode()
    def step() -> object:
        return model(next(tokens))

    return step


def bert_onnx() -> Step:
    """Exported and run by ONNX Runtime's defaults."""
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/bert.onnx"
        torch.onnx.export(
            Answering().eval(), (next(sequences()),), file, dynamo=True, external_data=True
        )
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    name, tokens = session.get_inputs()[0].name, sequences()
    return lambda: session.run(None, {name: next(tokens).numpy()})


def bert_openvino(hint: str) -> Step:
    """Converted and run by OpenVINO for latency."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type] # sends nothing
    import openvino

    graph = openvino.convert_model(Answering().eval(), example_input=next(sequences()))
    graph.reshape([1, 384])
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": hint}
    compiled, tokens = openvino.Core().compile_model(graph, "CPU", settings), sequences()
    return lambda: compiled([next(tokens).numpy()])


def resnet_timm(*, channels_last: bool, compiled: bool) -> Step:
    """As timm's benchmark trains: its own model and optimiser, the same images in every step."""
    import timm
    from timm.optim import create_optimizer_v2  # type: ignore[attr-defined] # not listed

    model: Any = timm.create_model("resnet50", num_classes=1000).train()
    images = torch.randn(RESNET_BATCH, 3, 224, 224)
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    optimiser = create_optimizer_v2(model, opt="sgd", lr=1e-4)
    loss = torch.nn.CrossEntropyLoss()
    model = torch.compile(model) if compiled else model

    def step() -> object:
        optimiser.zero_grad()
        output = model(images)
        labels = torch.empty(RESNET_BATCH, dtype=torch.long).random_(1000)
        loss(output, labels).backward()
        optimiser.step()
        return output

    return step


RESNET_BATCH = 8
HAND = {
    "bert-large-infer": {
        "eager fp32": Hand(lambda: bert_torch(torch.float32, compiled=False), 1),
        "eager bf16": Hand(lambda: bert_torch(torch.bfloat16, compiled=False), 1),
        "compile fp32": Hand(lambda: bert_torch(torch.float32, compiled=True), 1),
        "compile bf16": Hand(lambda: bert_torch(torch.bfloat16, compiled=True), 1),
        "onnxruntime fp32": Hand(bert_onnx, 1),
        "openvino fp32": Hand(lambda: bert_openvino("f32"), 1),
        "openvino bf16": Hand(lambda: bert_openvino("bf16"), 1),
    },
    "resnet50-train": {
        "timm": Hand(lambda: resnet_timm(channels_last=False, compiled=False), RESNET_BATCH),
        "timm channels_last": Hand(
            lambda: resnet_timm(channels_last=True, compiled=False), RESNET_BATCH
        ),
        "timm compiled": Hand(lambda: resnet_timm(channels_last=True, compiled=True), RESNET_BATCH),
    },
}
"""The first of each is the plain one."""


if __name__ == "__main__":
    if sys.argv[1] == "--child":
        print(child(sys.argv[2], sys.argv[3], Path(sys.argv[4])))
        sys.stdout.flush()
        os._exit(0)  # libraries like to crash in the interpreter's teardown
    turns = int(sys.argv[3]) if len(sys.argv) > 3 else 2  # noqa: PLR2004 - an optional word
    sys.exit(0 if main(sys.argv[1], Path(sys.argv[2]), turns) else 1)
