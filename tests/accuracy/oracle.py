"""Writes squad_oracle.json: cases, and what another implementation of SQuAD's metric says of them.

    pip download --no-deps transformers==4.49.0   # its wheel holds data/metrics/squad_metrics.py
    python tests/accuracy/oracle.py SQUAD_METRICS_PY > tests/accuracy/squad_oracle.json

The module is run by itself, its two imports of transformers replaced; our own code is not imported.
"""

import json
import random
import sys
import types
from pathlib import Path
from typing import Any

WORDS = [
    *("the", "The", "a", "An", "an", "of", "in", "by", "and"),
    *("Denver", "Broncos", "Carolina", "Panthers", "gold", "anniversary", "Levi's", "Stadium"),
    *("1066", "3.14", "$5,000", "50%", "U.S.", "C++", "rock-and-roll", "(none)", "“quoted”"),
    *("naïve", "café", "Zürich", "Ångström", "İstanbul", "straße", "北京", "東京都", "Москва"),
    *("مرحبا", "नमस्ते", "—", "…", "\u00a0", "e\u0301", "A's", "theatre", "another", "co-op."),
]
BY_HAND: list[tuple[str, list[str]]] = [
    ("Denver Broncos", ["Denver Broncos", "Denver Broncos", "The Denver Broncos"]),
    ("the", ["The"]),
    ("", []),
    ("", [""]),
    ("anything", []),
    ("...", ["the"]),
    ("a an the", ["!!!"]),
    ("THE END.", ["end"]),
    ("ﬁne", ["fine"]),
    ("don't", ["dont", "do not"]),
    ("ten ten one", ["ten one one"]),
    ("  spaced\tout\n", ["spaced out"]),
]


def said(draw: random.Random, most: int) -> str:
    """A few words."""
    return " ".join(draw.choice(WORDS) for _ in range(draw.randint(0, most)))


def near(draw: random.Random, answer: str) -> str:
    """The answer with something added, lost, repeated, or in capitals."""
    words = answer.split() or [""]
    change = draw.randrange(5)
    if change == 0:
        words.insert(draw.randrange(len(words) + 1), draw.choice(WORDS))
    elif change == 1:
        words.pop(draw.randrange(len(words)))
    elif change == 2:
        words.append(words[0])
    elif change == 3:
        words = [word.upper() + draw.choice(["", ".", "!", ","]) for word in words]
    return " ".join(words)


def cases(count: int) -> list[tuple[str, list[str]]]:
    """By hand first, then at random but the same each time."""
    draw = random.Random(20161005)  # noqa: S311 - the same cases each time
    found = list(BY_HAND)
    while len(found) < count:
        answers = [said(draw, 6) for _ in range(draw.choice([0, 1, 1, 2, 3, 5]))]
        close = bool(answers) and draw.random() < 0.7
        found.append((near(draw, draw.choice(answers)) if close else said(draw, 6), answers))
    return found


def metrics(path: Path) -> Any:
    """The module at `path`, without the package it is part of."""
    source = path.read_text(encoding="utf-8")
    source = source.replace("from ...models.bert import BasicTokenizer", "BasicTokenizer = None")
    source = source.replace("from ...utils import logging", "import logging")
    source = source.replace("logging.get_logger", "logging.getLogger")
    module = types.ModuleType("squad_metrics")
    exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102 - a published file
    return module


def main(path: Path) -> None:
    """Print the cases with the oracle's answers."""
    oracle, written, examples = metrics(path), [], []
    for number, (prediction, answers) in enumerate(cases(320)):
        example = types.SimpleNamespace(
            qas_id=str(number), answers=[{"text": text} for text in answers]
        )
        exact, f1 = oracle.get_raw_scores([example], {example.qas_id: prediction})
        examples.append((example, prediction))
        written.append(
            {
                "prediction": prediction,
                "answers": answers,
                "exact": exact[example.qas_id],
                "f1": f1[example.qas_id],
            }
        )
    predictions = {example.qas_id: prediction for example, prediction in examples}
    exact, f1 = oracle.get_raw_scores([example for example, _ in examples], predictions)
    total = oracle.make_eval_dict(exact, f1)
    document = {"f1": total["f1"], "exact": total["exact"], "cases": written}
    sys.stdout.write(json.dumps(document, indent=0, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
