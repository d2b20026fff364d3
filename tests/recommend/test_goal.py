"""A goal: from a file, from flags, and what is wrong with it in one sentence."""

from pathlib import Path

import jsonschema
import pytest

from benchbench import decide, schemas
from benchbench.errors import DataError, UsageError
from benchbench.recommend.goal import Goal, parse, read, size_bytes
from tests import factories as make

EXAMPLES = Path(__file__).parents[2] / "reports" / "examples" / "goals"
WRITTEN = """
rate_per_s = 500
latency_s = 0.1
latency_percent = 99
providers = ["aws", "gcp"]
egress_bytes = "15TB"

[[mix]]
workload = "resnet50-train"
weight = 3

[[mix]]
workload = "text"
latency_s = 0.05

[[quotas]]
provider = "aws"
of = "vcpu"
most = 192
"""


def written(tmp_path: Path, text: str) -> Path:
    """A goal file."""
    path = tmp_path / "goal.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_a_goal(tmp_path: Path) -> None:
    """Every field by its name; a mix shares by weight and inherits the bound on latency."""
    goal = parse(read(written(tmp_path, WRITTEN)))
    assert goal.workload == "resnet50-train + text"
    assert goal.shares == (0.75, 0.25)
    assert [part.latency_s for part in goal.parts] == [0.1, 0.05]
    assert goal.egress_bytes == 15e12
    assert (goal.quotas[0].of, goal.quotas[0].most) == ("vcpu", 192)


def test_a_flag_goes_before_the_file(tmp_path: Path) -> None:
    """The rate from the flag, the rest from the file; a workload in place of the mix."""
    path = written(tmp_path, WRITTEN)
    stored = [make.record(4)]
    assert decide.goal(stored, {"rate_per_s": 9.0, "providers": ()}, path).rate_per_s == 9
    alone = decide.goal(stored, {"workload": "resnet50-train"}, path)
    assert (alone.mix, alone.workload) == ((), "resnet50-train")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rate = 5", "unknown key 'rate'; did you mean 'rate_per_s'"),
        ("rate_per_s = ", "not valid TOML"),
        ("zzz = 1", "benchbench schema goal"),
    ],
)
def test_a_slip_in_a_file_names_the_next_step(tmp_path: Path, text: str, said: str) -> None:
    """The key, and what it may have meant."""
    with pytest.raises(DataError, match=said):
        read(written(tmp_path, text))


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    """Nothing to read, nothing to trace."""
    with pytest.raises(UsageError, match="name another file"):
        read(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("15TB", 15e12), ("1 TiB", 2**40), ("64GiB", 64 * 2**30), ("1.5 kb", 1500), ("12", 12)],
)
def test_a_size_says_how_it_counts(text: str, expected: float) -> None:
    """TB is 10^12 bytes, TiB 2^40."""
    assert size_bytes(text) == expected


@pytest.mark.parametrize("text", ["GB", "1 EB", "-3GB", "3 GiBs", ""])
def test_what_is_no_size_is_refused(text: str) -> None:
    """With an example of what is."""
    with pytest.raises(UsageError, match="500GB"):
        size_bytes(text)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"latency_percent": 98.0}, "choose among 90, 95, 99, 99.9"),
        ({"mix": ({"workload": "a"}, {"workload": "b", "weight": 0.0})}, "greater than 0"),
        ({"quotas": ({"most": 3, "of": "racks"},)}, "quotas.0.of"),
    ],
)
def test_a_contradiction_is_one_sentence(fields: dict[str, object], said: str) -> None:
    """Naming the field."""
    with pytest.raises(UsageError, match=said):
        parse({**({} if "mix" in fields else {"workload": "a"}), **fields})


def test_any_field_can_be_set_by_name() -> None:
    """Numbers, texts, lists as TOML writes them; a size as it is."""
    written = ["spare_replicas=1", "min_memory_bytes=64GiB", 'scenario="offline"', "scenario=train"]
    assert decide.fields(written[:3]) == {
        "spare_replicas": 1,
        "min_memory_bytes": "64GiB",
        "scenario": "offline",
    }
    assert decide.fields(written[3:]) == {"scenario": "train"}
    with pytest.raises(UsageError, match="benchbench schema goal"):
        decide.fields(["colour=red"])


@pytest.mark.parametrize("text", ["p5.48xlarge", "=4", "p5=many"])
def test_a_quota_flag_is_a_name_and_a_number(text: str) -> None:
    """Anything else is refused with an example."""
    with pytest.raises(UsageError, match=r"p5\.48xlarge=4"):
        decide.quotas([text])


def test_the_schema_takes_what_a_file_may_say() -> None:
    """A size as text too; not an unknown key."""
    schema = schemas.of("goal")
    jsonschema.validate({"workload": "a", "stored_bytes": "2TB", "units": 3}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"workload": "a", "rate": 3}, schema)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_examples_are_goals(path: Path) -> None:
    """Each says how it is asked, and is read without a complaint."""
    assert f"--goal reports/examples/goals/{path.name}" in path.read_text(encoding="utf-8")
    assert parse(read(path)).parts


def test_there_are_examples() -> None:
    """One of a run and one of a service."""
    assert len(list(EXAMPLES.glob("*.toml"))) >= 2


def test_a_goal_survives_its_own_json() -> None:
    """What an answer carries reads back."""
    goal = parse({"mix": ({"workload": "a"}, {"workload": "b"}), "rate_per_s": 2})
    assert Goal.model_validate_json(goal.model_dump_json()) == goal
