"""What it costs a month to let data out of a cloud, or to keep it there: tiered and cumulative.

Providers bill a GB of 2**30 bytes (or of 10**9: each schedule says), so what "15TB" means depends
on who is asked; `size` says which it took. Pure functions; the facts are in `egress.toml`.
"""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal, Self, get_args

from pydantic import Field, ValidationError, model_validator

from benchbench.catalog import tables
from benchbench.catalog.offer import Confidence
from benchbench.errors import DataError, UsageError
from benchbench.record import Model, NonNegative, Positive

Service = Literal["internet", "object_storage", "block_storage", "file_storage"]
"""Traffic to the internet, or one kind of stored data."""
GIB = 2**30
_PREFIXES = "KMGTP"
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)\s*([KMGTP]?)(i?)B?", re.IGNORECASE)


class Tier(Model):
    """One step of the price."""

    width_gb: Positive | None = None
    """How many GB it holds after the steps before it; None: all the rest."""
    usd_per_gb: NonNegative


class Schedule(Model):
    """What one provider charges a month for one service in some regions."""

    provider: str
    service: Service
    regions: tuple[str, ...] = ("",)
    """Prefixes of the regions it holds in."""
    gb_bytes: Literal[1073741824, 1000000000]
    """What this provider bills as one GB."""
    free_gb: NonNegative = 0
    """What costs nothing before the first tier begins."""
    allowance_gb: NonNegative = 0
    """What is free once per account, for all its services and regions together."""
    tiers: tuple[Tier, ...]
    source: str
    source_url: str
    as_of: date
    confidence: Confidence
    note: str | None = None

    @model_validator(mode="after")
    def _ends_open(self) -> Self:
        widths = [tier.width_gb for tier in self.tiers]
        if not widths or widths[-1] is not None or None in widths[:-1]:
            message = "the last tier, and only the last, must have no width_gb"
            raise ValueError(message)
        return self

    @property
    def steps(self) -> tuple[Tier, ...]:
        """The free amount, where there is one, and the tiers after it."""
        free = (Tier(width_gb=self.free_gb, usd_per_gb=0),) if self.free_gb else ()
        return (*free, *self.tiers)


class Line(Model):
    """What falls into one tier."""

    from_bytes: float
    to_bytes: float
    usd_per_gb: float
    usd: float


class Size(Model):
    """An amount of data, and how its text was understood."""

    size_bytes: NonNegative
    taken_as: str


class Bill(Model):
    """The document `catalog egress` and `catalog storage` print: one month of one amount."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    provider: str
    service: Service
    region: str | None
    regions: tuple[str, ...]
    """Prefixes of the regions this price holds in; empty text: all."""
    size: Size
    lines: tuple[Line, ...]
    usd_per_month: float
    """The account's allowance not counted: other traffic may have used it up."""
    usd_per_month_with_allowance: float | None = None
    """Where all of it is still there; None where there is none."""
    source: str
    source_url: str
    as_of: date
    confidence: Confidence
    note: str | None


def monthly_cost_usd(schedule: Schedule, size_bytes: float) -> float:
    """USD for `size_bytes` in one month; raises ValueError for a negative or unknown amount."""
    return sum(line.usd for line in lines(schedule, size_bytes))


def lines(schedule: Schedule, size_bytes: float) -> tuple[Line, ...]:
    """What falls into each tier, the free one first; tiers that are not reached are left out."""
    if not size_bytes >= 0:
        message = "an amount of data is not negative"
        raise ValueError(message)
    return tuple(_lines(schedule, size_bytes))


def _lines(schedule: Schedule, size_bytes: float) -> Iterator[Line]:
    start = 0.0
    for tier in schedule.steps:
        width = None if tier.width_gb is None else tier.width_gb * schedule.gb_bytes
        end = size_bytes if width is None else min(size_bytes, start + width)
        if end > start:
            usd = (end - start) / schedule.gb_bytes * tier.usd_per_gb
            yield Line(from_bytes=start, to_bytes=end, usd_per_gb=tier.usd_per_gb, usd=usd)
        start = end


def bill(schedule: Schedule, size: Size, region: str | None = None) -> Bill:
    """One month of `size`, with the line of each tier."""
    allowed = schedule.model_copy(update={"free_gb": schedule.free_gb + schedule.allowance_gb})
    return Bill(
        region=region,
        size=size,
        lines=lines(schedule, size.size_bytes),
        usd_per_month=monthly_cost_usd(schedule, size.size_bytes),
        usd_per_month_with_allowance=monthly_cost_usd(allowed, size.size_bytes)
        if schedule.allowance_gb
        else None,
        **schedule.model_dump(
            include={
                "provider",
                "service",
                "regions",
                "source",
                "source_url",
                "as_of",
                "confidence",
                "note",
            }
        ),
    )


def size(text: str, schedule: Schedule) -> Size:
    """`15TB`, `15 TiB`, `500GB`, `0.5tb`, a plain number of bytes; raises UsageError.

    A TiB is 2**40 bytes for everybody; a TB is what the provider bills as one.
    """
    size_bytes, taken = amount(text, gb_bytes=schedule.gb_bytes)
    bills = "" if "iB" in taken or taken == "bytes" else f", as {schedule.provider} bills"
    return Size(size_bytes=size_bytes, taken_as=taken + bills)


def amount(text: str, *, gb_bytes: int) -> tuple[float, str]:
    """Bytes, and what was taken for one of the unit: `1 TB = 2^40 bytes`; raises UsageError."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no amount of data; write it as 500GB, 15TB or 15TiB")
    number, prefix, binary = match.groups()
    if not prefix:
        return float(number), "bytes"
    power = _PREFIXES.index(prefix.upper()) + 1
    by_two = bool(binary) or gb_bytes == GIB
    exponent = f"2^{10 * power}" if by_two else f"10^{3 * power}"
    unit = f"{prefix.upper()}{'i' if binary else ''}B"
    return float(number) * (1024 if by_two else 1000) ** power, f"1 {unit} = {exponent} bytes"


def find(provider: str, service: Service, region: str | None = None) -> Schedule:
    """The bundled schedule that holds there; raises UsageError naming what there is.

    Without a region, the first one listed of that provider: its home market.
    """
    return pick(load(), provider, service, region)


def pick(
    known: tuple[Schedule, ...], provider: str, service: Service, region: str | None = None
) -> Schedule:
    """As `find`, among the given schedules."""
    of_service = [one for one in known if one.service == service]
    of_provider = [one for one in of_service if one.provider == provider.casefold()]
    for schedule in of_provider:
        if region is None or region.startswith(schedule.regions):
            return schedule
    if of_provider:
        prefixes = ", ".join(prefix for one in of_provider for prefix in one.regions)
        raise UsageError(
            f"no {_words(service)} price of {provider} for {region!r}; known: {prefixes}"
        )
    names = ", ".join(dict.fromkeys(one.provider for one in of_service))
    raise UsageError(f"no {_words(service)} price of {provider!r}; known: {names}")


def service_named(text: str) -> Service:
    """`object`, `object_storage`; raises UsageError."""
    for service in get_args(Service):
        if text.casefold().replace("-", "_") in {service, service.removesuffix("_storage")}:
            named: Service = service
            return named
    raise UsageError(f"{text!r} is no service; choose among {', '.join(get_args(Service))}")


def _words(service: Service) -> str:
    return "egress" if service == "internet" else service.replace("_", " ")


def load(path: Path | None = None) -> tuple[Schedule, ...]:
    """All schedules in the file's order; raises DataError naming the entry."""
    schedules: list[Schedule] = []
    for number, fields in enumerate(
        tables.entries(tables.read("egress.toml", path), "schedule"), 1
    ):
        try:
            schedules.append(Schedule.model_validate(tables.tuples(fields)))
        except ValidationError as error:
            raise DataError(tables.fault(f"schedule {number}", error)) from error
    return tuple(schedules)
