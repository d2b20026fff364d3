"""What LoadGen is asked to ask: bounds, batches, official settings, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from benchbench.errors import UsageError
from benchbench.measure.budget import BUDGETS
from benchbench.measure.plan import Planned, plan
from tests import factories as make

RULES = "query_rules = QueryRules(latency_bound_s=0.015, offline_samples=77)"
FILE = (
    'from benchbench.workload import QueryRules\nname, scenario, unit = "mine", "{0}", "row"\n'
    'precisions, batch_size = ("fp32",), 8\nbackends = ("torch-eager", "torch-compile")\n'
    "{1}\ndef work(setting): ...\ndef load(setting): ...\n"
)


def planned(
    folder: Path, *, kind: str = "offline", source: str = "", **asked: Any
) -> tuple[Planned, ...]:
    """The measurements of one workload file."""
    file = folder / "mine.py"
    file.write_text(FILE.format(kind, source))
    return plan([file], system=make.system(), device="cpu", **asked)


def test_a_servers_bound_is_the_users_or_the_workloads(tmp_path: Path) -> None:
    """The user's goes before; without either there is nothing to search for."""
    (own,) = planned(tmp_path, source=RULES, scenario="server")
    assert (own.scenario, own.driver, own.latency_bound_s) == ("server", "loadgen", 0.015)
    (given,) = planned(tmp_path, source=RULES, scenario="server", latency_bound_s=0.5)
    assert given.latency_bound_s == 0.5
    with pytest.raises(UsageError, match="in milliseconds with --latency-bound"):
        planned(tmp_path, scenario="server")


def test_a_bound_without_a_server_is_refused(tmp_path: Path) -> None:
    """It would be ignored."""
    with pytest.raises(UsageError, match="is for --scenario server"):
        planned(tmp_path, source=RULES, scenario="offline", latency_bound_s=0.5)


def test_a_servers_batch_is_the_most_it_answers_at_once(tmp_path: Path) -> None:
    """The workload's own; one where every batch must be full; what was asked for otherwise."""
    asked: dict[str, Any] = {"source": RULES, "scenario": "server"}
    assert planned(tmp_path, **asked)[0].setting.batch_size == 8
    compiled = planned(tmp_path, **asked, backend="torch-compile")[0]
    assert compiled.setting.batch_size == 1
    full = planned(tmp_path, **asked, backend="torch-compile", batch_size=4)[0]
    assert full.setting.batch_size == 4


def test_full_means_the_official_settings_once(tmp_path: Path) -> None:
    """However long they take; quick and standard are scaled down, and full without LoadGen not."""
    (one,) = planned(tmp_path, source=RULES, scenario="server", effort="full")
    assert one.budget.official
    assert one.budget.timeout_s > 86_400
    assert len(planned(tmp_path, source=RULES, effort="full")) == 5
    for effort in ("quick", "standard"):
        first, *_ = planned(tmp_path, source=RULES, scenario="offline", effort=effort)
        assert first.budget == BUDGETS[effort]


def test_accuracy_is_measured_once_over_everything(tmp_path: Path) -> None:
    """Offline, by LoadGen, without a limit on its time."""
    exam: dict[str, Any] = {
        "source": "def exam(setting): ...",
        "gate_fraction": 0.99,
        "data": tmp_path,
    }
    (one,) = planned(tmp_path, **exam, effort="standard")
    assert (one.scenario, one.driver, one.gate_fraction) == ("offline", "loadgen", 0.99)
    assert one.budget.timeout_s > 86_400


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"gate_fraction": 0.99}, "name it with --data"),
        ({"gate_fraction": 0.99, "data": Path()}, "defines no exam"),
        ({"gate_fraction": 0.99, "data": Path(), "scenario": "server"}, "leave --scenario out"),
        ({"scenario": "server", "kind": "train"}, "LoadGen asks for answers only"),
        ({"gate_fraction": 0.99, "data": Path(), "kind": "train"}, "LoadGen asks for answers only"),
    ],
)
def test_what_loadgen_cannot_ask_is_refused(
    tmp_path: Path, asked: dict[str, Any], says: str
) -> None:
    """One sentence with the next step."""
    with pytest.raises(UsageError, match=says):
        planned(tmp_path, source=RULES, **asked)


@pytest.mark.parametrize("line", ["query_rules = 15", "exam = 3"])
def test_a_file_that_states_them_wrongly_is_told(tmp_path: Path, line: str) -> None:
    """With the line."""
    with pytest.raises(UsageError, match=r"line 5: (query_rules|exam) must be"):
        planned(tmp_path, source=line)
