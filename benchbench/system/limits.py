"""What the control groups around this process leave of the machine, versions 1 and 2.

A limit anywhere between the process's own group and the root of the mount binds, so the whole
path is walked and the tightest wins (Linux, `Documentation/admin-guide/cgroup-v2.rst`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeVar

from benchbench.system.host import Host, to_integer

_Number = TypeVar("_Number", int, float)

_NO_LIMIT_BYTES = 2**60  # Version 1 writes "none" as the largest multiple of a page.


@dataclass(frozen=True)
class Limits:
    """None where nothing limits."""

    quota_threads: float | None = None
    memory_bytes: int | None = None


def read(host: Host) -> Limits:
    """The tightest CPU quota, in processors, and memory limit, in bytes."""
    groups = list(_groups(host))
    return Limits(
        quota_threads=_least(_quota(host, version, folder) for version, folder in groups),
        memory_bytes=_least(_memory(host, version, folder) for version, folder in groups),
    )


def _groups(host: Host) -> Iterator[tuple[int, str]]:
    """Every folder from the process's own group up to its mount, in each hierarchy."""
    paths = _own_paths(host)
    for version, controllers, root, mount in _mounts(host):
        own = next((paths[name] for name in controllers if name in paths), "/")
        for folder in _upwards(own, root):
            yield version, f"{mount.rstrip('/')}/{folder}"


def _own_paths(host: Host) -> dict[str, str]:
    """Controller → path, from `/proc/self/cgroup`; version 2 has the empty controller."""
    paths: dict[str, str] = {}
    for line in (host.text("/proc/self/cgroup") or "").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        paths.update(dict.fromkeys(controllers.split(","), path))
    return paths


def _mounts(host: Host) -> Iterator[tuple[int, list[str], str, str]]:
    """Version, controllers, root inside the hierarchy, mount point (`proc_pid_mountinfo(5)`)."""
    for line in (host.text("/proc/self/mountinfo") or "").splitlines():
        left, _, right = line.partition(" - ")
        fields, tail = left.split(), right.split()
        if len(fields) < 5 or not tail:  # noqa: PLR2004 - root and mount point are 4th and 5th
            continue
        if tail[0] == "cgroup2":
            yield 2, [""], fields[3], fields[4]
        elif tail[0] == "cgroup":
            yield 1, tail[-1].split(","), fields[3], fields[4]


def _upwards(own: str, root: str) -> Iterator[str]:
    """The group's path below the mounted root, then its parents, ending with the mount itself.

    A container may see its path from outside its own mount; then only the mount is there to read.
    """
    path, base = PurePosixPath(own), PurePosixPath(root)
    relative = path.relative_to(base) if path.is_relative_to(base) else PurePosixPath()
    if ".." not in relative.parts:
        yield from (str(folder) for folder in (relative, *relative.parents))
    else:
        yield "."


def _quota(host: Host, version: int, folder: str) -> float | None:
    if version == 1:
        quota = host.integer(f"{folder}/cpu.cfs_quota_us")
        period = host.integer(f"{folder}/cpu.cfs_period_us")
    else:
        texts = (host.text(f"{folder}/cpu.max") or "").split()
        quota, period = (to_integer(text) for text in (*texts, "", "")[:2])
    return quota / period if quota and period and min(quota, period) > 0 else None


def _memory(host: Host, version: int, folder: str) -> int | None:
    name = "memory.limit_in_bytes" if version == 1 else "memory.max"
    limit = host.integer(f"{folder}/{name}")
    return limit if limit is not None and 0 < limit < _NO_LIMIT_BYTES else None


def _least(values: Iterable[_Number | None]) -> _Number | None:
    return min((value for value in values if value is not None), default=None)
