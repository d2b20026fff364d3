"""Where the machine is rented: flag, metadata service, firmware."""

import csv
import time
from pathlib import Path

import pytest

from benchbench.bundled import folder
from benchbench.errors import UsageError
from benchbench.record import Cloud
from benchbench.system import cloud
from benchbench.system.dmi import Dmi
from benchbench.system.host import Host
from tests.system import fakes_host as machines
from tests.system import fakes_metadata as services
from tests.system.fakes_metadata import Metadata

DMI = "/sys/class/dmi/id"
FIRMWARE = {
    "aws": {f"{DMI}/sys_vendor": "Amazon EC2", f"{DMI}/product_name": "m7i.2xlarge"},
    "gcp": {f"{DMI}/sys_vendor": "Google", f"{DMI}/product_name": "Google Compute Engine"},
    "azure": {
        f"{DMI}/sys_vendor": "Microsoft Corporation",
        f"{DMI}/chassis_asset_tag": "7783-7084-3265-9085-8269-3286-77",
    },
    "oci": {f"{DMI}/chassis_asset_tag": "OracleCloud.com"},
}
HEADERS = {
    "aws": ("X-aws-ec2-metadata-token", services.TOKEN),
    "gcp": ("Metadata-Flavor", "Google"),
    "azure": ("Metadata", "true"),
    "oci": ("Authorization", "Bearer Oracle"),
}
ANSWERS = {
    "aws": services.AWS,
    "gcp": services.GCP,
    "azure": services.AZURE,
    "oci": services.OCI,
}


def rented(tmp_path: Path, provider: str) -> Host:
    """A host whose firmware names this provider."""
    return machines.host(tmp_path, FIRMWARE[provider])


def honest(provider: str) -> Metadata:
    """This provider's service as it should be."""
    return Metadata(ANSWERS[provider], header=HEADERS[provider])


@pytest.mark.parametrize(
    ("provider", "instance_type", "region", "lifecycle"),
    [
        ("aws", "m7i.2xlarge", "eu-central-1", "spot"),
        ("gcp", "a3-highgpu-8g", "us-central1", "on_demand"),
        ("azure", "Standard_ND96isr_H100_v5", "westeurope", "spot"),
        ("oci", "BM.GPU.H100.8", "us-phoenix-1", None),
    ],
)
def test_each_provider(
    tmp_path: Path, provider: str, instance_type: str, region: str, lifecycle: str | None
) -> None:
    """Each service is asked with its own header and tells type, region and lifecycle."""
    with services.serve(honest(provider)) as service:
        found = cloud.identify(rented(tmp_path, provider), ask=True, address=service.address)
    assert found is not None
    assert (found.provider, found.source) == (provider, "metadata")
    assert (found.instance_type, found.region, found.lifecycle) == (
        instance_type,
        region,
        lifecycle,
    )
    paths = {path for _, path in service.asked} - {"/latest/api/token"}
    assert paths == set(ANSWERS[provider])


@pytest.mark.fault("metadata")
def test_never_asked_unless_told(tmp_path: Path) -> None:
    """Without `ask` there is no request; the firmware still names the provider and EC2's type."""
    with services.serve(honest("aws")) as service:
        found = cloud.identify(rented(tmp_path, "aws"), address=service.address)
    assert found == Cloud(provider="aws", instance_type="m7i.2xlarge", source="dmi")
    assert service.asked == []


def test_nobody_plausible_nobody_asked(tmp_path: Path) -> None:
    """At home no request leaves, even when told to ask."""
    at_home = machines.host(tmp_path, {f"{DMI}/sys_vendor": "Dell Inc."})
    with services.serve(honest("aws")) as service:
        assert cloud.identify(at_home, ask=True, address=service.address) is None
    assert service.asked == []


@pytest.mark.fault("metadata")
def test_proxies_are_passed_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxy variables do not move the question elsewhere."""
    with services.serve(Metadata({})) as proxy, services.serve(honest("gcp")) as service:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.address[1]}")
        found = cloud.identify(rented(tmp_path, "gcp"), ask=True, address=service.address)
    assert proxy.asked == []
    assert found is not None
    assert found.instance_type == "a3-highgpu-8g"


@pytest.mark.fault("metadata")
def test_redirects_are_not_followed(tmp_path: Path) -> None:
    """A redirect is no answer, and its target is never asked."""
    with services.serve(honest("gcp")) as target:
        elsewhere = f"http://127.0.0.1:{target.address[1]}{next(iter(services.GCP))}"
        lying = Metadata(services.GCP, status=302, location=elsewhere)
        with services.serve(lying) as service:
            found = cloud.identify(rented(tmp_path, "gcp"), ask=True, address=service.address)
    assert target.asked == []
    assert found == Cloud(provider="gcp", source="dmi")


@pytest.mark.parametrize(("delay_s", "drip_s"), [(5.0, 0.0), (0.0, 0.2)])
@pytest.mark.fault("metadata")
def test_slow_service(tmp_path: Path, delay_s: float, drip_s: float) -> None:
    """A service that hangs, or sends a byte now and then, costs half a second at most."""
    slow = Metadata(services.GCP, delay_s=delay_s, drip_s=drip_s)
    with services.serve(slow) as service:
        begin = time.monotonic()
        found = cloud.identify(rented(tmp_path, "gcp"), ask=True, address=service.address)
        assert time.monotonic() - begin < 1.5
        slow.delay_s = slow.drip_s = 0.0
    assert found == Cloud(provider="gcp", source="dmi")


def test_nobody_listens(tmp_path: Path) -> None:
    """A refused connection leaves what the firmware said."""
    with services.serve(honest("oci")) as service:
        closed = service.address
    found = cloud.identify(rented(tmp_path, "oci"), ask=True, address=closed)
    assert found == Cloud(provider="oci", source="dmi")


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "a3\x1b[31mred",
        "../../etc/passwd\nX: y",
        "=cmd|' /C calc'!A0",
        "x" * 100,
        "x" * 1_000_000,
        "a3-\N{RIGHT-TO-LEFT OVERRIDE}gpu",
        "",
        " ",
    ],
)
@pytest.mark.fault("name")
def test_hostile_text(tmp_path: Path, hostile: str) -> None:
    """What is not a plain short name is not believed; neither is its region or lifecycle."""
    with services.serve(Metadata(dict.fromkeys(services.GCP, hostile))) as service:
        found = cloud.identify(rented(tmp_path, "gcp"), ask=True, address=service.address)
    assert found == Cloud(provider="gcp", source="dmi")


@pytest.mark.parametrize("token", ["", "a b", "x" * 201, "a\r\nX-Evil: 1", "é"])
@pytest.mark.fault("metadata")
def test_hostile_token(tmp_path: Path, token: str) -> None:
    """A token that is none is not sent back, and nothing more is asked."""
    lying = honest("aws")
    lying.token = token
    with services.serve(lying) as service:
        found = cloud.identify(rented(tmp_path, "aws"), ask=True, address=service.address)
    assert found is not None
    assert found.source == "dmi"
    assert service.asked == [("PUT", "/latest/api/token")]


def test_unknown_lifecycle_is_none(tmp_path: Path) -> None:
    """`capacity-block` is neither on demand nor spot; type and region remain."""
    answers = services.AWS | {"/latest/meta-data/instance-life-cycle": "capacity-block"}
    with services.serve(Metadata(answers, header=HEADERS["aws"])) as service:
        found = cloud.identify(rented(tmp_path, "aws"), ask=True, address=service.address)
    assert found is not None
    assert (found.instance_type, found.lifecycle) == ("m7i.2xlarge", None)


@pytest.mark.fault("metadata")
def test_only_harmless_paths_exist() -> None:
    """No path in the module leads to credentials, user data, names or addresses."""
    told = [
        path
        for service in cloud._SERVICES.values()
        for path in (service.instance_type, service.region, service.lifecycle)
        if path
    ]
    words = ("type", "region", "life-cycle", "zone", "preemptible")
    azure = ("vmSize", "location", "priority")
    assert len(told) == 11
    assert all(any(word in path for word in (*words, *azure, "shape", "Region")) for path in told)
    assert cloud.ADDRESS == ("169.254.169.254", 80)


@pytest.mark.parametrize(
    ("firmware", "provider"),
    [
        (Dmi(vendor="Amazon EC2", product="c7g.xlarge"), "aws"),
        (Dmi(vendor="Xen", product="HVM domU", bios_version="4.11.amazon"), "aws"),
        (Dmi(vendor="Google", product="Google Compute Engine"), "gcp"),
        (Dmi(chassis_tag="7783-7084-3265-9085-8269-3286-77"), "azure"),
        (Dmi(vendor="Microsoft Corporation", product="Virtual Machine"), None),
        (Dmi(vendor="QEMU", chassis_tag="OracleCloud.com"), "oci"),
        (Dmi(vendor="Dell Inc.", product="PowerEdge"), None),
        (Dmi(), None),
    ],
)
def test_provider_of(firmware: Dmi, provider: str | None) -> None:
    """Each provider writes itself into the firmware; a Hyper-V at home is not Azure."""
    assert cloud.provider_of(firmware) == provider


def test_firmware_product_that_is_no_type(tmp_path: Path) -> None:
    """Older EC2 instances write `HVM domU` where newer ones write their type."""
    files = {f"{DMI}/product_name": "HVM domU", f"{DMI}/bios_version": "4.11.amazon"}
    found = cloud.identify(machines.host(tmp_path, files))
    assert found == Cloud(provider="aws", source="dmi")


@pytest.mark.parametrize(
    ("flag", "provider", "name"),
    [
        ("aws:p5.48xlarge", "aws", "p5.48xlarge"),
        ("lambda:gpu_1x_h100_sxm5", "lambda", "gpu_1x_h100_sxm5"),
        ("p5.48xlarge", "aws", "p5.48xlarge"),
        ("c7i.metal-48xl", "aws", "c7i.metal-48xl"),
        ("t3.micro", "aws", "t3.micro"),
        ("a3-highgpu-8g", "gcp", "a3-highgpu-8g"),
        ("n2d-standard-16", "gcp", "n2d-standard-16"),
        ("Standard_ND96isr_H100_v5", "azure", "Standard_ND96isr_H100_v5"),
        ("VM.Standard.E5.Flex", "oci", "VM.Standard.E5.Flex"),
    ],
)
def test_flag(tmp_path: Path, flag: str, provider: str, name: str) -> None:
    """A type is told with its provider, or recognised by how its provider writes types."""
    found = cloud.identify(machines.host(tmp_path), instance_type=flag)
    assert found == Cloud(provider=provider, instance_type=name, source="flag")


def test_flag_knows_the_catalogue(tmp_path: Path) -> None:
    """Every instance on sale can be told; a bare name finds its provider or asks for it."""
    host, who_writes = machines.host(tmp_path), {"aws", "azure", "gcp", "oci"}
    for table in sorted(folder("instance_catalog").glob("offers/*.csv")):
        for row in csv.DictReader(table.read_text(encoding="utf-8").splitlines()):
            provider, name = row["provider"], row["instance"]
            found = cloud.identify(host, instance_type=f"{provider}:{name}")
            assert found == Cloud(provider=provider, instance_type=name, source="flag")
            assert cloud._writer(name) == (provider if provider in who_writes else None), name


def test_flag_beats_the_machine(tmp_path: Path) -> None:
    """The user's word stands, and nothing is asked."""
    with services.serve(honest("aws")) as service:
        found = cloud.identify(
            rented(tmp_path, "aws"),
            instance_type="g5.xlarge",
            ask=True,
            address=service.address,
        )
    assert found == Cloud(provider="aws", instance_type="g5.xlarge", source="flag")
    assert service.asked == []


@pytest.mark.parametrize(
    "flag",
    ["", "aws:", ":x", "aws:a\nb", "Aws:x5", "aws:<b>", "mystery", "a:b:c", "aws:" + "x" * 81],
)
def test_flag_that_is_no_type(tmp_path: Path, flag: str) -> None:
    """What cannot be an instance type is refused with an example of one."""
    with pytest.raises(UsageError, match=r"--instance-type aws:g5\.xlarge"):
        cloud.identify(machines.host(tmp_path), instance_type=flag)
