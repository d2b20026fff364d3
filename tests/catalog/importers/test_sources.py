"""Each published format, in a few rows as it is published: what is taken and what is refused."""

import json
from typing import Any

import pytest

from benchbench.catalog import catalogue
from benchbench.catalog.catalogue import Catalog
from benchbench.errors import DataError, UsageError
from tests import factories
from tests.catalog.importers.reading import entries, imported, offers, reasons

GIB = 2**30


def prices(kind: str, text: str, **given: Any) -> dict[tuple[str, str, str], float | None]:
    """Price by region, instance and kind."""
    return {
        (one.region, one.instance, one.price_kind): one.price_usd_per_hour
        for one in offers(kind, text, **given)
    }


def test_karpenter() -> None:
    """A price table gives on-demand and spot; hosts and impossible prices are refused by line."""
    text = (
        "cloud,region,instance_type,price_usd_hr,spot_usd_hr\n"
        "azure,eastus,Standard_D2s_v5,0.096,0.02\n"
        "azure,eastus,Dsv3_Type3,6.6,\n"
        "azure,eastus,Ddsv4_Type 1,4.998,\n"
        "azure,eastus,Standard_B1s,free,\n"
        "azure,eastus,Standard_B2s,-1,\n"
        "azure,eastus,Standard_B4s,0.1,0.2\n"
    )
    assert prices("karpenter", text) == {
        ("eastus", "Standard_D2s_v5", "on_demand"): 0.096,
        ("eastus", "Standard_D2s_v5", "spot"): 0.02,
        ("eastus", "Standard_B4s", "on_demand"): 0.1,
    }
    found = dict(reasons("karpenter", text))
    assert found[3] == found[4] == "a dedicated host, not an instance"
    assert "'free' is not a number" in found[5]
    assert "not above 0" in found[6]
    assert "above the on-demand price" in found[7]


def test_gcosts() -> None:
    """A month with a commitment is 730 hours of it; a B200 row without a price is refused."""
    text = (
        "instance_type,vcpus,ram_gb,gpu,gpu_count,region,od_usd_hr,spot_usd_hr,month_od,"
        "month_cud1y,month_cud3y\n"
        "a2-highgpu-1g,12,85,a100,1,us-central1,3.67,1.1,2679.1,1460,730\n"
        "a4-highgpu-8g,224,3968,b200,8,us-central1,,,,,\n"
    )
    assert prices("gcosts", text) == {
        ("us-central1", "a2-highgpu-1g", "on_demand"): 3.67,
        ("us-central1", "a2-highgpu-1g", "spot"): 1.1,
        ("us-central1", "a2-highgpu-1g", "cud_1y"): 2.0,
        ("us-central1", "a2-highgpu-1g", "cud_3y"): 1.0,
    }
    assert offers("gcosts", text)[0].accelerator == "A100-SXM4-40GB"
    assert [line for line, _ in reasons("gcosts", text)] == [3]


def test_yaml_is_refused() -> None:
    """The YAML form is refused with what to give instead."""
    from datetime import date
    from io import BytesIO

    from benchbench.catalog.importers import KINDS
    from benchbench.catalog.importers.entry import Given

    with pytest.raises(UsageError, match="CSV form"):
        KINDS["gcosts"](BytesIO(b"a: 1"), Given("pricing.yml", date(2026, 1, 1)))


def test_ec2_shop() -> None:
    """On-demand and both terms of the standard reservation."""
    text = (
        "region,instance_type,vcpus,memory,od_usd_hr,ri1y_noupfront_usd_hr,ri3y_noupfront_usd_hr\n"
        "eu-west-1,m5.large,2,8 GiB,0.107,0.067,0.046\n"
    )
    assert list(prices("ec2-shop", text).values()) == [0.107, 0.067, 0.046]
    assert offers("ec2-shop", text)[0].memory_bytes == 8 * GIB


ON_DEMAND = catalogue.from_offers([factories.offer(instance="c6a.xlarge", price_usd_per_hour=0.2)])
ADVISOR = "region,os,instance_type,savings_pct_vs_od,interruption_range_index\n"


def test_spot_advisor_csv() -> None:
    """Spot = on-demand less the savings, with the range; each thing it cannot know is refused."""
    text = ADVISOR + (
        "us-east-1,Linux,c6a.xlarge,75,1\n"
        "us-east-1,Windows,c6a.xlarge,75,1\n"
        "us-east-1,Linux,c6a.xlarge,-62,1\n"
        "us-east-1,Linux,unheard.of,75,1\n"
        "us-east-1,Linux,c6a.xlarge,75,9\n"
    )
    (offer,) = offers("aws-spot-advisor", text, known=ON_DEMAND)
    assert offer.price_kind == "spot"
    assert offer.price_usd_per_hour == pytest.approx(0.05)
    assert offer.interruption_low_fraction_per_month == 0.05
    assert offer.interruption_high_fraction_per_month == 0.1
    found = [line for line, _ in reasons("aws-spot-advisor", text, known=ON_DEMAND)]
    assert found == [3, 4, 5, 6]


def test_spot_advisor_feed() -> None:
    """The feed's own JSON says the same as the table made of it."""
    types = {"c6a.xlarge": {"r": 4, "s": 75}}
    feed = {"ranges": [], "spot_advisor": {"us-east-1": {"Linux": types, "Windows": types}}}
    (offer,) = offers("aws-spot-advisor", json.dumps(feed), known=ON_DEMAND)
    assert offer.price_usd_per_hour == pytest.approx(0.05)
    assert offer.interruption_high_fraction_per_month is None
    with pytest.raises(DataError, match="Spot Advisor"):
        imported("aws-spot-advisor", "{}", known=ON_DEMAND)


def test_gpuhunt() -> None:
    """One line is one price; the memory of a card tells an A100 of 40 GB from one of 80."""
    text = (
        "instance_name,location,price,cpu,memory,gpu_count,gpu_name,gpu_memory,spot,disk_size\n"
        "gpu_1x_a100,us-1,1.29,30,200.0,1,A100,40.0,False,512\n"
        "gpu_1x_a100,us-1,0.6,30,200.0,1,A100,80.0,True,512\n"
        "gpu_1x_a100,us-1,0.6,30,200.0,1,A100,80.0,maybe,512\n"
    )
    found = offers("gpuhunt", text, provider="lambda")
    assert [(one.accelerator, one.price_kind) for one in found] == [
        ("A100-SXM4-40GB", "on_demand"),
        ("A100-SXM4-80GB", "spot"),
    ]
    assert reasons("gpuhunt", text, provider="lambda")[0][0] == 4


def test_gpuhunt_tpu() -> None:
    """One chip-hour by region; a stale spot price is left out and told."""
    text = json.dumps(
        {
            "TPU v5e": {"us-west1": {"On Demand (USD)": 1.2, "Spot (USD)": 0.8}},
            "TPU v4 pod": {"us-central2": {"On Demand (USD)": 3.22, "Spot (USD)": 3.686}},
        }
    )
    found = offers("gpuhunt-tpu", text)
    assert [(one.accelerator, one.price_usd_per_hour) for one in found] == [
        ("TPU-v5e", 1.2),
        ("TPU-v5e", 0.8),
        ("TPU-v4", 3.22),
    ]
    report = imported("gpuhunt-tpu", text).report
    assert (report.rows_rejected, report.offers_rejected) == (0, 1)


AZURE: dict[str, Any] = {
    "serviceName": "Virtual Machines",
    "currencyCode": "USD",
    "productName": "Virtual Machines Dsv5 Series",
    "skuName": "D2s v5",
    "armSkuName": "Standard_D2s_v5",
    "armRegionName": "westeurope",
    "retailPrice": 0.115,
    "unitOfMeasure": "1 Hour",
    "type": "Consumption",
    "effectiveStartDate": "2021-11-01T00:00:00Z",
}


def page(*items: dict[str, Any]) -> str:
    """One page of Azure's retail prices."""
    return json.dumps({"BillingCurrency": "USD", "Items": items, "NextPageLink": None})


def test_azure_retail() -> None:
    """Consumption, spot, a savings plan, and a reservation whose price is for the whole term."""
    text = page(
        AZURE | {"savingsPlan": [{"retailPrice": 0.05, "term": "3 Years"}]},
        AZURE | {"skuName": "D2s v5 Spot", "retailPrice": 0.02},
        AZURE | {"type": "Reservation", "reservationTerm": "1 Year", "retailPrice": 876.0},
    )
    assert prices("azure-retail", text) == {
        ("westeurope", "Standard_D2s_v5", "on_demand"): 0.115,
        ("westeurope", "Standard_D2s_v5", "savings_3y"): 0.05,
        ("westeurope", "Standard_D2s_v5", "spot"): 0.02,
        ("westeurope", "Standard_D2s_v5", "reserved_1y"): pytest.approx(0.1),
    }
    assert str(offers("azure-retail", text)[0].as_of) == "2021-11-01"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"serviceName": "Storage"}, "not of an instance"),
        ({"currencyCode": "EUR"}, "not in USD"),
        ({"productName": "Virtual Machines Dsv5 Series Windows"}, "for Windows"),
        ({"skuName": "D2s v5 Low Priority"}, "low-priority"),
        ({"productName": "Dsv5 Series Dedicated Host"}, "dedicated host"),
        ({"retailPrice": None}, "is not a number"),
        ({"retailPrice": 0}, "not above 0"),
        ({"type": "DevTestConsumption"}, "not by the hour"),
        ({"type": "Reservation", "reservationTerm": "5 Years"}, "neither one nor three"),
        ({"armRegionName": ""}, "region is empty"),
    ],
)
@pytest.mark.fault("catalogue")
def test_azure_refused(change: dict[str, object], reason: str) -> None:
    """What is no instance's price in US dollars for Linux is refused, the second of two."""
    ((at, why),) = reasons("azure-retail", page(AZURE, AZURE | {"skuName": "x"} | change))
    assert at == 2
    assert reason in why


def test_azure_pages_left_out() -> None:
    """A saved page that points to the next one is known to be a part only."""
    part = json.dumps({"Items": [AZURE], "NextPageLink": "https://prices.azure.com/?skip=1"})
    report = imported("azure-retail", part).report
    assert report.rows_in == 1
    assert "points to another" in report.notes[0]
    assert imported("azure-retail", page(AZURE)).report.notes == ()


def test_azure_pages_on_end() -> None:
    """Several pages in one file are one source."""
    other = AZURE | {"armRegionName": "eastus"}
    assert len(offers("azure-retail", page(AZURE) + "\n" + page(other))) == 2


LIST: dict[str, Any] = {
    "products": {
        "A": {
            "sku": "A",
            "productFamily": "Compute Instance",
            "attributes": {
                "operatingSystem": "Linux",
                "tenancy": "Shared",
                "preInstalledSw": "NA",
                "capacitystatus": "Used",
                "marketoption": "OnDemand",
                "regionCode": "us-east-1",
                "instanceType": "m5.large",
                "vcpu": "2",
                "memory": "8 GiB",
            },
        },
        "B": {"sku": "B", "productFamily": "Storage", "attributes": {}},
    },
    "terms": {
        "OnDemand": {
            "A": {
                "A.1": {
                    "priceDimensions": {
                        "A.1.1": {"unit": "Hrs", "pricePerUnit": {"USD": "0.0960000000"}}
                    },
                    "termAttributes": {},
                }
            }
        },
        "Reserved": {
            "A": {
                "A.2": {
                    "priceDimensions": {
                        "A.2.1": {"unit": "Hrs", "pricePerUnit": {"USD": "0.0600000000"}},
                        "A.2.2": {"unit": "Quantity", "pricePerUnit": {"USD": "5"}},
                    },
                    "termAttributes": {
                        "LeaseContractLength": "1yr",
                        "OfferingClass": "standard",
                        "PurchaseOption": "No Upfront",
                    },
                },
                "A.3": {
                    "priceDimensions": {"A.3.1": {"unit": "Hrs", "pricePerUnit": {"USD": "0.07"}}},
                    "termAttributes": {
                        "LeaseContractLength": "1yr",
                        "OfferingClass": "convertible",
                        "PurchaseOption": "No Upfront",
                    },
                },
            }
        },
    },
}


def test_aws_price_list() -> None:
    """On-demand and the standard reservation of an instance; other products are refused."""
    text = json.dumps(LIST)
    assert prices("aws-price-list", text) == {
        ("us-east-1", "m5.large", "on_demand"): 0.096,
        ("us-east-1", "m5.large", "reserved_1y"): 0.06,
    }
    assert reasons("aws-price-list", text) == [
        (2, "a product of the family 'Storage', not an instance")
    ]


@pytest.mark.parametrize(
    ("name", "value"), [("operatingSystem", "Windows"), ("tenancy", "Host"), ("vcpu", "many")]
)
def test_aws_products_refused(name: str, value: str) -> None:
    """Another system, a host, a size that is no number."""
    text = json.dumps(LIST).replace(
        f'"{name}": "{LIST["products"]["A"]["attributes"][name]}"', f'"{name}": "{value}"'
    )
    assert offers("aws-price-list", text) == []


def test_vantage() -> None:
    """One type is offered in regions, on demand, reserved and on the spot market."""
    one = {
        "instance_type": "p3dn.24xlarge",
        "vCPU": 96,
        "memory": 768.0,
        "GPU": 8,
        "GPU_model": "NVIDIA Tesla V100",
        "GPU_memory": 256,
        "pricing": {
            "us-east-1": {
                "linux": {
                    "ondemand": "31.212",
                    "spot_min": "9.4",
                    "reserved": {"yrTerm1Standard.noUpfront": "19.3"},
                },
                "mswin": {"ondemand": "35"},
            },
            "eu-west-1": {"mswin": {"ondemand": "35"}},
        },
    }
    text = json.dumps([one, {"instance_type": "no.price", "pricing": {}}, {"pricing": {}}])
    assert list(prices("vantage", text).values()) == [31.212, 9.4, 19.3]
    assert offers("vantage", text)[0].accelerator == "V100-SXM2-32GB"
    assert [line for line, _ in reasons("vantage", text)] == [2, 3]


def sku(part: str, family: str, nanos: int, usage: str = "OnDemand") -> dict[str, Any]:
    """One SKU of Google's billing catalogue."""
    rate = {"unitPrice": {"currencyCode": "USD", "units": "0", "nanos": nanos}}
    return {
        "description": f"{family} Instance {part} running in Americas",
        "category": {"resourceFamily": "Compute", "usageType": usage},
        "serviceRegions": ["us-central1"],
        "pricingInfo": [{"pricingExpression": {"tieredRates": [rate]}}],
    }


TYPES = catalogue.from_offers(
    [
        factories.offer(
            provider="gcp", instance="n2-standard-4", vcpu=4.0, memory_bytes=16 * GIB, cores=2.0
        )
    ]
)


def test_gcp_billing() -> None:
    """A known type costs its cores and its memory: 4 x 0.03 + 16 x 0.004 = 0.184."""
    text = json.dumps(
        {
            "skus": [
                sku("Core", "N2", 30_000_000),
                sku("Ram", "N2", 4_000_000),
                sku("Core", "Z9", 30_000_000),
                {"category": {"resourceFamily": "Storage"}},
            ]
        }
    )
    (offer,) = offers("gcp-billing", text, known=TYPES)
    assert offer.price_usd_per_hour == pytest.approx(0.184)
    assert (offer.instance, offer.region) == ("n2-standard-4", "us-central1")
    assert sorted(line for line, _ in reasons("gcp-billing", text, known=TYPES)) == [3, 4]


@pytest.mark.fault("catalogue")
def test_sparecores() -> None:
    """A monthly price is spread over 730 hours; other currencies are refused."""
    text = (
        "vendor_id,region_id,zone_id,server_id,operating_system,allocation,unit,price,"
        "price_upfront,currency\n"
        "hcloud,fsn1,fsn1-dc8,cx22,Linux,ondemand,month,7.3,0,USD\n"
        "hcloud,fsn1,fsn1-dc8,cx32,Linux,ondemand,hour,0.01,0,EUR\n"
    )
    assert prices("sparecores", text) == {("fsn1", "cx22", "on_demand"): pytest.approx(0.01)}
    assert reasons("sparecores", text) == [(3, "priced in 'EUR', not in USD")]


KNOWN = catalogue.from_offers(
    [factories.gpu_offer(8), factories.offer(), factories.offer(provider="gcp")]
)


def test_discounts() -> None:
    """20 % off what begins with a100, dated as the list price it was taken from."""
    text = "provider,percent_off,instance\naws,20,a100\naws,0,\nacme,5,\n"
    (offer,) = offers("discounts", text, known=KNOWN)
    assert offer.instance == "a100x8"
    assert offer.price_usd_per_hour == pytest.approx(25.6)
    assert (offer.source, offer.as_of) == ("discounts", factories.TODAY)
    assert offer.accelerator == "A100-SXM4-80GB"
    assert [line for line, _ in reasons("discounts", text, known=KNOWN)] == [3, 4]


@pytest.mark.parametrize("kind", ["azure-retail", "vantage", "gcp-billing", "aws-price-list"])
@pytest.mark.parametrize("text", ["", "{", "[1", '{"a": 1}', "not json", "\x00"])
@pytest.mark.fault("catalogue")
def test_other_formats(kind: str, text: str) -> None:
    """What is not the format named is refused in one sentence, never taken for an empty source."""
    with pytest.raises(DataError, match=r"a\.csv"):
        entries(kind, text)


@pytest.mark.fault("name")
def test_hostile_cells() -> None:
    """A formula, a terminal's escape and a direction mark do not get into the catalogue."""
    header = "cloud,region,instance_type,price_usd_hr\n"
    for cell in ('=HYPERLINK("x")', "\x1b[31mred", "\u202egpj", "@sum", "-1+1"):
        text = f'{header}aws,r,"{cell.replace(chr(34), chr(34) * 2)}",1\n'
        assert reasons("karpenter", text) == [(2, "instance holds what a text never needs")]


def test_sizes_come_from_what_is_known() -> None:
    """A table without sizes takes them from the same instance elsewhere."""
    text = "cloud,region,instance_type,price_usd_hr\naws,eu-1,a100x8,30\naws,eu-1,other,1\n"
    found = imported("karpenter", text, known=KNOWN)
    first, second = Catalog(found.frame)
    assert (first.accelerator, first.accelerator_count, first.vcpu) == ("A100-SXM4-80GB", 8, 96)
    assert (second.accelerator, second.vcpu) == (None, None)
    assert found.report.with_known_sizes == 1


def test_disagreement_is_told() -> None:
    """A price more than 10 % from the known one is reported with both."""
    text = "cloud,region,instance_type,price_usd_hr\naws,us-east-1,a100x8,40\n"
    agreement = imported("karpenter", text, known=KNOWN).report.agreement
    assert agreement is not None
    assert (agreement.common, agreement.within_1_percent, agreement.beyond_10_percent) == (1, 0, 1)
    assert (agreement.farthest[0].first_usd_per_hour, agreement.median_ratio) == (40, 1.25)


def test_repeated_offers_are_told() -> None:
    """The same offer twice: the last counts, and it is said."""
    text = "cloud,region,instance_type,price_usd_hr\naws,r,x,1\naws,r,x,2\n"
    found = imported("karpenter", text)
    assert list(found.frame["price_usd_per_hour"]) == [2]
    assert "1 offers are listed more than once" in found.report.notes[0]


@pytest.mark.parametrize("text", ["", "a" * 200_000, "\x00\x01\x02", "a;b;c\n1;2;3\n"])
def test_other_tables(text: str) -> None:
    """What is not the table named is refused in one sentence, whatever its bytes."""
    with pytest.raises(DataError, match=r"a\.csv"):
        entries("karpenter", text)
