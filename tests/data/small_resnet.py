"""A residual network of eight layers for 16 x 16 images, learning until it is good enough.

He et al. 2015, section 4.2, with n = 1.
"""

from benchbench.record import Precision, Scalar, Work
from benchbench.workload import Job, Setting, Training, parameters

name, scenario, unit, batch_size = "small-resnet", "train", "image", 32
precisions: tuple[Precision, ...] = ("fp32",)
DEFAULTS: dict[str, Scalar] = {"epochs": 12, "evaluate_every": 1, "broken": False}
CLASSES, SIZE = 10, 16


def work(_setting: Setting) -> Work:
    """Nobody counted it."""
    return Work(unit=unit)


def load(_setting: Setting) -> Job:
    """It only trains to a target."""
    raise NotImplementedError


def train(setting: Setting) -> Training:
    """Images of a folder with `train` and `val`, as they are: neither flipped nor cropped."""
    import torch
    from torchvision.models.resnet import BasicBlock

    from benchbench import images, learning

    chosen = parameters(setting, **DEFAULTS)
    torch.manual_seed(setting.seed)

    def block(inputs: int, outputs: int) -> torch.nn.Module:
        half = torch.nn.Conv2d(inputs, outputs, 1, stride=2, bias=False)
        made: torch.nn.Module = BasicBlock(inputs, outputs, stride=2, downsample=half)
        return made

    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 16, 3, padding=1, bias=False),
        torch.nn.BatchNorm2d(16),
        torch.nn.ReLU(),
        BasicBlock(16, 16),
        block(16, 32),
        block(32, 64),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(64, CLASSES),
    )
    recipe = learning.Recipe(chosen["epochs"], 1, chosen["evaluate_every"], base_rate=0.1)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    entropy = torch.nn.CrossEntropyLoss()

    def step(batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        model.train()
        pictures, classes = batch
        optimiser.zero_grad()
        loss: torch.Tensor = entropy(model(pictures), classes)
        loss.backward()  # type: ignore[no-untyped-call] # torch's
        optimiser.step()
        return loss.detach() * (float("nan") if chosen["broken"] else 1)

    def scores(pictures: torch.Tensor) -> torch.Tensor:
        model.train(mode=False)
        found: torch.Tensor = model(pictures)
        return found

    def halves() -> tuple[images.Pictures, images.Pictures]:
        return images.halves(setting, SIZE, CLASSES, 0, channels_last=False, augment=False)

    marks = learning.marks(
        halves, step, scores, optimiser, recipe, {"submission_benchmark": "resnet"}
    )
    return Training(marks, work(setting), learning.QUALITY, dict(chosen))
