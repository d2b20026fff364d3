"""A training as MLCommons logs one: `:::MLLOG` lines that its compliance checker accepts.

Division open, status research, and an organisation that says so: a log of ours is no submission.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from benchbench.measure.learn import Seen
from benchbench.record import Scalar

FILE = "train.log"
_TOKEN = ":::MLLOG"  # noqa: S105 - no secret
_MILLISECONDS = 1e3
Event = Literal["POINT_IN_TIME", "INTERVAL_START", "INTERVAL_END"]
_EVENTS: dict[str, Event] = {
    "init_start": "INTERVAL_START",
    "init_stop": "INTERVAL_END",
    "run_start": "INTERVAL_START",
    "run_stop": "INTERVAL_END",
    "epoch_start": "INTERVAL_START",
    "epoch_stop": "INTERVAL_END",
    "eval_start": "INTERVAL_START",
    "eval_stop": "INTERVAL_END",
}
_NOT_LOGGED = {"samples_per_epoch"}


def log(
    seen: Sequence[Seen],
    *,
    began_ms: float,
    load_s: float,
    seed: int,
    platform: str,
    reached: bool,
) -> str:
    """The whole log. `began_ms` is when the data were first touched, since 1970."""
    ended_s = seen[-1].time_s if seen else 0.0
    status = "success" if reached else "aborted"
    lines = [
        *(_line(began_ms - load_s * _MILLISECONDS, *pair) for pair in _opening(seed, platform)),
        _line(began_ms, "init_stop", None),
        _line(began_ms, "run_start", None),
        *(line for one in seen for line in _marked(one, began_ms)),
        _line(began_ms + ended_s * _MILLISECONDS, "run_stop", None, {"status": status}),
    ]
    return "\n".join(lines) + "\n"


def _opening(seed: int, platform: str) -> Iterator[tuple[str, Scalar]]:
    yield "submission_org", "benchbench, unverified, not submitted"
    yield "submission_platform", platform
    yield "submission_division", "open"
    yield "submission_status", "research"
    yield "cache_clear", False  # nobody did: the record says so as well
    yield "init_start", None
    yield "seed", seed


def _marked(one: Seen, began_ms: float) -> Iterator[str]:
    mark, time_ms = one.mark, began_ms + one.time_s * _MILLISECONDS
    if mark.kind == "data":
        told = (pair for pair in mark.facts.items() if pair[0] not in _NOT_LOGGED)
        yield from (_line(time_ms, *pair) for pair in told)
        return
    about = {"epoch_num": mark.epoch}
    if mark.accuracy is not None:
        yield _line(time_ms, "eval_accuracy", mark.accuracy, about)
    yield _line(time_ms, mark.kind, None, about)


def _line(
    time_ms: float, key: str, value: Scalar, metadata: Mapping[str, Scalar] | None = None
) -> str:
    said = {
        "namespace": "",
        "time_ms": round(time_ms),
        "event_type": _EVENTS.get(key, "POINT_IN_TIME"),
        "key": key,
        "value": value,
        "metadata": dict(metadata or {}),
    }
    return f"{_TOKEN} {json.dumps(said)}"
