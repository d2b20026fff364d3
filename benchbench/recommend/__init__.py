"""Records, offers and a goal → a ranking, and a reason for every offer that is not in it."""

from benchbench.recommend.answer import (
    Candidate,
    Configuration,
    Fleet,
    Reason,
    Recommendation,
    Rejected,
)
from benchbench.recommend.decide import recommend
from benchbench.recommend.goal import Goal, Part, Quota

__all__ = [
    "Candidate",
    "Configuration",
    "Fleet",
    "Goal",
    "Part",
    "Quota",
    "Reason",
    "Recommendation",
    "Rejected",
    "recommend",
]
