"""Bundled TOML files, and what is wrong with one."""

from pathlib import Path

import pytest

from benchbench.catalog import defaults, quotes, silicon, tables
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
