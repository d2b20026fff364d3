"""The goal's limits: who breaks them, by how much, and the smallest change that admits one."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchbench import units
from benchbench.recommend.answer import Goal
from benchbench.recommend.ledger import FILTERS, Ledger
from benchbench.recommend.price import Floats, Indices, Priced
from benchbench.record import Scenario

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Limit:
    """One limit held against every offer; `needed` is NaN where nothing would be enough."""

    code: str
    name: str
    allowed: float
    needed: Floats
    text: Callable[[float], str]

    @property
    def excess(self) -> Floats:
        """How many times the limit is needed; infinite where nothing would be enough."""
        return np.where(np.isnan(self.needed), np.inf, self.needed / self.allowed)

    def sentence(self, needed: float) -> str:
        """What one offer needs against what is allowed."""
        if np.isnan(needed):
            return f"{self.name}: the measured throughput varies too much to promise any"
        return f"needs {self.text(needed)}; the {self.name} is {self.text(self.allowed)}"


_MOST_REPLICAS = 64
"""Where the goal names none."""


def bounded(goal: Goal, scenario: Scenario | None) -> Goal:
    """The goal with its limit on instances filled in, so that the answer shows it."""
    if goal.max_replicas is not None:
        return goal
    most = 1 + goal.spare_replicas if scenario == "train" else _MOST_REPLICAS
    return goal.model_copy(update={"max_replicas": most})


def most_replicas(goal: Goal) -> int:
    """Spares included."""
    return _MOST_REPLICAS if goal.max_replicas is None else goal.max_replicas


def limits(priced: Priced, goal: Goal) -> list[Limit]:
    """What the goal limits, at the cautious end of each throughput's interval."""
    found = [_replicas(priced, goal)]
    if goal.budget_usd_per_hour is not None:
        hourly = priced.usd_per_hour
        found.append(
            Limit("budget_per_hour", "budget", goal.budget_usd_per_hour, hourly, _per_hour)
        )
    if goal.budget_usd is not None and priced.cost_usd is not None:
        cost = np.where(np.isnan(priced.cost_usd.high), priced.cost_usd.value, priced.cost_usd.high)
        cost = np.where(np.isnan(priced.throughput.cautious), np.nan, cost)
        found.append(Limit("budget", "budget", goal.budget_usd, cost, units.usd))
    return found


def _replicas(priced: Priced, goal: Goal) -> Limit:
    """Too many instances: said as the deadline they would miss where only that asks for them."""
    most = most_replicas(goal)
    allowed = float(most)
    if goal.units is None or goal.deadline_s is None or goal.rate_per_s is not None:
        return Limit("replicas", "limit on instances", allowed, priced.replicas, _instances)
    working = max(1, most - goal.spare_replicas)
    fastest = goal.units / (priced.throughput.cautious * working)
    name = f"deadline with {units.counted(working, 'instance')}"
    return Limit("deadline", name, goal.deadline_s, fastest, units.duration)


def _instances(value: float) -> str:
    return units.counted(int(value), "instance")


def _per_hour(value: float) -> str:
    return f"{units.usd(value)} per hour"


def enforce(ledger: Ledger, at: Indices, found: Sequence[Limit]) -> None:
    """Strike out the offers at positions `at` that break a limit, naming every one they break."""
    broken = np.array([limit.excess > 1 for limit in found])
    for row in np.flatnonzero(broken.any(axis=0)):
        mine = [limit for limit, out in zip(found, broken[:, row], strict=True) if out]
        because = "; ".join(limit.sentence(limit.needed[row]) for limit in mine)
        ledger.reject(at[row : row + 1], mine[0].code, because)


def binding(ledger: Ledger, at: Indices, found: Sequence[Limit]) -> str:
    """With nothing left: the smallest relaxation, or what excludes most.

    `at` are the positions of the offers that `found` were held against.
    """
    worst = np.array([limit.excess for limit in found]).max(axis=0) if len(at) else np.zeros(0)
    if len(at) and np.isfinite(worst.min()):
        return _relaxation(ledger.frame.iloc[at], int(worst.argmin()), found)
    return _commonest(ledger)


def _relaxation(frame: "pd.DataFrame", row: int, found: Sequence[Limit]) -> str:
    broken = [limit for limit in found if limit.excess[row] > 1]
    limits_ = " and ".join(f"{limit.name} of {limit.text(limit.allowed)}" for limit in broken)
    needed = " and ".join(limit.text(float(limit.needed[row])) for limit in broken)
    offer = frame.iloc[row]
    where = f"{offer['provider']} {offer['region']}, {offer['price_kind'].replace('_', ' ')}"
    return f"{limits_}: {needed} would admit {offer['instance']} ({where})."


def _commonest(ledger: Ledger) -> str:
    """The reason that excludes most of what passed the filters; of all, when nothing did."""
    if not len(ledger.frame):
        return "The catalogue holds no offer; see: benchbench catalog show."
    passed = [code for code in ledger.code if code not in FILTERS]
    code, count = Counter(passed or list(ledger.code)).most_common(1)[0]
    example = ledger.because[np.flatnonzero(ledger.code == code)[0]]
    of_all = f"{units.count(count)} of {units.counted(len(ledger.code), 'offer')}"
    return f"{code.replace('_', ' ')} excludes {of_all}, for example: {example}."
