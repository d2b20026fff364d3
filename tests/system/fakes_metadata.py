"""A cloud metadata service on the loopback interface, honest or not."""

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

AWS = {
    "/latest/meta-data/instance-type": "m7i.2xlarge",
    "/latest/meta-data/placement/region": "eu-central-1",
    "/latest/meta-data/instance-life-cycle": "spot",
}
GCP = {
    "/computeMetadata/v1/instance/machine-type": "projects/4711/machineTypes/a3-highgpu-8g",
    "/computeMetadata/v1/instance/zone": "projects/4711/zones/us-central1-a",
    "/computeMetadata/v1/instance/scheduling/preemptible": "FALSE",
}
_AZURE = "/metadata/instance/compute/{}?api-version=2021-02-01&format=text"
AZURE = {
    _AZURE.format("vmSize"): "Standard_ND96isr_H100_v5",
    _AZURE.format("location"): "westeurope",
    _AZURE.format("priority"): "Spot",
}
OCI = {
    "/opc/v2/instance/shape": "BM.GPU.H100.8",
    "/opc/v2/instance/canonicalRegionName": "us-phoenix-1",
}
TOKEN = "AQAEAHvW-fake_value=="  # noqa: S105 - a made-up one


@dataclass
class Metadata:
    """What the service answers, and what it was asked."""

    answers: Mapping[str, str]
    header: tuple[str, str] | None = None
    """Without it the service answers 401, as the real ones do."""
    status: int = 200
    location: str | None = None
    delay_s: float = 0.0
    drip_s: float = 0.0
    """Between two bytes of an answer."""
    token: str = TOKEN
    asked: list[tuple[str, str]] = field(default_factory=list)
    address: tuple[str, int] = ("127.0.0.1", 0)


@contextmanager
def serve(metadata: Metadata) -> Iterator[Metadata]:
    """Run the service for the block; its address is in `metadata.address`."""

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self._answer(metadata.token if self.path == "/latest/api/token" else None)

        def do_GET(self) -> None:
            self._answer(metadata.answers.get(self.path))

        def _answer(self, body: str | None) -> None:
            metadata.asked.append((self.command, self.path))
            time.sleep(metadata.delay_s)
            name, value = metadata.header or ("Host", self.headers["Host"])
            allowed = self.command == "PUT" or self.headers.get(name) == value
            status = (404 if body is None else metadata.status) if allowed else 401
            self.send_response(status)
            if metadata.location:
                self.send_header("Location", metadata.location)
            self.end_headers()
            self._write((body or "").encode())

        def _write(self, body: bytes) -> None:
            try:
                for byte in body if metadata.drip_s else ():
                    self.wfile.write(bytes([byte]))
                    time.sleep(metadata.drip_s)
                if not metadata.drip_s:
                    self.wfile.write(body)
            except OSError:  # the asker lost patience
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        metadata.address = ("127.0.0.1", server.server_port)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield metadata
        server.shutdown()


@contextmanager
def serve_bytes(answer: bytes, *, forever: bool = False) -> Iterator[tuple[str, int]]:
    """Answers every connection with these bytes; `forever`: again and again, a little at a time."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def talk(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(answer)
            while forever and not ended.wait(0.05):
                connection.sendall(answer)

    def listen() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    yield ("127.0.0.1", listener.getsockname()[1])
    ended.set()
    listener.close()
