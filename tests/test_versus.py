"""Stored results side by side: folders and single documents."""

from pathlib import Path
from typing import Any

import pytest

from benchbench import versus
from benchbench.errors import UsageError
from benchbench.store import Store
from tests import factories as make


def store(folder: Path, *rates: float, **changes: Any) -> list[str]:
    """One record a rate; the names of their documents."""
    return [
        Store(folder).write(make.record(rate, repeat=index, **changes))
        for index, rate in enumerate(rates)
    ]


def test_two_folders_are_compared_workload_by_workload(tmp_path: Path) -> None:
    """Equal settings with each other; what only one side has is left out."""
    before, after = tmp_path / "before", tmp_path / "after"
    store(before, 10.0, 10.1, 9.9)
    store(after, 20.0, 20.2, 19.8)
    store(after, 5.0, 5.0, 5.0, batch_size=1)
    (found,) = versus.of_stored(str(before), str(after), tmp_path).comparisons
    assert found.verdict == "faster"
    assert found.ratio is not None
    assert found.ratio.value == pytest.approx(2.0)
    assert (found.a.label, found.b.label) == (str(before), str(after))


def test_two_documents_of_one_store_are_compared(tmp_path: Path) -> None:
    """By part of their names, repeats and all."""
    one, two = store(tmp_path, 10.0, 10.1), store(tmp_path, 8.0, 8.1, batch_size=4)
    (found,) = versus.of_stored(one[0][:-5], two[0][:-5], tmp_path).comparisons
    assert found.verdict == "slower"
    assert set(found.a.names) == set(one)


def test_settings_that_differ_are_compared_where_there_is_one_a_side(tmp_path: Path) -> None:
    """A folder measured at batch 8 and one at batch 4: the difference is named."""
    before, after = tmp_path / "before", tmp_path / "after"
    store(before, 10.0, 10.1)
    store(after, 20.0, 20.1, batch_size=4)
    (found,) = versus.of_stored(str(before), str(after), tmp_path).comparisons
    assert [difference.name for difference in found.differences] == ["batch_size"]


def test_folders_without_a_common_workload_are_refused(tmp_path: Path) -> None:
    """With what they hold."""
    before, after = tmp_path / "before", tmp_path / "after"
    for folder, name in ((before, "mine"), (after, "yours")):
        store(folder, 10.0, workload=name)
        store(folder, 10.0, workload=f"{name}-too")
    with pytest.raises(UsageError, match=r"no workload in common \(mine and mine-too and yours"):
        versus.of_stored(str(before), str(after), tmp_path)


def test_what_is_nowhere_is_refused(tmp_path: Path) -> None:
    """With the command that lists what there is."""
    store(tmp_path, 10.0)
    with pytest.raises(UsageError, match="results list"):
        versus.of_stored("nothing", "resnet50-train", tmp_path)
