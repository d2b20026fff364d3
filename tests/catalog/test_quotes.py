"""Servers one can buy."""

from pathlib import Path

import pytest

from benchbench.catalog import quotes, silicon
from benchbench.errors import DataError

ENTRY = """
[box]
name = "a box"
accelerator_count = {count}
capex_low_usd = 1
capex_usd = {capex}
capex_high_usd = 3
power_kw = 1
rack_units = 1
source = "x"
as_of = 2026-01-01
confidence = "low"
"""


def test_published_prices() -> None:
    """Eight H100 in one server cost $230,000 to $375,000 in 2025 and draw 10.2 kW."""
    quote = quotes.load()["dgx-h100-8"]
    assert (quote.capex_low_usd, quote.capex_high_usd) == (230_000, 375_000)
    assert (quote.power_kw, quote.rack_units, quote.accelerator_count) == (10.2, 8, 8)


def test_names_are_canonical() -> None:
    """What a server holds is in the silicon tables."""
    known = silicon.load()
    for quote in quotes.load().values():
        assert quote.accelerator is None or quote.accelerator in known.chips
        assert quote.cpu_model is None or quote.cpu_model in known.cpus


def test_power_covers_the_accelerators() -> None:
    """A server draws at least what its accelerators may."""
    chips = silicon.load().chips
    for quote in quotes.load().values():
        if quote.accelerator and (tdp_w := chips[quote.accelerator].tdp_w):
            assert quote.power_kw * 1e3 >= tdp_w * quote.accelerator_count


@pytest.mark.parametrize(("count", "capex"), [(8, 2), (0, 4)])
def test_contradictions(tmp_path: Path, count: int, capex: int) -> None:
    """A count without a name and a price outside its range are refused."""
    path = tmp_path / "quotes.toml"
    path.write_text(ENTRY.format(count=count, capex=capex))
    with pytest.raises(DataError, match="quote 'box'"):
        quotes.load(path)
