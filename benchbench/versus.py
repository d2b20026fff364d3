"""Two sets of stored results side by side: what `compare` answers, without the printing."""

from collections.abc import Sequence
from pathlib import Path

from benchbench import derive
from benchbench.derive.comparison import Comparison, ComparisonList, compare
from benchbench.errors import UsageError
from benchbench.record import Record
from benchbench.store import Store

_Group = list[tuple[str, Record]]
"""The repeats of one configuration, each with its document's name."""


def of_names(
    url: str | Path, a: Sequence[str], b: Sequence[str], labels: tuple[str, str]
) -> ComparisonList:
    """The documents named `a` against those named `b`, all of them in one store."""
    read = Store(url).read()
    stored = dict(zip(read.names, read.records, strict=True))
    sides = [[(name, stored[name]) for name in names] for names in (a, b)]
    return ComparisonList(comparisons=(_compared(sides[0], sides[1], labels),))


def of_stored(a: str, b: str, url: str | Path) -> ComparisonList:
    """Two folders of results, or two results of the store at `url`, by part of their names.

    Raises UsageError when a side is not there, or the two have no workload in common.
    """
    sides = _groups(a, url), _groups(b, url)
    found = _matched(*sides)
    if not found:
        have = " and ".join(sorted({group[0][1].workload for side in sides for group in side}))
        raise UsageError(
            f"{a} and {b} have no workload in common ({have}); "
            "compare results of the same workload: benchbench results list"
        )
    return ComparisonList(
        comparisons=tuple(
            _compared(one, two, (_label(a, one), _label(b, two))) for one, two in found
        )
    )


def _compared(a: _Group, b: _Group, labels: tuple[str, str]) -> Comparison:
    compared = compare([r for _, r in a], [r for _, r in b], labels=labels)
    sides = {
        side: getattr(compared, side).model_copy(update={"names": tuple(n for n, _ in group)})
        for side, group in (("a", a), ("b", b))
    }
    return compared.model_copy(update=sides)


def _groups(side: str, url: str | Path) -> list[_Group]:
    """What a side names: a folder's configurations, or those with a document of that name."""
    folder = Path(side).is_dir()
    read = Store(side if folder else url).read()
    named = {id(record): name for name, record in zip(read.names, read.records, strict=True)}
    groups = [
        [(named[id(record)], record) for record in group] for group in derive.group(read.records)
    ]
    if not folder:
        groups = [group for group in groups if any(side in name for name, _ in group)]
    if not groups:
        raise UsageError(
            f"{side!r} is no workload, no folder of results and no result in {url}; "
            "see: benchbench results list"
        )
    return groups


def _matched(a: Sequence[_Group], b: Sequence[_Group]) -> list[tuple[_Group, _Group]]:
    """Equal settings with each other; a workload with one configuration a side needs no equal."""
    exact = {_setting(group): group for group in b}
    found = [(group, exact[_setting(group)]) for group in a if _setting(group) in exact]
    seen = {_workload(group) for group, _ in found}
    for name in dict.fromkeys(_workload(group) for group in a):
        ours, theirs = ([g for g in side if _workload(g) == name] for side in (a, b))
        if name not in seen and len(ours) == len(theirs) == 1:
            found.append((ours[0], theirs[0]))
    if not found and len(a) == len(b) == 1:
        found.append((a[0], b[0]))
    return found


def _workload(group: _Group) -> tuple[str, str]:
    return group[0][1].workload, group[0][1].scenario


def _setting(group: _Group) -> tuple[object, ...]:
    record = group[0][1]
    return (*_workload(group), record.precision, record.batch_size, record.backend, record.devices)


def _label(side: str, group: _Group) -> str:
    """A folder's name tells one side from the other; a result's own name is long enough."""
    return side.rstrip("/") if Path(side).is_dir() else group[0][0].removesuffix(".json")
