"""Learning to a target: the schedule against hand-made numbers, the halves, the evaluation."""

from pathlib import Path
from typing import Any

import pytest
import torch

from benchbench import images, learning
from benchbench.errors import UsageError
from benchbench.workload import Setting
from tests.workloads.pictures import write_photographs


def test_the_rate_rises_and_falls_with_the_square() -> None:
    """Ten epochs of ten steps, two to rise: 1/20 of 0.4, all of it, a quarter, then the end."""
    recipe = learning.Recipe(10, 2, 4, base_rate=0.4, end_rate=1e-4)
    rate = [recipe.rate(step, 10) for step in range(100)]
    assert rate[0] == pytest.approx(0.4 / 20)
    assert rate[19] == rate[20] == pytest.approx(0.4)
    assert rate[60] == pytest.approx(1e-4 + (0.4 - 1e-4) / 4)  # half of the 80 steps are left
    assert rate[99] == pytest.approx(1e-4 + (0.4 - 1e-4) / 80**2)
    assert max(rate) == pytest.approx(0.4)


def test_a_single_epoch_has_a_schedule_too() -> None:
    """Without an epoch to rise in, it begins at the top."""
    recipe = learning.Recipe(1, 0, 1, base_rate=0.4)
    assert recipe.rate(0, 5) == pytest.approx(0.4)
    assert recipe.rate(4, 5) > 0


class Fixed:
    """A half of two batches whose images are their own scores."""

    def __iter__(self) -> Any:
        yield torch.eye(3), torch.tensor([0, 1, 2])
        yield torch.eye(3)[:2], torch.tensor([0, 2])


def test_accuracy_is_the_share_of_all_images() -> None:
    """4 of 5, where the mean of the batches' shares would say 3/4."""
    assert learning.top1(lambda rows: rows, Fixed()) == pytest.approx(0.8)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six images of three classes to learn from, and six others."""
    for half in ("train", "val"):
        write_photographs(tmp_path / half)
    return tmp_path


def halves(folder: Path | None, batch: int = 4, **changes: Any) -> tuple[Any, Any]:
    """Of images of 32 x 32."""
    options = {"channels_last": False, "augment": False, **changes}
    return images.halves(Setting(data=folder, batch_size=batch), 32, 10, 0, **options)


def test_learning_takes_whole_batches_and_judging_takes_all(folder: Path) -> None:
    """Six images in batches of four: one batch to learn from; four and two to be judged by."""
    training, validation = halves(folder)
    assert [len(classes) for _, classes in training] == [4]
    assert [len(classes) for _, classes in validation] == [4, 2]
    assert (training.images, len(training), validation.images) == (6, 1, 6)


def test_every_epoch_has_another_order_and_judging_has_none(folder: Path) -> None:
    """Ten epochs are not all alike; the validation half is."""
    training, validation = halves(folder, batch=6)
    orders = {tuple(classes.tolist()) for _ in range(10) for _, classes in training}
    assert len(orders) > 1
    assert {tuple(classes.tolist()) for _ in range(3) for _, classes in validation} == {
        (0, 0, 1, 1, 2, 2)
    }


def test_without_augmentation_an_image_stays_what_it_is(folder: Path) -> None:
    """Each epoch the same pixels in another order; with it, others."""

    def sums(half: Any) -> list[float]:
        return sorted(round(float(each.sum()), 2) for pictures, _ in half for each in pictures)

    plain, augmented = halves(folder, 6)[0], halves(folder, 6, augment=True)[0]
    assert sums(plain) == sums(plain)
    assert sums(augmented) != sums(augmented)


def test_a_folder_without_both_halves_is_refused(folder: Path, tmp_path: Path) -> None:
    """Also where one is empty, or the classes are not the same."""
    with pytest.raises(UsageError, match="lacks train or val"):
        halves(folder / "train")
    (tmp_path / "val" / "class2").rename(tmp_path / "val" / "class3")
    with pytest.raises(UsageError, match="different classes; name their folders alike"):
        halves(folder)
    for each in list((folder / "val").iterdir()):
        each.rename(tmp_path / each.name)
    with pytest.raises(UsageError, match=r"val holds no images"):
        halves(folder)
