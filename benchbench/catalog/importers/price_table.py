"""A price table `region, instance_type, price` (as Karpenter's providers keep) → prices by type."""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchbench.catalog.rows import RejectedRow
from benchbench.errors import DataError, UsageError


@dataclass(frozen=True)
class PriceTable:
    """USD per hour by region and type, and the lines that could not be used."""

    prices: Mapping[str, Mapping[str, float]]
    rejected: tuple[RejectedRow, ...]


def read(path: Path, column: str = "price_usd_hr") -> PriceTable:
    """One CSV with `region`, `instance_type` and a price column; an empty price is no row."""
    prices: dict[str, dict[str, float]] = {}
    rejected: list[RejectedRow] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            _check(reader.fieldnames or (), column, path)
            for row in reader:
                text = (row[column] or "").strip()
                if reason := _fault(text):
                    rejected.append(RejectedRow(path.name, reader.line_num, reason))
                elif text:
                    prices.setdefault(row["region"], {})[row["instance_type"].strip()] = float(text)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}; give a readable CSV") from error
    return PriceTable(prices, tuple(rejected))


def _check(present: object, column: str, path: Path) -> None:
    names = tuple(present) if isinstance(present, (list, tuple)) else ()
    missing = [name for name in ("region", "instance_type", column) if name not in names]
    if missing:
        raise DataError(f"{path} lacks columns {', '.join(missing)}; give a price table with them")


def _fault(text: str) -> str | None:
    if not text:
        return None
    try:
        price = float(text)
    except ValueError:
        return f"price {text[:40]!r} is not a number"
    return None if math.isfinite(price) and price > 0 else f"price {text[:40]!r} is not above 0"
