"""Bundled TOML files, and what is wrong with one."""

from pathlib import Path

import pytest

from benchbench.catalog import defaults, egress, expected, quotes, silicon, tables
from benchbench.errors import DataError


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(DataError, match=r"gone\.toml"):
        tables.read("cpus.toml", tmp_path / "gone.toml")


def test_broken_file(tmp_path: Path) -> None:
    """A file that is not TOML is named with the line."""
    path = tmp_path / "a.toml"
    path.write_text("[x\n")
    with pytest.raises(DataError, match="line 1"):
        tables.read("cpus.toml", path)


def test_arrays_become_tuples() -> None:
    """At every depth, so that a loaded value cannot change."""
    assert tables.tuples({"a": [[1], {"b": [2]}]}) == {"a": ((1,), {"b": (2,)})}


@pytest.mark.parametrize("load", [quotes.load, silicon.load, defaults.load])
def test_the_entry_is_named(tmp_path: Path, load: object) -> None:
    """An entry that does not fit its model is refused by name."""
    path = tmp_path / "a.toml"
    path.write_text('[group.bad]\nsource = "x"\n' if load is defaults.load else '["bad"]\nx = 1\n')
    with pytest.raises(DataError, match=r"bad.*mend that entry"):
        load(path)  # type: ignore[operator]  # three loaders of different return types


@pytest.mark.parametrize("text", ["a = 1", "a = [1]", "[a]\nb = 1", "schedule = 1", "expected = 1"])
def test_a_table_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    """A number where fields should stand: one sentence, in each of our tables."""
    path = tmp_path / "t.toml"
    path.write_text(text)
    refused = 0
    for load in (
        *(quotes.load, defaults.load, egress.load, expected.load),
        lambda one: silicon.load(accelerators=one),
    ):
        try:
            load(path)
        except DataError:
            refused += 1
    assert refused
