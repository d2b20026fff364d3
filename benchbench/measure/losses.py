"""The losses of a training run, kept without ever making the device wait."""

from typing import Any

_KEPT = 512


class Losses:
    """Every loss of a short run; evenly spaced ones of a long run, the last always among them."""

    def __init__(self) -> None:
        self._kept: list[Any] = []
        self._stride = 1
        self._seen = 0
        self._last: Any = None

    def see(self, loss: Any) -> None:  # noqa: ANN401 - a tensor of any framework, or a number
        """Keep a loss as it is, still on the device; reading it would wait for the step."""
        self._last = loss.detach() if hasattr(loss, "detach") else loss
        if self._seen % self._stride == 0:
            self._kept.append(self._last)
        self._seen += 1
        if len(self._kept) > _KEPT:
            self._kept = self._kept[::2]
            self._stride *= 2

    def values(self) -> tuple[float, ...] | None:
        """The numbers, read now; None where the steps return none."""
        if self._last is None:
            return None
        kept = list(self._kept)
        if (self._seen - 1) % self._stride:
            kept.append(self._last)
        return tuple(float(loss) for loss in kept)
