"""What can be measured, why not, and the next step."""

from typing import Any

import pytest

from benchbench.record import Cloud, Virtualisation
from benchbench.system import doctor
from benchbench.system.doctor import Capability, DoctorReport
from benchbench.system.facts import Facts
from tests.system import fakes_system as make

WITH_GPU = {"accelerators": (make.H100,)}


def capability(name: str, parts: dict[str, Any], known: dict[str, Any]) -> Capability:
    """One capability of a machine."""
    report = doctor.examine(make.system(**parts), make.facts(**known))
    (found,) = (each for each in report.capabilities if each.name == name)
    return found


@pytest.mark.parametrize(
    ("name", "parts", "known", "because"),
    [
        ("cpu", {}, {}, "torch 2.9.0 on Good CPU"),
        ("cpu_bf16", {"cpu": {"instruction_sets": ("avx512_bf16",)}}, {}, "avx512_bf16"),
        ("cpu_bf16", {"cpu": {"instruction_sets": ("neon", "bf16")}}, {}, "bf16"),
        ("cpu_fp16", {"cpu": {"instruction_sets": ("avx512_fp16",)}}, {}, "avx512_fp16"),
        ("cpu_int8", {"cpu": {"instruction_sets": ("avx512_vnni", "amx_int8")}}, {}, "amx_int8"),
        (
            "cuda",
            WITH_GPU,
            {"nvidia_driver": True, "torch_cuda": "13.0"},
            "CUDA 13.0 on cuda:0 NVIDIA H100 80GB HBM3",
        ),
        ("gpu_power", WITH_GPU, {"gpu_power": True}, "power draw"),
        ("cpu_energy", {}, {"rapl": "readable"}, "RAPL"),
        ("loadgen", {}, {}, "mlcommons-loadgen 6.0"),
        ("storage", {}, {}, "100 GiB are free"),
        (
            "cloud_identity",
            {"cloud": Cloud(provider="aws", instance_type="g5.xlarge", source="flag")},
            {},
            "aws g5.xlarge, told by flag",
        ),
    ],
)
def test_can(name: str, parts: dict[str, Any], known: dict[str, Any], because: str) -> None:
    """What can be measured says with what."""
    found = capability(name, parts, known)
    assert found.available
    assert because in found.because
    assert found.remedy is None


BARE: dict[str, Any] = {"software": {"packages": {}}}
ON_BUS = {"nvidia_boards": 1}
DRIVEN = {"nvidia_driver": True, "nvidia_boards": 1}


@pytest.mark.parametrize(
    ("name", "parts", "known", "because", "remedy"),
    [
        ("cpu", BARE, {}, "torch is not installed", "benchbench[bench]"),
        ("cpu_bf16", {}, {}, "does not accelerate bf16", "fp32"),
        ("cuda", {}, ON_BUS, "driver does not answer", "--gpus all"),
        ("cuda", {}, DRIVEN, "no device visible", "unset CUDA_VISIBLE_DEVICES"),
        ("cuda", WITH_GPU | BARE, DRIVEN, "torch is not installed", "benchbench[bench]"),
        ("cuda", WITH_GPU, DRIVEN, "without CUDA", "a CUDA build"),
        (
            "cuda",
            WITH_GPU | {"software": {"packages": {"torch": "2"}, "cuda": "12.8"}},
            DRIVEN | {"torch_cuda": "13.0"},
            "none newer than 12.8",
            "built for CUDA 12",
        ),
        ("gpu_power", WITH_GPU, DRIVEN, "does not tell", "passed-through"),
        ("cpu_energy", {}, {"rapl": "forbidden"}, "root alone", "chmod"),
        (
            "cpu_energy",
            {"virtualisation": Virtualisation(hypervisor="kvm")},
            {},
            "a virtual machine is not shown",
            "bare-metal",
        ),
        ("cpu_energy", {}, {}, "no energy counters", "modprobe"),
        ("loadgen", BARE, {}, "not installed", "benchbench[bench]"),
        ("storage", {}, {"scratch_filesystem": "tmpfs"}, "in memory", "TMPDIR"),
        ("storage", {}, {"scratch_free_bytes": 2**30}, "1.00 GiB are free", "TMPDIR"),
        ("storage", {}, {"scratch_free_bytes": None}, "—", "TMPDIR"),
        ("cloud_identity", {}, {}, "names no cloud", "--instance-type"),
        (
            "cloud_identity",
            {"cloud": Cloud(provider="gcp", source="dmi")},
            {"provider": "gcp"},
            "names gcp",
            "--cloud-metadata, or --instance-type gcp:",
        ),
    ],
)
def test_cannot(
    name: str, parts: dict[str, Any], known: dict[str, Any], because: str, remedy: str
) -> None:
    """What cannot be measured says why, and what to do."""
    found = capability(name, parts, known)
    assert not found.available
    assert because in found.because
    assert remedy in (found.remedy or "")


def test_no_gpu_needs_no_remedy() -> None:
    """A machine without a GPU is no fault."""
    assert capability("cuda", {}, {}) == Capability(
        name="cuda", available=False, because="there is no NVIDIA GPU on this machine"
    )


def test_minor_versions_are_compatible() -> None:
    """A torch for CUDA 13.2 runs on a driver for 13.0."""
    parts = WITH_GPU | {"software": {"packages": {"torch": "2"}, "cuda": "13.0"}}
    assert capability("cuda", parts, DRIVEN | {"torch_cuda": "13.2"}).available


def test_report_survives_its_text() -> None:
    """The document has a schema number, unique capabilities, and reads back the same."""
    report = doctor.examine(make.system(cpu={"quota_threads": 1.0}), Facts())
    text = report.model_dump_json(by_alias=True)
    assert '"schema":1' in text
    assert DoctorReport.model_validate_json(text) == report
    names = [each.name for each in report.capabilities]
    assert len(set(names)) == len(names)
    assert report.caveats
