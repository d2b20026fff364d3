"""Which logical processors share a core, a socket and a cache, as sysfs tells it."""

from dataclasses import dataclass

from benchbench.system.host import Host, cpu_list, to_integer

_SYSFS = "/sys/devices/system/cpu"
_SUFFIXES = {"K": 2**10, "M": 2**20, "G": 2**30}

Cpus = frozenset[int]


@dataclass(frozen=True)
class Cache:
    """One cache and the logical processors it serves."""

    level: int
    size_bytes: int
    cpus: Cpus


@dataclass(frozen=True)
class Topology:
    """Empty where sysfs is absent; each answer is then None."""

    online: Cpus
    cores: frozenset[Cpus]
    sockets: int | None
    caches: frozenset[Cache]

    @classmethod
    def of(cls, host: Host) -> "Topology":
        """Read from `/sys/devices/system/cpu`."""
        online = cpu_list(host.text(f"{_SYSFS}/online"))
        cores = frozenset(_siblings(host, cpu) & online for cpu in online)
        packages = {
            host.integer(f"{_SYSFS}/cpu{cpu}/topology/physical_package_id") for cpu in online
        }
        return cls(
            online=online,
            cores=cores - {frozenset()},
            # An Arm guest whose firmware tells nothing shows -1.
            sockets=len({package for package in packages if package is not None and package >= 0})
            or None,
            caches=frozenset(cache for cpu in online for cache in _caches(host, cpu)),
        )

    @property
    def core_count(self) -> int | None:
        """Physical cores with at least one logical processor online."""
        return len(self.cores) or None

    @property
    def threads_per_core(self) -> int | None:
        """Of the widest core; cores without hyper-threads may stand beside cores with."""
        return max((len(core) for core in self.cores), default=None)

    def cores_touched(self, cpus: Cpus) -> int | None:
        """Physical cores with at least one of these logical processors."""
        return sum(1 for core in self.cores if core & cpus) or None

    def cache_per_core(self, level: int) -> int | None:
        """Bytes of one data or unified cache divided by the cores that share it; the largest."""
        shares = [
            cache.size_bytes // (self.cores_touched(cache.cpus) or 1)
            for cache in self.caches
            if cache.level == level
        ]
        return max(shares, default=None)

    def cache_total(self, level: int) -> int | None:
        """Bytes of all its instances together."""
        return sum(cache.size_bytes for cache in self.caches if cache.level == level) or None


def _siblings(host: Host, cpu: int) -> Cpus:
    """`core_cpus_list` since Linux 5.3, `thread_siblings_list` before."""
    folder = f"{_SYSFS}/cpu{cpu}/topology"
    names = ("core_cpus_list", "thread_siblings_list")
    return next(
        (found for name in names if (found := cpu_list(host.text(f"{folder}/{name}")))), frozenset()
    )


def _caches(host: Host, cpu: int) -> list[Cache]:
    folder = f"{_SYSFS}/cpu{cpu}/cache"
    found = [_cache(host, f"{folder}/{index}") for index in host.entries(folder, "index")]
    return [cache for cache in found if cache]


def _cache(host: Host, folder: str) -> Cache | None:
    level, size = host.integer(f"{folder}/level"), _size(host.text(f"{folder}/size"))
    if level is None or not size or host.text(f"{folder}/type") == "Instruction":
        return None
    return Cache(level, size, cpu_list(host.text(f"{folder}/shared_cpu_list")))


def _size(text: str | None) -> int | None:
    """`32K` is 32,768."""
    if not text:
        return None
    factor = _SUFFIXES.get(text[-1])
    number = to_integer(text[:-1] if factor else text)
    return None if number is None else number * (factor or 1)
