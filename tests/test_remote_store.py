"""Results in a bucket: S3's protocol against moto's server, and what is said where it fails."""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from benchbench import store, transfer, untrusted, verify
from benchbench.cli import app
from benchbench.errors import UsageError
from benchbench.store import Store
from tests import factories as make

BUCKET = "s3://bench/results"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """An S3 of our own on the loopback interface."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """s3fs as a user has it, by environment variables; empty before and after."""
    import s3fs

    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    filesystem = s3fs.S3FileSystem()
    filesystem.mkdir("bench")
    yield filesystem
    filesystem.rm("bench", recursive=True)
    s3fs.S3FileSystem.clear_instance_cache()


def call(*arguments: str) -> Result:
    """One command in this process."""
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.usefixtures("bucket")
def test_what_is_written_is_read() -> None:
    """Prepared, written twice, read, found, verified."""
    store = Store(BUCKET)
    store.prepare()
    assert store.read().records == ()
    records = (make.record(1.0), make.record(failure=make.out_of_memory()))
    names = {store.write(record) for record in (*records, *records)}
    read = Store(BUCKET).read()
    assert set(read.names) == names
    assert {one.to_json() for one in read.records} == {one.to_json() for one in records}
    assert verify.anything(BUCKET).findings == ()


def test_a_document_is_one_request(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One PUT of all of it: no reader can ever meet a half."""
    asked: list[tuple[str, Any]] = []
    real = type(bucket)._call_s3

    async def noted(self: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        asked.append((method, kwargs.get("Body")))
        return await real(self, method, *args, **kwargs)

    monkeypatch.setattr(type(bucket), "_call_s3", noted)
    record = make.record()
    Store(BUCKET).write(record)
    written = [(method, body) for method, body in asked if body is not None or "upload" in method]
    assert written == [("put_object", record.to_json().encode())]


def test_what_was_damaged_there_is_named(bucket: Any) -> None:
    """Edited, half, no result at all: left where it is, and the others read."""
    whole = Store(BUCKET).write(make.record(1.0))
    edited = Store(BUCKET).write(make.record(2.0))
    bucket.pipe_file(f"bench/results/{edited}", bucket.cat_file(f"bench/results/{edited}")[:-3])
    bucket.pipe_file("bench/results/notes.json", b"{}")
    read = Store(BUCKET).read()
    assert read.names == (whole,)
    assert {one.name for one in read.quarantined} == {edited, "notes.json"}


def test_what_another_process_wrote_is_seen(bucket: Any) -> None:
    """A listing that is remembered must not hide it."""
    import asyncio

    store = Store(BUCKET)
    first = store.write(make.record(1.0))
    assert store.read().names == (first,)
    text = make.record(2.0).to_json().encode()
    from benchbench.store import content_hash

    name = f"resnet50-train-{content_hash(text)}.json"

    async def elsewhere() -> None:
        client = await bucket.set_session()
        await client.put_object(Bucket="bench", Key=f"results/{name}", Body=text)

    asyncio.run_coroutine_threadsafe(elsewhere(), bucket.loop).result(30)
    assert set(Store(BUCKET).read().names) == {first, name}


@pytest.mark.usefixtures("bucket")
def test_merging_there_and_back(tmp_path: Path) -> None:
    """A folder into a bucket, the bucket into another folder: the same documents."""
    for rate in (1.0, 2.0):
        Store(tmp_path / "a").write(make.record(rate))
    assert len(transfer.merge(BUCKET, [str(tmp_path / "a")]).added) == 2
    transfer.merge(str(tmp_path / "b"), [BUCKET])
    documents = [{p.name: p.read_bytes() for p in (tmp_path / x).iterdir()} for x in "ab"]
    assert documents[0] == documents[1]


@pytest.mark.usefixtures("bucket")
def test_every_command_takes_a_url(tmp_path: Path) -> None:
    """list, show, verify, export, recommend, report, with the two slashes kept."""
    name = Store(BUCKET).write(make.record(4.0, ceilings=(make.ceiling(1.2e11),)))
    place = ("--results", BUCKET)
    listed = json.loads(call("results", "list", *place, "--json").stdout)
    assert listed["results"][0]["names"] == [name]
    assert "resnet50-train" in call("results", "show", name, *place).stdout
    assert call("results", "verify", BUCKET).exit_code == 0
    assert name in call("results", "export", *place).stdout
    assert call("recommend", *place).exit_code == 0
    out = tmp_path / "r.html"
    assert call("report", *place, "--out", str(out)).exit_code == 0
    assert out.stat().st_size > 10_000
    assert not Path("s3:").exists()


@pytest.mark.usefixtures("bucket")
def test_an_empty_prefix_is_not_verified() -> None:
    """Nothing is there, so nothing holds."""
    told = call("results", "verify", f"{BUCKET}/misspelt")
    assert told.exit_code == 2
    assert "is not there" in told.stderr


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers: one sentence with the address and what to check, before anything ran."""
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3fs.S3FileSystem.clear_instance_cache()
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    with pytest.raises(UsageError, match=r"s3://bench/results|cannot be (stored|reached)"):
        Store(BUCKET).prepare()
    s3fs.S3FileSystem.clear_instance_cache()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pip install s3fs`, not a traceback."""
    importlib.import_module("fsspec")
    registry = sys.modules["fsspec.registry"]  # the package's attribute of that name is a table
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.setattr(registry, "registry", {})
    told = call("results", "list", "--results", BUCKET)
    assert told.exit_code == 2
    assert "pip install s3fs" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("url", ["nosuch://x/y", "s4://x"])
def test_an_unknown_file_system_is_refused(url: str) -> None:
    """With what to write instead."""
    told = call("results", "list", "--results", url)
    assert told.exit_code == 2
    assert "no file system known here" in told.stderr


def test_quickstart_wants_a_folder() -> None:
    """Its report lies beside the results; refused before anything is measured."""
    told = call("quickstart", "--out", BUCKET)
    assert told.exit_code == 2
    assert "give a local one" in told.stderr


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sftp://host/results", "paramiko"),
        ("github://a:b@c/x", "requests"),
        ("x://y", "fsspec's doc"),
    ],
)
def test_what_a_file_system_needs_is_said_as_fsspec_says_it(url: str, told: str) -> None:
    """Where the package that lacks is not the file system's own, or nobody knows it."""
    assert told in store._install(url)


def test_a_far_document_beyond_all_bounds_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is asked first: it is never fetched."""
    place = Store("memory://beyond")
    place.write(make.record())
    monkeypatch.setattr(untrusted, "MOST_DOCUMENT_BYTES", 100)
    (left_out,) = place.read().quarantined
    assert left_out.reason == "beyond 100 bytes"


def test_a_mistake_of_ours_is_not_called_an_address_out_of_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder here is always reached: what is no OSError is a defect, and looks like one."""
    place = Store(tmp_path)

    def broken(*_: object) -> bool:
        raise RuntimeError("a defect")

    monkeypatch.setattr(place._fs, "isdir", broken)
    with pytest.raises(RuntimeError, match="a defect"):
        place.read()
