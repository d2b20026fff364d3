"""`benchbench catalog …`: what is printed, and the exit code."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from benchbench import cli, schemas

TABLE = (
    "cloud,region,instance_type,price_usd_hr\n"
    "aws,us-east-1,p5.48xlarge,70\n"
    "aws,us-east-1,c7i.large,free\n"
)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A price table of one good and one bad row."""
    path = tmp_path / "prices.csv"
    path.write_text(TABLE)
    return path


def run(*words: str, code: int = 0) -> str:
    """What the command prints; its exit code is as expected."""
    result = CliRunner().invoke(cli.app, ["catalog", *words])
    assert result.exit_code == code, result.output
    return result.output


def document(schema: str, *words: str) -> dict[str, Any]:
    """The JSON document it prints, which fits its published schema."""
    result = CliRunner().invoke(cli.app, ["catalog", *words, "--json"])
    found: dict[str, Any] = json.loads(result.stdout)
    jsonschema.validate(found, schemas.of(schema))
    return found


def test_egress() -> None:
    """The bill of 15 TB in JSON and in words."""
    bill = document("bill", "egress", "aws", "15TB")
    assert bill["usd_per_month"] == pytest.approx(1356.80)
    assert bill["size"]["taken_as"] == "1 TB = 2^40 bytes, as aws bills"
    assert "$1,348.30" in run("egress", "aws", "15TB")
    assert "known: aws, gcp" in run("egress", "acme", "15TB", code=2)


def test_storage() -> None:
    """2 TB of balanced disk on Google are 2,048 x $0.10."""
    bill = document("bill", "storage", "gcp", "2TB", "--region", "us-central1")
    assert bill["usd_per_month"] == pytest.approx(204.80)


def test_import_and_show(table: Path) -> None:
    """Rows in = used + rejected with line and reason; what was kept is found where asked for."""
    report = document("import", "import", "karpenter", str(table), "--as-of", "2026-11-01")
    assert (report["rows_in"], report["rows_used"], report["rows_rejected"]) == (2, 1, 1)
    (bad,) = report["rejected"]
    assert (bad["file"], bad["line"]) == ("prices.csv", 3)
    assert report["agreement"]["beyond_10_percent"] == 1
    shown = ("show", "--instance", "P5.48XLARGE", "--region", "us-east-1", "--price", "on_demand")
    prices = {one["price_usd_per_hour"] for one in document("catalog", *shown)["offers"]}
    assert prices == {55.04}
    found = document("catalog", *shown, "--imported")["offers"]
    assert {one["price_usd_per_hour"] for one in found} == {70}
    assert found[0]["accelerator"] == "H100-SXM5-80GB"


def test_import_in_words(table: Path, tmp_path: Path) -> None:
    """The same for a person, written where it was asked for."""
    out = tmp_path / "out.csv"
    told = run("import", "karpenter", str(table), "--out", str(out))
    assert "2 rows in = 1 used + 1 rejected" in told
    assert "prices.csv:3: price_usd_hr 'free' is not a number" in told
    assert len(out.read_text().splitlines()) == 2
    assert "70" in run("show", "--file", str(out), "--instance", "p5.48xlarge")


def test_import_refusals(table: Path, tmp_path: Path) -> None:
    """An unknown kind names the kinds; no file, no offer and no HTTPS are told."""
    assert "karpenter" in run("import", "carpenter", str(table), code=2)
    assert "none.csv" in run("import", "karpenter", str(tmp_path / "none.csv"), code=2)
    assert "https://" in run("import", "karpenter", "http://a/prices.csv", code=2)
    table.write_text(TABLE.replace(",70", ",0"))
    run("import", "karpenter", str(table), code=1)


def test_refresh_without_imports() -> None:
    """Nothing to refresh is said, not passed over."""
    assert "nothing was imported" in run("refresh", code=2)


def test_compare(table: Path) -> None:
    """A source against itself agrees; against the catalogue both prices are shown."""
    one = f"karpenter:{table}"
    found = document("agreement", "compare", one, one)
    assert (found["common"], found["within_1_percent"]) == (1, 1)
    assert "$70.00, $55.04" in run("compare", one, "bundled")


def test_filters() -> None:
    """H100 in Europe with 80 GB for at most $5, from the cheapest on."""
    filters = ("--gpu", "H100", "--min-memory", "80GB", "--region", "eu", "--max-price", "5")
    found = document("catalog", "show", *filters)["offers"]
    prices = [one["price_usd_per_hour"] for one in found]
    assert found
    assert prices == sorted(prices)
    assert max(prices) <= 5
    assert all(one["accelerator"].startswith("H100-") for one in found)
    spot = document("catalog", "show", "--gpu", "H100", "--spot", "--provider", "aws")["offers"]
    assert {one["price_kind"] for one in spot} == {"spot"}


def test_nearest_names() -> None:
    """A misspelt name is answered with names that exist."""
    assert "H100-SXM5-80GB" in run("show", "--gpu", "H10", code=2)


def test_old_prices_are_marked() -> None:
    """A price older than 180 days says so in the table."""
    assert "(old)" in run("show", "--provider", "ovhcloud", "--most", "1")


def test_check() -> None:
    """The bundled catalogue has no errors, and the lint says how much it looked at."""
    assert "offers checked" in run("check")


def test_match() -> None:
    """The machine the tests run on is matched or not, and the reason is given either way."""
    assert document("match", "match")["because"]
