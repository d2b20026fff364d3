"""A small perceptron learning from noise: my first workload."""

from benchbench.record import Precision, Work
from benchbench.workload import Job, Setting

name, scenario, unit, batch_size = "my-mlp", "train", "row", 64
precisions: tuple[Precision, ...] = ("fp32",)


def work(_setting: Setting) -> Work:
    """2 FLOPs per weight forward, 4 backward; the input needs no gradient."""
    first, second = 256 * 1024, 1024 * 10
    return Work(unit=unit, flops_per_unit=4 * first + 6 * second, convention="mm2-dense-v1")


def load(setting: Setting) -> Job:
    """The model, its optimiser, and noise that never repeats."""
    import torch

    from benchbench.synthetic import windows

    model = torch.nn.Sequential(
        torch.nn.Linear(256, 1024), torch.nn.ReLU(), torch.nn.Linear(1024, 10)
    ).to(setting.device)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01)

    def step(rows: torch.Tensor) -> torch.Tensor:
        optimiser.zero_grad()
        loss = torch.square(model(rows)).mean()
        loss.backward()  # type: ignore[no-untyped-call] # torch's
        optimiser.step()
        return loss.detach()

    noise = torch.randn(100_000, 256, device=setting.device)
    batches = windows(noise, setting.batch_size)
    return Job(batches, step, units_per_step=setting.batch_size, from_memory=True)
