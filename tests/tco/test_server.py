"""Which server is meant."""

from typing import Any

import pytest

from benchbench.catalog import quotes
from benchbench.errors import DataError
from benchbench.tco import scenario, server
from benchbench.tco.server import Server
from tests.tco.cases_tco import document, p5


def find(**owned: Any) -> Server:
    """The server of a scenario that rents a p5."""
    sections = document()
    sections["owned"] = {"site": "own", **owned}
    return server.find(scenario.parse(sections), quotes.load(), p5())


def test_left_out_it_is_like_what_is_rented() -> None:
    """Eight H100 rented, eight H100 bought, with the quote's range."""
    found = find()
    assert (found.accelerator, found.accelerators) == ("H100-SXM5-80GB", 8)
    assert (found.capex.low, found.capex.value, found.capex.high) == (230_000, 300_000, 375_000)
    assert found.capex.source
    assert found.power.value == 10.2


def test_a_named_quote_is_taken() -> None:
    """By its key."""
    assert find(quote="hgx-h200-8").accelerator == "H200-SXM-141GB"


def test_a_misspelt_quote_names_the_closest() -> None:
    """And an absurd one names them all."""
    with pytest.raises(DataError, match=r"did you mean 'dgx-h100-8'\?"):
        find(quote="dgx-h100")
    with pytest.raises(DataError, match="known are dgx-h100-8"):
        find(quote="???")


def test_no_accelerators_mean_a_cpu_server() -> None:
    """Whatever is rented."""
    found = find(accelerators=0)
    assert found.accelerator is None
    assert found.as_offer().accelerator is None


def test_a_family_name_is_enough() -> None:
    """`A100` for its full canonical name."""
    assert find(accelerator="A100").accelerator == "A100-SXM4-80GB"
    assert find(accelerator="A100-PCIe-80GB").accelerator == "A100-PCIe-80GB"


def test_the_users_price_goes_before_the_quotes() -> None:
    """Known, so without a range."""
    found = find(capex_usd=250_000, power_kw=9)
    assert (found.capex.value, found.capex.low, found.power.value) == (250_000, None, 9)


def test_a_server_nobody_quoted_is_refused() -> None:
    """Naming what could be named instead."""
    with pytest.raises(DataError, match="no quote for a server with K80; name one of dgx-h100-8"):
        find(accelerator="K80")


def test_a_server_is_shown_to_the_silicon_tables_as_an_instance() -> None:
    """Count and canonical name travel."""
    offer = find().as_offer()
    assert (offer.accelerator, offer.accelerator_count) == ("H100-SXM5-80GB", 8)
