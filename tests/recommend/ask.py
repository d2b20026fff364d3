"""Short ways to ask for a recommendation and to look at its answer."""

from collections.abc import Sequence
from typing import Any

from benchbench.catalog import catalogue
from benchbench.catalog.offer import Offer
from benchbench.recommend import Candidate, Recommendation, Rejected, goal, recommend
from benchbench.record import Record
from tests import factories as make

SILICON = make.silicon()
FLOPS = 24.299077632e9


def answer(records: Sequence[Record], offers: Sequence[Offer], **limits: Any) -> Recommendation:
    """The recommendation for ResNet-50 training on the tests' day, on several instances if need be.

    `max_replicas=None` asks as a user does who sets no limit. Checkpoints and restarts take no
    time unless said otherwise.
    """
    most = limits.pop("most", 40)
    quick = {"checkpoint_s": 0.0, "restart_s": 0.0}
    named = {} if "mix" in limits else {"workload": "resnet50-train"}
    wanted = goal.parse({**named, "max_replicas": 64, **quick, **limits})
    catalog = catalogue.from_offers(offers)
    return recommend(records, catalog, SILICON, wanted, today=make.TODAY, most=most)


def only(found: Recommendation) -> Candidate:
    """The only candidate."""
    assert len(found.candidates) == 1, found
    return found.candidates[0]


def out(found: Recommendation) -> Rejected:
    """The only rejected offer."""
    assert not found.candidates
    assert len(found.rejected) == 1
    return found.rejected[0]


def noisy(*rates: float, **changes: Any) -> list[Record]:
    """One configuration measured once per rate on an A100."""
    return [make.gpu_record(rate, repeat=index, **changes) for index, rate in enumerate(rates)]
