"""Every parser of bytes from elsewhere, as a function that may end in our own errors only.

`TARGETS` is used twice: by a few hypothesis examples in the suite, and by `scripts/fuzz.py` for
millions of executions guided by coverage. Each function takes bytes; whatever it raises but a
`BenchbenchError` is a defect.
"""

import io
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from benchbench import decide, evaluate, store, terminal, transfer, verify
from benchbench import workload as contract
from benchbench.catalog import (
    catalogue,
    chips,
    defaults,
    egress,
    expected,
    fetch,
    importing,
    quotes,
    rows,
    search,
    shelf,
    silicon,
)
from benchbench.catalog.importers import KINDS, names
from benchbench.catalog.importers.entry import Given
from benchbench.errors import BenchbenchError
from benchbench.measure import turns, verdict
from benchbench.measure.counters import Proc
from benchbench.measure.journal import Journal, folder_for
from benchbench.measure.message import Message
from benchbench.recommend import goal as goals
from benchbench.record import Record, System
from benchbench.store import ReadResult, Store
from benchbench.system import (
    accelerators,
    cloud,
    cpu,
    dmi,
    environment,
    facts,
    limits,
    memory,
    numa,
    nvml,
    software,
    virtualisation,
)
from benchbench.system.host import Host
from benchbench.tco import observed
from benchbench.tco import scenario as scenarios
from benchbench.workload.file import find
from tests import factories as make
from tests import payloads
from tests.catalog.importers import samples
from tests.system.fakes_nvml import FakeBoard, FakeNvml, FakeSlice

ROOT = Path(__file__).parents[2]
DAY = date(2026, 1, 1)
_SPLIT = b"\x00\xff"
"""Between the parts of an input that has several."""


@dataclass(frozen=True)
class Target:
    """One parser."""

    name: str
    run: Callable[[bytes], object]
    seeds: tuple[bytes, ...] = field(default=())


def call(target: Target, data: bytes) -> bool:
    """Run it; whether the input was taken. Raises what is a defect."""
    try:
        target.run(data)
    except BenchbenchError:
        return False
    return True


@cache
def _folder() -> Path:
    """In memory where the system has such a folder: a million files are written."""
    fast = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    place = fast if fast.is_dir() else None
    made = tempfile.TemporaryDirectory(prefix="benchbench-fuzz-", dir=place)
    _kept.append(made)
    return Path(made.name)


_kept: list[Any] = []


def _file(data: bytes, name: str) -> Path:
    path = _folder() / name
    path.write_bytes(data)
    return path


def _text(data: bytes) -> str:
    """As Python gives a command's arguments."""
    return data.decode("utf-8", "surrogateescape")


def _parts(data: bytes, count: int) -> list[str]:
    found = [_text(part) for part in data.split(_SPLIT, count - 1)]
    return found + [""] * (count - len(found))


def joined(*parts: str | bytes) -> bytes:
    """An input of several parts."""
    return _SPLIT.join(one if isinstance(one, bytes) else one.encode() for one in parts)


# --- records and what is made of them


def record(data: bytes) -> Record:
    """A document with a sound name."""
    return store._parse(f"x-{store.content_hash(data)}.json", data)


def figures(data: bytes) -> None:
    """A readable record must also be one that can be listed, exported and verified."""
    shown(record(data))


def shown(found: Record) -> None:
    """All that is made of one record."""
    read = ReadResult(("x-0123456789abcdef.json",), (found,))
    listed = evaluate.results(read, _silicon(), _expected())
    for one in listed.results:
        _rendered(terminal.result(one))
    _rendered(terminal.results(listed))
    list(transfer._rows(read))
    list(transfer._lines(read))
    list(verify._checks(found))


@cache
def _silicon() -> silicon.Silicon:
    return silicon.load()


@cache
def _expected() -> tuple[expected.Expectation, ...]:
    return expected.load()


def _rendered(what: Any) -> str:
    from rich.console import Console

    from benchbench.printable import Harmless

    console = Console(file=io.StringIO(), width=80, markup=False, emoji=False)
    console.print(Harmless(what), highlight=False)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert not payloads.steers(text)
    return text


def mutated(data: bytes) -> None:
    """A sound record with one of its leaves replaced, by position and by a JSON text."""
    position, text = data[:2], data[2:]
    document = json.loads(_SOUND)
    leaves = list(_leaves(document))
    holder, key = leaves[int.from_bytes(position) % len(leaves)]
    try:
        holder[key] = json.loads(text)
    except (ValueError, RecursionError):
        holder[key] = _text(text).encode("utf-8", "replace").decode()
    try:
        changed = json.dumps(document).encode()
    except RecursionError:
        return
    figures(changed)


def _leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        pairs = enumerate(value[:4])
    for key, inner in list(pairs):
        yield value, key
        yield from _leaves(inner)


_SOUND = make.gpu_record(
    ceilings=(make.ceiling(1e12, samples=(1e12,)),), caveats=(make.caveat(),)
).to_json()


def folder(data: bytes) -> None:
    """A store of one file with any name and content, far away."""
    name, text = [*data.split(_SPLIT, 1), b""][:2]
    place = "memory://fuzz"
    here = Store(place)
    clean = _text(name).encode("utf-8", "replace").decode().replace("/", "_")[:80] or "x.json"
    here._fs.pipe_file(f"/fuzz/{clean}", text)
    try:
        read = here.read()
        _rendered(terminal.results(evaluate.results(read, _silicon(), _expected())))
        verify.store(place)
    finally:
        here._fs.rm("/fuzz", recursive=True)


def journal(data: bytes) -> None:
    """The note of a run under way."""
    note = Journal(_folder(), "plan")
    note._path.write_bytes(data)
    note.interrupted()
    folder_for(_text(data))


def message(data: bytes) -> None:
    """A line a worker says; the runner takes a ValidationError for a garbled one."""
    from pydantic import ValidationError

    try:
        Message.model_validate_json(data)
    except ValidationError:
        return


def report(data: bytes) -> None:
    """The data inside a report, as it stands there and packed."""
    verify._embedded(_text(data), Path("report.html"))


def claims(data: bytes) -> None:
    """A whole report whose data have one leaf replaced, verified."""
    position, text = data[:2], data[2:]
    document = json.loads(_report_data())
    leaves = list(_leaves(document))
    holder, key = leaves[int.from_bytes(position) % len(leaves)]
    try:
        holder[key] = json.loads(text)
        changed = json.dumps(document)
    except (ValueError, RecursionError):
        return
    head, tail = _report_page()
    verify.page(_file((head + _embeddable(changed) + tail).encode(), "report.html"))


def _embeddable(data: str) -> str:
    from benchbench.report.page import embeddable

    return embeddable(data)


@cache
def _report_data() -> str:
    from benchbench.report import view

    records = [make.record(4.0, ceilings=(make.ceiling(1.2e11),))]
    return view.build(records, figures=decide.figures(records), generated_on="2026-01-01").data


@cache
def _report_page() -> tuple[str, str]:
    from benchbench.report import view
    from benchbench.report.page import render

    records = [make.record(4.0, ceilings=(make.ceiling(1.2e11),))]
    built = view.build(records, figures=decide.figures(records), generated_on="2026-01-01")
    head, _, tail = render(built).partition(_embeddable(built.data))
    return head, tail


# --- catalogue


@cache
def _none_known() -> catalogue.Catalog:
    return catalogue.from_offers([make.offer(), make.gpu_offer()])


def _given() -> Given:
    return Given("a.csv", DAY, "lambda", _none_known)


def importer(kind: str) -> Callable[[bytes], object]:
    """All entries one importer makes of a file."""
    return lambda data: [one for one in KINDS[kind](io.BytesIO(data), _given())]  # noqa: C416 - read


def imported(data: bytes) -> None:
    """A whole import, the kind by the first byte; no row of it vanishes."""
    kinds = sorted(KINDS)
    kind = kinds[data[0] % len(kinds)] if data else "skypilot"
    found = importing.read(kind, io.BytesIO(data[1:]), _given()).report
    assert found.rows_in == found.rows_used + found.rows_rejected
    _rendered(terminal.imported(found))


def offers(data: bytes) -> None:
    """The catalogue's own CSV, the fast way and the careful one."""
    read = rows.read([_file(data, "offers.csv")])
    catalogue.Catalog(read.frame, read.rejected)


def links(data: bytes) -> None:
    """Where a page of prices says the next one is."""
    fetch._next("https://x/y", io.BytesIO(data), 0)


def addresses(data: bytes) -> None:
    """What a user names: a URL or a file."""
    text = _text(data)
    if fetch.is_url(text):
        fetch._check(text)
    fetch.query_mark(text)
    shelf._stem("skypilot", text, text)


def origin(data: bytes) -> None:
    """The note beside an imported table."""
    place = _folder() / "shelf"
    place.mkdir(exist_ok=True)
    (place / "x.json").write_bytes(data)
    with mock.patch.object(shelf, "folder", return_value=place):
        list(shelf.origins())


def table(load: Callable[[Path], object]) -> Callable[[bytes], object]:
    """One of our TOML tables, or another file in its place."""
    return lambda data: load(_file(data, "table.toml"))


def chip_table(path: Path) -> None:
    """Accelerators, and what is worked out from them."""
    for one in silicon.load(accelerators=path).chips.values():
        chips.Chip.flop_per_clock(one)


# --- questions


def scenario(data: bytes) -> None:
    """A scenario's file."""
    scenarios.load(_file(data, "scenario.toml"))


def goal(data: bytes) -> None:
    """A goal's file."""
    written = goals.read(_file(data, "goal.toml"))
    if "workload" in written or "mix" in written:
        goals.parse(written).shares  # noqa: B018 - it divides


def demand(data: bytes) -> None:
    """Hours of demand."""
    observed.from_csv(_file(data, "demand.csv"))


@cache
def _schedule() -> egress.Schedule:
    return egress.load()[0]


ARGUMENTS: tuple[Callable[[str], object], ...] = (
    goals.size_bytes,
    search.memory,
    lambda text: egress.size(text, _schedule()),
    lambda text: decide.quotas([text]),
    lambda text: decide.fields([text]),
    lambda text: contract.parsed([text]),
    contract.precision,
    goals.value,
    egress.service_named,
    names.canonical,
    turns.side,
    find,
    environment.harmless,
    lambda text: egress.find(text, "internet", text),
    lambda text: search.nearest(text, ["A100", "H100"]),
    lambda text: cloud._from_flag(text, None),
    lambda text: goals.parse({"workload": "x", "egress_bytes": text, "rate_per_s": 1.0}),
    lambda text: search.wanted(max_usd_per_hour=_float(text)),
)


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def argument(data: bytes) -> None:
    """One argument of the command line, by the first byte to the one who reads it."""
    if data:
        ARGUMENTS[data[0] % len(ARGUMENTS)](_text(data[1:]))


# --- the machine


class _Socket:
    """A connection over which these bytes came."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object) -> io.BufferedReader:
        return io.BufferedReader(io.BytesIO(self._data))

    def sendall(self, _: object) -> None:
        return None

    def shutdown(self, _: object) -> None:
        return None

    def close(self) -> None:
        return None


@contextmanager
def _answering(data: bytes) -> Iterator[None]:
    def connect(connection: Any) -> None:
        connection.sock = _Socket(data)

    with mock.patch("benchbench.system.cloud.HTTPConnection.connect", connect):
        yield


def metadata(data: bytes) -> None:
    """Whatever a metadata service answers, byte by byte; only type, region, lifecycle come out."""
    provider = ("aws", "gcp", "azure", "oci")[data[0] % 4] if data else "aws"
    with _answering(data[1:]):
        asked = cloud._Exchange(("127.0.0.1", 1), float("inf"))
        cloud._ask_all(provider, asked)
    assert set(asked.answers) <= {"instance_type", "region", "lifecycle"}
    assert all(len(one) <= cloud._LIMIT_BYTES for one in asked.answers.values())
    cloud._region(provider, asked.answers.get("region", ""))


FILES = (
    "/sys/devices/system/cpu/online",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/self/cgroup",
    "/proc/self/mountinfo",
    "/sys/devices/system/cpu/cpu0/cache/index0/size",
    "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq",
    "/sys/devices/system/node/node0/meminfo",
    "/sys/class/dmi/id/product_name",
    "/sys/class/dmi/id/bios_version",
    "/etc/os-release",
    "/proc/mounts",
    "/proc/loadavg",
    "/sys/hypervisor/type",
)


@dataclass(frozen=True)
class Recorded(Host):
    """A host whose files are texts in memory."""

    files: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """As it was recorded."""
        found = self.files.get(name)
        if found is None and "/cache/" in name:
            found = {"level": "3", "type": "Unified"}.get(name.rpartition("/")[2])
        return None if found is None else found.strip("\0 \t\n")

    def exists(self, name: str) -> bool:
        """Whether it was."""
        return name in self.files

    def entries(self, folder: str, prefix: str) -> Iterable[str]:
        """The names below a folder."""
        below = {name[len(folder) + 1 :].split("/")[0] for name in self.files if folder in name}
        return sorted(name for name in below if name.startswith(prefix))


def probe(data: bytes) -> None:
    """Kernel files and `lscpu`, read into a system that a record can hold."""
    shown_by_lscpu, *texts = _parts(data, 1 + len(FILES))
    plain = [text.encode("utf-8", "replace").decode() for text in texts]
    host = Recorded(
        command=lambda _: shown_by_lscpu.encode("utf-8", "replace").decode(),
        environment={},
        affinity=frozenset({0}),
        files={name: text for name, text in zip(FILES, plain, strict=True) if text},
    )
    bounds = limits.read(host)
    System(
        cpu=cpu.read(host, bounds.quota_threads),
        memory=memory.read(host, bounds.memory_bytes),
        numa=numa.read(host),
        cloud=cloud.identify(host),
        virtualisation=virtualisation.read(host),
        software=make.system().software,
    ).model_dump_json()
    software._os(host)
    dmi.read(host)
    facts.filesystem(host, Path("/tmp"))  # noqa: S108 - nothing is written
    facts._load(host)
    memory.swap(host)


def driver(data: bytes) -> None:
    """Names and numbers from NVIDIA's driver, and the user's choice of devices."""
    visible, name, part, uuid, digits = _parts(data, 5)
    number = int.from_bytes(digits.encode("utf-8", "replace")[:8])
    board = FakeBoard(
        name=name.encode("utf-8", "replace").decode(),
        uuid=uuid,
        pci=number & 0xFFFFFFFF,
        memory_bytes=number,
        cuda_cores=number % 100_000,
        mig=bool(part),
        slices=(FakeSlice(uuid=uuid, name=part.encode("utf-8", "replace").decode()),),
    )
    library = FakeNvml(board, FakeBoard())
    with nvml.session(library):
        for one in accelerators.read(library, visible or None):
            _silicon().identify(make.system(accelerators=(one,)), one.device)


def counters(data: bytes) -> None:
    """Counters below `/proc` while a measurement runs."""
    place = _folder() / "proc-root"
    texts = data.split(_SPLIT)
    for name, text in zip(_COUNTERS, texts, strict=False):
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    seen = Proc(place, [0])
    for question in (
        *(seen.cpu_times, seen.clock_hz, seen.temperature_c, seen.overheated_s),
        *(seen.quota_throttled_s, seen.pressure, seen.energy_j, seen.energy_range_j),
    ):
        question()


_COUNTERS = (
    "proc/stat",
    "proc/cpuinfo",
    "proc/pressure/cpu",
    "proc/self/cgroup",
    "sys/class/thermal/thermal_zone0/temp",
    "sys/class/powercap/intel-rapl:0/energy_uj",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq",
)


def summary(data: bytes) -> None:
    """LoadGen's summary."""
    verdict.read(_text(data))


def _examples(*globs: str) -> tuple[bytes, ...]:
    paths = sorted(path for glob in globs for path in ROOT.glob(glob))
    return tuple(path.read_bytes()[:20_000] for path in paths)


_RECORDS = (make.record().to_json().encode(), _SOUND.encode())
_CATALOGUE = "instance_catalog"
_LSCPU = json.dumps({"lscpu": [{"field": "CPU(s):", "data": "2", "children": []}]})

TARGETS: tuple[Target, ...] = (
    Target("record", record, _RECORDS),
    Target("record-figures", figures, _RECORDS),
    Target("record-mutated", mutated, (b"\x00\x00null", b"\x00\x09-1", b"\x00\x401e300")),
    Target("store-folder", folder, (joined("x-0123456789abcdef.json", _RECORDS[0]),)),
    Target("journal", journal, (b'{"plan":"0","session":"0"}',)),
    Target("worker-message", message, (b'{"progress":{"phase":"load","elapsed_s":0.1}}',)),
    Target("report-data", report, (b'<script type="application/json" id="benchbench-data">{}',)),
    Target("report-verify", claims, (b"\x00\x001", b"\x01\x00null", b'\x00\x10"x"')),
    *(
        Target(f"import-{kind}", importer(kind), tuple(text.encode() for text in texts))
        for kind, texts in samples.SAMPLES.items()
    ),
    Target(
        "import-whole",
        imported,
        tuple(
            bytes([sorted(KINDS).index(kind)]) + text.encode()
            for kind, texts in samples.SAMPLES.items()
            for text in texts
        ),
    ),
    Target("offers-csv", offers, _examples(f"{_CATALOGUE}/offers/lambda.csv")),
    Target("page-links", links, (b'{"NextPageLink": "https://x/z"}', b'{"nextPageToken": "t"}')),
    Target("addresses", addresses, (b"https://x/y?key=1", b"a.csv", b"http://[::1")),
    Target("origin", origin, (b'{"schema":1,"kind":"skypilot","where":"x","as_of":"2026-01-01"}',)),
    Target("quotes-toml", table(quotes.load), _examples(f"{_CATALOGUE}/quotes.toml")),
    Target("defaults-toml", table(defaults.load), _examples(f"{_CATALOGUE}/defaults.toml")),
    Target("egress-toml", table(egress.load), _examples(f"{_CATALOGUE}/egress.toml")),
    Target("expected-toml", table(expected.load), _examples(f"{_CATALOGUE}/expected.toml")),
    Target("accelerators-toml", table(chip_table), _examples(f"{_CATALOGUE}/accelerators.toml")),
    Target("scenario-toml", scenario, _examples("reports/examples/scenarios/*.toml")),
    Target("goal-toml", goal, _examples("reports/examples/goals/*.toml")),
    Target("demand-csv", demand, (b"time,load\n2026-01-01T00:00,1\n2026-01-01T01:00,2\n", b"1\n")),
    Target(
        "arguments",
        argument,
        tuple(bytes([at]) + b"15TiB" for at in range(len(ARGUMENTS)))
        + tuple(bytes([at]) + b"a:b=1" for at in range(len(ARGUMENTS))),
    ),
    Target(
        "metadata",
        metadata,
        (
            b"\x00HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nm5.large",
            b"\x01HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n",
            b"\x02HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            b"\x03HTTP/1.0 100 Continue\r\n\r\n",
        ),
    ),
    Target(
        "probe",
        probe,
        (
            joined(
                *(_LSCPU, "0-1", "model name: x\nflags: avx2", "MemTotal: 100 kB", "0::/a"),
                *("1 2 3:4 / /sys rw - cgroup2 x rw", "32K", "3000000", "MemTotal: 5 kB"),
                *("m5.large", "4.11.amazon", 'PRETTY_NAME="Debian"', "x / ext4", "0.1 1", "xen"),
            ),
        ),
    ),
    Target("driver", driver, (joined("0,1", "NVIDIA H100", "", "GPU-1", "12345678"),)),
    Target(
        "counters",
        counters,
        (joined("cpu0 1 2 3 4 5 6 7 8", "cpu MHz : 1", "some avg10=0 total=5", "0::/"),),
    ),
    Target("loadgen-summary", summary, (b"Result is : VALID\nSamples per second: 12.5\n",)),
)
