"""Imported catalogues on their shelf in the cache folder."""

from datetime import date
from pathlib import Path

import pytest

from benchbench.catalog import catalogue, fetch, importing, shelf
from benchbench.errors import UsageError
from tests import factories
from tests.catalog.test_fetch import site

TABLE = "cloud,region,instance_type,price_usd_hr\naws,us-east-1,p5.48xlarge,{}\n"
DAY = date(2026, 11, 1)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of one's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def put(path: Path, text: str, kind: str = "karpenter", as_of: date = DAY) -> None:
    """Import a file and keep it."""
    path.write_text(text)
    imported = shelf.take(kind, str(path), provider=None, as_of=as_of, opener=fetch.over_https)
    shelf.keep(imported, str(path), provider=None)


def price(*, imported: bool = False) -> float:
    """What p5.48xlarge costs on demand in us-east-1."""
    found = shelf.load(imported=imported).where(
        instance="p5.48xlarge", region_prefix="us-east-1", price_kind="on_demand"
    )
    return min(offer.price_usd_per_hour or 0 for offer in found if offer.zone is None)


def test_younger_wins(tmp_path: Path) -> None:
    """An imported price counts where it is asked for and younger than the bundled one."""
    put(tmp_path / "a.csv", TABLE.format(50))
    assert price() == 55.04
    assert price(imported=True) == 50


def test_older_does_not(tmp_path: Path) -> None:
    """An old table does not bring back an old price."""
    put(tmp_path / "a.csv", TABLE.format(98.32), as_of=date(2025, 4, 4))
    assert price(imported=True) == 55.04


def test_discounts_win(tmp_path: Path) -> None:
    """A negotiated price counts before a younger list price."""
    put(tmp_path / "a.csv", "provider,percent_off,instance\naws,50,p5.\n", kind="discounts")
    put(tmp_path / "b.csv", TABLE.format(60))
    assert price(imported=True) == pytest.approx(27.52)


def test_refresh(tmp_path: Path) -> None:
    """What came from an address is fetched again; a file is named, with what to do."""
    put(tmp_path / "a.csv", TABLE.format(50))
    url = "https://a/prices.csv"
    opener = site({url: TABLE.format(40).encode()})
    first = shelf.take("karpenter", url, provider=None, as_of=DAY, opener=opener)
    shelf.keep(first, url, provider=None)
    found = shelf.refresh(date(2026, 11, 2), site({url: TABLE.format(30).encode()}))
    assert [report.offers for report in found.reports] == [1]
    assert len(found.left) == 1
    assert price(imported=True) == 30


def test_a_key_is_not_kept(tmp_path: Path, cache: Path) -> None:
    """An address with a key is not written down."""
    url = "https://g/prices.csv?key=SECRET"
    opener = site({url: TABLE.format(40).encode()})
    imported = shelf.take("karpenter", url, provider=None, as_of=DAY, opener=opener)
    shelf.keep(imported, url, provider=None)
    written = [path.read_text() for path in cache.rglob("*") if path.is_file()]
    assert written
    assert not [text for text in written if "SECRET" in text]
    assert tmp_path.exists()


def test_names_of_sources(tmp_path: Path) -> None:
    """`bundled`, KIND:FILE and a CSV of offers can be compared."""
    path = tmp_path / "a.csv"
    path.write_text(TABLE.format(50))
    assert len(shelf.named("bundled", DAY, fetch.over_https)) > 1000
    assert len(shelf.named(f"karpenter:{path}", DAY, fetch.over_https)) == 1
    with pytest.raises(UsageError, match=r"none\.csv"):
        shelf.named(f"karpenter:{tmp_path / 'none.csv'}", DAY, fetch.over_https)


def test_unreadable_origin(cache: Path) -> None:
    """A damaged note is named, not skipped."""
    folder = shelf.folder()
    assert cache in folder.parents
    folder.mkdir(parents=True)
    (folder / "x.json").write_text("{")
    with pytest.raises(UsageError, match="import again"):
        shelf.load(imported=True)


def test_a_table_of_ones_own_is_compared_as_it_is(tmp_path: Path) -> None:
    """Any other name is a CSV in the catalogue's own columns."""
    path = tmp_path / "mine.csv"
    offer = catalogue.from_offers([factories.offer()]).frame
    importing.to_csv(offer, path)
    assert list(shelf.named(str(path), DAY, fetch.over_https)["instance"]) == ["c6a.xlarge"]
