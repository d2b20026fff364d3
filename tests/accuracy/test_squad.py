"""SQuAD's metric and the best of many spans, held against other people's implementations."""

import json
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbench.accuracy import squad
from benchbench.accuracy.squad import Question, Window
from benchbench.errors import UsageError

ORACLE = json.loads((Path(__file__).parent / "squad_oracle.json").read_text(encoding="utf-8"))
"""Cases and what transformers 4.49's `squad_metrics` says of them (tests/accuracy/oracle.py)."""
WORDS = st.lists(
    st.sampled_from(["the", "a", "An", "cup", "Cup!", "U.S.", "1066", "naïve", "北京", "—", " "]),
    max_size=8,
).map(" ".join)
ANYTHING = st.one_of(WORDS, st.text(max_size=30))


def test_there_are_more_than_200_cases_of_every_kind() -> None:
    """Unicode, articles, punctuation, no answer, several answers."""
    cases = ORACLE["cases"]
    assert len(cases) >= 200
    assert sum(len(case["answers"]) > 1 for case in cases) >= 30
    assert sum(not case["answers"] for case in cases) >= 10
    assert sum(not case["prediction"].isascii() for case in cases) >= 30
    assert sum(" the " in f" {case['prediction'].lower()} " for case in cases) >= 20


@pytest.mark.parametrize("case", ORACLE["cases"], ids=lambda case: case["prediction"][:20])
def test_exact_match_and_f1_are_the_oracles(case: dict[str, Any]) -> None:
    """Case by case."""
    said, answers = case["prediction"], case["answers"]
    assert squad.exact_match(said, answers) == bool(case["exact"])
    assert squad.best_f1(said, answers) == pytest.approx(case["f1"], abs=1e-12)


def test_the_score_of_all_of_them_is_the_oracles() -> None:
    """Means in percent, of the questions."""
    cases = ORACLE["cases"]
    questions = [Question(str(n), "", "", tuple(case["answers"])) for n, case in enumerate(cases)]
    found = squad.score(questions, [case["prediction"] for case in cases])
    assert found.percent == pytest.approx(ORACLE["f1"], abs=1e-9)
    assert found.others["exact_match"] == pytest.approx(ORACLE["exact"], abs=1e-9)
    assert found.scored == len(cases)


@given(ANYTHING, ANYTHING)
def test_f1_is_a_symmetric_share(ours: str, theirs: str) -> None:
    """Between 0 and 1, whichever side is the answer; 1 of itself, and where both match exactly."""
    found = squad.f1(ours, theirs)
    assert 0 <= found <= 1
    assert found == squad.f1(theirs, ours)
    assert squad.f1(ours, ours) == 1
    if squad.normalised(ours) == squad.normalised(theirs):
        assert found == 1


@given(ANYTHING)
def test_normalising_is_done_once(text: str) -> None:
    """What is normal stays so; nothing of what is ignored is left, nor any space to spare."""
    once = squad.normalised(text)
    assert not set(once) & set(string.punctuation)
    assert not {"a", "an", "the"} & set(once.split())
    assert once == " ".join(once.split())


@given(ANYTHING, st.lists(ANYTHING, min_size=1, max_size=4))
def test_more_answers_never_make_it_worse(said: str, answers: list[str]) -> None:
    """The best of them counts; answers without a word aside."""
    if squad.normalised(answers[0]):
        assert squad.best_f1(said, answers) >= squad.best_f1(said, answers[:1])
        assert squad.exact_match(said, answers) >= squad.exact_match(said, answers[:1])


def brute(question: Question, shown: Sequence[Window], logits: Sequence[Any]) -> str:
    """Every start with every end among the twenty best of each, nothing clever."""
    best, text = -np.inf, ""
    for window, (starts, ends) in zip(shown, logits, strict=True):
        top = [set(sorted(range(len(row)), key=lambda i: -row[i])[:20]) for row in (starts, ends)]
        for start in range(len(starts)):
            for end in range(start, min(start + 30, len(starts))):
                if start not in top[0] or end not in top[1]:
                    continue
                if start not in window.characters or end not in window.characters:
                    continue
                if start in window.central and starts[start] + ends[end] > best:
                    best = starts[start] + ends[end]
                    left, right = window.characters[start][0], window.characters[end][1]
                    text = question.context[left:right]
    return text


@pytest.mark.parametrize("seed", range(20))
def test_the_likeliest_span_is_that_of_a_plain_search(seed: int) -> None:
    """Over overlapping windows, with a limit on its length and each start in its best window."""
    random = np.random.default_rng(seed)
    context = " ".join(f"w{n}" for n in range(int(random.integers(1, 300))))
    question = Question("q", "who", context, ())
    shown = list(squad.windows(Whole(), [question], 128))
    logits = [random.normal(size=(2, 128)).astype(np.float32) for _ in shown]
    answers = {n: squad.best_logits(row) for n, row in enumerate(logits)}
    assert squad.predictions([question], shown, answers) == [brute(question, shown, logits)]


class Whole:
    """A tokenizer of whole words: each is one token."""

    cls_token_id, sep_token_id, pad_token_id = 1, 2, 0

    def __call__(self, text: str, **_wanted: object) -> dict[str, Any]:
        """Ids from 10 on, and where each word lies."""
        pairs, at = [], 0
        for word in text.split():
            at = text.index(word, at)
            pairs.append((at, at + len(word)))
            at += len(word)
        return {"input_ids": list(range(10, 10 + len(pairs))), "offset_mapping": pairs}


def test_a_window_is_question_part_and_padding() -> None:
    """[CLS] question [SEP] context [SEP], types, mask, and where each token lies in the text."""
    (window,) = squad.windows(Whole(), [Question("q", "who won", "red  won cup", ())], 12)
    assert window.ids == [1, 10, 11, 2, 10, 11, 12, 2, 0, 0, 0, 0]
    assert window.types == [0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0]
    assert window.mask == [1] * 8 + [0] * 4
    assert window.characters == {4: (0, 3), 5: (5, 8), 6: (9, 12)}
    assert window.central == {4, 5, 6}


def test_long_contexts_overlap_and_each_token_is_central_once() -> None:
    """500 words in rooms of 317 start 128 apart; a question is cut to 64 tokens."""
    question = Question("q", "who " * 100, " ".join(f"w{n}" for n in range(500)), ())
    shown = list(squad.windows(Whole(), [question], 384))
    assert [len(window.characters) for window in shown] == [317, 317, 244]
    central = [window.characters[place] for window in shown for place in window.central]
    assert len(central) == len(set(central)) == 500
    # The middle of the overlap of the first two, tokens 128 to 316, is where the better side turns.
    first = {window.characters[p][0] for window in shown[:1] for p in window.central}
    assert question.context.index("w222") in first
    assert question.context.index("w223") not in first


def test_parts_cover_the_context() -> None:
    """1000 tokens in rooms of 300: every token is in a part, each part starts 128 later."""
    parts = list(squad.split(list(range(1000)), 300))
    assert [part[0] for part in parts] == [0, 128, 256, 384, 512, 640, 768]
    assert sorted({token for part in parts for token in part}) == list(range(1000))
    assert list(squad.split([], 300)) == [[]]


def test_no_span_is_longer_than_30_tokens() -> None:
    """The likeliest pair lies 31 tokens apart: another is taken."""
    question = Question("q", "who", " ".join(f"w{n}" for n in range(60)), ())
    (window,) = squad.windows(Whole(), [question], 128)
    logits = np.full((2, 128), -5.0, dtype=np.float32)
    logits[0, 3], logits[1, 33], logits[1, 32] = 9.0, 9.0, 8.0
    (said,) = squad.predictions([question], [window], {0: squad.best_logits(logits)})
    assert said.split() == [f"w{n}" for n in range(30)]


def test_nothing_allowed_is_no_answer() -> None:
    """All likely positions lie in the question."""
    question = Question("q", " ".join(["who"] * 40), "red", ())
    (window,) = squad.windows(Whole(), [question], 64)
    logits = np.full((2, 64), -5.0, dtype=np.float32)
    logits[:, 1:30] = 1.0
    assert squad.predictions([question], [window], {0: squad.best_logits(logits)}) == [""]


def test_a_file_is_read_in_order(tmp_path: Path) -> None:
    """Every question of every paragraph, with all its answers."""
    qas = [
        {"id": "b", "question": "who?", "answers": [{"text": "Ann", "answer_start": 0}] * 2},
        {"id": "a", "question": "when?", "answers": []},
    ]
    file = tmp_path / "dev.json"
    file.write_text(json.dumps({"data": [{"paragraphs": [{"context": "Ann.", "qas": qas}]}]}))
    first, second = squad.read(file)
    assert first == Question("b", "who?", "Ann.", ("Ann", "Ann"))
    assert second.answers == ()


@pytest.mark.parametrize("text", ["", "[]", '{"data": [{}]}', '{"data": 3}', '{"data": "x"}'])
def test_what_is_not_squad_is_refused(tmp_path: Path, text: str) -> None:
    """One sentence with the flag."""
    file = tmp_path / "other.json"
    file.write_text(text)
    with pytest.raises(UsageError, match=r"is not SQuAD v1\.1 JSON .* --data"):
        list(squad.read(file))
