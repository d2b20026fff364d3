"""ResNet-50 inference: its count against the published figure and PyTorch, its data, its check."""

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from benchbench.errors import UsageError
from benchbench.measure.checks import agreement
from benchbench.record import Precision
from benchbench.workload import Setting
from benchbench.workload.file import find, load_file
from tests.workloads.pictures import write_photographs

resnet: Any = load_file(find("resnet50-infer"))
SMALL = Setting(batch_size=2, parameters={"image_size": 64, "workers": 0})


def test_the_forward_pass_is_the_published_count() -> None:
    """ResNet-50 v1.5 at 224: 8.178368512 GFLOP an image, twice the well-known 4.089 GMAC."""
    assert resnet.work(Setting()).flops_per_unit == 8_178_368_512


@pytest.mark.parametrize("size", [64, 33])
def test_pytorchs_counter_agrees(size: int) -> None:
    """An independent count of a real step is the analytic one, odd sizes included."""
    from torch.utils.flop_counter import FlopCounterMode

    setting = replace(SMALL, parameters={"image_size": size})
    job = resnet.load(setting)
    with FlopCounterMode(display=False) as counter:
        job.step(next(job.batches))
    assert counter.get_total_flops() == 2 * resnet.work(setting).flops_per_unit


def test_least_bytes_by_hand() -> None:
    """At 224 in fp32: 150,528 pixels, 11,113,984 outputs twice, 16 shortcuts, 1000 scores."""
    shortcuts = 256 * 56**2 * 3 + 512 * 28**2 * 4 + 1024 * 14**2 * 6 + 2048 * 7**2 * 3
    moved = 150_528 + 2 * 11_113_984 + shortcuts + 1000
    assert resnet.least_bytes(224, 1, "fp32") == 4 * (moved + 25_557_032)
    assert resnet.least_bytes(224, 32, "bf16") == pytest.approx(2 * (moved + 25_557_032 / 32))


def test_other_operations_are_a_small_share() -> None:
    """Batch norms, activations and pools are below a percent of the products."""
    work = resnet.work(Setting())
    assert 0.001 < work.other_flops_per_unit / work.flops_per_unit < 0.01


def test_batches_never_repeat() -> None:
    """Fifty batches, all different, none constant, in the layout that was asked for."""
    for last in (True, False):
        parameters = {"image_size": 64, "channels_last": last}
        job = resnet.load(replace(SMALL, parameters=parameters))
        images = list(islice(job.batches, 50))
        assert len({float(each.sum()) for each in images}) == 50
        assert all(float(each.std()) == pytest.approx(1, abs=0.05) for each in images)
        layout = torch.channels_last if last else torch.contiguous_format
        assert images[0].is_contiguous(memory_format=layout)
        assert job.parameters["channels_last"] is last


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_reduced_precision_agrees_with_fp32(precision: Precision) -> None:
    """The same weights in fp32 give nearly the same scores; the gate's 0.99 is far away."""
    job = resnet.load(replace(SMALL, precision=precision))
    found = agreement(job)
    assert found is not None
    assert found.cosine > 0.998


def test_the_reference_is_the_same_model_in_fp32() -> None:
    """What the reference says of a batch is exactly what an fp32 job says of it."""
    exact, reduced = resnet.load(SMALL), resnet.load(replace(SMALL, precision="bf16"))
    batch = next(reduced.batches)
    torch.testing.assert_close(reduced.reference(batch), exact.step(batch.float()))
    assert reduced.step(batch).dtype == torch.bfloat16
    assert exact.reference is None


@pytest.mark.fault("lie")
def test_other_images_fail_the_check_of_outputs() -> None:
    """Scores of other images are no closer than the gate allows: the check can fail."""
    job = resnet.load(replace(SMALL, batch_size=4))
    scores = [job.step(next(job.batches)).flatten() for _ in range(4)]
    pairs = [torch.nn.functional.cosine_similarity(scores[0], one, dim=0) for one in scores[1:]]
    assert max(pairs) < 0.99


def test_photographs_are_decoded_and_cropped_in_order(tmp_path: Path) -> None:
    """The validation half in its order: the second epoch repeats the first."""
    whole = tmp_path / "imagenet"
    write_photographs(whole / "val")
    write_photographs(whole / "train" / "nested")
    job = resnet.load(replace(SMALL, data=whole))
    batches = list(islice(job.batches, 6))
    assert {tuple(each.shape) for each in batches} == {(2, 3, 64, 64)}
    assert torch.equal(batches[0], batches[3])
    assert not torch.equal(batches[0], batches[1])
    assert not job.from_memory
    assert job.parameters["data"] == "ImageFolder"
    assert job.step(batches[0]).shape == (2, 1000)


def test_saved_weights_are_used(tmp_path: Path) -> None:
    """The scores are those of the saved model itself."""
    from safetensors.torch import save_file
    from torchvision.models import resnet50

    torch.manual_seed(5)
    model = resnet50().eval()
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    job = resnet.load(replace(SMALL, weights=tmp_path))
    batch = next(job.batches)
    with torch.inference_mode():
        torch.testing.assert_close(job.step(batch), model(batch))
    assert job.parameters["weights"] == "file"


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    """Missing files are named, with the next step; see tests/test_weights.py for the rest."""
    with pytest.raises(UsageError, match=r"holds no weights: .* save a state_dict"):
        resnet.load(replace(SMALL, weights=tmp_path))
