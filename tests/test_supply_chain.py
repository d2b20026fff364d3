"""What we depend on: pinned by hash, no more than is imported, listed, audited."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = tomllib.loads((ROOT / "uv.lock").read_text())
THEIR_OWN = {"vllm"}
"""What who asks for it installs, with the torch that it pins; no extra of ours may bring that."""


def test_every_locked_file_has_its_hash() -> None:
    """From PyPI, sha256, or it is this project itself: no branch, no URL, no folder."""
    assert len(LOCK["package"]) > 100
    for package in LOCK["package"]:
        if package["name"] == PROJECT["name"]:
            assert package["source"] == {"editable": "."}
            continue
        assert package["source"] == {"registry": "https://pypi.org/simple"}, package["name"]
        files = [*package.get("wheels", ()), *filter(None, [package.get("sdist")])]
        assert files, package["name"]
        for file in files:
            assert re.fullmatch(r"sha256:[0-9a-f]{64}", file["hash"]), package["name"]
            assert file["url"].startswith("https://files.pythonhosted.org/packages/")


def name_of(requirement: str) -> str:
    """`numpy>=1.26` → `numpy`."""
    return re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("_", "-")


def modules(folder: Path) -> dict[str, set[str]]:
    """Top-level module → the files below `folder` that import it, at whatever place."""
    found: dict[str, set[str]] = {}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            for name in _imported(node):
                found.setdefault(name.partition(".")[0], set()).add(str(path.relative_to(ROOT)))
    return found


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (one.name for one in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        yield from (str(one.value) for one in node.args[:1] if isinstance(one, ast.Constant))


def packages(imported: dict[str, set[str]]) -> dict[str, set[str]]:
    """Distribution → the files that import it; the standard library and ourselves left out."""
    by_module = metadata.packages_distributions()
    found: dict[str, set[str]] = {}
    for module, files in imported.items():
        if module in sys.stdlib_module_names or module in {"benchbench", "tests"}:
            continue
        name = by_module.get(module, [module])[0].lower().replace("_", "-")
        found.setdefault(name, set()).update(files)
    return found


def test_the_core_is_exactly_what_is_imported() -> None:
    """Each core dependency is imported, and nothing else is where nothing is measured."""
    core = {name_of(one) for one in PROJECT["dependencies"]}
    used = packages(modules(ROOT / "benchbench"))
    assert core - set(used) == set()
    places = deciding()
    for name, files in used.items():
        here = [file for file in files if file.removesuffix(".py").startswith(places)]
        assert name in core | THEIR_OWN or not here, (name, here)


def deciding() -> tuple[str, ...]:
    """Files and folders of the layers that import-linter keeps free of torch."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (layers,) = (one["layers"] for one in contracts["contracts"] if "Deciding" in one["name"])
    named = [module.strip() for layer in layers for module in layer.split("|")]
    assert "benchbench.report" in named
    return tuple(module.replace(".", "/") for module in named)


def test_extras_bring_what_measuring_and_workloads_import() -> None:
    """Nothing that ships imports a package that no extra names."""
    named = {
        name_of(one)
        for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
        for one in group
    }
    for folder in ("benchbench", "workloads"):
        assert set(packages(modules(ROOT / folder))) <= named | THEIR_OWN


def test_an_import_is_seen_wherever_it_stands() -> None:
    """The control: inside a function, by importlib, from a submodule."""
    source = "def f():\n import a.b\n from c.d import e\n importlib.import_module('g')\n"
    found = {name for node in ast.walk(ast.parse(source)) for name in _imported(node)}
    assert found == {"a.b", "c.d", "g"}


def uv(*arguments: str) -> str:
    """What uv prints, from the lock alone: no network."""
    program = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    done = subprocess.run(
        [program, *arguments, "--offline"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def closure(names: Sequence[str]) -> set[str]:
    """All that these bring along on any platform, by the lock."""
    needs = {one["name"]: one.get("dependencies", []) for one in LOCK["package"]}
    found, pending = set[str](), list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += [one["name"] for one in needs.get(name, [])]
    return found


def test_the_bill_of_materials_lists_the_core() -> None:
    """CycloneDX, each component with version and package URL, by the lock and complete."""
    listed = uv("export", "--frozen", "--no-dev", "--quiet", "--format", "cyclonedx1.5")
    bill: dict[str, Any] = json.loads(listed)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    parts = {one["name"]: one for one in bill["components"]}
    core = closure([name_of(one) for one in PROJECT["dependencies"]])
    assert set(parts) == core
    versions = {(one["name"], one.get("version")) for one in LOCK["package"]}
    for name, part in parts.items():
        assert (name, part["version"]) in versions
        assert part["purl"].startswith(f"pkg:pypi/{name}@{part['version']}")
    assert "torch" not in parts


# --- the audit


def audited(*packages: dict[str, Any]) -> str:
    """What pip-audit prints."""
    return json.dumps({"dependencies": list(packages), "fixes": []})


SOUND = {"name": "numpy", "version": "2", "vulns": []}
BAD = {
    "name": "jinja2",
    "version": "3.1.0",
    "vulns": [{"id": "GHSA-x", "fix_versions": ["3.1.6"], "aliases": ["CVE-1"]}],
}


@pytest.mark.parametrize(
    ("out", "error", "code", "said"),
    [
        (audited(SOUND), "", 0, "1 packages audited, 0 findings"),
        (audited(SOUND, BAD), "", 1, "jinja2 3.1.0: GHSA-x, fixed in 3.1.6"),
        ("", "ERROR: Connection refused", 0, "not audited: the advisories cannot be reached"),
        ("<html>", "", 0, "not audited"),
        ("{}", "", 0, "not audited"),
    ],
)
def test_the_audit(
    capsys: pytest.CaptureFixture[str], out: str, error: str, code: int, said: str
) -> None:
    """A finding fails, an advisory service that cannot be reached is said and passes."""
    import audit

    asked: list[Sequence[str]] = []

    def run(command: Sequence[str]) -> tuple[str, str]:
        asked.append(command)
        return ("jinja2==3.1.0\n", "") if "export" in command else (out, error)

    assert audit.main(run) == code
    assert said in capsys.readouterr().out
    assert len(asked) == 2


def test_an_accepted_finding_has_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """By any of its names; each with why and when."""
    import audit

    assert all(re.search(r"\d{4}-\d{2}-\d{2}", reason) for reason in audit.ACCEPTED.values())
    assert audit._findings(BAD)
    monkeypatch.setitem(audit.ACCEPTED, "CVE-1", "not used, 2026-11-25")
    assert audit._findings(BAD) == []


def test_what_is_audited_is_the_lock() -> None:
    """Every core package at its locked version, with hashes."""
    import audit

    listed = uv(*audit.EXPORT[1:])
    core = closure([name_of(one) for one in PROJECT["dependencies"]])
    named = {name_of(line) for line in listed.splitlines() if line and line[0].isalnum()}
    assert core <= named | {"tzdata", "colorama"}
    assert listed.count("--hash=sha256:") > len(named)
