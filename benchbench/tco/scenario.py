"""The scenario a user writes in TOML: every field optional, a left-out one takes a cited default.

A number may be one figure (`0.6`: known) or three (`[0.3, 0.6, 0.9]`: low, likely, high).
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError

from benchbench import bundled, untrusted
from benchbench.errors import DataError
from benchbench.record import Model
from benchbench.tco import currency
from benchbench.tco.case import Funding
from benchbench.tco.contradictions import contradictions
from benchbench.tco.currency import ExchangeSection
from benchbench.tco.questions import QuestionsSection

Triple = Annotated[tuple[float, float, float], Field(strict=False)]
Number = float | Triple
Shape = Literal[
    "constant", "steady", "growth", "business_hours", "daily_cycle", "peak_day", "bursty", "csv"
]
_PERCENT = 100
_ANOTHER_UNIT = {
    "tb": "1 TB is 1000 GB",
    "gib": "1 GiB is 1.074 GB",
    "percent": "40 % is written 0.4",
    "pct": "40 % is written 0.4",
    "watts": "1000 W is 1 kW",
    "currency": "amounts are US dollars; see [exchange] for others",
}


def _figures(value: Number) -> tuple[float, ...]:
    return value if isinstance(value, tuple) else (value,)


def _within(least: float, most: float, hint: str) -> Callable[[Number], Number]:
    def check(value: Number) -> Number:
        figures = _figures(value)
        if list(figures) != sorted(figures):
            message = f"{list(figures)} is not in order; write [low, likely, high]"
            raise ValueError(message)
        for figure in figures:
            if not least <= figure <= most:
                message = f"{figure:g} is out of range ({least:g} to {most:g}); {hint}"
                raise ValueError(message)
        return value

    return check


def _not_per_cent(least: float, most: float) -> Callable[[Number], Number]:
    in_range = _within(least, most, "write a fraction")

    def check(value: Number) -> Number:
        top = _figures(value)[-1]
        if most < top <= _PERCENT:
            message = f"{top:g} looks like per cent; write a fraction, {top / _PERCENT:g}"
            raise ValueError(message)
        return in_range(value)

    return check


def _amount(most: float, hint: str, least: float = 0.0) -> AfterValidator:
    return AfterValidator(_within(least, most, hint))


def _paid(value: Number) -> Number:
    if _figures(value)[0] == 0:
        message = "0 is no price; leave it out where you do not know it"
        raise ValueError(message)
    return value


Fraction = Annotated[Number, AfterValidator(_not_per_cent(0.0, 1.0))]
Change = Annotated[Number, AfterValidator(_not_per_cent(-0.5, 0.9))]
Growth = Annotated[float, AfterValidator(_not_per_cent(-0.9, 10.0))]
Amount = Annotated[Number, _amount(1e15, "write an amount of 0 or more")]
Paid = AfterValidator(_paid)
HourlyPrice = Annotated[
    Number, _amount(2000, "write USD per hour of one instance, not a month's bill"), Paid
]
Count = Annotated[int, Field(ge=0)]
Months = Annotated[int, Field(ge=0, le=600)]
Level = Annotated[float, Field(ge=0, le=1e15)]
Positive = Annotated[float, Field(ge=1e-9, le=1e15)]


class DemandSection(Model):
    """What must be done: a level while busy, another otherwise, and the share of hours."""

    workload: str | None = None
    """A measured workload: amounts are then its units of work."""
    unit: Literal["server", "accelerator", "core", "vcpu"] = "server"
    """What an amount counts when no workload is named."""
    shape: Shape = "constant"
    amount: Level | None = None
    """Level while busy: servers, cores … or units of work per second."""
    base: Level = 0.0
    """Level in the other hours."""
    busy_fraction: Fraction | None = None
    growth_per_year: Growth | None = None
    hours_per_day: Annotated[float, Field(gt=0, le=24)] = 8.0
    days_per_week: Annotated[float, Field(gt=0, le=7)] = 5.0
    peak_days_per_year: Annotated[float, Field(ge=0, le=365)] = 1.0
    production_amount: Level | None = None
    """Of the bursty shape: the level in every hour once experiments have become production."""
    production_after_months: Months = 12
    csv: str | None = None
    units_per_month: Level | None = None
    """Work that may run at any hour of the month, in place of `amount`."""
    machine_hours_per_month: Level | None = None
    """The same in hours of one server, accelerator or core."""


class CloudSection(Model):
    """Where it is rented; prices left out come from the catalogue."""

    provider: str | None = None
    region: str | None = None
    instance: str | None = None
    """`p5.48xlarge`, or `aws/us-east-1/p5.48xlarge`."""
    compare: tuple[Annotated[str, Field(strict=True)], ...] = Field(default=(), strict=False)
    """Other clouds' instances to hold owning against, each `provider/instance`."""
    capacity: Positive | None = None
    """What one instance carries, in the demand's unit."""
    price_usd_per_hour: HourlyPrice | None = None
    committed_usd_per_hour: HourlyPrice | None = None
    commitment_months: Literal[12, 36] | None = None
    commitment_discount: Fraction | None = None
    shorter_committed_usd_per_hour: HourlyPrice | None = None
    """Of the 12 months taken where 36 no longer fit before the horizon."""
    shorter_commitment_discount: Fraction | None = None
    """The same as a share of the on-demand price."""
    spot_usd_per_hour: HourlyPrice | None = None
    spot_allowed: bool = False
    spot_hours_between_interruptions: Amount | None = None
    checkpoint_minutes: Level = 5.0
    restart_minutes: Level = 10.0
    bill_usd_per_month: Annotated[Amount, Paid] | None = None
    """A known bill for the whole demand, in place of a price."""
    price_decline_per_year: Change | None = None
    egress_gb_per_month: Annotated[Number, _amount(1e8, "write gigabytes: 15 TB is 15000")] = 0.0
    egress_usd_per_gb: Annotated[Number, _amount(2, "write USD per GB, as 0.09")] | None = None
    storage_usd_per_month: Amount = 0.0
    data_gb: Annotated[Number, _amount(1e9, "write gigabytes: 15 TB is 15000")] = 0.0
    """Stored in the cloud; it leaves once, at the egress price, where the work leaves."""
    sync_gb_per_month: Annotated[Number, _amount(1e8, "write gigabytes: 15 TB is 15000")] = 0.0
    """What goes to and fro each month while part of the work is owned and part is rented."""
    support_fraction: Fraction = 0.0
    staff_fte: Amount = 0.0
    """People renting needs and owning does not."""


class OwnedSection(Model):
    """What is bought and what it takes to run it."""

    quote: str | None = None
    """A server in quotes.toml."""
    servers: Annotated[int, Field(gt=0)] | Literal["auto"] = "auto"
    capacity: Positive | None = None
    """What one server carries, in the demand's unit."""
    accelerator: str | None = None
    accelerators: Count | None = None
    """Of one server; 0: a CPU server."""
    cores: Positive | None = None
    capex_usd: (
        Annotated[Number, _amount(2e7, "write the dollars of one server, as 300000", 500)] | None
    ) = None
    installation_fraction: Fraction | None = None
    network_fraction: Fraction | None = None
    """Of the cluster's total cost."""
    spares_fraction: Fraction | None = None
    life_years: Annotated[Number, _amount(15, "write years, not months", 0.5)] | None = None
    residual_fraction_3y: Fraction | None = None
    maintenance_fraction_per_year: Fraction | None = None
    software_usd_per_accelerator_year: Amount | None = None
    power_kw: Annotated[Number, _amount(200, "write kilowatts of one server, as 10.2")] | None = (
        None
    )
    load_factor: Fraction | None = None
    idle_fraction: Fraction | None = None
    """Power of an idle server as a share of its maximum."""
    pue: Annotated[Number, _amount(3, "write the facility's ratio, as 1.4", 1)] | None = None
    electricity_usd_per_kwh: (
        Annotated[Number, _amount(2, "write dollars, 8 cents is 0.08")] | None
    ) = None
    site: Literal["colocation", "own"] = "colocation"
    """`own`: a room that is there already, unless `room_usd_per_kw` says what it costs."""
    room_usd_per_kw: Annotated[Number, _amount(1e5, "write USD per kW of the room")] | None = None
    room_life_years: Annotated[Number, _amount(50, "write years", 1)] | None = None
    room_upkeep_fraction_per_year: Fraction | None = None
    colocation_includes_power: bool | None = None
    colocation_usd_per_kw_month: (
        Annotated[Number, _amount(2000, "write USD per kW and month, as 195")] | None
    ) = None
    colocation_small_factor: Annotated[Number, _amount(5, "write a ratio, as 1.75", 1)] | None = (
        None
    )
    """What under 100 kW is paid per kW, in a colocation or a room, against the wholesale price."""
    staff_wage_usd: (
        Annotated[Number, _amount(2e6, "write dollars a year, as 96800", 1000)] | None
    ) = None
    staff_burden: Annotated[Number, _amount(4, "write a ratio, as 1.4", 1)] | None = None
    servers_per_admin: Annotated[Number, _amount(1e5, "write servers per person", 0.1)] | None = (
        None
    )
    minimum_fte: Amount | None = None
    staff_usd_per_year: Amount | None = None
    """Known, in place of all the above; 0: the people are there anyway."""
    availability: Annotated[Number, AfterValidator(_not_per_cent(0.01, 1.0))] | None = None
    lead_months: Months = 2
    migration_usd: Amount = 0.0
    dual_running_months: Months = 0
    bandwidth_usd_per_month: Amount = 0.0
    remaining_cloud_usd_per_month: Amount = 0.0
    """What stays on the cloud bill after the move."""


class FinanceSection(Model):
    """What money costs, and for how long we look."""

    cost_of_capital: Annotated[Number, AfterValidator(_not_per_cent(0.0, 1.0))] | None = None
    horizon_months: Annotated[int, Field(ge=1, le=600)] = 48
    funding: Funding = "cash"
    borrowing_rate: Annotated[Number, AfterValidator(_not_per_cent(0.0, 1.0))] | None = None
    """Effective, a year: of a loan, and what a lessor wants."""
    loan_fraction: Fraction | None = None
    """Of the purchase; the rest is paid in cash."""
    loan_months: Annotated[int, Field(ge=1, le=240)] = 36
    lease_usd_per_server_month: Amount | None = None
    """Stated by the lessor; left out, it follows from the borrowing rate."""
    tax_rate: Fraction | None = None
    """Left out: before tax. With it every expense and write-off saves its share of tax."""
    tax_life_years: Annotated[Number, _amount(40, "write years", 1)] | None = None


class VendorSection(Model):
    """A service that does the work instead; considered once it has a price."""

    name: str = "managed service"
    usd_per_unit: Amount | None = None
    """Per unit of work; without a workload, per hour of what the demand counts."""
    usd_per_month: Amount | None = None
    """Paid whatever is used."""
    price_change_per_year: Change = 0.0
    """+0.05: it grows dearer by 5 % a year."""
    staff_fte: Amount | None = None
    """Engineers the service needs."""
    self_hosted_fte: Amount | None = None
    """Engineers it takes to run the same oneself, in all."""
    engineer_usd_per_year: (
        Annotated[Number, _amount(2e6, "write dollars a year, as 133080", 1000)] | None
    ) = None
    integration_usd: Amount = 0.0
    lead_months: Months = 0
    """Until it works; the work is rented on demand meanwhile."""

    @property
    def considered(self) -> bool:
        """It has a price."""
        return self.usd_per_unit is not None or self.usd_per_month is not None


class Scenario(Model):
    """One question: this work, rented there or owned so."""

    title: str = "Rent or own"
    demand: DemandSection = DemandSection()
    cloud: CloudSection = CloudSection()
    owned: OwnedSection = OwnedSection()
    finance: FinanceSection = FinanceSection()
    vendor: VendorSection = VendorSection()
    questions: QuestionsSection = QuestionsSection()
    exchange: ExchangeSection = ExchangeSection()

    def said(self, key: str) -> bool:
        """The user wrote it; False: its default stands."""
        section, field = key.split(".")
        return field in getattr(self, section).model_fields_set

    def given(self, key: str) -> Number | None:
        """What the user wrote for `owned.power_kw`; None: take the default."""
        section, field = key.split(".")
        value = getattr(getattr(self, section), field)
        if value is None or isinstance(value, tuple):
            return value
        return float(value)


def load(path: Path | None = None) -> Scenario:
    """The scenario in `path`, or the bundled default one. Raises DataError, one sentence."""
    path = path or bundled.folder("instance_catalog") / "scenarios" / "default.toml"
    try:
        scenario = parse(untrusted.settings(path))
    except OSError as error:
        message = f"cannot read scenario {path}: {error.strerror}; name an existing TOML file"
        raise DataError(message) from error
    except DataError as error:
        raise DataError(f"scenario {path}: {error}") from error
    except ValueError as error:
        raise DataError(f"scenario {path} is not valid TOML: {error}; mend that line") from error
    return _beside(path, scenario)


def _beside(path: Path, scenario: Scenario) -> Scenario:
    if scenario.demand.csv is None:
        return scenario
    demand = scenario.demand.model_copy(update={"csv": str(path.parent / scenario.demand.csv)})
    return scenario.model_copy(update={"demand": demand})


def parse(document: Mapping[str, Any]) -> Scenario:
    """A checked scenario. Raises DataError naming the key and what to write instead."""
    dollars = currency.in_usd(document)
    for mistake in _unknown(dollars):
        raise DataError(mistake)
    try:
        scenario = Scenario.model_validate(dollars)
    except ValidationError as error:
        raise DataError(_sentence(error)) from error
    for mistake in contradictions(scenario):
        raise DataError(mistake)
    return scenario


def _unknown(document: Mapping[str, Any]) -> Iterator[str]:
    fields = Scenario.model_fields
    for name, value in document.items():
        if name not in fields:
            yield f"unknown key {name!r}; {_closest(name, fields)}"
        elif isinstance(value, Mapping):
            section = type(getattr(Scenario(), name)).model_fields
            for key in value:
                if key not in section:
                    yield f"unknown key '{name}.{key}'; {_closest(key, section)}"
        elif name != "title":
            yield f"[{name}] must be a section; write [{name}] and its keys on the lines below"


def _closest(name: str, known: Mapping[str, Any]) -> str:
    parts = name.lower().split("_")
    units = [note for unit, note in _ANOTHER_UNIT.items() if unit in parts]
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    advice = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
    return f"{advice} ({units[0]})" if units else advice


def _sentence(error: ValidationError) -> str:
    """The most telling complaint about the first field that has one."""
    complaints = error.errors()
    first = complaints[0]["loc"][:2]
    same = [complaint for complaint in complaints if complaint["loc"][:2] == first]
    told = next((item for item in same if item["type"] == "value_error"), same[0])
    key = ".".join(map(str, first))
    if told["type"] == "value_error":
        return f"{key}: {told['msg'].removeprefix('Value error, ')}"
    if isinstance(told["input"], str) and any(one.isdigit() for one in told["input"]):
        return (
            f"{key}: {told['input']!r} is text; write a bare number in the unit of the key, "
            "as 300000 (for other currencies than US dollars see [exchange])"
        )
    return f"{key}: {told['input']!r} will not do; {told['msg'].lower()}"
