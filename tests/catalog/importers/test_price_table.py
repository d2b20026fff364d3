"""Price tables of region, type and price."""

from pathlib import Path

import pytest

from benchbench.catalog.importers import price_table
from benchbench.errors import DataError, UsageError


def test_prices_by_region(tmp_path: Path) -> None:
    """A price is found under its region and type; an empty one is no row; a bad one is named."""
    path = tmp_path / "a.csv"
    path.write_text(
        "cloud,region,instance_type,price_usd_hr\naws,r1,a,0.5\naws,r2,a,0.6\naws,r1,b,\n"
        "aws,r1,c,free\naws,r1,d,-1\naws,r1,e,nan\n"
    )
    table = price_table.read(path)
    assert table.prices == {"r1": {"a": 0.5}, "r2": {"a": 0.6}}
    assert [row.line for row in table.rejected] == [5, 6, 7]
    assert "'free' is not a number" in table.rejected[0].reason


def test_unusable_files(tmp_path: Path) -> None:
    """A missing file is the user's, a missing column the file's fault."""
    with pytest.raises(UsageError):
        price_table.read(tmp_path / "none.csv")
    path = tmp_path / "a.csv"
    path.write_text("region,price\n")
    with pytest.raises(DataError, match="instance_type, price_usd_hr"):
        price_table.read(path)
