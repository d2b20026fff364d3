"""The firmware's words about the machine: vendor and product, never serials or UUIDs."""

from dataclasses import dataclass

from benchbench.system.host import Host

_SYSFS = "/sys/class/dmi/id"


@dataclass(frozen=True)
class Dmi:
    """Empty text where the firmware or the container shows nothing."""

    vendor: str = ""
    product: str = ""
    chassis_tag: str = ""
    bios_version: str = ""


def read(host: Host) -> Dmi:
    """The four files that tell one provider from another."""
    names = ("sys_vendor", "product_name", "chassis_asset_tag", "bios_version")
    return Dmi(*(host.text(f"{_SYSFS}/{name}") or "" for name in names))
