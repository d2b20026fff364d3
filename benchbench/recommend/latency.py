"""A bound on latency, held against what was measured."""

from dataclasses import dataclass

from benchbench import units
from benchbench.predict import Reference


@dataclass(frozen=True)
class Bound:
    """No more than `seconds_allowed` at a percentile."""

    seconds_allowed: float
    percent: float

    @property
    def name(self) -> str:
        """`p99`, `p99.9`."""
        return f"p{units.number(self.percent) if self.percent % 1 else units.count(self.percent)}"

    def seconds(self, one: Reference) -> float | None:
        """What was measured at that percentile; None without enough queries."""
        found = (one for one in one.figures.latency if one.percent == self.percent)
        return next((one.seconds for one in found), None)

    def obstacle(self, one: Reference, slower: float) -> str | None:
        """Why it breaks the bound where a query takes `slower` times as long; None: it keeps it."""
        seconds = self.seconds(one)
        if seconds is None:
            return self._unknown(one)
        there = seconds * slower
        if there <= self.seconds_allowed:
            return None
        how = "was measured" if slower == 1 else "is expected at the cautious end"
        batch = units.count(one.figures.batch_size)
        return (
            f"{self.name} of {units.duration(there)} {how} (batch {batch}); "
            f"the bound is {units.duration(self.seconds_allowed)}"
        )

    def _unknown(self, one: Reference) -> str:
        found = [each for each in one.figures.latency if each.percent == self.percent]
        if not found:
            return (
                f"no latency was measured ({one.figures.scenario}); "
                "measure a scenario with queries: single_stream or server"
            )
        short = found[0]
        return (
            f"{self.name} is known from {units.count(short.queries_needed)} queries on; "
            f"{units.count(short.queries)} were measured"
        )
