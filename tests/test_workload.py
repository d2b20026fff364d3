"""The plug-in contract: what a workload file must hold, and what its author hears otherwise."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from benchbench.errors import UsageError
from benchbench.record import Work
from benchbench.workload import Parts, Setting, Workload, parameters, parsed, precision, refuse, way
from benchbench.workload.describe import WorkloadList, describe, list_builtin
from benchbench.workload.file import backends, builtin, find, load_file, source_sha256

MINE = Path(__file__).parent / "data" / "mine.py"


def written(folder: Path, *changes: tuple[str, str]) -> Path:
    """The example with parts of its text replaced."""
    text = MINE.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "broken.py"
    path.write_text(text)
    return path


def refusal(path: Path) -> str:
    """What loading the file says."""
    with pytest.raises(UsageError) as caught:
        load_file(path)
    return str(caught.value)


def mine() -> Workload:
    """The README's example."""
    return load_file(MINE)


def test_a_users_file_comes_through_the_same_door() -> None:
    """The README's example loads, counts and steps; its loss falls on one batch."""
    workload = mine()
    job = workload.load(Setting(batch_size=8))
    batch = next(job.batches)
    losses = [float(job.step(batch)) for _ in range(20)]
    assert losses[-1] < losses[0]
    assert workload.work(Setting()).flops_per_unit == 4 * 262144 + 6 * 10240


def test_the_examples_count_agrees_with_pytorchs_counter() -> None:
    """An independent count of one step gives the analytic figure."""
    from torch.utils.flop_counter import FlopCounterMode

    workload = mine()
    job = workload.load(Setting(batch_size=8))
    with FlopCounterMode(display=False) as counter:
        job.step(next(job.batches))
    assert counter.get_total_flops() == 8 * (workload.work(Setting()).flops_per_unit or 0)


def test_describe_states_the_default_setting() -> None:
    """A description repeats the file's own words and counts."""
    described = describe(mine())
    assert described.name == "my-mlp"
    assert described.summary == "A small perceptron learning from noise: my first workload."
    assert described.source == "file"
    assert described.batch_size == 64
    assert described.batch_size_accelerator is None
    assert described.bytes_per_unit is None
    assert described.flops_per_unit == 4 * 262144 + 6 * 10240


def test_built_in_workloads_are_listed() -> None:
    """The list is one versioned document that round-trips through JSON."""
    listed = list_builtin()
    text = listed.model_dump_json(by_alias=True)
    assert json.loads(text)["schema"] == 1
    assert WorkloadList.model_validate_json(text) == listed
    assert {"resnet50-train", "bert-large-infer"} <= {each.name for each in listed.workloads}
    assert {each.source for each in listed.workloads} == {"built-in"}


def test_every_built_in_is_found_by_its_own_name() -> None:
    """A workload's name and its file's agree."""
    for path in builtin():
        assert find(load_file(path).name) == path


def test_describing_needs_no_torch() -> None:
    """Counting is possible on a laptop that has no PyTorch."""
    code = (
        "import sys; sys.modules.update(torch=None, torchvision=None, transformers=None);"
        "from benchbench.workload.describe import list_builtin;"
        "print(len(list_builtin().workloads))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    assert int(done.stdout) == len(builtin())


def test_find_takes_a_path_or_a_name() -> None:
    """A slash or a suffix means a file; any other word must be a built-in's name."""
    assert find("mine.py") == Path("mine.py")
    assert find("./mine") == Path("./mine")
    with pytest.raises(UsageError, match=r"no workload 'resnet51'; known: .*resnet50-train"):
        find("resnet51")


def test_a_missing_file_is_named() -> None:
    """The refusal names the file and where to look."""
    assert "no workload file nowhere.py; see" in refusal(Path("nowhere.py"))


def test_a_text_file_is_no_workload(tmp_path: Path) -> None:
    """A file of another kind is refused by its name."""
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    assert "is not a Python file" in refusal(path)


def test_a_syntax_error_is_located(tmp_path: Path) -> None:
    """The sentence names the file, the line and Python's own complaint."""
    message = refusal(written(tmp_path, ("def work(_setting: Setting) -> Work:", "def work(:")))
    assert message.startswith(f"{tmp_path / 'broken.py'}, line 10: invalid syntax")


def test_an_error_at_import_is_located(tmp_path: Path) -> None:
    """The deepest line of the user's own file is blamed, not the library it called."""
    path = written(tmp_path, ('= ("fp32",)', '= ("fp32",)\nimport json\njson.loads("{")'))
    assert f"{path}, line 9: JSONDecodeError: " in refusal(path)


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    """An import that fails says which module and on which line."""
    path = written(tmp_path, ('= ("fp32",)', '= ("fp32",)\nimport no_such_package'))
    assert refusal(path) == (
        f"{path}, line 8: ModuleNotFoundError: No module named 'no_such_package'; "
        "install the package it needs and try again"
    )


def test_a_relative_path_is_located_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python knows the file by its absolute path, its author by a short one."""
    written(tmp_path, ('= ("fp32",)', '= ("fp32",)\nimport no_such_package'))
    monkeypatch.chdir(tmp_path)
    assert refusal(Path("broken.py")).startswith("broken.py, line 8: ModuleNotFoundError: ")


def test_a_file_that_exits_does_not_take_us_with_it(tmp_path: Path) -> None:
    """`sys.exit(0)` at the top level would look like success."""
    path = written(tmp_path, ('= ("fp32",)', '= ("fp32",)\nimport sys\nsys.exit(0)'))
    assert refusal(path).startswith(f"{path}, line 9: SystemExit: 0; correct")


def test_missing_names_are_all_named(tmp_path: Path) -> None:
    """One refusal lists everything the file lacks and what a file defines."""
    path = written(tmp_path, ("def load(", "def lode("), ("def work(", "def wok("))
    assert f"{path} lacks work, load; a workload file defines name, scenario" in refusal(path)


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ('"my-mlp"', '"../../etc"', 6, "name must be letters, digits"),
        ('"my-mlp"', "None", 6, "name must be letters, digits"),
        ('"train"', '"training"', 6, "scenario must be one of train, offline"),
        ('"row"', "3", 6, "unit must be one word"),
        ('("fp32",)', '["fp32"]', 7, "precisions must be a tuple of some of fp64, fp32"),
        ('("fp32",)', "()", 7, "precisions must be a tuple"),
        ('("fp32",)', '("float32",)', 7, "precisions must be a tuple"),
        ('"row", 64', '"row", 0', 6, "batch_size must be a whole number above 0"),
        ('"row", 64', '"row", True', 6, "batch_size must be a whole number above 0"),
    ],
)
def test_a_wrong_value_is_located(
    tmp_path: Path, old: str, new: str, line: int, expected: str
) -> None:
    """A value of the wrong kind is refused with its line and what it must be."""
    path = written(tmp_path, (old, new))
    assert f"{path}, line {line}: {expected}" in refusal(path)


def test_work_must_be_a_function(tmp_path: Path) -> None:
    """A figure where a function is expected is refused, at the line that sets it last."""
    path = written(tmp_path, ("def load(", "work = 3\n\n\ndef load("))
    assert f"{path}, line 16: work must be a function of a Setting" in refusal(path)


def test_an_accelerators_batch_is_checked(tmp_path: Path) -> None:
    """The optional name must be right too when it is there."""
    path = written(tmp_path, ('("fp32",)', '("fp32",)\nbatch_size_accelerator = -1'))
    assert "line 8: batch_size_accelerator must be a whole number above 0" in refusal(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('stresses = "compute"', "stresses must be a tuple of words"),
        ("stresses = (1,)", "stresses must be a tuple of words"),
        ("memory_bytes = 3", "memory_bytes must be a function of a Setting"),
        ("train = 3", "train must be a function of a Setting"),
        ("parallel = ('tp',)", "parallel must be a tuple of some of ddp, fsdp"),
        ("backends = ('vllm', 'magic')", "backends must be a tuple of some of"),
    ],
)
def test_what_a_file_says_of_itself_is_checked(tmp_path: Path, line: str, message: str) -> None:
    """Optional, and right when it is there."""
    path = written(tmp_path, ('("fp32",)', f'("fp32",)\n{line}'))
    assert f"line 8: {message}" in refusal(path)


def test_memory_that_fails_is_located(tmp_path: Path) -> None:
    """A mistake inside `memory_bytes` is blamed on its line when the workload is described."""
    path = written(tmp_path, ('("fp32",)', '("fp32",)\nmemory_bytes = lambda setting: 1 / 0'))
    with pytest.raises(UsageError, match=r"broken\.py, line 8: ZeroDivisionError: "):
        describe(load_file(path))


def test_what_a_workload_has_no_use_for_is_refused() -> None:
    """Nothing the user names is quietly ignored."""
    with pytest.raises(UsageError, match="this workload takes no --weights: leave it out"):
        refuse(Setting(weights=Path("w")), "data", "weights")
    refuse(Setting(weights=Path("w")), "data")


def test_ways_of_sharing_a_step_are_checked() -> None:
    """As the user writes them."""
    assert way("fsdp") == "fsdp"
    with pytest.raises(UsageError, match="choose one of ddp, fsdp"):
        way("tensor")


def test_nobody_need_listen_to_a_steps_parts() -> None:
    """Whoever listens is told; afterwards nobody is."""
    parts = Parts()
    told: list[str] = []
    parts.ended("prefill")
    parts.listen(told.append)
    parts.ended("decode")
    parts.listen(None)
    parts.ended("decode")
    assert told == ["decode"]


def test_work_that_fails_is_located(tmp_path: Path) -> None:
    """A mistake inside `work` is blamed on its line when the workload is described."""
    path = written(tmp_path, ("256 * 1024, 1024 * 10", "256 / 0, 1"))
    with pytest.raises(UsageError, match=r"broken\.py, line 12: ZeroDivisionError: "):
        describe(load_file(path))


def test_work_that_returns_another_type_is_refused(tmp_path: Path) -> None:
    """A dict is not a Work."""
    path = written(tmp_path, ("    return Work(unit", "    return dict(unit"))
    with pytest.raises(UsageError, match=r"broken\.py: work returned dict; it must return"):
        describe(load_file(path))


def test_our_own_errors_pass_through(tmp_path: Path) -> None:
    """A sentence meant for the user is not wrapped in another."""
    path = written(
        tmp_path,
        (
            '= ("fp32",)',
            '= ("fp32",)\nfrom benchbench.errors import UsageError\nraise UsageError("go left")',
        ),
    )
    assert refusal(path) == "go left"


def test_parameters_fall_back_to_the_defaults() -> None:
    """What the user set wins; the rest is the workload's."""
    setting = Setting(parameters={"image_size": 64})
    assert parameters(setting, image_size=224, fast=True) == {"image_size": 64, "fast": True}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"imagesize": 64}, "no parameter 'imagesize'; it has: image_size, fast"),
        ({"image_size": "64"}, "parameter image_size must be of the same kind as 224, not '64'"),
        ({"image_size": True}, "parameter image_size must be of the same kind as 224, not True"),
    ],
)
def test_a_wrong_parameter_is_refused(given: dict[str, int | str], message: str) -> None:
    """A misspelt name or another type is never quietly ignored."""
    with pytest.raises(UsageError, match=message):
        parameters(Setting(parameters=given), image_size=224, fast=True)


def test_a_precision_is_checked() -> None:
    """The user's word is one of the record's precisions, or absent."""
    assert precision("bf16") == "bf16"
    assert precision(None) is None
    with pytest.raises(UsageError, match="no precision 'half'; choose one of fp64, fp32"):
        precision("half")


def test_the_hash_is_the_contents() -> None:
    """The SHA-256 of nothing is the published one."""
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert source_sha256(Path("/dev/null")) == empty


def test_work_is_counted_per_unit() -> None:
    """Every built-in says what one unit is and costs, under the one convention."""
    for path in builtin():
        workload = load_file(path)
        work = workload.work(Setting(batch_size=workload.batch_size))
        assert isinstance(work, Work)
        assert work.unit == workload.unit
        assert work.convention == (None if work.flops_per_unit is None else "mm2-dense-v1")


def test_parameters_are_typed_as_they_are_written() -> None:
    """Numbers, truth values, null, and everything else as text."""
    given = ("image_size=160", "rate=0.5", "channels_last=false", "note=a=b", "workers=null")
    assert parsed(given) == {
        "image_size": 160,
        "rate": 0.5,
        "channels_last": False,
        "note": "a=b",
        "workers": None,
    }


@pytest.mark.parametrize("text", ["image_size", "=3", "image_size="])
def test_an_assignment_without_name_or_value_is_refused(text: str) -> None:
    """The error shows the form."""
    with pytest.raises(UsageError, match="NAME=VALUE"):
        parsed([text])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import torch", ("torch-eager", "torch-compile")),
        ("import math", ("torch-eager",)),
        ("backends = ('openvino',)", ("openvino",)),
    ],
)
def test_a_workload_runs_on_what_its_file_names_or_can(
    tmp_path: Path, text: str, expected: tuple[str, ...]
) -> None:
    """Only PyTorch's steps compile; a file that hands its model on says to what."""
    file = tmp_path / "mine.py"
    file.write_text(f"{text}\n")
    mine = SimpleNamespace(__file__=str(file))
    if "backends" in text:
        mine.backends = expected
    assert backends(cast("Workload", mine)) == expected
