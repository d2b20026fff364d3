"""The wheel carries everything, decides without torch, and leaves one name behind."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from benchbench.bundled import folder
from benchbench.store import Store
from tests import factories as make

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this checkout."""
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel and its core dependencies only: no torch."""
    place = tmp_path_factory.mktemp("fresh") / "env"
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(place)], check=True)
    subprocess.run([uv, "pip", "install", "-q", "--python", str(place), str(wheel)], check=True)
    return place


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with one record of each machine kind."""
    place = tmp_path_factory.mktemp("stored")
    ceilings = (make.ceiling(1.2e11), make.bandwidth_ceiling(2e10))
    Store(place).write(make.record(4.0, ceilings=ceilings))
    return place


def call(environment: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the installed command somewhere that is not the checkout."""
    return subprocess.run(
        [str(environment / "bin" / "benchbench"), *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "MPLCONFIGDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_has_one_top_level_name(wheel: Path) -> None:
    """workloads, instance_catalog and reports travel inside benchbench."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"benchbench"}
    assert "benchbench/workloads/resnet50_train.py" in names
    assert "benchbench/instance_catalog/offers/aws.csv" in names
    assert any(name.startswith("benchbench/reports/templates/") for name in names)
    assert "benchbench/py.typed" in names


def test_a_checkout_finds_its_data_beside_the_package() -> None:
    """The editable install reads the same folders a visitor edits."""
    for name in ("workloads", "instance_catalog", "reports"):
        assert folder(name) == ROOT / name


@pytest.mark.slow
def test_a_fresh_environment_has_no_torch(installed: Path) -> None:
    """The premise of the tests below."""
    tried = subprocess.run(
        [str(installed / "bin" / "python"), "-c", "import torch"], capture_output=True, check=False
    )
    assert b"ModuleNotFoundError" in tried.stderr


@pytest.mark.slow
def test_deciding_works_without_torch(installed: Path, stored: Path, tmp_path: Path) -> None:
    """recommend, tco and report run from the wheel alone, each with its document."""
    place = ("--results", str(stored))
    recommended = call(installed, "recommend", *place, "--json", folder=tmp_path)
    assert recommended.returncode == 0, recommended.stderr
    assert json.loads(recommended.stdout)["candidates"]
    costed = call(installed, "tco", *place, "--json", folder=tmp_path)
    assert costed.returncode == 0, costed.stderr
    assert json.loads(costed.stdout)["alternatives"]
    reported = call(installed, "report", *place, "--out", "r.html", folder=tmp_path)
    assert reported.returncode == 0, reported.stderr
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")


@pytest.mark.slow
def test_an_installed_wheel_lists_its_workloads(installed: Path, tmp_path: Path) -> None:
    """Counting needs no torch either."""
    listed = call(installed, "workloads", "--json", folder=tmp_path)
    assert listed.returncode == 0, listed.stderr
    names = {one["name"] for one in json.loads(listed.stdout)["workloads"]}
    assert {"resnet50-train", "bert-large-infer"} <= names


@pytest.mark.slow
def test_measuring_without_torch_names_the_next_step(installed: Path, tmp_path: Path) -> None:
    """No traceback: what to install, and exit code 5."""
    tried = call(installed, "run", "resnet50-train", "--quick", folder=tmp_path)
    assert tried.returncode == 5
    assert "benchbench[bench]" in tried.stderr
    assert "Traceback" not in tried.stderr
