"""Statistics of durations: pure functions, no clock, no I/O."""

from typing import Literal, Self

from pydantic import model_validator

from benchbench.record import Model

Basis = Literal["measured", "predicted", "assumed"]


class Estimate(Model):
    """A figure with its 95 % interval (80 % for predictions), in SI units.

    `low` and `high` are None when the data give no interval; `n` counts the observations behind it,
    0 for what was not observed.
    """

    value: float
    low: float | None = None
    high: float | None = None
    n: int = 0
    basis: Basis

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if (self.low is None) != (self.high is None):
            message = "an interval has two ends or none"
            raise ValueError(message)
        if self.low is not None and self.high is not None and self.low > self.high:
            message = f"interval upside down: {self.low} > {self.high}"
            raise ValueError(message)
        return self

    def scaled(self, factor: float) -> Self:
        """The same knowledge in another unit; a negative factor turns the interval round."""
        ends = None
        if self.low is not None and self.high is not None:
            ends = sorted((self.low * factor, self.high * factor))
        return self.model_copy(
            update={
                "value": self.value * factor,
                "low": None if ends is None else ends[0],
                "high": None if ends is None else ends[1],
            }
        )

    def inverted(self, numerator: float = 1.0) -> Self:
        """`numerator / self`, interval included. Raises ZeroDivisionError if the value is 0."""
        ends = None
        if self.low is not None and self.high is not None and self.low > 0:
            ends = (numerator / self.high, numerator / self.low)
        return self.model_copy(
            update={
                "value": numerator / self.value,
                "low": None if ends is None else ends[0],
                "high": None if ends is None else ends[1],
            }
        )

    @property
    def half_width_fraction(self) -> float | None:
        """Half the interval over the value: what "±1 %" means. None without interval."""
        if self.low is None or self.high is None or self.value == 0:
            return None
        return (self.high - self.low) / 2 / abs(self.value)
