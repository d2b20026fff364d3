"""An offer: one instance, in one region, at one kind of price, with its source and date."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from benchbench.record import Model

PriceKind = Literal[
    "on_demand",
    "spot",
    "reserved_1y",
    "reserved_3y",
    "savings_1y",
    "savings_3y",
    "cud_1y",
    "cud_3y",
    "capacity_block",
    "flex_start",
    "monthly",
]
Confidence = Literal["high", "medium", "low"]
STALE_AFTER_DAYS = 180


class Offer(Model):
    """One row of the catalogue. Sizes are bytes, prices USD per hour; None is unknown."""

    provider: str
    region: str
    zone: str | None = None
    instance: str
    os: str = "linux"
    arch: str | None = None
    vcpu: float | None = None
    cores: float | None = None
    cpu_model: str | None = None
    """Canonical family name in `cpus.toml`."""
    memory_bytes: int | None = None
    accelerator: str | None = None
    """Canonical name in `accelerators.toml`; None on a CPU instance."""
    variant: str | None = None
    accelerator_count: float = 0
    """Fractions exist: a slice of a card."""
    accelerator_memory_bytes: int | None = None
    """Of one accelerator."""
    local_storage_bytes: int | None = None
    network_bits_per_s: float | None = None
    price_kind: PriceKind
    price_usd_per_hour: Annotated[float, Field(gt=0)] | None = None
    upfront_usd: float | None = None
    interruption_low_fraction_per_month: float | None = None
    interruption_high_fraction_per_month: float | None = None
    quota_default: float | None = None
    source: str
    source_url: str | None = None
    as_of: date
    confidence: Confidence

    @property
    def key(self) -> str:
        """`provider/region[/zone]/instance/price_kind`: unique in a catalogue of one system."""
        place = self.region if self.zone is None else f"{self.region}/{self.zone}"
        return f"{self.provider}/{place}/{self.instance}/{self.price_kind}"

    def age_days(self, today: date) -> int:
        """Days since the price was read; beyond `STALE_AFTER_DAYS` it is flagged."""
        return (today - self.as_of).days


class OfferList(Model):
    """The document `catalog show` prints; `total` counts what matched, shown or not."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    offers: tuple[Offer, ...]
    total: int
