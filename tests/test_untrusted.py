"""Bytes from elsewhere end in a value or in one sentence, in bounded memory."""

import gzip
import io
import json
import tracemalloc
from pathlib import Path

import pytest

from benchbench import untrusted
from benchbench.errors import DataError
from tests import payloads


@pytest.mark.parametrize("data", payloads.DOCUMENTS, ids=lambda data: repr(data[:12]))
def test_no_document_does_more_than_raise_a_value_error(data: bytes) -> None:
    """JSON and TOML, of any shape."""
    for parse in (untrusted.parse_json, lambda d: untrusted.parse_toml(d.decode("latin-1"))):
        try:
            parse(data)
        except ValueError:
            continue


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": 1, "a": 2}', "'a' stands there twice"),
        ('{"a": NaN}', "NaN is no number"),
        ("[-Infinity]", "-Infinity is no number"),
        ("[" * 33 + "]" * 33, "too deeply"),
        ("[" * 100_000, "too deeply"),
        ("9" * 5000, "4300 digits"),
    ],
)
def test_json_that_means_two_things_is_refused(text: str, reason: str) -> None:
    """A key twice, a number that is none, depth, digits without end."""
    with pytest.raises(ValueError, match=reason):
        untrusted.parse_json(text)


def test_what_is_sound_is_read() -> None:
    """As the standard library reads it."""
    document = {"a": [1, 2.5, None, {"b": "\u00e9"}]}
    assert untrusted.parse_json(json.dumps(document)) == document
    assert untrusted.parse_toml("a.b = [1, {c = 2}]") == {"a": {"b": [1, {"c": 2}]}}


def test_deep_keys_are_refused() -> None:
    """A dotted key nests without any bracket, and what comes after would recurse."""
    with pytest.raises(ValueError, match="too deeply"):
        untrusted.parse_toml(".".join(["a"] * 5000) + " = 1")


def test_a_file_is_read_to_its_limit_and_no_further(tmp_path: Path) -> None:
    """Ten bytes of ten are read; eleven are refused with the limit in the sentence."""
    path = tmp_path / "x"
    path.write_bytes(b"0123456789")
    assert untrusted.read(path, 10) == b"0123456789"
    with pytest.raises(DataError, match="beyond 9 bytes"):
        untrusted.read(path, 9)


def test_what_never_ends_is_left(tmp_path: Path) -> None:
    """`/dev/zero` under another name."""
    link = tmp_path / "x"
    link.symlink_to("/dev/zero")
    with pytest.raises(DataError, match="beyond"):
        untrusted.read(link, 2**20)


def test_a_bomb_does_not_go_off() -> None:
    """A gigabyte in one megabyte: refused with little more than the limit in memory."""
    bomb = gzip.compress(bytes(2**28), 9)
    tracemalloc.start()
    with pytest.raises(ValueError, match="more than 1048576 bytes"):
        untrusted.unpack(bomb, 2**20)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2**23
    assert len(bomb) < 2**20


@pytest.mark.parametrize(
    "damage", [b"", b"x", gzip.compress(b"x" * 100)[:-12], b"\x1f\x8b\x08\x00"]
)
def test_a_damaged_archive_is_a_value_error(damage: bytes) -> None:
    """Cut short, or none at all."""
    with pytest.raises(ValueError, match="damaged"):
        untrusted.unpack(damage)


def test_a_sound_member_is_unpacked() -> None:
    """To the byte."""
    assert untrusted.unpack(gzip.compress(b"text"), 4) == b"text"


def test_a_line_without_end_is_refused() -> None:
    """A table of one line of two million characters is none."""
    text = io.StringIO("a,b\n" + "x" * 2**21)
    lines = untrusted.lines(text, "x.csv")
    assert next(lines) == "a,b\n"
    with pytest.raises(DataError, match=r"x\.csv has a line beyond"):
        next(lines)


@pytest.mark.parametrize("number", [1e51, -1e51, 1e-51, 5e-324, 1.7e308, 10**400])
def test_a_size_that_nothing_has_is_refused(number: float) -> None:
    """Wherever it stands; what is worked out of such numbers would be none."""
    for document in (number, [number], {"a": [{"b": number}]}):
        with pytest.raises(ValueError, match="a size that nothing has"):
            untrusted.physical(document)


def test_real_sizes_pass() -> None:
    """Zero, a loss of 1e-45, LoadGen's seeds, a cluster's FLOP in a year, texts, truth."""
    document = {"a": [0, 0.0, 1.4e-45, 2**64, 1e27, "1e999", None, True, False]}
    assert untrusted.physical(document) is document


@pytest.mark.parametrize("size", [1, 2, 7, 64])
@pytest.mark.parametrize(
    ("text", "deep"),
    [
        ("[" * 32 + "]" * 32, False),
        ("[" * 33, True),
        ('{"a":' * 33, True),
        ("[{}]" * 1000, False),
        (json.dumps(["[" * 1000, '"[', "\\", "\\\\", '\\"[[', "{" * 50]), False),
        (json.dumps("]" * 1000) + "[" * 33, True),
        (json.dumps("\\" * 3) + "[" * 33, True),
    ],
)
def test_a_stream_is_watched_for_depth(text: str, deep: bool, size: int) -> None:  # noqa: FBT001
    """Brackets within texts count for nothing, wherever the pieces are cut."""
    watched = untrusted.Watched(io.BytesIO(text.encode()), "x.json")

    def drain() -> None:
        while watched.read(size):
            pass

    if deep:
        with pytest.raises(DataError, match="nested too deeply"):
            drain()
    else:
        drain()


def test_a_stream_that_gives_nothing_stops() -> None:
    """After its limit; and what came of it sets the count back."""
    watched = untrusted.Watched(io.BytesIO(b" " * 100), "x.json", 10)
    watched.read(10)
    watched.since = 0
    watched.read(10)
    with pytest.raises(DataError, match="holds nothing in 10 bytes"):
        watched.read(1)


def test_a_number_without_end_is_refused_in_a_stream() -> None:
    """Where the parser behind would end the process; within a text it is only a text."""
    with pytest.raises(DataError, match="a thousand digits"):
        untrusted.Watched(io.BytesIO(b'{"a": ' + b"9" * 5000), "x.json").read()
    untrusted.Watched(io.BytesIO(b'["' + b"9" * 5000 + b'"]'), "x.json").read()
