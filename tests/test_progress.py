"""Progress on a terminal and off it."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

from rich.console import Console

from benchbench.measure.budget import BUDGETS
from benchbench.measure.plan import Planned
from benchbench.progress import Progress, line
from benchbench.record import Tuning
from benchbench.run import Event
from benchbench.workload import Setting


def event(phase: str, **changes: object) -> Event:
    """An event of the first of two measurements."""
    fields: dict[str, object] = {
        "name": "resnet50-train",
        "unit": "image",
        "index": 0,
        "total": 2,
        "phase": phase,
    }
    return Event(**{**fields, **changes})  # type: ignore[arg-type] # a test's keyword arguments


def shown(*events: Event, terminal: bool) -> str:
    """What ends up on stderr."""
    stream = StringIO()
    console = Console(file=stream, force_terminal=terminal, width=80, color_system=None)
    with Progress(console) as progress:
        for one in events:
            progress(one)
    return stream.getvalue()


def test_a_line_says_what_where_and_how_fast() -> None:
    """Index, name, phase, elapsed, estimate and interval."""
    text = line(event("measure", elapsed_s=12.0, units_per_s=4.123, half_width_fraction=0.012))
    assert text == "[1/2] resnet50-train  measure  12.0 s  4.12 images/s  ±1.2 %"


def test_clock_and_power_appear_where_they_are_read() -> None:
    """Missing counters leave no gap."""
    text = line(event("measure", clock_hz=1.98e9, power_w=640.0))
    assert "1.98 GHz" in text
    assert "640 W" in text


def test_off_a_terminal_each_measurement_is_one_line() -> None:
    """A log file gets results, no spinner."""
    seen = shown(event("warm-up"), event("measure"), event("done", units_per_s=4.0), terminal=False)
    assert seen.splitlines() == ["[1/2] resnet50-train  done  4.00 images/s"]


def test_a_notice_is_one_sentence() -> None:
    """About the whole run: no index, no name, also in a log file."""
    seen = shown(event("notice", message="nothing to resume: starting anew"), terminal=False)
    assert seen == "nothing to resume: starting anew\n"


def test_what_is_done_has_the_tables_interval() -> None:
    """Ends that differ clearly are both named, as in the table."""
    text = line(event("done", units_per_s=4.0, ends=(2.0, 12.0), half_width_fraction=0.5))
    assert text == "[1/2] resnet50-train  done  4.00 images/s  0.50–3.0×"


def test_a_failure_is_said_with_its_remedy() -> None:
    """The message is shown as it came."""
    seen = shown(event("failed", message="out of memory; lower --batch"), terminal=False)
    assert "failed  out of memory; lower --batch" in seen


def test_on_a_terminal_there_is_a_live_line() -> None:
    """The current phase is visible before the result is."""
    assert "warm-up" in shown(event("warm-up"), terminal=True)


def trial(setting: Setting) -> Planned:
    """A step of a search."""
    return Planned(
        name="mine",
        scenario="offline",
        unit="image",
        file=Path("mine.py"),
        sha256="0",
        setting=setting,
        effort="quick",
        budget=BUDGETS["quick"],
        tuning=Tuning(role="trial"),
    )


def test_a_trial_names_its_setting() -> None:
    """How many there will be is not known; what is tried is what matters."""
    setting = Setting(
        backend="openvino",
        batch_size=4,
        parameters={"channels_last": False},
        environment={"LD_PRELOAD": "libjemalloc.so.2", "OMP_PROC_BIND": "close"},
    )
    planned = trial(setting)
    text = line(event("done", index=2, units_per_s=4.0, planned=planned))
    assert text == (
        "[trial 3] resnet50-train fp32 x4 openvino, channels_last=False, libjemalloc.so.2, pinned"
        "  done  4.00 images/s"
    )
    final = replace(planned, setting=Setting(), tuning=Tuning(role="best"))
    assert line(event("done", planned=final)) == "[best] resnet50-train fp32 x1 torch-eager  done"


def test_brackets_are_no_markup() -> None:
    """`[trial 3]` is shown, not taken for a style."""
    assert shown(event("done", index=2, planned=trial(Setting())), terminal=False).startswith(
        "[trial 3] "
    )
