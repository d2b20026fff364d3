"""Rows no importer may take: each refused by line with its reason, and the next one still read."""

import json
from typing import Any

import pytest

from benchbench.catalog.importers import entry
from benchbench.errors import DataError
from tests.catalog.importers.reading import entries, prices_of, reasons

SPARECORES = (
    "vendor_id,region_id,zone_id,server_id,operating_system,allocation,unit,price,currency\n"
)
EC2_SHOP = (
    "region,instance_type,vcpus,memory,od_usd_hr,ri1y_noupfront_usd_hr,ri3y_noupfront_usd_hr\n"
)
KARPENTER = "cloud,region,instance_type,price_usd_hr,spot_usd_hr\n"
GOOD = {
    "sparecores": (SPARECORES, "hcloud,fsn1,a,cx22,Linux,ondemand,hour,0.01,USD"),
    "ec2-shop": (EC2_SHOP, "eu-west-1,m5.large,2,8 GiB,0.107,,"),
    "karpenter": (KARPENTER, "azure,eastus,Standard_D2s_v5,0.096,"),
    "discounts": ("provider,percent_off\n", None),
}


@pytest.mark.fault("catalogue")
@pytest.mark.parametrize(
    ("kind", "row", "reason"),
    [
        ("sparecores", "hcloud,fsn1,a,cx22,Windows,ondemand,hour,0.01,USD", "'windows', not Linux"),
        ("sparecores", "hcloud,fsn1,a,cx22,Linux,auction,hour,0.01,USD", "'auction' is unknown"),
        ("sparecores", "hcloud,fsn1,a,cx22,Linux,spot,year,0.01,USD", "unit 'year' is unknown"),
        ("sparecores", "hcloud,fsn1,a,cx22,Linux,spot,hour,0.01,EUR", "'EUR', not in USD"),
        ("ec2-shop", "eu-west-1,m5.large,2,8 GiB,,,", "no price"),
        ("karpenter", "azure,eastus,Standard_D2s_v5,,", "no price"),
        ("discounts", "aws,100", "not between 0 and 100"),
        ("discounts", "aws,-5", "not between 0 and 100"),
    ],
)
def test_a_row_of_a_table_is_refused_alone(kind: str, row: str, reason: str) -> None:
    """Another currency, system, term or unit is never taken for the one we count in."""
    header, good = GOOD[kind]
    ((line, why),) = reasons(kind, f"{header}{row}\n{good or ''}\n")
    assert line == 2
    assert reason in why
    assert len(prices_of(kind, f"{header}{row}\n{good or ''}\n")) == (good is not None)


def test_a_spot_price_alone_is_an_offer() -> None:
    """Some types are sold as spot only."""
    text = f"{KARPENTER}azure,eastus,Standard_D2s_v5,,0.02\n"
    assert prices_of("karpenter", text) == [("spot", 0.02)]


def sku(**changes: Any) -> dict[str, Any]:
    """A core of N2 as Google's catalogue has it, with something changed."""
    rate = {"unitPrice": {"currencyCode": "USD", "units": "0", "nanos": 1, **changes}}
    return {
        "description": changes.get("description", "N2 Instance Core running in Americas"),
        "category": {
            "resourceFamily": "Compute",
            "usageType": changes.get("usage", "OnDemand"),
        },
        "serviceRegions": ["us-central1"],
        "pricingInfo": [{"pricingExpression": {"tieredRates": [rate]}}],
    }


@pytest.mark.fault("catalogue")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"description": "Licensing Fee"}, "no core and no memory"),
        ({"usage": "Commit5Yr"}, "usage of kind 'Commit5Yr'"),
        ({"currencyCode": "EUR"}, "not priced in USD"),
        ({"nanos": 0}, "the price is not above 0"),
        ({"nanos": -5}, "the price is not above 0"),
    ],
)
def test_a_sku_of_google_is_refused_alone(changes: dict[str, Any], reason: str) -> None:
    """Fees, unknown commitments, other currencies and prices that are none."""
    found = reasons("gcp-billing", json.dumps({"skus": [sku(**changes), sku()]}))
    assert (1, reason) in [(line, why[: len(reason)]) for line, why in found]


@pytest.mark.fault("catalogue")
@pytest.mark.parametrize("text", ["", "[]", "{", '{"TPU v4 pod": 5}', "[" * 10_000])
def test_what_is_no_table_of_tpus_is_refused_whole(text: str) -> None:
    """One sentence with the file's name."""
    with pytest.raises(DataError, match=r"a\.csv is not gpuhunt's TPU table"):
        entries("gpuhunt-tpu", text)


@pytest.mark.fault("catalogue")
def test_a_tpu_without_a_readable_price_is_refused_alone() -> None:
    """A price that is no number, and an entry that is no mapping; the third is read."""
    price = {"On Demand (USD)": 3.22, "Spot (USD)": None}
    table = {
        "TPU v4 pod": {"us-central2": {**price, "On Demand (USD)": "free"}},
        "TPU v5e pod": {"us-east1": 7},
        "TPU v3 pod": {"us-east1": price},
    }
    found = reasons("gpuhunt-tpu", json.dumps(table))
    assert [line for line, _ in found] == [1, 2]
    assert "not a number" in found[0][1]


@pytest.mark.fault("catalogue")
def test_a_document_beyond_its_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Formats that are read as a whole have a size at most."""
    monkeypatch.setattr(entry, "MOST_JSON_BYTES", 10)
    with pytest.raises(DataError, match="beyond 10 bytes"):
        entries("gpuhunt-tpu", json.dumps({"TPU v4 pod": {}}))


@pytest.mark.fault("catalogue")
def test_a_cell_too_long_to_be_one_is_refused_alone() -> None:
    """A quote that is never closed swallows 200,000 characters, no more, and not the rest."""
    good = GOOD["karpenter"][1]
    text = f'{KARPENTER}azure,eastus,"{"x" * 200_000}",1,\n{good}\n'
    ((line, why),) = reasons("karpenter", text)
    assert line == 2
    assert "not CSV" in why
    assert prices_of("karpenter", text) == [("on_demand", 0.096)]
