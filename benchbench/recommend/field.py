"""Every offer judged against one goal: struck out with its reason, or priced."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchbench.recommend import beside as besides
from benchbench.recommend.columns import Offers
from benchbench.recommend.evidence import Evidence
from benchbench.recommend.fit import Delivery, Shapes
from benchbench.recommend.goal import Goal
from benchbench.recommend.ledger import Ledger
from benchbench.recommend.limits import Limit, enforce, limits
from benchbench.recommend.price import Beside, Priced, priced
from benchbench.recommend.ranges import Floats, Indices
from benchbench.recommend.screen import screen
from benchbench.recommend.team import Team
from benchbench.recommend.verdicts import Verdicts, judge
from benchbench.record import Scenario


@dataclass(frozen=True)
class Question:
    """What does not change from one goal to a relaxed one."""

    offers: Offers
    known: Sequence[Evidence]
    shapes: Sequence[Shapes]

    @property
    def scenario(self) -> Scenario | None:
        """Of all workloads, where they agree."""
        found = {one.scenario for one in self.known}
        return found.pop() if len(found) == 1 else None

    def bounded_by(self, goal: Goal) -> Sequence[Shapes]:
        """The shapes under that goal's bounds on latency."""
        parts = zip(self.shapes, self.known, goal.parts, strict=True)
        return [replace(shapes, bound=replace(one, part=part).bound) for shapes, one, part in parts]


@dataclass(frozen=True)
class Field:
    """Offers side by side: positions in the ledger, prices, terms."""

    ledger: Ledger
    verdicts: Verdicts
    at: Indices
    price: Floats
    terms: Priced
    team: Team

    def only(self, keep: Indices) -> "Field":
        """Some of them, in this order."""
        at, price, terms = self.at[keep], self.price[keep], self.terms.at(keep)
        return Field(self.ledger, self.verdicts, at, price, terms, self.team.at(keep))

    def deliveries(self, row: int) -> tuple[Delivery, ...]:
        """One per workload."""
        return self.verdicts.deliveries(int(self.at[row]))


@dataclass(frozen=True)
class Judged:
    """The whole catalogue under one goal."""

    goal: Goal
    passed: Indices
    """Positions that passed the filters and have a price."""
    held: Field
    """What delivers and is priced, before the limits."""
    found: Sequence[Limit]
    inside: Field
    """What keeps within the limits."""


def judged(question: Question, goal: Goal) -> Judged:
    """Filter, judge each shape once, price all at once, hold against the limits."""
    ledger = screen(question.offers, goal)
    passed = ledger.left
    verdicts = judge(ledger, question.bounded_by(goal), goal.shares)
    held = _priced(question, ledger, verdicts, goal)
    found = limits(held.terms, goal, held.team, question.offers, held.at)
    enforce(ledger, held.at, found)
    inside = held.only(np.flatnonzero(ledger.struck[held.at] < 0))
    return Judged(goal, passed, held, found, inside)


def _priced(question: Question, ledger: Ledger, verdicts: Verdicts, goal: Goal) -> Field:
    offers = question.offers
    aside = besides.beside(offers, ledger.left, goal)
    _strike_unpriced_data(ledger, aside)
    at = ledger.left
    aside = besides.beside(offers, at, goal)
    price = offers.hourly_usd()[at]
    team = _team(question, verdicts, at, goal)
    terms = priced(verdicts.throughput(at), price, goal, team, aside)
    field = Field(ledger, verdicts, at, price, terms, team)
    return _strike_dear_spot(field)


def _strike_unpriced_data(ledger: Ledger, aside: Beside) -> None:
    left = ledger.left
    unknown = np.broadcast_to(np.isnan(aside.per_month), left.shape)
    provider = ledger.offers.text("provider")
    ledger.reject(
        left[unknown],
        "no_data_price",
        lambda row: f"what {provider.at(row)} charges here for egress or storage is not known",
    )


def _team(question: Question, verdicts: Verdicts, at: Indices, goal: Goal) -> Team:
    scenario = question.scenario
    stops = besides.interruptions(question.offers, at, goal, scenario)
    if scenario != "train":
        return Team.independent(len(at), stops)
    step_s = verdicts.units_per_step(at) / verdicts.throughput(at).value
    gradients = goal.gradient_bytes or question.known[0].gradient_bytes
    network = question.offers.number("network_bits_per_s")[at]
    return Team.training(step_s, gradients, network, stops)


def _strike_dear_spot(field: Field) -> Field:
    """A spot price that interruptions lift above on demand's is no bargain."""
    offers, ledger = field.ledger.offers, field.ledger
    spot = offers.text("price_kind").where("spot".__eq__)[field.at]
    if not spot.any():
        return field
    on_demand = offers.on_demand_usd()[field.at]
    paid = field.price * (1 + field.team.lost(field.terms.replicas).value)
    dear = spot & (paid > on_demand)

    def say(position: int) -> str:
        row = int(np.searchsorted(field.at, position))
        return besides.dear_spot(paid[row], field.price[row], on_demand[row])

    ledger.reject(field.at[dear], "spot_dearer", say)
    return field.only(np.flatnonzero(~dear))
