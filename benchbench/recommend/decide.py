"""The decision: filter, judge each shape of instance once, price all offers at once, rank."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from benchbench.catalog.silicon import Silicon
from benchbench.errors import UsageError
from benchbench.recommend import relax
from benchbench.recommend.answer import Recommendation
from benchbench.recommend.candidates import candidates, ranking
from benchbench.recommend.columns import Offers
from benchbench.recommend.doubts import doubts, is_indicative
from benchbench.recommend.evidence import Evidence, evidence
from benchbench.recommend.field import Question, judged
from benchbench.recommend.fit import Shapes
from benchbench.recommend.fleet import fleet
from benchbench.recommend.goal import Goal
from benchbench.recommend.limits import bounded, matches, most_replicas, quota_name
from benchbench.record import Record

if TYPE_CHECKING:
    from benchbench.catalog.catalogue import Catalog

SHOWN = 40


def recommend(
    records: Sequence[Record],
    catalog: "Catalog",
    silicon: Silicon,
    goal: Goal,
    *,
    today: date,
    most: int = SHOWN,
    listed: int | None = None,
) -> Recommendation:
    """Every offer of `catalog` judged: ranked, or rejected with the reason.

    The best `most` are ranked, whatever else is on the Pareto front, and the best offer of the
    silicon measured. Of each reason the first `listed` rejected offers are listed, None: all.
    Failed and invalid records support nothing. Raises UsageError when `goal` contradicts itself or
    nothing of its workloads is stored.
    """
    known = evidence(records, silicon, goal)
    shapes = [Shapes.of(one.references, one.failed, silicon, one.ceilings) for one in known]
    question = Question(Offers(catalog), known, shapes)
    goal = bounded(goal, question.scenario)
    _check_spares(goal)
    _check_quotas(question.offers, goal)
    answer = judged(question, goal)
    ranked = ranking(answer.inside, most)
    shown = candidates(ranked, goal)
    relaxed = () if shown else relax.relaxations(question, answer)
    ledger = answer.held.ledger
    return Recommendation(
        goal=goal,
        unit=_unit(known),
        candidates=shown,
        rejected=ledger.rejected(listed),
        reasons=ledger.reasons(),
        binding=None if shown else relax.binding(answer, relaxed),
        relaxations=relaxed,
        fleet=fleet(question, answer),
        caveats=doubts(shown, known, goal, today),
        indicative=is_indicative(shown, known),
        as_of=today.isoformat(),
    )


def _unit(known: Sequence[Evidence]) -> str:
    """Of a mix whose units differ, just a unit."""
    names = {one.unit for one in known}
    return names.pop() if len(names) == 1 else "unit"


def _check_quotas(offers: Offers, goal: Goal) -> None:
    """A quota on something nobody offers is a slip of the pen, and would limit nothing."""
    for quota in goal.quotas:
        if len(offers) and not matches(quota, offers).any():
            raise UsageError(
                f"no offer matches the {quota_name(quota)}; see the names with: "
                "benchbench catalog show"
            )


def _check_spares(goal: Goal) -> None:
    most = most_replicas(goal)
    if goal.spare_replicas >= most:
        raise UsageError(
            f"{goal.spare_replicas} spare instances leave none of {most} to work: "
            "raise the limit or ask for fewer spares"
        )
