"""Logs of trainings, judged by MLCommons' own compliance checker."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from benchbench.measure import mllog
from benchbench.measure.learn import Seen
from benchbench.workload import Mark

checker = pytest.importorskip("mlperf_logging.compliance_checker.mlp_compliance")
RULES = "4.0.0"
"""The newest rules with ResNet: 4.1 retired it."""
FACTS: dict[str, Any] = {
    "train_samples": 1437,
    "eval_samples": 360,
    "samples_per_epoch": 1408,
    "global_batch_size": 32,
    "gradient_accumulation_steps": 1,
    "opt_name": "sgd",
    "sgd_opt_base_learning_rate": 0.1,
    "sgd_opt_end_learning_rate": 1e-4,
    "sgd_opt_learning_rate_decay_poly_power": 2,
    "sgd_opt_learning_rate_decay_steps": 484,
    "sgd_opt_weight_decay": 1e-4,
    "sgd_opt_momentum": 0.9,
    "opt_learning_rate_warmup_epochs": 1,
    "model_bn_span": 32,
    "submission_benchmark": "resnet",
}
SEEN = (
    Seen(0.5, Mark("data", facts=FACTS)),
    Seen(0.5, Mark("epoch_start", 1)),
    Seen(3.5, Mark("epoch_stop", 1, loss=1.0)),
    Seen(3.5, Mark("eval_start", 1)),
    Seen(4.0, Mark("eval_stop", 1, accuracy=0.91)),
    Seen(4.0, Mark("epoch_start", 2)),
    Seen(7.0, Mark("epoch_stop", 2, loss=0.5)),
    Seen(7.0, Mark("eval_start", 2)),
    Seen(7.5, Mark("eval_stop", 2, accuracy=0.96)),
)


def log(seen: tuple[Seen, ...] = SEEN, *, reached: bool = True) -> str:
    """That training's log."""
    return mllog.log(
        seen,
        began_ms=1_764_000_000_000.0,
        load_s=2.0,
        seed=7,
        platform="AMD EPYC 7B13",
        reached=reached,
    )


def complaints(text: str, folder: Path) -> int:
    """How much the checker finds wrong with a log; it prints what."""
    file = folder / "result_0.txt"
    file.write_text(text)
    judge = checker.make_checker("training", RULES, quiet=False, werror=True)
    logging.disable(logging.CRITICAL)
    try:
        accepted, *_ = checker.main(str(file), f"training_{RULES}/common.yaml", judge)
    except (KeyError, OSError):
        return 1  # it ends with an error where a field or a benchmark is unknown
    finally:
        logging.disable(logging.NOTSET)
        checker.enqueued_configs.clear()
    found = len(judge.overwritable) + len(judge.not_overwritable)
    assert accepted == (found == 0)
    return found


def lines(text: str) -> list[dict[str, Any]]:
    """Each line's content."""
    return [json.loads(each.removeprefix(":::MLLOG ")) for each in text.splitlines()]


def test_the_checker_accepts_a_log(tmp_path: Path) -> None:
    """With warnings counted as errors."""
    assert complaints(log(), tmp_path) == 0


def test_the_closed_rules_find_everything_they_ask_for(tmp_path: Path) -> None:
    """Said to be of the closed division, the same log lacks none of its hyperparameters."""
    closed = log().replace('"value": "open"', '"value": "closed"')
    assert '"closed"' in closed
    assert complaints(closed, tmp_path) == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"key": "run_stop"', '"key": "run_end"'),
        ('"key": "run_start"', '"key": "run_begin"'),
        ('"key": "eval_accuracy"', '"key": "accuracy"'),
        ('"key": "train_samples"', '"key": "samples"'),
        ('"value": "resnet"', '"value": "resnet-50"'),
        ('"value": "research"', '"value": "paid"'),
        ('"metadata": {"status": "success"}', '"metadata": {}'),
        ('"key": "cache_clear", "value"', '"key": "cache_clear", "valu"'),
        (":::MLLOG {", ":::MLLOG ["),
    ],
)
def test_a_corrupted_log_fails(tmp_path: Path, old: str, new: str) -> None:
    """A line missing, misspelt or cut is found by the same checker."""
    text = log()
    assert old in text
    assert complaints(text.replace(old, new), tmp_path) > 0


def test_half_a_log_fails(tmp_path: Path) -> None:
    """What a crash would leave."""
    text = log()
    assert complaints(text[: len(text) // 2], tmp_path) > 0


def test_a_missed_target_is_aborted(tmp_path: Path) -> None:
    """It says so in `run_stop`; the log itself is in order."""
    text = log(reached=False)
    assert lines(text)[-1]["metadata"] == {"status": "aborted"}
    assert complaints(text, tmp_path) == 0


def test_times_are_those_of_the_run() -> None:
    """Loading comes before the run, which starts at the first touch of the data; milliseconds."""
    at = {line["key"]: line["time_ms"] - 1_764_000_000_000 for line in lines(log())}
    assert at["init_start"] == -2000
    assert at["init_stop"] == at["run_start"] == 0
    assert at["train_samples"] == 500
    assert at["eval_accuracy"] == at["eval_stop"] == at["run_stop"] == 7500
    times = [line["time_ms"] for line in lines(log())]
    assert times == sorted(times)


def test_it_claims_nothing() -> None:
    """An organisation that says it is no submission, the open division, research; uncleared."""
    said = {line["key"]: line["value"] for line in lines(log())}
    assert "not submitted" in said["submission_org"]
    assert (said["submission_division"], said["submission_status"]) == ("open", "research")
    assert said["cache_clear"] is False
    assert said["seed"] == 7
    assert "samples_per_epoch" not in said
