"""Build or buy beyond the money: four questions whose answers are reasons, never amounts."""

from collections.abc import Iterator
from typing import Literal

from benchbench.record import Model

Leaning = Literal["build", "buy", "neither"]


class QuestionsSection(Model):
    """What no money column shows. Nothing here moves a figure."""

    stage: Literal["exploring", "growing", "established"] | None = None
    """Of the company, or of what it does with this work."""
    advantage: Literal["core", "supporting", "commodity"] | None = None
    """Whether doing this better than others is why customers come."""
    market: Literal["immature", "emerging", "mature"] | None = None
    """Of the services one can buy for it."""
    data: Literal["free", "restricted", "must_stay"] | None = None
    """Whether the data may leave the house."""


class Reason(Model):
    """One answer and where it leans."""

    question: str
    answer: str | None
    leans: Leaning | None
    """None: not answered."""
    because: str


_QUESTIONS = {
    "stage": "At which stage is the company?",
    "advantage": "Is running this a competitive advantage?",
    "market": "How mature is the market of services?",
    "data": "May the data leave the house?",
}
_MEANING: dict[tuple[str, str], tuple[Leaning, str]] = {
    ("stage", "exploring"): (
        "buy",
        "what is needed may change within months, and every engineer counts elsewhere",
    ),
    ("stage", "growing"): ("neither", "buy where it saves time now, and plan the way out"),
    ("stage", "established"): ("build", "volume is steady enough to pay for a team of one's own"),
    ("advantage", "core"): ("build", "what customers come for should not depend on a supplier"),
    ("advantage", "supporting"): ("neither", "it must be good, not better than everybody's"),
    ("advantage", "commodity"): ("buy", "nobody chooses the company for it"),
    ("market", "immature"): (
        "build",
        "services for it are few, change fast and may disappear",
    ),
    ("market", "emerging"): ("neither", "good services exist; changing between them is hard"),
    ("market", "mature"): ("buy", "several suppliers compete, and one can be left for another"),
    ("data", "free"): ("neither", "nothing keeps the data in the house"),
    ("data", "restricted"): ("build", "contracts and audits come with every supplier"),
    ("data", "must_stay"): (
        "build",
        "only a service that runs where the data must stay is possible at all",
    ),
}


def reasons(section: QuestionsSection) -> tuple[Reason, ...]:
    """One per question, in order; the open ones too."""
    return tuple(_reasons(section))


def _reasons(section: QuestionsSection) -> Iterator[Reason]:
    for name, question in _QUESTIONS.items():
        answer = getattr(section, name)
        if answer is None:
            open_ = f"not answered; write {name} under [questions]"
            yield Reason(question=question, answer=None, leans=None, because=open_)
            continue
        leans, because = _MEANING[name, answer]
        yield Reason(
            question=question, answer=answer.replace("_", " "), leans=leans, because=because
        )
