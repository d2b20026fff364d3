"""RetinaNet inference: its count against torchvision's figures and PyTorch, and its check."""

from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
import torch

from benchbench.errors import UsageError
from benchbench.measure.checks import agreement
from benchbench.workload import Setting
from benchbench.workload.file import find, load_file

retinanet: Any = load_file(find("retinanet-infer"))
SMALL = Setting(batch_size=2, parameters={"image_size": 96})


@pytest.fixture(scope="module")
def small() -> Any:
    """Two images of 96 x 96 a step; loading calibrates, so it is done once."""
    return retinanet.load(SMALL)


def on_paper() -> torch.nn.Module:
    """Torchvision's own network without memory behind it."""
    from torchvision.models.detection import retinanet_resnet50_fpn

    with torch.device("meta"):
        model: torch.nn.Module = retinanet_resnet50_fpn(weights=None, weights_backbone=None)
    return model.eval()


def seen(model: Any, size: int) -> None:
    """One image of so many pixels through backbone, pyramid and heads."""
    model.head(list(model.backbone(torch.empty(1, 3, size, size, device="meta")).values()))


def test_the_forward_pass_is_the_published_count() -> None:
    """Torchvision publishes 151.54 GMAC for these weights, at 800 x 800."""
    from torchvision.models.detection import RetinaNet_ResNet50_FPN_Weights

    published = RetinaNet_ResNet50_FPN_Weights.COCO_V1.meta["_ops"]
    assert published == 151.54
    assert retinanet.work(Setting()).flops_per_unit / 2e9 == pytest.approx(published, rel=0.002)


@pytest.mark.parametrize("size", [800, 515])
def test_pytorchs_counter_agrees_at_full_size(size: int) -> None:
    """On torchvision's network, every level of the heads and odd sizes included: the same."""
    from torch.utils.flop_counter import FlopCounterMode

    model = on_paper()
    with FlopCounterMode(display=False) as counter:
        seen(model, size)
    assert counter.get_total_flops() == retinanet.forward_flops(size)


def test_pytorchs_counter_agrees_on_a_step(small: Any) -> None:
    """What is run is what is counted."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        small.step(next(small.batches))
    assert counter.get_total_flops() == 2 * retinanet.work(SMALL).flops_per_unit


def test_weights_are_torchvisions() -> None:
    """The published 34,014,999, and the 2 x 26,560 scales and shifts that its training froze."""
    assert retinanet.weights() == 34_014_999 + 2 * 26_560
    assert retinanet.weights() == sum(each.numel() for each in on_paper().parameters())


def test_elements_are_those_the_layers_put_out() -> None:
    """Outputs of all convolutions together, by a hook on each; they are what bytes count."""
    found: list[int] = []
    model = on_paper()
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(lambda _m, _i, out: found.append(out.numel()))
    seen(model, 160)
    assert sum(found) == sum(each.elements for each in retinanet.layers(160))
    assert len(found) == len(retinanet.layers(160))


def test_least_bytes_share_the_weights() -> None:
    """A batch of 32 reads the weights once; half the width, half the bytes."""
    alone, together = (retinanet.least_bytes(800, batch, "fp32") for batch in (1, 32))
    assert alone - together == pytest.approx(4 * 34_068_119 * 31 / 32)
    assert retinanet.least_bytes(800, 1, "bf16") == alone / 2


def test_other_operations_are_a_small_share() -> None:
    """Batch norms, biases and activations are below a percent of the products."""
    work = retinanet.work(Setting())
    assert 0.0005 < work.other_flops_per_unit / work.flops_per_unit < 0.01


def test_every_place_and_anchor_is_scored(small: Any) -> None:
    """96 pixels: 12, 6, 3, 2 and 1 places a side, of 9 anchors each; 91 scores and a box."""
    scores, boxes = small.step(next(small.batches))
    assert retinanet.sides(96) == [12, 6, 3, 2, 1]
    assert scores.shape == (2, 9 * (144 + 36 + 9 + 4 + 1), 91)
    assert boxes.shape == (2, 9 * 194, 4)
    assert not scores.requires_grad


def test_random_scores_depend_on_the_image(small: Any) -> None:
    """Untrained heads as torchvision leaves them would choose one class for all; these do not."""
    (scores, _), (others, _) = (small.step(each) for each in islice(small.batches, 2))
    assert len(scores.argmax(dim=-1).unique()) > 20
    differ = (scores.argmax(dim=-1) != others.argmax(dim=-1)).float().mean()
    assert float(differ) > 0.05


def test_batches_never_repeat(small: Any) -> None:
    """Twenty batches, all different, none constant."""
    sums = [(float(each.sum()), float(each.std())) for each in islice(small.batches, 20)]
    assert len({total for total, _ in sums}) == 20
    assert all(deviation == pytest.approx(1, abs=0.05) for _, deviation in sums)


def test_reduced_precision_agrees_with_the_reference() -> None:
    """In bf16 the scores are nearly those of fp32, and a wrong network's are not."""
    tiny = replace(SMALL, batch_size=1, parameters={"image_size": 64})
    job = retinanet.load(replace(tiny, precision="bf16"))
    found = agreement(job)
    assert found is not None
    assert found.cosine > 0.99
    assert found.top1_fraction is not None
    assert found.top1_fraction > 0.99
    other = retinanet.load(replace(tiny, seed=1))
    wrong = agreement(replace(job, step=lambda batch: other.step(batch.float())))
    assert wrong is not None
    assert wrong.cosine < 0.9


def test_memory_holds_weights_and_a_batch() -> None:
    """More images, more bytes; never less than the weights."""
    one, eight = (retinanet.memory_bytes(Setting(batch_size=each)) for each in (1, 8))
    assert one > 4 * 34_068_119
    assert eight - one == pytest.approx(7 * (one - 4 * 34_068_119))


def test_what_it_cannot_use_is_refused() -> None:
    """Neither data nor weights are ignored; an image too small for the pyramid is named."""
    from pathlib import Path

    for setting in (Setting(data=Path("x")), Setting(weights=Path("x"))):
        with pytest.raises(UsageError, match="takes no --"):
            retinanet.load(setting)
    with pytest.raises(UsageError, match="image_size 32 leaves the coarsest level nothing"):
        retinanet.load(Setting(parameters={"image_size": 32}))
