"""Whatever a text holds, wherever it comes in: no command crashes, nothing that is printed steers.

One corpus, `tests/payloads.py`, through every door: records, reports, price tables, scenarios,
goals, workload files, names from drivers.
"""

import ast
import csv
import io
import json
import re
import tracemalloc
from collections.abc import Iterator
from datetime import date
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from benchbench import decide, untrusted, verify
from benchbench.catalog import importing, rows, shelf
from benchbench.catalog.importers.entry import Given
from benchbench.cli import app
from benchbench.errors import BenchbenchError, DataError, UsageError
from benchbench.measure.journal import Journal
from benchbench.record import Caveat, Failure, Work
from benchbench.store import Store
from benchbench.system import accelerators, cpu, nvml
from tests import factories as make
from tests import payloads
from tests.catalog.importers import samples
from tests.system import fakes_host as machines
from tests.system.fakes_nvml import FakeBoard, FakeNvml

ROOT = Path(__file__).parents[1]
NAMES = [name for name in payloads.NAMES if name]
FEW = [
    *(payloads.MARKUP[0], payloads.FORMULAS[0], payloads.FORMULAS[2], payloads.STEERING[0]),
    *(payloads.STEERING[3], payloads.UNSEEN[0], payloads.RICH[1], payloads.PATHS[0]),
    *(payloads.SHELL[3], payloads.ODD[4]),
]
"""One of each sort, where a name takes a second."""
ALL = " ".join((*payloads.MARKUP, *payloads.STEERING, *payloads.UNSEEN, *payloads.FORMULAS))


def call(*arguments: str) -> Result:
    """One command; a traceback is a failure, and nothing it prints steers a terminal."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code in {0, 1, 2, 3, 4, 5}
    assert not payloads.steers(result.stdout), arguments
    assert not payloads.steers(result.stderr), arguments
    return result


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which every text of every record is hostile: one of each sort, and all at once."""
    place = tmp_path_factory.mktemp("attacked")
    store = Store(place)
    for index, name in enumerate((*FEW, ALL)):
        doubt = Caveat(code=name, severity="warning", message=name, remedy=name)
        gpu = make.accelerator(name=name, pci_id=name, driver=name)
        system = make.system(
            cpu=make.cpu(model=name, vendor=name), accelerators=(gpu,) * (index % 2)
        )
        common: dict[str, Any] = {
            "workload": name,
            "backend": name,
            "system": system,
            "parameters": {name: name},
        }
        store.write(
            make.record(
                4.0 + index, caveats=(doubt,), work=Work(unit=name, flops_per_unit=1e9), **common
            )
        )
        failure = Failure(kind="error", message=name, remedy=name, signal=name)
        store.write(make.record(failure=failure, effort="quick", **common))
    (place / "x\x1b[31m-0123456789abcdef.json").write_text("{}")
    return place


def test_every_command_on_hostile_records(attacked: Path, tmp_path: Path) -> None:
    """list, verify, export, recommend, tco, report, compare; as tables and as JSON."""
    place = ("--results", str(attacked))
    listed = call("results", "list", *place)
    assert listed.exit_code == 0
    assert "left out" in listed.stdout
    for command in (
        *(("results", "list", *place, "--json"), ("results", "verify", *place)),
        *(("results", "export", *place), ("results", "export", *place, "--format", "jsonl")),
        *(("recommend", *place), ("tco", *place), ("compare", str(attacked), str(attacked))),
        ("results", "merge", str(attacked), "--results", str(tmp_path / "into")),
    ):
        call(*command)


@pytest.mark.parametrize("name", FEW)
def test_one_hostile_record_is_shown(attacked: Path, name: str) -> None:
    """In full, and as what to compute a recommendation for."""
    place = ("--results", str(attacked))
    assert call("results", "show", *place, "--", name).exit_code == 0


def test_the_next_command_can_be_pasted(tmp_path: Path) -> None:
    """A shell takes a workload's name for one word, whatever it holds."""
    import shlex

    for name in (*payloads.SHELL, "it's"):
        folder = tmp_path / str(abs(hash(name)))
        Store(folder).write(make.record(workload=name.replace("\n", " ")))
        told = call("results", "list", "--results", str(folder)).stderr
        words = shlex.split(told.partition("next: ")[2].partition(",")[0])
        assert words[:4] == ["benchbench", "results", "show", name.replace("\n", " ")]


def test_the_page_holds_no_markup_of_a_name(attacked: Path, tmp_path: Path) -> None:
    """Escaped on the page; the data cannot end their element; nothing hidden; and it verifies."""
    records = [one for one in decide.records(attacked) if one.workload == ALL]
    html = decide.page(records, scenario=None, today=date(2026, 1, 1)).html
    (tmp_path / "r.html").write_text(html, encoding="utf-8")
    assert verify.page(tmp_path / "r.html").findings == ()
    body = html.partition("<body>")[2]
    assert "<img src=x" not in html
    assert "<svg onload" not in html
    assert body.count("<script") == html.count("</script>") == 2
    assert "49" not in re.findall(r"&lt;.*?7 \* 7.*?&gt;", html)
    assert not [mark for mark in payloads.steers(html) if mark != "\t"]


# --- price tables


def cells(name: str) -> str:
    """As one cell of a CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([name])
    return text.getvalue()


@pytest.mark.parametrize("kind", sorted(samples.SAMPLES))
def test_no_hostile_name_of_a_source_becomes_an_offer(kind: str, tmp_path: Path) -> None:
    """Each text of each kind of source replaced by each payload: refused, or harmless as CSV."""
    known = make.offer(instance="c6a.xlarge")
    from benchbench.catalog import catalogue

    given = Given("a.csv", date(2026, 1, 1), "aws", lambda: catalogue.from_offers([known]))
    out = tmp_path / "out.csv"
    for text in _with_payloads(kind):
        try:
            found = importing.read(kind, io.BytesIO(text.encode("utf-8", "surrogatepass")), given)
        except BenchbenchError:
            continue
        importing.to_csv(found.frame, out)
        for row in csv.reader(io.StringIO(out.read_text(encoding="utf-8"))):
            assert not [cell for cell in row if payloads.runs(cell) or payloads.steers(cell)]


def _with_payloads(kind: str) -> Iterator[str]:
    """Of a CSV the cells, of JSON the strings, one after the other, each by another payload."""
    (text, *_) = samples.SAMPLES[kind]
    names = cycle(FEW)
    if text.startswith(("{", "[")):
        strings = list(dict.fromkeys(re.findall(r'"[^"]*"', text)))[::3]
        for old, name in zip(strings, names, strict=False):
            yield text.replace(old, json.dumps(name))
        return
    header, row = text.splitlines()[:2]
    parts = row.split(",")
    for at, name in zip(range(0, len(parts), 2), names, strict=False):
        yield f"{header}\n{','.join([*parts[:at], cells(name), *parts[at + 1 :]])}\n"


@pytest.mark.parametrize("name", FEW)
def test_a_catalogue_of_ones_own_with_hostile_cells(tmp_path: Path, name: str) -> None:
    """Shown, linted, recommended from; what is refused is named by line without steering."""
    offer = make.offer(as_of=date(2026, 1, 1)).model_dump(mode="json")
    file = tmp_path / "mine.csv"
    with file.open("w", encoding="utf-8", newline="") as text:
        written = csv.DictWriter(text, rows.COLUMNS)
        written.writeheader()
        for column in ("instance", "region", "source", "cpu_model", "price_usd_per_hour"):
            written.writerow({**offer, column: name})
    call("catalog", "check", "--file", str(file))
    call("catalog", "show", "--file", str(file), "--instance", name)
    read = rows.read([file])
    for column in ("instance", "region", "source"):
        kept = [str(one) for one in read.frame[column].dropna()]
        assert not [one for one in kept if payloads.runs(one) or payloads.steers(one)]


@pytest.mark.parametrize("data", payloads.DOCUMENTS[::5], ids=lambda data: repr(data[:12]))
def test_broken_files_are_refused_in_one_sentence(tmp_path: Path, data: bytes) -> None:
    """Scenario, goal, offers, demand, report, import: exit 2, one line, a next step."""
    file = tmp_path / "x"
    file.write_bytes(data)
    Store(tmp_path / "r").write(make.record())
    place = ("--results", str(tmp_path / "r"))
    (tmp_path / "s.toml").write_text('[demand]\nshape = "csv"\ncsv = "x"\n')
    for command in (
        ("tco", str(file), *place),
        ("tco", str(tmp_path / "s.toml"), *place),
        ("recommend", "--goal", str(file), *place),
        ("catalog", "show", "--file", str(file)),
        ("results", "verify", str(file)),
        ("catalog", "import", "azure-retail", str(file)),
    ):
        result = call(*command, *(("--out", str(tmp_path / "o.csv")) * (command[1] == "import")))
        if result.exit_code == 2:
            assert len(result.stderr.strip().splitlines()) == 1, result.stderr


def test_a_catalogue_name_stays_in_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--provider ../../x` and a URL's path reach no other folder."""
    monkeypatch.setattr(shelf, "folder", lambda: tmp_path / "cache" / "catalog")
    source = tmp_path / "a.csv"
    source.write_text(samples.SAMPLES["skypilot"][0])
    for provider in payloads.PATHS[:2]:
        call("catalog", "import", "skypilot", str(source), f"--provider={provider}")
    for where in ("https://x/../../y.csv", "https://x/%2e%2e/%2f", "a/../../b"):
        assert re.fullmatch(r"[a-z0-9-]+", shelf._stem("skypilot", where, "../x"))
    outside = [p for p in tmp_path.rglob("*") if p.is_file() and "catalog" not in p.parts]
    assert outside == [source]


def test_archives_are_not_opened(tmp_path: Path) -> None:
    """A ZIP or gzip file where a table is meant is refused as none, and unpacked nowhere."""
    import gzip
    import zipfile

    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(samples.SAMPLES["skypilot"][0].encode()))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../../evil", "x")
    for file in (packed, tmp_path / "a.zip"):
        told = call("catalog", "import", "skypilot", str(file), "--provider", "aws")
        assert told.exit_code == 2
        assert "lacks columns" in told.stderr or "is not CSV" in told.stderr
        assert call("results", "verify", str(file)).exit_code == 2
        assert call("tco", str(file)).exit_code == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv.gz", "a.zip"]


def test_a_source_without_an_end_stops_in_bounded_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A gigabyte in which no item ends: refused after the limit, with no more than that held."""
    from benchbench.catalog.importers import entry

    monkeypatch.setattr(entry, "MOST_ITEM_BYTES", 2**20)

    class Endless(io.RawIOBase):
        """`{"Items": [{"a": "xxxx…`."""

        def __init__(self) -> None:
            self.given = 0

        def read(self, size: int = -1) -> bytes:
            head = b'{"Items": [{"a": "' if not self.given else b""
            self.given += size
            return head + b"x" * (size - len(head)) if self.given < 2**30 else b""

    source = Endless()
    tracemalloc.start()
    with pytest.raises(DataError, match="holds nothing in"):
        list(entry.items(source, Given("a.json", date(2026, 1, 1)), "Items.item"))  # type: ignore[arg-type]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert source.given < 2**22
    assert most < 2**24


# --- scenarios, goals, workloads, machine


@pytest.mark.parametrize("name", FEW)
def test_scenarios_and_goals_with_hostile_texts(tmp_path: Path, name: str) -> None:
    """Title, provider, accelerator, quote, vendor, CSV's name, workload, region, an unknown key."""
    Store(tmp_path / "r").write(make.record())
    place = ("--results", str(tmp_path / "r"))
    text = json.dumps(name)
    scenarios = (
        (
            f"title = {text}\n[owned]\naccelerator = {text}\naccelerators = 8\n"
            "capex_usd = 300000\npower_kw = 10.2\n[cloud]\nprice_usd_per_hour = 50\n"
            f"[vendor]\nname = {text}\nusd_per_month = 1000"
        ),
        f"[owned]\nquote = {text}",
        f"[cloud]\ninstance = {text}\nprovider = {text}",
        f'[demand]\nshape = "csv"\ncsv = {text}',
        f"[demand]\n{text} = 1",
        f"{text} = 1",
    )
    file = tmp_path / "s.toml"
    for written in scenarios:
        file.write_text(written, encoding="utf-8")
        call("tco", str(file), *place)
    file.write_text(scenarios[0], encoding="utf-8")
    call("tco", str(file), *place, "--explain")
    emitted = call("tco", str(file), *place, "--emit", "skypilot").stdout
    for row in csv.reader(io.StringIO(emitted)):
        assert not [cell for cell in row if payloads.runs(cell)]
    for written in (f"workload = {text}", f"regions = [{text}]", f"{text} = 1", f"mix = {text}"):
        file.write_text(written, encoding="utf-8")
        call("recommend", "--goal", str(file), *place)


@pytest.mark.parametrize(
    "options",
    [
        *(("--max-price", one) for one in ("nan", "inf", "-1", "1e999")),
        *(("--min-memory", one) for one in ("9" * 400, "1e9", "\u00b2GB", "", "-1GB", "1" * 16)),
    ],
)
def test_numbers_that_are_none_in_catalog_show(options: tuple[str, str]) -> None:
    """Refused, or nothing found: exit 2 and a sentence."""
    assert call("catalog", "show", *options).exit_code == 2


@pytest.mark.parametrize(
    "options",
    [
        *(("--rate", one) for one in ("nan", "inf", "-1", "0", "1e999")),
        *(("--deadline", one) for one in ("nan", "1e308")),
        *(("--quota", one) for one in ("x=\u00b2", "x=-1", "x=" + "9" * 400, "=1", "x")),
        *(("--egress", one) for one in ("9" * 400 + "TB", "\u0661TB", "1e3TB", "TB")),
        *(("--set", one) for one in ("headroom=nan", "mix=1", "headroom=" + "[" * 5000, "x=1")),
        ("--set", "spare_replicas=" + "9" * 5000),
    ],
)
def test_numbers_that_are_none_in_recommend(tmp_path: Path, options: tuple[str, str]) -> None:
    """Refused in one line that names the option's field."""
    Store(tmp_path).write(make.record())
    told = call("recommend", "--results", str(tmp_path), *options)
    assert told.exit_code in {1, 2}
    if told.exit_code == 2:
        assert len(told.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("name", payloads.NAMES)
def test_names_from_a_driver_are_plain(tmp_path: Path, name: str) -> None:
    """A GPU's and a processor's: one line, printable, at most 200 characters, in the record."""
    library = FakeNvml(FakeBoard(name=name))
    with nvml.session(library):
        (gpu,) = accelerators.read(library)
    shown = {"Model name": name, "Vendor ID": name, "CPU(s)": name, "CPU max MHz": name}
    seen = cpu.read(machines.host(tmp_path, {"/proc/cpuinfo": name}, lscpu=shown))
    for text in (gpu.name, seen.model, seen.vendor or "x"):
        assert text
        assert len(text) <= 200
        assert not payloads.steers(text)
        assert "\n" not in text


def test_a_driver_whose_names_are_no_text() -> None:
    """Pynvml cannot decode them: unknown, not a crash."""

    class Broken(FakeNvml):
        """A name in another encoding."""

        def _answers(self, name: str, device: object = None, which: int = 0) -> object:
            if name == "nvmlDeviceGetName":
                b"\xff".decode()
            return super()._answers(name, device, which)

    library = Broken(FakeBoard())
    with nvml.session(library):
        (gpu,) = accelerators.read(library)
    assert gpu.name == "unknown"


@pytest.mark.parametrize("name", FEW)
def test_workload_files_with_hostile_texts(tmp_path: Path, name: str) -> None:
    """A name that is none is refused with its line; a file's own words steer nothing."""
    file = tmp_path / "mine.py"
    text = ascii(name)
    file.write_text(
        f'"""{text[1:-1]}"""\nname = {text}\nscenario = "train"\nunit = "x"\n'
        'precisions = ("fp32",)\nbatch_size = 1\ndef work(s): ...\ndef load(s): ...\n'
    )
    told = call("run", str(file), "--quick", "--out", str(tmp_path / "r"))
    assert told.exit_code in {2, 4, 3}
    file.write_text(f"raise ValueError({text})")
    told = call("run", str(file), "--quick", "--out", str(tmp_path / "r"))
    assert told.exit_code == 2
    assert len(told.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("data", payloads.DOCUMENTS, ids=lambda data: repr(data[:12]))
def test_a_broken_note_of_a_run_is_no_note(tmp_path: Path, data: bytes) -> None:
    """Nothing to resume, not a crash."""
    note = Journal(tmp_path, "plan")
    note.begin()
    note._path.write_bytes(data)
    assert note.interrupted() is None


@pytest.mark.parametrize(
    "damage",
    [
        *(b'"records": null', b'"records": 5', b'"records": [1]', b'"figures": {}'),
        *(b'"figures": null', b'"recommendations": [null]', b'"recommendations": 3'),
        *(b'"tco": []', b'"tco": "x"', b'"figures": [[]]', b'"records": [[[]]]'),
    ],
)
def test_a_report_with_data_of_another_shape(tmp_path: Path, damage: bytes) -> None:
    """Refused, or found wrong; never a traceback."""
    parts: dict[str, Any] = {"records": [], "figures": [], "recommendations": [], "tco": None}
    name, _, value = damage.decode().partition(": ")
    parts[name.strip('"')] = json.loads(value)
    page = tmp_path / "r.html"
    page.write_text(
        '<meta name="generator" content="benchbench 0.1.0"><body>'
        f'<script type="application/json" id="benchbench-data">{json.dumps(parts)}</script>'
    )
    assert call("results", "verify", str(page)).exit_code in {1, 2}


def test_a_packed_report_that_is_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused at the limit; damaged ones too."""
    import base64
    import gzip

    monkeypatch.setattr(untrusted, "MOST_DOCUMENT_BYTES", 2**20)
    monkeypatch.setattr(untrusted.unpack, "__defaults__", (2**20,))
    start = '<script type="application/json" id="benchbench-data" data-encoding="gzip">'
    for data in (gzip.compress(bytes(2**24)), gzip.compress(b"{}")[:-9] + b"x" * 9, b"no gzip"):
        page = tmp_path / "r.html"
        page.write_text(f"{start}{base64.b64encode(data).decode()}</script>")
        with pytest.raises(DataError, match="no readable benchbench data"):
            verify.page(page)


# --- what our own source never does

_CALLS = {
    "pickle": "loads whatever a file says",
    "cPickle": "the same",
    "dill": "the same",
    "joblib": "pickles",
    "marshal": "code objects",
    "shelve": "pickles",
    "yaml": "tags that construct objects",
    "tarfile": "members outside",
    "zipfile": "members outside",
    "shutil.unpack_archive": "members outside",
    "eval": "runs text",
    "os.system": "a shell",
    "os.popen": "a shell",
    "pandas.read_pickle": "pickles",
    "numpy.load": "may unpickle",
}


def sources() -> list[Path]:
    """Everything that ships, and what builds it."""
    folders = ("benchbench", "workloads", "scripts")
    return [path for name in folders for path in (ROOT / name).rglob("*.py")]


def offences(source: str) -> list[str]:
    """What a file does that may run what a file of data says."""
    return [said for node in ast.walk(ast.parse(source)) for said in _offence(node)]


def _offence(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (one.name for one in node.names if one.name.split(".")[0] in _CALLS)
    if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in _CALLS:
        yield from (f"{node.module}.{n.name}" for n in node.names if n.name != "UnpicklingError")
    if not isinstance(node, ast.Call):
        return
    name = ast.unparse(node.func)
    given = {one.arg: ast.unparse(one.value) for one in node.keywords}
    if name in _CALLS or name in {"pd.read_pickle", "__import__", "exec"}:
        yield name
    if name.endswith("np.load") and given.get("allow_pickle") != "False":
        yield "np.load without allow_pickle=False"
    if name.endswith("torch.load") and given.get("weights_only") != "True":
        yield "torch.load without weights_only=True"
    if given.get("trust_remote_code", "False") != "False":
        yield "trust_remote_code"
    if given.get("shell", "False") != "False":
        yield "shell=True"
    if name.endswith("from_pretrained") and given.get("local_files_only") != "True":
        yield "from_pretrained may fetch"


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("import pickle", 1),
        ("from pickle import UnpicklingError", 0),
        ("from yaml import load", 1),
        ("torch.load(f)", 1),
        ("torch.load(f, weights_only=False)", 1),
        ("torch.load(f, weights_only=True)", 0),
        ("subprocess.run(x, shell=True)", 1),
        ("M.from_pretrained(x, trust_remote_code=True, local_files_only=True)", 1),
        ("M.from_pretrained(x)", 1),
        ("eval(x)", 1),
        ("model.eval()", 0),
        ("np.load(x)", 1),
        ("np.load(x, allow_pickle=False)", 0),
    ],
)
def test_the_audit_sees(source: str, count: int) -> None:
    """The control of the next test."""
    assert len(offences(source)) == count


def test_no_data_is_ever_run() -> None:
    """No pickle, no YAML, no archive, no shell, no remote code, in all that ships."""
    found = {str(path.relative_to(ROOT)): offences(path.read_text()) for path in sources()}
    assert len(found) > 150
    assert {name: said for name, said in found.items() if said} == {}


def test_the_limit_of_a_question_is_told() -> None:
    """A scenario of 17 MB is refused before it is parsed."""
    with pytest.raises((UsageError, DataError), match="beyond"):
        untrusted.settings(Path("/dev/zero"))
