"""Get a published table over the network, because the user asked for this address.

HTTPS only, redirects included; a time limit on every read; never more than `MOST_BYTES`; into a
file without a name, so that nothing half fetched is left behind.
"""

import hashlib
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPMessage
from pathlib import Path
from typing import IO

import ijson

from benchbench import untrusted
from benchbench.errors import DataError, UsageError

TIMEOUT_S = 30.0
MOST_BYTES = 8 * 2**30
MOST_PAGES = 5000
_PIECE = 2**20
Opener = Callable[[str], IO[bytes]]


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        _check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check(url: str) -> None:
    parts = _split(url)
    if parts.scheme != "https" or not parts.hostname or parts.username:
        raise UsageError(f"{shown(url)!r} is not fetched; give an https:// address")


def _split(url: str) -> urllib.parse.SplitResult:
    try:
        parts = urllib.parse.urlsplit(url)
        parts.port  # noqa: B018 - it is parsed when asked for
    except ValueError as error:
        raise UsageError(f"{url[:200]!r} is no address ({error}); give an https:// one") from error
    return parts


def shown(url: str) -> str:
    """Without the query, which may hold a key."""
    return _split(url)._replace(query="", fragment="").geturl()


def query_mark(url: str) -> str:
    """Tells addresses apart that differ in their query only; empty where there is none."""
    query = _split(url).query if is_url(url) else ""
    return hashlib.sha256(query.encode(errors="surrogateescape")).hexdigest()[:8] if query else ""


def is_url(where: str) -> bool:
    """Whether it is an address and not a file's name."""
    return "://" in where


def over_https(url: str) -> IO[bytes]:
    """The response, open; raises UsageError where there is none."""
    _check(url)
    request = urllib.request.Request(url, headers={"User-Agent": "benchbench"})  # noqa: S310  checked
    try:
        opened: IO[bytes] = urllib.request.build_opener(_HttpsOnly).open(request, timeout=TIMEOUT_S)
    except (urllib.error.URLError, TimeoutError) as error:
        raise UsageError(
            f"cannot fetch {shown(url)}: {error}; save the file and name it"
        ) from error
    return opened


@contextmanager
def opened(where: str, *, opener: Opener = over_https) -> Iterator[IO[bytes]]:
    """A local file, or all pages of what stands at an address; seekable."""
    if not is_url(where):
        with Path(where).open("rb") as file:
            yield file
        return
    with tempfile.TemporaryFile() as file:
        _download(where, file, opener)
        file.seek(0)
        yield file


def _download(url: str, into: IO[bytes], opener: Opener) -> None:
    """Page after page, each after the other in one file."""
    seen = set[str]()
    page: str | None = url
    while page is not None:
        if page in seen or len(seen) >= MOST_PAGES:
            raise DataError(f"{shown(url)} has no last page; give a narrower address")
        seen.add(page)
        start = into.tell()
        with opener(page) as response:
            _copy(response, into, url)
        page = _next(page, into, start)


def _copy(response: IO[bytes], into: IO[bytes], url: str) -> None:
    while piece := response.read(_PIECE):
        into.write(piece)
        if into.tell() > MOST_BYTES:
            raise DataError(f"{shown(url)} is beyond {MOST_BYTES} bytes; save a part of it")


def _next(page: str, file: IO[bytes], start: int) -> str | None:
    """Azure's `NextPageLink`, on the same host; Google's `nextPageToken`."""
    end = file.tell()
    file.seek(start)
    first = file.read(1)
    file.seek(start)
    found = _links(file) if first == b"{" else {}
    file.seek(end)
    if token := found.get("nextPageToken"):
        parts = _split(page)
        query = dict(urllib.parse.parse_qsl(parts.query)) | {"pageToken": token}
        return parts._replace(query=urllib.parse.urlencode(query)).geturl()
    link = found.get("NextPageLink")
    if link and _split(link).hostname != _split(page).hostname:
        raise DataError(f"{shown(page)} points to a page elsewhere; it is not followed")
    return link or None


def _links(file: IO[bytes]) -> dict[str, str]:
    wanted = ("NextPageLink", "nextPageToken")
    try:
        events = ijson.parse(untrusted.Watched(file, "the page"))
        return {
            prefix: value
            for prefix, event, value in events
            if prefix in wanted and event == "string"
        }
    except (ijson.JSONError, ArithmeticError, ValueError):
        return {}
