"""The decision: filter, judge each shape of instance once, price all offers at once, rank."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from benchbench import units
from benchbench.catalog.silicon import Silicon
from benchbench.errors import UsageError
from benchbench.recommend.answer import Candidate, Goal, Recommendation
from benchbench.recommend.doubts import doubts, is_indicative
from benchbench.recommend.evidence import evidence
from benchbench.recommend.fit import Shapes
from benchbench.recommend.ledger import Ledger, hourly_usd, screen
from benchbench.recommend.limits import binding, bounded, enforce, limits, most_replicas
from benchbench.recommend.price import Floats, Indices, Priced, Range, priced
from benchbench.recommend.rank import order, pareto, speaker, tied
from benchbench.recommend.verdicts import Verdicts, judge
from benchbench.record import Record
from benchbench.stats import Estimate

if TYPE_CHECKING:
    from benchbench.catalog.catalogue import Catalog

SHOWN = 40
_SECONDS_PER_HOUR = 3600.0


def recommend(
    records: Sequence[Record],
    catalog: "Catalog",
    silicon: Silicon,
    goal: Goal,
    *,
    today: date,
    most: int = SHOWN,
) -> Recommendation:
    """Every offer of `catalog` judged: ranked, or rejected with the reason.

    The best `most` are ranked, whatever else is on the Pareto front, and the best offer of the
    silicon measured. Failed and invalid records
    support nothing. Raises UsageError when `goal` contradicts itself or nothing of its workload is
    stored.
    """
    _check(goal)
    known = evidence(records, silicon, goal)
    goal = bounded(goal, known.scenario)
    _check_spares(goal)
    shapes = Shapes.of(known.references, known.failed, silicon, known.ceilings)
    ledger = screen(catalog.frame.reset_index(drop=True), goal)
    verdicts = judge(ledger, catalog, shapes)
    at = ledger.left
    price = hourly_usd(ledger.frame)[at]
    terms = priced(verdicts.throughput(at), price, goal)
    found = limits(terms, goal)
    enforce(ledger, at, found)
    inside = np.flatnonzero(ledger.code[at] == "")
    stopped_by = None if len(inside) else binding(ledger, at, found)
    field = _Field(ledger, verdicts, at, price, terms).only(inside)
    candidates = _candidates(_shown(field, most), catalog)
    return Recommendation(
        goal=goal,
        unit=known.unit,
        candidates=candidates,
        rejected=ledger.rejected(),
        binding=stopped_by,
        caveats=doubts(candidates, known, goal, today),
        indicative=is_indicative(candidates, known),
        as_of=today.isoformat(),
    )


def _check(goal: Goal) -> None:
    if goal.units is None and (goal.deadline_s is not None or goal.budget_usd is not None):
        raise UsageError("a deadline or a total budget is for an amount of work: add --units")


def _check_spares(goal: Goal) -> None:
    most = most_replicas(goal)
    if goal.spare_replicas >= most:
        raise UsageError(
            f"{goal.spare_replicas} spare instances leave none of {most} to work: "
            "raise the limit or ask for fewer spares"
        )


@dataclass(frozen=True)
class _Field:
    """Offers that do the job, side by side: positions in the ledger, prices, terms."""

    ledger: Ledger
    verdicts: Verdicts
    at: Indices
    price: Floats
    terms: Priced

    def only(self, keep: Indices) -> "_Field":
        """Some of them, in this order."""
        at, price, terms = self.at[keep], self.price[keep], self.terms.at(keep)
        return _Field(self.ledger, self.verdicts, at, price, terms)


@dataclass(frozen=True)
class _Shown:
    """The ranked field, and which of its rows become candidates."""

    field: _Field
    rows: Indices
    front: Indices
    ties: Indices


def _shown(field: _Field, most: int) -> _Shown:
    """Rank; what a cheaper region or a better rank hides is struck out with that reason.

    The best offer of the silicon measured stays at any rank: it says what staying there costs.
    """
    frame, cost = field.ledger.frame.iloc[field.at], field.terms.usd_per_unit.value
    field = _fold_regions(field.only(order(frame, cost, field.terms.usd_per_hour)))
    front = pareto(*_cost_and_time(field.terms))
    rows = np.arange(len(field.at))
    shown = (rows < most) | front
    shown[_first_as_measured(field)] = True
    _strike_ranked_lower(field, rows[~shown])
    ties = np.flatnonzero(tied(field.terms.usd_per_unit))
    return _Shown(field, rows[shown], np.flatnonzero(front), ties)


def _first_as_measured(field: _Field) -> Indices:
    """The best ranked row that is measured, else of the chip measured; none when there is none."""
    steps = [field.verdicts.delivery(int(at)).step for at in field.at]
    best = next((steps.index(step) for step in (None, "same_chip") if step in steps), None)
    return np.array([] if best is None else [best], np.intp)


def _cost_and_time(terms: Priced) -> tuple[Floats, Floats]:
    """What the front trades: the job's cost and time, else cost per unit and one unit's time."""
    if terms.cost_usd is not None and terms.time_s is not None:
        return terms.cost_usd.value, terms.time_s.value
    return terms.usd_per_unit.value, 1 / terms.throughput.value


def _fold_regions(field: _Field) -> _Field:
    """One row per instance and kind of price: its cheapest region."""
    frame = field.ledger.frame.iloc[field.at]
    first = speaker(frame)
    rows = np.arange(len(first))
    because = np.full(len(first), "", object)
    for row in rows[first == rows]:
        where = frame["region"].iloc[row]
        because[row] = f"the same instance costs no more in {where}: {units.usd(field.price[row])}"
    folded = np.flatnonzero(first != rows)
    field.ledger.reject(field.at[folded], "same_instance", because[first[folded]])
    return field.only(np.flatnonzero(first == rows))


def _strike_ranked_lower(field: _Field, rows: Indices) -> None:
    costs = field.terms.usd_per_unit.value
    for row in rows:
        dearer = units.number(float(costs[row] / costs[0]))
        because = f"does the job at rank {units.count(row + 1)}, {dearer} times the best's cost"
        field.ledger.reject(field.at[row : row + 1], "ranked_lower", because)


def _candidates(shown: _Shown, catalog: "Catalog") -> tuple[Candidate, ...]:
    front, ties = set(shown.front.tolist()), set(shown.ties.tolist())
    return tuple(
        _candidate(shown.field, row, catalog).model_copy(
            update={"pareto": row in front, "tied_with_best": row in ties}
        )
        for row in shown.rows.tolist()
    )


def _candidate(field: _Field, row: int, catalog: "Catalog") -> Candidate:
    at, terms = int(field.at[row]), field.terms
    delivery = field.verdicts.delivery(at)
    price, known, rate = float(field.price[row]), delivery.throughput, delivery.floor_rate
    return Candidate(
        rank=row + 1,
        offer=catalog.offer(at),
        basis=delivery.basis,
        configuration=delivery.configuration,
        throughput=known,
        replicas=int(terms.replicas[row]),
        usd_per_hour=float(terms.usd_per_hour[row]),
        usd_per_unit=_estimate(terms.usd_per_unit, row, known),
        cost_usd=None if terms.cost_usd is None else _estimate(terms.cost_usd, row, known),
        time_s=None if terms.time_s is None else _estimate(terms.time_s, row, known),
        floor_usd_per_unit=None if rate is None else price / (_SECONDS_PER_HOUR * rate),
        step=delivery.step,
        because=delivery.because,
    )


def _estimate(figure: Range, row: int, behind: Estimate) -> Estimate:
    low, high = float(figure.low[row]), float(figure.high[row])
    known = np.isfinite(low) and np.isfinite(high)
    return Estimate(
        value=float(figure.value[row]),
        low=low if known else None,
        high=high if known else None,
        n=behind.n,
        basis=behind.basis,
    )
