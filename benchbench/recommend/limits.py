"""The goal's limits: who breaks them, and by how much."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchbench import units
from benchbench.recommend.columns import Offers
from benchbench.recommend.goal import Goal, Quota
from benchbench.recommend.ledger import Ledger
from benchbench.recommend.price import Priced
from benchbench.recommend.ranges import Bools, Floats, Indices
from benchbench.recommend.team import Team
from benchbench.record import Scenario

_MOST_REPLICAS = 64
"""Where the goal names none."""


@dataclass(frozen=True)
class Limit:
    """One limit held against every offer; `needed` is NaN where nothing would be enough."""

    code: str
    field: str
    """Of the goal."""
    name: str
    allowed: float
    needed: Floats
    text: Callable[[float], str]
    nothing: str = "the measured throughput varies too much to promise any"
    """Said where nothing would be enough."""

    @property
    def excess(self) -> Floats:
        """How many times the limit is needed; infinite where nothing would be enough."""
        if not self.allowed:
            return np.where(self.needed == 0, 0.0, np.inf)
        return np.where(np.isnan(self.needed), np.inf, self.needed / self.allowed)

    def sentence(self, row: int) -> str:
        """What one offer needs against what is allowed."""
        needed = float(self.needed[row])
        if np.isnan(needed):
            return f"{self.name}: {self.nothing}"
        return f"needs {self.text(needed)}; the {self.name} is {self.text(self.allowed)}"


def bounded(goal: Goal, scenario: Scenario | None) -> Goal:
    """The goal with its limit on instances filled in, so that the answer shows it."""
    if goal.max_replicas is not None:
        return goal
    most = 1 + goal.spare_replicas if scenario == "train" else _MOST_REPLICAS
    return goal.model_copy(update={"max_replicas": most})


def most_replicas(goal: Goal) -> int:
    """Spares included."""
    return _MOST_REPLICAS if goal.max_replicas is None else goal.max_replicas


def limits(priced: Priced, goal: Goal, team: Team, offers: Offers, at: Indices) -> list[Limit]:
    """What the goal limits, at the cautious end of each throughput's interval."""
    quotas = [_quota(one, priced, offers, at) for one in goal.quotas]
    return [_replicas(priced, goal, team), *quotas, *_budgets(priced, goal)]


def _budgets(priced: Priced, goal: Goal) -> list[Limit]:
    found = []
    if goal.budget_usd_per_hour is not None:
        hourly, allowed = priced.usd_per_hour, goal.budget_usd_per_hour
        field = "budget_usd_per_hour"
        found.append(Limit("budget_per_hour", field, "budget", allowed, hourly, _per_hour))
    if goal.budget_usd is not None and priced.cost_usd is not None:
        cost = np.where(np.isnan(priced.cost_usd.high), priced.cost_usd.value, priced.cost_usd.high)
        cost = np.where(np.isnan(priced.throughput.cautious), np.nan, cost)
        found.append(Limit("budget", "budget_usd", "budget", goal.budget_usd, cost, units.usd))
    return found


def _replicas(priced: Priced, goal: Goal, team: Team) -> Limit:
    """Too many instances: said as the deadline they would miss where only that asks for them."""
    most, nothing = most_replicas(goal), _cannot_team(team)
    if goal.units is None or goal.deadline_s is None or goal.rate_per_s is not None:
        name = "limit on instances"
        needed = priced.replicas
        return Limit("replicas", "max_replicas", name, float(most), needed, _instances, **nothing)
    working = max(1, most - goal.spare_replicas)
    cautious = priced.throughput.cautious
    rate = np.fmax(team.relied_on(cautious, float(working)), team.relied_on(cautious, 1.0))
    name = f"deadline with {units.counted(working, 'instance')}"
    fastest = goal.units / rate
    return Limit("deadline", "deadline_s", name, goal.deadline_s, fastest, units.duration)


def _cannot_team(team: Team) -> dict[str, str]:
    if not team.together or np.isfinite(team.ring_s).all():
        return {}
    said = "several would exchange gradients, and their size (--set gradient_bytes=100MB) or the"
    return {"nothing": f"{said} instance's network is not known"}


def _instances(value: float) -> str:
    return units.counted(int(value), "instance")


def _per_hour(value: float) -> str:
    return f"{units.usd(value)} per hour"


def _quota(quota: Quota, priced: Priced, offers: Offers, at: Indices) -> Limit:
    needed = np.where(matches(quota, offers)[at], priced.replicas * size(quota, offers)[at], 0.0)
    nothing = f"how many {quota.of} an instance counts is not known, or no number is enough"
    name, text = quota_name(quota), _counter(quota)
    return Limit("quota", "quotas", name, quota.most, needed, text, nothing)


def _counter(quota: Quota) -> Callable[[float], str]:
    noun = {"vcpu": "vCPU", "instances": "instances", "accelerators": "accelerators"}[quota.of]
    return lambda value: f"{units.count(value)} {noun}"


def quota_name(quota: Quota) -> str:
    """`quota (aws, us-east-1, H100)`."""
    parts = (quota.provider, quota.region, quota.instance, quota.accelerator, quota.price_kind)
    of = ", ".join(part.replace("_", " ") for part in parts if part)
    return f"quota ({of})" if of else "quota"


def size(quota: Quota, offers: Offers) -> Floats:
    """What one instance of each offer counts; NaN where that is not known."""
    if quota.of == "vcpu":
        return offers.number("vcpu")
    if quota.of == "accelerators":
        return np.ceil(offers.number("accelerator_count"))
    return np.ones(len(offers))


def matches(quota: Quota, offers: Offers) -> Bools:
    """The offers it counts."""
    found = np.ones(len(offers), bool)
    for column, wanted in (
        ("provider", quota.provider),
        ("instance", quota.instance),
        ("price_kind", quota.price_kind),
    ):
        if wanted is not None:
            found &= offers.text(column).where(wanted.__eq__)
    if (prefix := quota.region) is not None:
        found &= offers.text("region").where(lambda name: name.startswith(prefix))
    if (chip := quota.accelerator) is not None:
        found &= offers.text("accelerator").where(
            lambda name: name == chip or name.startswith(f"{chip}-")
        )
    return found


def broken(found: Sequence[Limit]) -> Bools:
    """(limits, offers) what is broken; where one is broken by a number, no unknown one beside it.

    A cost that is unknown because no fleet keeps the deadline breaks no budget of its own.
    """
    over = np.array([limit.excess > 1 for limit in found])
    certain = over & np.array([np.isfinite(limit.needed) for limit in found])
    return np.where(certain.any(axis=0), certain, over)


def enforce(ledger: Ledger, at: Indices, found: Sequence[Limit]) -> None:
    """Strike out the offers at positions `at` that break a limit, naming every one they break.

    `at` is sorted.
    """
    over = broken(found)

    def say(position: int) -> str:
        row = int(np.searchsorted(at, position))
        mine = [limit for limit, out in zip(found, over[:, row], strict=True) if out]
        return "; ".join(limit.sentence(row) for limit in mine)

    first = np.where(over.any(axis=0), over.argmax(axis=0), -1)
    for number, limit in enumerate(found):
        ledger.reject(at[first == number], limit.code, say)
