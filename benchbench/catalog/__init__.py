"""Instances and their prices, and the silicon behind them.

The public names live in modules, so that what only reads a TOML file never imports pandas:
`catalogue.load` (offers), `silicon.load`, `defaults.load`, `quotes.load`, `match`, `check`.
`load` here is `catalogue.load`, imported when called.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchbench.catalog.catalogue import Catalog


def load(paths: Sequence[Path] = ()) -> "Catalog":
    """The bundled offers and those of the user's CSV files; raises DataError, UsageError."""
    from benchbench.catalog import catalogue  # noqa: PLC0415  pandas only where offers are read

    return catalogue.load(paths)
