"""The whole way in one go: measure quickly, recommend, compare with owning, write the report."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchbench import decide, session
from benchbench import run as runner
from benchbench.errors import InvalidMeasurementError
from benchbench.store import Store
from benchbench.system import probe
from benchbench.workload.file import FIRST_LOOK, find


@dataclass(frozen=True)
class Answer:
    """What a newcomer takes away."""

    sentences: tuple[str, ...]
    report: Path
    failures: int


def run(
    out: Path,
    *,
    instance_type: str | None,
    ask_cloud: bool,
    on_event: Callable[[runner.Event], None],
    say: Callable[[str], None],
    today: date,
    command: tuple[str, ...],
) -> Answer:
    """Everything, quickly; records go to `out`, the report beside them.

    Raises InvalidMeasurementError when no number can be believed.
    """
    system = probe(instance_type=instance_type, ask_cloud=ask_cloud)
    say("Measuring this machine for about four minutes; close what else is running.")
    files = [find(name) for name in FIRST_LOOK]
    plan = runner.plan(files, system=system, effort="quick")
    outcome = session.measure(
        plan, store=Store(out), system=system, command=command, on_event=on_event
    )
    believed = [record for record in outcome.records if record.validity != "invalid"]
    if not believed:
        raise InvalidMeasurementError(
            f"no measurement here can be relied on; see: benchbench results list --results {out}"
        )
    page = decide.page(outcome.records, scenario=None, today=today)
    report = out / "report.html"
    report.write_text(page.html, encoding="utf-8")
    failures = len(outcome.records) - len(believed)
    return Answer((page.delivers, page.rent, page.own), report, failures)
