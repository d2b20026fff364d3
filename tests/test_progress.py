"""Progress on a terminal and off it."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

from rich.console import Console

from benchbench.measure.budget import BUDGETS
from benchbench.measure.plan import Planned
from benchbench.progress import Course, Progress, expected, line
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


def planned(name: str = "mine") -> Planned:
    """A quick measurement of a plan."""
    return replace(trial(Setting()), name=name, tuning=None)


class Clock:
    """Time that goes on when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


def test_the_first_of_a_plan_is_judged_by_its_budget() -> None:
    """Quick: 3 s of warm-up, a window of 6.5 to 30 s, 10 s of checks; so 31.25 s each."""
    clock = Clock()
    course = Course(clock)
    course.saw(event("load", total=4, planned=planned()))
    assert expected(BUDGETS["quick"]) == 31.25
    assert course.progress() == (0.0, "1 of 4, about 3 min left")
    clock.now = 15.625
    share, _ = course.progress() or (None, "")
    assert share == 0.125


def test_the_others_by_what_the_finished_took() -> None:
    """Two took 100 s together; two are left, one of them half done."""
    clock = Clock()
    course = Course(clock)
    for index, (began, ended) in enumerate([(0.0, 40.0), (40.0, 100.0)]):
        clock.now = began
        course.saw(event("load", index=index, total=4, planned=planned()))
        clock.now = ended
        course.saw(event("done", index=index, total=4, planned=planned()))
    assert course.progress() == (0.5, "2 of 4, about 2 min left")
    course.saw(event("load", index=2, total=4, planned=planned()))
    clock.now = 125.0
    assert course.progress() == (0.625, "3 of 4, about 2 min left")
    clock.now = 1000.0
    assert course.progress() == (0.75, "3 of 4, less than a minute left")


def test_ceilings_notices_and_searches_have_no_course() -> None:
    """How many there will be is not known, or not what the plan counts."""
    course = Course(Clock())
    for each in (
        event("load"),
        event("notice", message="starting anew"),
        event("load", planned=trial(Setting())),
    ):
        course.saw(each)
    assert course.progress() is None


def test_on_a_terminal_the_whole_has_a_bar() -> None:
    """Below the line of the moment."""
    seen = shown(event("warm-up", planned=planned()), terminal=True)
    assert "1 of 2, about 2 min left" in seen
    assert "warm-up" in seen


def test_a_dumb_terminal_gets_lines() -> None:
    """Nothing that moves the cursor."""
    stream = StringIO()
    console = Console(file=stream, force_terminal=True, width=80, _environ={"TERM": "dumb"})
    with Progress(console) as progress:
        progress(event("warm-up"))
        progress(event("done", units_per_s=4.0))
    assert stream.getvalue() == "[1/2] resnet50-train  done  4.00 images/s\n"
