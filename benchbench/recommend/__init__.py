"""Records, offers and a goal → a ranking, and a reason for every offer that is not in it."""

from benchbench.recommend.answer import Candidate, Configuration, Goal, Recommendation, Rejected
from benchbench.recommend.decide import recommend

__all__ = ["Candidate", "Configuration", "Goal", "Recommendation", "Rejected", "recommend"]
