"""Sensible records, systems and offers for tests; every field can be overridden by name."""

from datetime import date
from typing import Any

from benchbench.catalog.offer import Offer
from benchbench.catalog.silicon import Chip, CpuFamily, Rate, Silicon
from benchbench.record import (
    Accelerator,
    Caveat,
    Ceiling,
    Cloud,
    Cpu,
    Failure,
    Measurement,
    Memory,
    Provenance,
    Record,
    Software,
    System,
    Tried,
    Tuning,
    Work,
    validity_of,
)

GIB = 2**30
MILAN = "AMD EPYC 7B13"
MILAN_FAMILY = "EPYC-Milan"
A100 = "NVIDIA A100-SXM4-80GB"
TODAY = date(2026, 1, 1)


def cpu(**changes: Any) -> Cpu:
    """Two physical cores of a Zen 3 server, four threads."""
    fields: dict[str, Any] = {
        "model": MILAN,
        "vendor": "AuthenticAMD",
        "architecture": "x86_64",
        "family": 25,
        "model_number": 1,
        "cores": 2,
        "threads": 4,
        "threads_per_core": 2,
        "usable_cores": 2,
        "usable_threads": 4,
        "instruction_sets": ("avx2", "fma"),
    }
    return Cpu(**{**fields, **changes})


def accelerator(**changes: Any) -> Accelerator:
    """One A100 of 80 GiB."""
    fields: dict[str, Any] = {
        "device": "cuda:0",
        "name": A100,
        "vendor": "nvidia",
        "memory_bytes": 80 * GIB,
        "pci_id": "10de:20b2",
    }
    return Accelerator(**{**fields, **changes})


def system(**changes: Any) -> System:
    """A small CPU machine nobody rents; pass `accelerators=` or `cloud=` for another."""
    fields: dict[str, Any] = {
        "cpu": cpu(),
        "memory": Memory(total_bytes=16 * GIB),
        "software": Software(os="Debian 12", kernel="6.1", python="3.12"),
    }
    return System(**{**fields, **changes})


def gpu_system(count: int = 1, **changes: Any) -> System:
    """`count` A100 in one machine."""
    devices = tuple(accelerator(device=f"cuda:{index}") for index in range(count))
    return system(accelerators=devices, **changes)


def rented(provider: str, instance_type: str, region: str | None = None) -> Cloud:
    """Where a machine is rented, as its metadata service says."""
    return Cloud(provider=provider, instance_type=instance_type, region=region, source="metadata")


def ceiling(value: float, **changes: Any) -> Ceiling:
    """An fp32 matmul ceiling of the CPU, ±1 %, in FLOP/s."""
    fields: dict[str, Any] = {
        "kind": "matmul",
        "dtype": "fp32",
        "device": "cpu",
        "unit": "FLOP/s",
        "path": "fake",
        "low": 0.99 * value,
        "high": 1.01 * value,
    }
    return Ceiling(value=value, **{**fields, **changes})


def bandwidth_ceiling(value: float, **changes: Any) -> Ceiling:
    """A memory triad ceiling of the CPU, ±1 %, in bytes/s."""
    fields: dict[str, Any] = {"kind": "memory_triad", "dtype": None, "unit": "byte/s"}
    return ceiling(value, **{**fields, **changes})


def measurement(throughput: float = 10.0, **changes: Any) -> Measurement:
    """Twenty equal steps of eight units at `throughput` units per second."""
    units = changes.pop("units_per_step", 8.0)
    steps = changes.pop("steps", 20)
    step_s = units / throughput
    fields: dict[str, Any] = {
        "units_per_step": units,
        "step_s": (step_s,) * steps,
        "elapsed_s": step_s * steps,
        "units_completed": units * steps,
        "load_s": 1.0,
        "first_step_s": 2 * step_s,
        "steady": True,
        "stop_reason": "time_limit",
        "peak_memory_bytes": 2 * GIB,
    }
    return Measurement(**{**fields, **changes})


def caveat(severity: Any = "warning", code: str = "disturbed") -> Caveat:
    """A doubt of the given severity."""
    return Caveat(code=code, severity=severity, message="a fake doubt", remedy="none")


def record(throughput: float = 10.0, **changes: Any) -> Record:
    """A valid record of `resnet50-train` on the CPU: fp32, batch 8, eager.

    Pass `failure=Failure(...)` for a record without measurement, `caveats=` for another validity.
    """
    failure = changes.get("failure")
    caveats = changes.get("caveats", ())
    fields: dict[str, Any] = {
        "workload": "resnet50-train",
        "scenario": "train",
        "precision": "fp32",
        "batch_size": 8,
        "backend": "torch-eager",
        "devices": ("cpu",),
        "effort": "standard",
        "system": system(),
        "work": Work(
            unit="image",
            flops_per_unit=24.299077632e9,
            bytes_per_unit=0.3e9,
            convention="mm2-dense-v1",
        ),
        "measurement": None if failure is not None else measurement(throughput),
        "validity": validity_of(caveats, failed=failure is not None),
        "provenance": Provenance(
            time_utc="2026-01-01T00:00:00Z", tool_version="0.1.0", seed=0, session="fake"
        ),
    }
    return Record(**{**fields, **changes})


def searched(**changes: Any) -> tuple[Record, ...]:
    """What a search leaves: a trial, its winner at 2.5 images/s, and the default at 1 beside it."""
    raised = {"MALLOC_MMAP_THRESHOLD_": "1"}
    default = Tried(backend="torch-eager", precision="fp32", batch_size=8, units_per_s=1.1)
    fast = {"backend": "torch-compile", "batch_size": 16, "environment": raised}
    tried = (
        default,
        default.model_copy(update={**fast, "units_per_s": 2.64}),
        default.model_copy(
            update={"backend": "openvino", "units_per_s": None, "because": "absent"}
        ),
    )
    best = {"backend": "torch-compile", "batch_size": 16, **changes}
    return (
        record(9.9, effort="quick", tuning=Tuning(role="trial"), **changes),
        record(2.5, tuning=Tuning(role="best", tried=tried, complete=False), **best),
        record(1.0, tuning=Tuning(role="default"), **changes),
    )


def gpu_record(throughput: float = 1000.0, count: int = 1, **changes: Any) -> Record:
    """A valid record on `count` A100, bf16, batch 256."""
    used = changes.pop("used", 1)
    fields: dict[str, Any] = {
        "precision": "bf16",
        "batch_size": 256,
        "devices": tuple(f"cuda:{index}" for index in range(used)),
        "system": gpu_system(count),
        "measurement": None
        if "failure" in changes
        else measurement(throughput, units_per_step=256.0, peak_device_memory_bytes=20 * GIB),
    }
    return record(throughput, **{**fields, **changes})


def out_of_memory(**changes: Any) -> Failure:
    """The failure a batch too large leaves behind."""
    fields: dict[str, Any] = {
        "kind": "out_of_memory",
        "message": "allocation of 2 GiB failed",
        "remedy": "lower --batch-size",
    }
    return Failure(**{**fields, **changes})


def offer(**changes: Any) -> Offer:
    """A two-core Zen 3 instance at $0.10 an hour, priced on the day the tests take as today."""
    fields: dict[str, Any] = {
        "provider": "aws",
        "region": "us-east-1",
        "instance": "c6a.xlarge",
        "arch": "x86_64",
        "vcpu": 4.0,
        "cores": 2.0,
        "cpu_model": MILAN_FAMILY,
        "memory_bytes": 8 * GIB,
        "price_kind": "on_demand",
        "price_usd_per_hour": 0.10,
        "source": "fake",
        "as_of": TODAY,
        "confidence": "high",
    }
    return Offer(**{**fields, **changes})


def gpu_offer(count: float = 1, **changes: Any) -> Offer:
    """`count` A100 of 80 GiB at $4 an hour each."""
    fields: dict[str, Any] = {
        "instance": f"a100x{count:g}",
        "vcpu": 12.0 * count,
        "cores": 6.0 * count,
        "memory_bytes": int(128 * GIB * count),
        "accelerator": "A100-SXM4-80GB",
        "variant": "SXM4",
        "accelerator_count": count,
        "accelerator_memory_bytes": 80 * GIB,
        "price_usd_per_hour": 4.0 * count,
    }
    return offer(**{**fields, **changes})


def chip(name: str, peak: float, bandwidth: float, **changes: Any) -> Chip:
    """An accelerator with `peak` FLOP/s in bf16 and fp16, half of it in tf32, and 80 GiB."""
    fields: dict[str, Any] = {
        "vendor": "NVIDIA",
        "architecture": "Ampere",
        "scope": "card",
        "release_year": 2020,
        "peaks": {"bf16": peak, "fp16": peak, "tf32": peak / 2, "fp32": peak / 16},
        "memory_bytes": 80 * GIB,
        "bandwidth_bytes_per_s": bandwidth,
        "source": "fake",
        "as_of": TODAY,
        "confidence": "high",
    }
    return Chip(name=name, **{**fields, **changes})


def cpu_family(name: str, flop_per_cycle: float, **changes: Any) -> CpuFamily:
    """A CPU family of 64 cores at 2 GHz with 128 GB/s."""
    fields: dict[str, Any] = {
        "vendor": "AMD",
        "arch": "x86_64",
        "release_year": 2021,
        "cores": 64,
        "threads_per_core": 2,
        "rates": {"fp32": (Rate(per_cycle=flop_per_cycle),)},
        "clock_hz": 2e9,
        "bandwidth_bytes_per_s": 128e9,
        "source": "fake",
        "as_of": TODAY,
        "confidence": "high",
    }
    return CpuFamily(name=name, **{**fields, **changes})


def silicon() -> Silicon:
    """Round figures: H100 has 3 times the A100's peak and 2 times its bandwidth; A30 half of both.

    T4 knows no bf16, and the TPU runs no PyTorch written for the others. A Genoa core does twice
    the FLOP of a Milan core.
    """
    chips = (
        chip("A100-SXM4-80GB", 300e12, 2e12, aliases=(A100,)),
        chip("A30", 150e12, 1e12, memory_bytes=24 * GIB),
        chip("H100-SXM5-80GB", 900e12, 4e12, architecture="Hopper"),
        chip("T4", 60e12, 0.4e12, architecture="Turing", peaks={"fp16": 60e12, "fp32": 8e12}),
        chip("TPU-v5e", 200e12, 0.8e12, architecture="TPU-v5", vendor="Google"),
    )
    milan = cpu_family(MILAN_FAMILY, 32, cpuid_family=25, cpuid_models=(1,))
    genoa = cpu_family("EPYC-Genoa", 64, cpuid_family=25, cpuid_models=(17,))
    return Silicon(
        chips={one.name: one for one in chips}, cpus={one.name: one for one in (milan, genoa)}
    )
