"""Fetching what the user names: HTTPS only, bounded, page after page. No network is used here."""

import io
import json
from collections.abc import Callable
from typing import IO

import pytest

from benchbench.catalog import fetch
from benchbench.errors import DataError, UsageError


def site(pages: dict[str, bytes]) -> Callable[[str], IO[bytes]]:
    """An opener that serves these addresses."""
    return lambda url: io.BytesIO(pages[url])


def fetched(url: str, pages: dict[str, bytes]) -> bytes:
    """All that is read from an address."""
    with fetch.opened(url, opener=site(pages)) as file:
        return file.read()


def test_one_page() -> None:
    """A page that points nowhere is all there is."""
    assert fetched("https://a/x.csv", {"https://a/x.csv": b"a,b\n"}) == b"a,b\n"


def test_azures_pages() -> None:
    """Azure's pages are followed to the last."""
    first = json.dumps({"Items": [1], "NextPageLink": "https://a/?skip=1"}).encode()
    last = json.dumps({"Items": [2], "NextPageLink": None}).encode()
    assert fetched("https://a/", {"https://a/": first, "https://a/?skip=1": last}) == first + last


def test_googles_pages() -> None:
    """Google's token is added to the same address."""
    first = json.dumps({"skus": [], "nextPageToken": "t"}).encode()
    last = json.dumps({"skus": [], "nextPageToken": ""}).encode()
    pages = {"https://g/s?key=k": first, "https://g/s?key=k&pageToken=t": last}
    assert fetched("https://g/s?key=k", pages) == first + last


def test_pages_elsewhere_and_in_circles() -> None:
    """A page on another host is not followed, nor is one that was read already."""
    elsewhere = json.dumps({"Items": [], "NextPageLink": "https://evil/"}).encode()
    with pytest.raises(DataError, match="elsewhere"):
        fetched("https://a/", {"https://a/": elsewhere})
    circle = json.dumps({"Items": [], "NextPageLink": "https://a/"}).encode()
    with pytest.raises(DataError, match="no last page"):
        fetched("https://a/", {"https://a/": circle})


def test_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the bound is refused while it arrives."""
    monkeypatch.setattr(fetch, "MOST_BYTES", 10)
    with pytest.raises(DataError, match="beyond 10 bytes"):
        fetched("https://a/", {"https://a/": b"x" * 11})


@pytest.mark.parametrize(
    "url", ["http://a/x", "file:///etc/passwd", "https://user:pass@a/", "ftp://a/", "https:///x"]
)
def test_https_only(url: str) -> None:
    """Anything but plain HTTPS is refused before a connection is made."""
    with pytest.raises(UsageError, match="https://"):
        fetch.over_https(url)


def test_a_key_is_not_shown() -> None:
    """What stands in the query stays out of messages."""
    assert fetch.shown("https://g/s?key=secret") == "https://g/s"
