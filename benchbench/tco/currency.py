"""Amounts in another currency, turned into US dollars at the door, at one dated rate."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from benchbench.errors import DataError
from benchbench.record import Model

_CODES = ("eur", "gbp", "chf", "jpy", "cny", "inr", "cad", "aud")

Rate = Annotated[float, Field(ge=1e-9, le=1e9)]


class ExchangeSection(Model):
    """US dollars for one unit of another currency; `capex_eur` may then stand for `capex_usd`."""

    as_of: date | None = Field(default=None, strict=False)
    """The day of the rates."""
    eur: Rate | None = None
    gbp: Rate | None = None
    chf: Rate | None = None
    jpy: Rate | None = None
    cny: Rate | None = None
    inr: Rate | None = None
    cad: Rate | None = None
    aud: Rate | None = None

    def said(self) -> list[tuple[str, float]]:
        """The rates the user wrote: `("EUR", 1.08)`."""
        rates = ((code.upper(), getattr(self, code)) for code in _CODES)
        return [(code, rate) for code, rate in rates if rate is not None]


def in_usd(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with `capex_eur` as `capex_usd`. Raises DataError where the rate is missing."""
    rates = document.get("exchange", {})
    if isinstance(rates, Mapping):
        _dated(rates)
    return {
        name: dict(_converted(name, section, rates)) if isinstance(section, Mapping) else section
        for name, section in document.items()
    }


def _dated(rates: Mapping[str, Any]) -> None:
    if any(code in rates for code in _CODES) and "as_of" not in rates:
        message = "[exchange] has no day; write as_of = 2026-11-20, the day of the rates"
        raise DataError(message)


def _converted(name: str, section: Mapping[str, Any], rates: object) -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        code = next((part for part in key.split("_") if part in _CODES), None)
        if code is None or name == "exchange":
            yield key, value
            continue
        rate = rates.get(code) if isinstance(rates, Mapping) else None
        dollars = "_".join("usd" if part == code else part for part in key.split("_"))
        if dollars in section:
            raise DataError(f"{name}.{key} and {name}.{dollars} say the same thing; keep one")
        yield dollars, _times(f"{name}.{key}", value, rate, code)


def _times(key: str, value: object, rate: object, code: str) -> object:
    if not isinstance(rate, int | float) or isinstance(rate, bool) or rate <= 0:
        message = (
            f"{key}: amounts are US dollars; to write {code.upper()}, add the day's rate: "
            f"[exchange] {code} = 1.08 (US dollars for one {code.upper()}) and as_of = 2026-11-20"
        )
        raise DataError(message)
    if isinstance(value, list):
        return [_times(key, one, rate, code) for one in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value * rate
    return value
