"""What is planned, in which order, and what a plan is known by."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchbench.errors import UsageError
from benchbench.measure.budget import BUDGETS
from benchbench.measure.plan import Planned, digest, fingerprint, identity, identity_of, plan
from benchbench.record import Effort
from benchbench.workload import Setting
from benchbench.workload.file import source_sha256
from tests import factories as make
from tests.measure.fakes_workload import write_workload


def planned(folder: Path, **choices: object) -> tuple[Planned, ...]:
    """Two tiny workloads on the factory's machine."""
    files = [write_workload(folder, name="first"), write_workload(folder, name="second")]
    return plan(files, system=make.system(), **choices)  # type: ignore[arg-type] # any choice


@pytest.mark.parametrize(("effort", "repeats"), [("quick", 1), ("standard", 3), ("full", 5)])
def test_repeats_go_round_all_workloads(tmp_path: Path, effort: Effort, repeats: int) -> None:
    """A drift of the machine meets every workload, and an interrupted run has each once."""
    found = planned(tmp_path, effort=effort)
    assert [(one.name, one.repeat) for one in found] == [
        (name, repeat) for repeat in range(repeats) for name in ("first", "second")
    ]
    assert {one.budget for one in found} == {BUDGETS[effort]}


def test_a_plan_holds_what_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every choice arrives in the setting; paths no longer depend on the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("pictures").mkdir()
    one, _ = planned(
        tmp_path,
        batch_size=2,
        precision="fp32",
        seed=5,
        data=Path("pictures"),
        parameters={"depth": 3},
        repeats=1,
    )
    assert (one.setting.batch_size, one.setting.precision, one.setting.seed) == (2, "fp32", 5)
    assert one.setting.data == tmp_path / "pictures"
    assert one.setting.parameters == {"depth": 3}
    assert one.setting.device == "cpu"
    assert one.sha256 == source_sha256(one.file)


@pytest.mark.parametrize("option", ["data", "weights"])
def test_a_path_that_is_not_there_is_refused(tmp_path: Path, option: str) -> None:
    """Before anything runs: a typing mistake is no failed measurement."""
    with pytest.raises(UsageError, match=f"--{option} .*/nowhere is not there; correct"):
        planned(tmp_path, **{option: tmp_path / "nowhere"})


@pytest.mark.parametrize("text", ["def", "import no_such_library", "undefined", "x = 1"])
def test_a_file_that_is_no_workload_is_refused(tmp_path: Path, text: str) -> None:
    """Wrong syntax, a missing import, an undefined name, no contract: one sentence."""
    file = tmp_path / "broken.py"
    file.write_text(text)
    with pytest.raises(UsageError, match=r"broken\.py"):
        plan([file], system=make.system())


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The message says where to look."""
    with pytest.raises(UsageError, match="benchbench workloads"):
        plan([tmp_path / "none.py"], system=make.system())


def test_equal_plans_have_equal_fingerprints(tmp_path: Path) -> None:
    """Another seed, another effort or another text of the file is another plan."""
    first = fingerprint(planned(tmp_path))
    assert fingerprint(planned(tmp_path)) == first
    assert fingerprint(planned(tmp_path, seed=1)) != first
    assert fingerprint(planned(tmp_path, effort="full", repeats=1)) != first
    write_workload(tmp_path, name="first", step="pass")
    changed = plan([tmp_path / "first.py", tmp_path / "second.py"], system=make.system())
    assert fingerprint(changed) != first


def test_a_record_is_known_by_its_plans_identity(tmp_path: Path) -> None:
    """What a plan entry becomes has the same identity; its repeat has another."""
    one, _ = planned(tmp_path)
    record = make.record(
        scenario=one.scenario,
        batch_size=one.setting.batch_size,
        effort="quick",
        provenance=make.record().provenance.model_copy(
            update={"workload_sha256": one.sha256, "setting_sha256": digest(one.setting)}
        ),
    )
    assert identity(one) == identity_of(record)
    assert identity(replace(one, repeat=1)) != identity_of(record)


def test_settings_are_told_apart_wherever_their_data_lie(tmp_path: Path) -> None:
    """Another parameter, thread or variable is another setting; another path to the data is not."""
    base = Setting()
    others = (
        Setting(parameters={"depth": 1}),
        Setting(threads=1),
        Setting(environment={"LD_PRELOAD": "libjemalloc.so.2"}),
    )
    assert len({digest(one) for one in (base, *others)}) == 4
    assert digest(Setting(data=tmp_path, weights=tmp_path)) == digest(base)
