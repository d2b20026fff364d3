"""The tightest limit on the way up binds, in both versions of cgroups."""

from pathlib import Path

import pytest

from benchbench.system import limits
from benchbench.system.limits import Limits
from tests.system import fakes_host as machines

V2 = "30 24 0:26 {root} /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = (
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 {root} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 {root} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
)
GROUP = "/sys/fs/cgroup"


def seen(tmp_path: Path, own: str, mounts: str, files: dict[str, str]) -> Limits:
    """Limits of a host with this `/proc/self/cgroup`, these mounts and these group files."""
    proc = {"/proc/self/cgroup": own, "/proc/self/mountinfo": mounts}
    return limits.read(machines.host(tmp_path, proc | files))


def test_v2_tightest_on_the_way_up(tmp_path: Path) -> None:
    """The slice grants 4 processors, the service 6: 4 bind; memory likewise."""
    found = seen(
        tmp_path,
        "0::/work.slice/bench.service\n",
        V2.format(root="/"),
        {
            f"{GROUP}/work.slice/cpu.max": "400000 100000\n",
            f"{GROUP}/work.slice/memory.max": "8589934592\n",
            f"{GROUP}/work.slice/bench.service/cpu.max": "600000 100000\n",
            f"{GROUP}/work.slice/bench.service/memory.max": "max\n",
        },
    )
    assert found == Limits(quota_threads=4.0, memory_bytes=8 * 2**30)


def test_v2_max_is_no_limit(tmp_path: Path) -> None:
    """`max` is None, not a large number."""
    files = {f"{GROUP}/cpu.max": "max 100000\n", f"{GROUP}/memory.max": "max\n"}
    assert seen(tmp_path, "0::/\n", V2.format(root="/"), files) == Limits()


def test_v2_container_with_its_own_namespace(tmp_path: Path) -> None:
    """`docker run --cpus 1.5 -m 2g`: the container's limits lie at its mount."""
    files = {f"{GROUP}/cpu.max": "150000 100000\n", f"{GROUP}/memory.max": "2147483648\n"}
    found = seen(tmp_path, "0::/\n", V2.format(root="/"), files)
    assert found == Limits(quota_threads=1.5, memory_bytes=2**31)


def test_v1_container_sees_its_outer_path(tmp_path: Path) -> None:
    """Under version 1 the path in `/proc/self/cgroup` starts with the mounted root: cut it off."""
    own = "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n"
    files = {
        f"{GROUP}/cpu,cpuacct/cpu.cfs_quota_us": "50000\n",
        f"{GROUP}/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        f"{GROUP}/memory/memory.limit_in_bytes": "1073741824\n",
    }
    found = seen(tmp_path, own, V1.format(root="/docker/abc"), files)
    assert found == Limits(quota_threads=0.5, memory_bytes=2**30)


def test_v1_no_limits(tmp_path: Path) -> None:
    """Quota -1 and the largest multiple of a page are no limits."""
    files = {
        f"{GROUP}/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
        f"{GROUP}/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        f"{GROUP}/memory/memory.limit_in_bytes": "9223372036854771712\n",
    }
    assert seen(tmp_path, "4:memory:/\n2:cpu:/\n", V1.format(root="/"), files) == Limits()


def test_v1_nested_memory(tmp_path: Path) -> None:
    """A parent's limit binds its children."""
    files = {
        f"{GROUP}/memory/jobs/memory.limit_in_bytes": "4294967296\n",
        f"{GROUP}/memory/jobs/17/memory.limit_in_bytes": "9223372036854771712\n",
    }
    found = seen(tmp_path, "4:memory:/jobs/17\n", V1.format(root="/"), files)
    assert found.memory_bytes == 2**32


@pytest.mark.parametrize("own", ["0::/../../outside\n", "0::/elsewhere/x\n", ""])
def test_path_outside_the_mount(tmp_path: Path, own: str) -> None:
    """A path that is not below the mount leaves the mount itself to read, and nothing above it."""
    files = {f"{GROUP}/cpu.max": "200000 100000\n", "/sys/fs/cpu.max": "1 100000\n"}
    found = seen(tmp_path, own, V2.format(root="/kubepods/pod1"), files)
    assert found.quota_threads == 2.0


@pytest.mark.parametrize("text", ["", "garbage", "0 100000", "100000 0", "100000", "1 2 3"])
def test_odd_quota_files(tmp_path: Path, text: str) -> None:
    """A quota file that is not two positive numbers limits nothing, or what its two say."""
    found = seen(tmp_path, "0::/\n", V2.format(root="/"), {f"{GROUP}/cpu.max": text})
    assert found.quota_threads == (0.5 if text == "1 2 3" else None)


def test_without_cgroups(tmp_path: Path) -> None:
    """No cgroups, no limits; torn lines of mountinfo are passed over."""
    assert limits.read(machines.host(tmp_path)) == Limits()
    assert seen(tmp_path, "0::/\n", "torn - \n1 2 - cgroup2\n", {}) == Limits()
