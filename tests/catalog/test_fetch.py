"""Fetching what the user names: HTTPS only, bounded, page after page. No network is used here."""

import io
import json
import socket
import urllib.request
from collections.abc import Callable
from http.client import HTTPMessage
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


def test_a_redirect_away_from_https_is_refused() -> None:
    """To another HTTPS address it is followed; down to plain HTTP, or to a file, it is not."""
    handler = fetch._HttpsOnly()
    asked = urllib.request.Request("https://a/")
    followed = handler.redirect_request(
        asked, io.BytesIO(), 302, "Found", HTTPMessage(), "https://b/"
    )
    assert followed is not None
    assert followed.full_url == "https://b/"
    for target in ("http://b/", "file:///etc/passwd"):
        with pytest.raises(UsageError, match="https://"):
            handler.redirect_request(asked, io.BytesIO(), 302, "Found", HTTPMessage(), target)


def test_an_address_nobody_answers_at_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed port of this machine: what to do instead, and no key in the message."""
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{closed.getsockname()[1]}/x?key=secret"
        with pytest.raises(UsageError, match="save the file and name it") as refused:
            fetch.over_https(url)
    assert "secret" not in str(refused.value)


def test_a_page_that_breaks_off_points_nowhere() -> None:
    """What was read of it stays; whoever parses it will say that it is torn."""
    torn = b'{"Items": [1], "NextPageLink": "https://a/2'
    assert fetched("https://a/", {"https://a/": torn}) == torn
