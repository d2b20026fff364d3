"""SQuAD v1.1: its file, a BERT's windows on it, the best span of many, exact match and F1.

The metric is Rajpurkar et al.'s (2016, section 6.1); windows, maximum context and the n best spans
are those of Devlin et al.'s fine-tuning (2018, section 4.2 and its published procedure).
"""

import json
import re
import string
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchbench.accuracy.exam import Score
from benchbench.errors import UsageError

QUESTION_TOKENS = 64
DOCUMENT_STRIDE = 128
ANSWER_TOKENS = 30
BEST = 20
"""Starts and ends of a window that are combined to spans."""
REFERENCE_F1_PERCENT = 90.874
REFERENCE = "BERT-large fp32, F1 on SQuAD v1.1 dev (MLPerf inference rules, bert)"

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ANSWER = np.dtype([("position", "<i4"), ("logit", "<f4")])
T = TypeVar("T")


class Question(NamedTuple):
    """One of a file's, with everything that counts as its answer."""

    key: str
    text: str
    context: str
    answers: tuple[str, ...]


class Window(NamedTuple):
    """What the model sees of one question: [CLS] question [SEP] part of its context [SEP]."""

    question: int
    """Its place in the file."""
    ids: list[int]
    types: list[int]
    mask: list[int]
    characters: dict[int, tuple[int, int]]
    """Of each position that holds a token of the context: from where to where it is there."""
    central: frozenset[int]
    """Positions whose token no other window shows with more around it."""


class Span(NamedTuple):
    """A possible answer: from where to where in the context, and how likely."""

    start: int
    end: int
    logit: float


def read(file: Path) -> Iterator[Question]:
    """In the file's order. Raises UsageError if it is not SQuAD's JSON."""
    try:
        articles = json.loads(file.read_text(encoding="utf-8"))["data"]
        for article in articles:
            for paragraph in article["paragraphs"]:
                for one in paragraph["qas"]:
                    answers = tuple(str(answer["text"]) for answer in one.get("answers", ()))
                    context = paragraph["context"]
                    yield Question(str(one["id"]), one["question"], context, answers)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{file} is not SQuAD v1.1 JSON ({error!r}); name its dev-v1.1.json with --data"
        raise UsageError(message) from error


def vocabulary(folder: Path | None) -> Any:  # noqa: ANN401 - transformers' tokenizers are untyped
    """The tokenizer saved beside the weights. Raises UsageError if there is none."""
    names = ("vocab.txt", "tokenizer.json")
    if folder is None or not any((folder / name).is_file() for name in names):
        message = "SQuAD needs a vocabulary; name a folder with vocab.txt: --weights FOLDER"
        raise UsageError(message)
    from transformers import BertTokenizerFast  # type: ignore[attr-defined] # noqa: PLC0415 - slow

    return BertTokenizerFast.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def windows(tokenizer: Any, questions: Iterable[Question], length: int) -> Iterator[Window]:  # noqa: ANN401 - as above
    """Every window of every question, padded to `length` tokens."""

    @cache
    def tokens(text: str) -> tuple[list[int], list[tuple[int, int]]]:
        found = tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        return list(found["input_ids"]), [tuple(pair) for pair in found["offset_mapping"]]

    cls, sep, pad = (tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id)
    for index, question in enumerate(questions):
        head = [cls, *tokens(question.text)[0][:QUESTION_TOKENS], sep]
        ids, characters = tokens(question.context)
        parts = list(split(range(len(ids)), length - len(head) - 1))
        for part, central in zip(parts, _central(parts), strict=True):
            tail = [*(ids[token] for token in part), sep]
            padding = [0] * (length - len(head) - len(tail))
            yield Window(
                question=index,
                ids=[*head, *tail, *(pad for _ in padding)],
                types=[*(0 for _ in head), *(1 for _ in tail), *padding],
                mask=[*(1 for _ in head), *(1 for _ in tail), *padding],
                characters={
                    len(head) + place: characters[token] for place, token in enumerate(part)
                },
                central=frozenset(len(head) + token - part[0] for token in central),
            )


def split(tokens: Sequence[T], room: int) -> Iterator[Sequence[T]]:
    """Overlapping parts of a long context, each starting 128 tokens after the one before."""
    start = 0
    while True:
        yield tokens[start : start + room]
        if start + room >= len(tokens):
            return
        start += min(DOCUMENT_STRIDE, room)


def _central(parts: Sequence[Sequence[int]]) -> list[list[int]]:
    """Of each part the tokens that it shows with the most context on their poorer side.

    Among equals the longer part, then the first: each token belongs to exactly one.
    """
    best: dict[int, tuple[float, int]] = {}
    for number, part in enumerate(parts):
        for place, token in enumerate(part):
            around = min(place, len(part) - 1 - place) + 0.01 * len(part)
            if token not in best or around > best[token][0]:
                best[token] = around, number
    return [[t for t in part if best[t][1] == number] for number, part in enumerate(parts)]


def best_logits(logits: NDArray[np.float32]) -> bytes:
    """(2, length) start and end logits → the best positions of each, to be logged.

    Starts, then ends, 20 pairs of position and logit each; as many positions where there are less.
    """
    order = np.argsort(-logits, axis=1, kind="stable")[:, :BEST]
    found = np.zeros(order.shape, dtype=_ANSWER)
    found["position"], found["logit"] = order, np.take_along_axis(logits, order, axis=1)
    return found.tobytes()


def spans(answer: bytes, window: Window) -> Iterator[Span]:
    """Every allowed span of a window's best starts and ends.

    A start belongs to the window that shows it best; no answer has more than 30 tokens.
    """
    pairs = np.frombuffer(answer, dtype=_ANSWER).tolist()
    starts, ends = pairs[: len(pairs) // 2], pairs[len(pairs) // 2 :]
    for start, likely in starts:
        if start not in window.central:
            continue
        for end, also in ends:
            if start <= end < start + ANSWER_TOKENS and end in window.characters:
                yield Span(window.characters[start][0], window.characters[end][1], likely + also)


def predictions(
    questions: Sequence[Question], shown: Sequence[Window], answers: Mapping[int, bytes]
) -> list[str]:
    """The likeliest span over all windows of each question, as its context writes it."""
    best: dict[int, Span] = {}
    for index, window in enumerate(shown):
        for span in spans(answers[index], window):
            if window.question not in best or span.logit > best[window.question].logit:
                best[window.question] = span
    return [
        question.context[best[index].start : best[index].end] if index in best else ""
        for index, question in enumerate(questions)
    ]


def score(questions: Sequence[Question], predicted: Sequence[str]) -> Score:
    """F1, and exact match beside it: means over the questions, in percent."""
    pairs = list(zip(predicted, questions, strict=True))
    f1s = [best_f1(said, question.answers) for said, question in pairs]
    exact = [exact_match(said, question.answers) for said, question in pairs]
    count = len(pairs)
    return Score("f1", 100 * sum(f1s) / count, count, {"exact_match": 100 * sum(exact) / count})


def normalised(text: str) -> str:
    """In lower case, without ASCII punctuation, the articles a, an, the, or space to spare."""
    bare = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", bare).split())


def exact_match(said: str, answers: Sequence[str]) -> bool:
    """Whether it is one of the answers, both normalised."""
    return normalised(said) in {normalised(answer) for answer in _truths(answers)}


def best_f1(said: str, answers: Sequence[str]) -> float:
    """The highest F1 with any answer."""
    return max(f1(said, answer) for answer in _truths(answers))


def f1(said: str, answer: str) -> float:
    """Harmonic mean of precision and recall of normalised words; nothing equals only nothing."""
    ours, theirs = normalised(said).split(), normalised(answer).split()
    if not ours or not theirs:
        return float(ours == theirs)
    common = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * common / (len(ours) + len(theirs))


def _truths(answers: Sequence[str]) -> list[str]:
    """Those that hold a word; a question without one has no answer, and that is the answer."""
    return [answer for answer in answers if normalised(answer)] or [""]
