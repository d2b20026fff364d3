"""Whether this machine's processors can decode as many images as the step consumes. Pure."""

from benchbench import units
from benchbench.derive.figures import InputCost
from benchbench.record import Caveat, Ceiling, Record
from benchbench.stats import Estimate


def decoders(record: Record) -> Ceiling | None:
    """The most images a second this machine decoded, for work that trains on images."""
    if record.work.unit != "image" or record.scenario != "train":
        return None
    found = [ceiling for ceiling in record.ceilings if ceiling.kind == "image_decode"]
    return max(found, key=lambda ceiling: ceiling.value, default=None)


def too_slow(
    decoded: Ceiling | None, throughput: Estimate | None, cost: InputCost | None
) -> Caveat | None:
    """What the decoders lack, seen before anybody trains on real photographs.

    The step's need is its throughput on data in memory: fed by decoders it would show their rate.
    """
    from_memory = None if cost is None else cost.from_memory_units_per_s
    need = from_memory or throughput
    if decoded is None or need is None or decoded.high >= need.value:
        return None
    fed, needed = units.rate(decoded.value, "image"), units.rate(need.value, "image")
    return Caveat(
        code="decoders_too_slow",
        severity="note",
        message=f"this machine's decoders feed {fed}, the step needs {needed}",
        remedy="an instance with more processors per accelerator, images resized once beforehand, "
        "or a decoder on the accelerator",
    )
