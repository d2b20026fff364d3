"""One model on every backend: the same outputs, or one sentence that says why not."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from itertools import repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from benchbench import backend
from benchbench.backend import onnx_runtime, open_vino, pytorch
from benchbench.errors import CannotMeasureError, UsageError
from benchbench.measure.checks import agreement
from benchbench.workload import Job, Setting, Workload


class Small(torch.nn.Module):
    """A convolution and a product, of one named input or of two."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = torch.nn.Conv2d(3, 8, 3)
        self.head = torch.nn.Linear(8, 5)

    def forward(self, image: torch.Tensor, shift: torch.Tensor | None = None) -> torch.Tensor:
        """(batch, 3, size, size) → (batch, 5)."""
        scores: torch.Tensor = self.head(self.convolution(image).relu().mean((2, 3)))
        return scores if shift is None else scores + shift.float()


def build() -> torch.nn.Module:
    """The same at each call."""
    torch.manual_seed(0)
    return Small().eval()


IMAGE = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
OTHER = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(2))
TENSOR = (IMAGE, OTHER)
NAMED = tuple({"image": each, "shift": torch.full((2, 1), n)} for n, each in enumerate(TENSOR))


@pytest.mark.parametrize(
    ("name", "batches"),
    [
        ("torch-eager", TENSOR),
        ("torch-eager", NAMED),
        ("torch-compile", TENSOR),
        pytest.param("torch-compile", NAMED, marks=pytest.mark.slow),
        ("onnxruntime", NAMED),
        pytest.param("onnxruntime", TENSOR, marks=pytest.mark.slow),
        ("openvino", NAMED),
        ("openvino", TENSOR),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_every_backend_gives_the_models_outputs(name: str, batches: tuple[Any, Any]) -> None:
    """Another batch than the example, an integer input included, within fp32's rounding."""
    run, reference = backend.inference(build, Setting(backend=name), batches[0])
    with torch.inference_mode():
        model = build()
        expected = model(batches[1]) if batches is TENSOR else model(**batches[1])
    (outputs,) = [run(batches[1])] if name.startswith("torch") else cast("Any", run(batches[1]))
    torch.testing.assert_close(torch.as_tensor(outputs), expected, rtol=1e-4, atol=1e-5)
    assert (reference is None) is (name == "torch-eager")
    if reference is not None:
        torch.testing.assert_close(reference(batches[1]), expected)


def test_reduced_precision_is_held_against_fp32() -> None:
    """bf16 weights and inputs; the reference takes the same batch in fp32."""
    setting = Setting(precision="bf16")
    assert backend.input_dtype(setting) is torch.bfloat16
    run, reference = backend.inference(build, setting, IMAGE.bfloat16())
    assert reference is not None
    outputs, exact = run(OTHER.bfloat16()), reference(OTHER.bfloat16())
    assert (cast("Any", outputs).dtype, cast("Any", exact).dtype) == (torch.bfloat16, torch.float32)
    torch.testing.assert_close(cast("Any", outputs).float(), exact, rtol=0.05, atol=0.02)


@pytest.mark.filterwarnings("ignore")
def test_int8_is_held_against_fp32() -> None:
    """Quantised products: close to the reference, and not equal to it."""
    setting = Setting(backend="onnxruntime", precision="int8")
    step, reference = backend.inference(build, setting, IMAGE)
    job = Job(repeat(IMAGE), step, units_per_step=2, from_memory=True, reference=reference)
    found = agreement(job)
    assert found is not None
    assert 0.999 < found.cosine < 1 - 1e-9


def test_pytorch_has_no_int8() -> None:
    """The sentence names the backend that has it."""
    with pytest.raises(UsageError, match="add --backend onnxruntime"):
        backend.inference(build, Setting(precision="int8"), IMAGE)


def test_other_engines_take_their_inputs_in_fp32() -> None:
    """They convert by themselves, so that nobody converts twice."""
    for name in ("onnxruntime", "openvino"):
        assert backend.input_dtype(Setting(backend=name, precision="bf16")) is torch.float32


@pytest.mark.parametrize(
    ("module", "name"), [("onnxruntime", "onnxruntime"), ("openvino", "openvino")]
)
def test_an_engine_that_is_not_installed_is_named(
    module: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that installs it; nothing else is run in its place."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(CannotMeasureError, match=rf"pip install 'benchbench\[{module[:4]}"):
        backend.inference(build, Setting(backend=name), IMAGE)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (Setting(backend="onnxruntime", precision="bf16"), "on the CPU, not in bf16 on cpu"),
        (Setting(backend="onnxruntime", device="cuda:0"), "not in fp32 on cuda:0"),
        (Setting(backend="openvino", precision="tf32"), "not in tf32 on cpu"),
        (Setting(backend="openvino", device="cuda:0"), "not in fp32 on cuda:0"),
        (Setting(backend="cuda-graph"), "needs an NVIDIA GPU, not cpu"),
    ],
)
def test_what_a_backend_does_not_compute_is_refused(setting: Setting, said: str) -> None:
    """No silent fallback of precision or device."""
    with pytest.raises(CannotMeasureError, match=said):
        backend.inference(build, setting, IMAGE)


def test_openvino_computing_in_another_precision_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A processor without bf16 quietly computes in fp32; the hint that comes back tells."""
    graph = SimpleNamespace(inputs=[], reshape=lambda _shapes: None)
    compiled = SimpleNamespace(get_property=lambda _name: SimpleNamespace(to_string=lambda: "f32"))
    core = SimpleNamespace(compile_model=lambda *_: compiled)
    runtime = SimpleNamespace(convert_model=lambda *_, **__: graph, Core=lambda: core)
    monkeypatch.setattr(open_vino, "_runtime", lambda: runtime)
    with pytest.raises(CannotMeasureError, match="computes in f32 on this processor, not in bf16"):
        open_vino.openvino(build(), Setting(precision="bf16"), {})


def test_openvino_sends_nothing() -> None:
    """Its telemetry, which reports every import, is the stub although the real one is installed."""
    show = "import openvino.tools.ovc.telemetry_utils as t; print(t.tm.__name__)"
    ours = "from benchbench.backend import open_vino; open_vino._runtime(); "
    assert said_by(ours + show).endswith("telemetry_stub")
    assert metadata.version("openvino-telemetry"), "the real one must be there to be kept out"


def said_by(code: str) -> str:
    """The last line a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.strip().splitlines()[-1]


def test_without_a_compiler_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """`torch.compile` needs g++ for a CPU; the sentence names it."""
    from torch._inductor.exc import InvalidCxxCompiler

    def fails(_batch: object) -> object:
        raise InvalidCxxCompiler

    monkeypatch.setattr(pytorch, "_inferring", lambda _model: fails)
    with pytest.raises(CannotMeasureError, match=r"needs a C\+\+ compiler, .* install g\+\+"):
        backend.inference(build, Setting(backend="torch-compile"), IMAGE)


def plain(step: Any, scenario: str = "offline", **names: Any) -> Workload:
    """A user's file, which knows nothing of backends."""

    def load(setting: Setting) -> Job:
        assert setting.backend == "torch-eager" or names
        return Job(repeat(IMAGE), step, units_per_step=2, from_memory=True)

    fields = {"name": "mine", "scenario": scenario, "load": load, **names}
    return cast("Workload", SimpleNamespace(**fields))


def test_any_workload_compiles() -> None:
    """The whole step, without a word in the file; its own step is the reference."""
    calls: list[int] = []

    def step(image: torch.Tensor) -> torch.Tensor:
        if not torch.compiler.is_compiling():
            calls.append(1)
        return (image.sin() + 1).sum(1)

    job = backend.load(plain(step), Setting(backend="torch-compile"))
    assert not calls
    found = agreement(job)
    assert found is not None
    assert found.cosine == pytest.approx(1)
    assert len(calls) == 1
    assert backend.load(plain(step), Setting()).step is step


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_training_step_compiles() -> None:
    """Backward and optimiser inside: the loss still falls, and is not held against a reference."""
    model = build()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.5)

    def step(image: torch.Tensor) -> torch.Tensor:
        optimiser.zero_grad()
        loss: torch.Tensor = (model(image) - 1).square().mean()
        loss.backward()  # type: ignore[no-untyped-call] # torch's
        optimiser.step()
        return loss.detach()

    job = backend.load(plain(step, "train"), Setting(backend="torch-compile"))
    losses = [float(job.step(next(job.batches))) for _ in range(5)]
    assert losses[-1] < losses[0] / 2
    assert job.reference is None


@pytest.fixture(autouse=True)
def _compiled_anew() -> Iterator[None]:
    """What one test compiled must not meet another's limit on recompilations."""
    yield
    torch.compiler.reset()


def test_the_export_is_gone_once_it_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model of gigabytes must not stay behind in the temporary folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    class Session:
        def __init__(self, file: Path, *_: object, **__: object) -> None:
            assert file.parent.parent == tmp_path

        def get_inputs(self) -> list[Any]:
            return []

    import onnxruntime

    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    monkeypatch.setattr(onnx_runtime, "_export", lambda *_: None)
    backend.inference(build, Setting(backend="onnxruntime"), IMAGE)
    assert not list(tmp_path.iterdir())
