"""Canaries in everything private, no network: then every artefact of a whole session is searched.

One real sitting in processes of its own: measured by the loop and by LoadGen, one failure, listed,
merged, exported, recommended, costed, reported. The environment, the user's and the machine's
name and the home folder hold canaries; an address that is connected to ends the process.
"""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchbench.measure.journal import Journal
from benchbench.measure.plan import fingerprint, plan
from benchbench.measure.provenance import Scrubber
from tests import factories as make
from tests.measure.fakes_workload import write_workload

ROOT = Path(__file__).parents[1]
CANARY = "kanarienvogel"
USER = f"{CANARY}user"
HOST = f"{CANARY}-host"
SECRETS = {
    "AWS_SECRET_ACCESS_KEY": f"{CANARY}aws",
    "HF_TOKEN": f"{CANARY}hf",
    "MY_PASSWORD": f"{CANARY}pw",
    "OMP_SECRET_TOKEN": f"{CANARY}omp",
    "MKL_LICENSE_KEY": f"{CANARY}mkl",
    "HOSTNAME": HOST,
    "SSH_CONNECTION": f"{CANARY}ssh 10.1.2.3",
    "EMAIL": f"{CANARY}@example.org",
    "PS1": f"{CANARY}$ ",
    "HTTP_PROXY": f"http://{CANARY}:pw@127.0.0.1:9",
    "CUDA_VISIBLE_DEVICES": f"/home/{USER}/x",
    "LD_PRELOAD": "",
}
GUARD = """
import os, platform, sys
uname = os.uname()
os.uname = lambda: os.uname_result((uname[0], {host!r}, *uname[2:]))
platform.node = lambda: {host!r}
import socket
socket.gethostname = lambda: {host!r}
ASKED = {{"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
          "socket.gethostbyname", "socket.gethostbyaddr"}}
def watch(event, arguments):
    local = event == "socket.connect" and isinstance(arguments[1], (str, bytes))
    if event in ASKED and not local:
        with open({mark!r}, "a") as file:
            file.write(f"{{event}} {{arguments[1:]!r}} {{sys.argv!r}}\\n")
        raise PermissionError(f"{{event}}: no network here")
sys.addaudithook(watch)
"""

QUERIED = '''"""Rows for LoadGen to ask for."""
import torch
from benchbench.record import Work
from benchbench.synthetic import windows
from benchbench.workload import Job

name, scenario, unit, precisions, batch_size = "queried", "offline", "row", ("fp32",), 8


def work(setting):
    return Work(unit=unit, flops_per_unit=8192)


def load(setting):
    weight = torch.randn(64, 64)
    rows = windows(torch.randn(512, 64), setting.batch_size)
    return Job(rows, lambda x: x @ weight, units_per_step=8, from_memory=True)
'''


Command = tuple[tuple[str, ...], set[int]]
"""Arguments, and the exits they may end with."""


@dataclass(frozen=True)
class Sitting:
    """What a session left: its folder, and whatever asked for a network."""

    home: Path
    asked: Path
    environment: dict[str, str]

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command as this user."""
        return subprocess.run(
            [sys.executable, "-m", "benchbench", *arguments],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def must(self, command: Command) -> None:
        """The same, which must exit with one of these codes."""
        arguments, codes = command
        done = self.call(*arguments)
        assert done.returncode in codes, (arguments, done.returncode, done.stderr)

    def artefacts(self) -> Iterator[tuple[str, str]]:
        """Every file it wrote, names included."""
        for path in sorted(self.home.rglob("*")):
            place = str(path.relative_to(self.home))
            if path.is_file() and not place.startswith(("asked/", ".cache/matplotlib")):
                yield place, path.read_text(encoding="utf-8", errors="replace")


@pytest.fixture(scope="module")
def sitting(tmp_path_factory: pytest.TempPathFactory) -> Sitting:
    """The whole session."""
    place = tmp_path_factory.mktemp("private")
    home = place / USER
    asked, guard = place / "network", place / "guard"
    (home / "asked").mkdir(parents=True)
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(GUARD.format(host=HOST, mark=str(asked)))
    here = Sitting(
        home,
        asked,
        {
            **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
            **SECRETS,
            "HOME": str(home),
            "USER": USER,
            "LOGNAME": USER,
            "OMP_DYNAMIC": "FALSE",
            "PYTHONPATH": f"{guard}:{ROOT}",
            "CUDA_VISIBLE_DEVICES": f"GPU-{CANARY}",
            "BENCHBENCH_RESULTS": str(home / "results"),
        },
    )
    asking = home / "asked"
    write_workload(asking, name="tiny", load="parameters['from'] = os.environ['HOME'] + '/x'")
    write_workload(asking, name="asked", load=f'raise RuntimeError("no {home}/x on {HOST}")')
    (asking / "queried.py").write_text(QUERIED)
    hours = "\n".join(str(hour % 7) for hour in range(200))
    (asking / "demand.csv").write_text(f"{hours}\n")
    (asking / "s.toml").write_text(
        '[demand]\nshape = "csv"\ncsv = "demand.csv"\n[owned]\ncolocation_includes_power = true\n'
    )
    tiny, quick = str(asking / "tiny.py"), ("--quick", "--no-ceilings")
    measuring: tuple[Command, ...] = (
        (("doctor", "--json"), {0}),
        (("run", tiny, str(asking / "asked.py"), *quick), {4}),
        (("run", str(asking / "queried.py"), "--scenario", "offline", *quick), {0, 3, 4}),
    )
    afterwards: tuple[Command, ...] = (
        (("results", "list"), {0}),
        (("results", "export", "--out", str(home / "export.csv")), {0}),
        (("results", "export", "--format", "jsonl", "--out", str(home / "export.jsonl")), {0}),
        (("results", "merge", str(home / "results"), "--results", str(home / "merged")), {0}),
        (("results", "verify"), {0}),
        (("recommend", "--workload", "tiny"), {0, 1, 2}),
        (("tco", str(asking / "s.toml")), {0}),
        (("catalog", "show", "--gpu", "H100"), {0}),
        (("catalog", "match"), {0, 1}),
        (("report", "--tco", str(asking / "s.toml"), "--out", str(home / "r.html")), {0}),
    )
    for command in measuring:
        here.must(command)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(here.must, afterwards))
    return here


def test_the_session_left_everything(sitting: Sitting) -> None:
    """The premise: records of both drivers, a failure, logs, tables, a page."""
    names = [name for name, _ in sitting.artefacts()]
    for workload in ("tiny", "asked", "queried"):
        assert any(re.fullmatch(rf"results/{workload}-\w+\.json", name) for name in names)
    assert any(name.endswith("mlperf_log_detail.txt") for name in names)
    assert {"export.csv", "export.jsonl", "r.html"} <= set(names)


def test_no_artefact_holds_a_canary(sitting: Sitting) -> None:
    """Neither a name nor a secret nor a path of the home folder, in any file."""
    for name, text in sitting.artefacts():
        found = [text[max(0, at - 80) : at + 80] for at in _positions(text, CANARY)]
        assert not found, (name, found[:3])


def test_the_data_packed_in_the_page_hold_none_either(sitting: Sitting) -> None:
    """A large report's data are compressed: what is inside is searched too."""
    from benchbench import verify

    page = sitting.home / "r.html"
    data = str(verify._embedded(page.read_text(encoding="utf-8"), page))
    assert len(data) > 10_000
    assert CANARY not in data


def test_no_artefact_holds_an_address_or_a_serial(sitting: Sitting) -> None:
    """This machine's own: of its network cards, its firmware, its installation, its boot."""
    own = list(identifiers())
    assert own
    for name, text in sitting.artefacts():
        assert not [one for one in own if one.casefold() in text.casefold()], name
        assert not re.search(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b", text), name


def identifiers() -> Iterator[str]:
    """What the kernel calls this very machine, as far as it tells."""
    files = ("/etc/machine-id", "/proc/sys/kernel/random/boot_id")
    firmware = ("product_serial", "product_uuid", "board_serial", "chassis_serial")
    cards = (str(path) for path in Path("/sys/class/net").glob("*/address"))
    for file in (*files, *(f"/sys/class/dmi/id/{name}" for name in firmware), *cards):
        try:
            text = Path(file).read_text().strip()
        except OSError:
            continue
        if len(set(text) - set("0:-")) > 2:
            yield text


def test_the_environment_is_an_allowlist(sitting: Sitting) -> None:
    """What changes results is kept, by name; of the canaries' variables no name but one."""
    import json

    for name, text in sitting.artefacts():
        if name.startswith("results/") and name.endswith(".json") and "/." not in name:
            kept = json.loads(text)["system"]["software"]["environment"]
            assert kept["OMP_DYNAMIC"] == "FALSE"
            assert set(kept) & set(SECRETS) <= {"CUDA_VISIBLE_DEVICES", "LD_PRELOAD"}


def test_nothing_asked_for_a_network(sitting: Sitting) -> None:
    """Not one connection or look-up in all of these commands and their workers."""
    assert not sitting.asked.exists(), sitting.asked.read_text()


def test_the_guard_sees_a_connection(sitting: Sitting) -> None:
    """The control: the first command that does connect is stopped and noted."""
    code = "import socket; socket.create_connection(('127.0.0.1', 9), 1)"
    mark = sitting.asked.with_name("control")
    guard = sitting.asked.with_name("guard")
    text = (
        (guard / "sitecustomize.py").read_text().replace(repr(str(sitting.asked)), repr(str(mark)))
    )
    other = guard.with_name("guard-of-control")
    other.mkdir()
    (other / "sitecustomize.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**sitting.environment, "PYTHONPATH": str(other)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "no network here" in done.stderr
    assert "getaddrinfo" in mark.read_text() or "connect" in mark.read_text()


def test_the_note_of_a_run_names_nobody(tmp_path: Path) -> None:
    """The journal of a plan whose paths hold the home folder."""
    home = tmp_path / USER
    home.mkdir()
    planned = plan([write_workload(home)], system=make.system())
    assert USER in fingerprint(planned)
    note = Journal(tmp_path, fingerprint(planned))
    note.begin()
    assert CANARY not in note._path.read_text()


def test_the_canaries_would_be_seen() -> None:
    """The scrubber is what takes them out: without it they stand there."""
    scrub = Scrubber(home=f"/x/{USER}", user=USER, host=HOST)
    text = f"/x/{USER}/a {HOST} /y/{USER}/b"
    assert CANARY in text
    assert CANARY not in scrub(text)
    assert socket.gethostname() == Scrubber.of_this_machine().host


def _positions(text: str, word: str) -> Iterator[int]:
    return (match.start() for match in re.finditer(word, text))
