"""Where this machine is rented: told by a flag, by the firmware, or by the metadata service.

Only type, region and lifecycle are ever asked for, only of the one provider the firmware names,
only at the literal link-local address: no name to resolve, no proxy, no redirect followed.
"""

import re
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from socket import SHUT_RDWR, socket
from typing import Literal

from benchbench.errors import UsageError
from benchbench.record import Cloud
from benchbench.system import dmi
from benchbench.system.dmi import Dmi
from benchbench.system.host import Host

ADDRESS = ("169.254.169.254", 80)
ASKING = "cloud metadata"
"""What the thread is called that asks."""
_LIMIT_S = 0.5
_LIMIT_BYTES = 256
_OK = 200
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,63}")
_REGION = re.compile(r"[a-z][a-z0-9-]{1,39}")
_TOKEN = re.compile(r"[A-Za-z0-9+/=_-]{1,200}")
_PROVIDER = re.compile(r"[a-z][a-z0-9_-]{1,31}")
_AWS_TYPE = re.compile(r"[a-z][a-z0-9-]{1,20}\.(?:metal|(?:\d*x)?large|medium|small|micro|nano)\S*")
_STATED = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+$()-]{1,79}")  # as the catalogue writes some
# How each provider writes its types; a bare `--instance-type` is recognised by it.
_WRITTEN = {
    "aws": _AWS_TYPE,
    "azure": re.compile(r"(?:Standard|Basic)_\S+"),
    "oci": re.compile(r"(?:VM|BM)\.\S+"),
    "gcp": re.compile(
        r"[a-z][a-z0-9]+-(?:standard|high(?:mem|cpu|gpu|tpu)|(?:mega|ultra|edge)gpu|custom|micro"
        r"|small|medium)\S*|v\d[a-z]*-\d+"
    ),
}
_AZURE_CHASSIS = "7783-7084-3265-9085-8269-3286-77"
_AZURE = "/metadata/instance/compute"
_AZURE_VERSION = "?api-version=2021-02-01&format=text"
_LIFECYCLES: Mapping[str, Literal["on_demand", "spot"]] = {
    "on-demand": "on_demand",
    "spot": "spot",
    "FALSE": "on_demand",
    "TRUE": "spot",
    "Regular": "on_demand",
    "Spot": "spot",
    "Low": "spot",
}


@dataclass(frozen=True)
class Service:
    """What one provider's metadata service is asked, and with which header."""

    instance_type: str
    region: str
    lifecycle: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


_SERVICES = {
    "aws": Service(
        "/latest/meta-data/instance-type",
        "/latest/meta-data/placement/region",
        "/latest/meta-data/instance-life-cycle",
    ),
    "gcp": Service(
        "/computeMetadata/v1/instance/machine-type",
        "/computeMetadata/v1/instance/zone",
        "/computeMetadata/v1/instance/scheduling/preemptible",
        {"Metadata-Flavor": "Google"},
    ),
    "azure": Service(
        f"{_AZURE}/vmSize{_AZURE_VERSION}",
        f"{_AZURE}/location{_AZURE_VERSION}",
        f"{_AZURE}/priority{_AZURE_VERSION}",
        {"Metadata": "true"},
    ),
    "oci": Service(
        "/opc/v2/instance/shape",
        "/opc/v2/instance/canonicalRegionName",
        headers={"Authorization": "Bearer Oracle"},
    ),
}


def identify(
    host: Host,
    *,
    instance_type: str | None = None,
    ask: bool = False,
    address: tuple[str, int] = ADDRESS,
) -> Cloud | None:
    """The flag's word before the metadata service's before the firmware's; None when none has one.

    Raises:
        UsageError: the flag's text is not an instance type.
    """
    firmware = dmi.read(host)
    provider = provider_of(firmware)
    if instance_type is not None:
        return _from_flag(instance_type, provider)
    if provider is None:
        return None
    return (_from_metadata(provider, address) if ask else None) or _from_firmware(
        provider, firmware
    )


def provider_of(firmware: Dmi) -> str | None:
    """The provider the firmware names; None at home, or where a container hides it."""
    if firmware.vendor == "Amazon EC2" or "amazon" in firmware.bios_version:
        return "aws"
    if firmware.product == "Google Compute Engine":
        return "gcp"
    if firmware.chassis_tag == _AZURE_CHASSIS:
        return "azure"
    return "oci" if firmware.chassis_tag == "OracleCloud.com" else None


def _from_flag(text: str, provider: str | None) -> Cloud:
    named, _, name = text.rpartition(":")
    provider = named or provider or _writer(name)
    if provider is None:
        raise UsageError(
            f"no provider is known for {text[:64]!r}; name it: --instance-type aws:g5.xlarge"
        )
    if not (_PROVIDER.fullmatch(provider) and _STATED.fullmatch(name)):
        raise UsageError(
            f"{text[:64]!r} is no instance type; write it like --instance-type aws:g5.xlarge"
        )
    return Cloud(provider=provider, instance_type=name, source="flag")


def _writer(name: str) -> str | None:
    return next((who for who, form in _WRITTEN.items() if form.fullmatch(name)), None)


def _from_firmware(provider: str, firmware: Dmi) -> Cloud:
    """EC2 writes the instance type where others write a product's name."""
    known = provider == "aws" and _AWS_TYPE.fullmatch(firmware.product)
    return Cloud(provider=provider, instance_type=firmware.product if known else None, source="dmi")


def _from_metadata(provider: str, address: tuple[str, int]) -> Cloud | None:
    """What was answered within the time limit; None when nothing was.

    The thread bounds the whole exchange, a socket's own limit restarts with every byte; closing
    its connection ends the thread.
    """
    asked = _Exchange(address, time.monotonic() + _LIMIT_S)
    asking = threading.Thread(target=_ask_all, args=(provider, asked), daemon=True, name=ASKING)
    asking.start()
    asking.join(_LIMIT_S)
    asked.end()
    seen = dict(asked.answers)
    found = Cloud(
        provider=provider,
        instance_type=_matching(_TYPE, seen.get("instance_type", "").rpartition("/")[2]),
        region=_region(provider, seen.get("region", "")),
        lifecycle=_LIFECYCLES.get(seen.get("lifecycle", "")),
        source="metadata",
    )
    return found if found.instance_type or found.region else None


def _region(provider: str, text: str) -> str | None:
    """Google tells the zone, `projects/1/zones/us-central1-a`, not the region."""
    name = text.rpartition("/")[2]
    return _matching(_REGION, name.rpartition("-")[0] if provider == "gcp" else name)


def _matching(pattern: re.Pattern[str], text: str) -> str | None:
    return text if pattern.fullmatch(text) else None


def _ask_all(provider: str, asked: "_Exchange") -> None:
    service = _SERVICES[provider]
    headers = dict(service.headers)
    if provider == "aws":
        lasting = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
        token = asked.request("PUT", "/latest/api/token", lasting)
        if token is None or not _TOKEN.fullmatch(token):
            return
        headers["X-aws-ec2-metadata-token"] = token
    for name in ("instance_type", "region", "lifecycle"):
        path = getattr(service, name)
        answer = asked.request("GET", path, headers) if path else None
        if answer is not None:
            asked.answers[name] = answer


class _Exchange:
    """One conversation with a service, until its deadline and not a byte longer."""

    def __init__(self, address: tuple[str, int], deadline: float) -> None:
        self._address, self._deadline = address, deadline
        self._socket: socket | None = None
        self.answers: dict[str, str] = {}

    def request(self, method: str, path: str, headers: Mapping[str, str]) -> str | None:
        """A short ASCII answer of status 200; None for anything else.

        `http.client` knows no proxy and follows nothing.
        """
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            return None
        connection = HTTPConnection(*self._address, timeout=remaining)
        try:
            connection.connect()
            self._socket = connection.sock  # which `http.client` forgets once it has an answer
            connection.request(method, path, headers=dict(headers))
            response = connection.getresponse()
            body = response.read(_LIMIT_BYTES + 1)
        except (OSError, HTTPException, ValueError):
            return None
        finally:
            connection.close()
        late = time.monotonic() >= self._deadline  # then what was read may be a part only
        if late or response.status != _OK or len(body) > _LIMIT_BYTES or not body.isascii():
            return None
        return body.decode("ascii").strip()

    def end(self) -> None:
        """Wake whoever still waits for an answer."""
        self._deadline = 0.0
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(SHUT_RDWR)
