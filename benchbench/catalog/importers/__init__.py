"""From what the world publishes to offers, one module per kind of source.

Each importer turns an open file into entries: one per row of the source, with the offers it holds
or the reason why it holds none. `KINDS` names them all. A plain CSV in the catalogue's own columns
needs none of them: `catalog.load` takes it as it is.
"""

from benchbench.catalog.importers import (
    aws_price_list,
    azure_retail,
    discounts,
    ec2_shop,
    gcosts,
    gcp_billing,
    gpuhunt,
    gpuhunt_tpu,
    karpenter,
    skypilot,
    sparecores,
    spot_advisor,
    vantage,
)
from benchbench.catalog.importers.entry import Importer

__all__ = ["KINDS", "Importer"]

KINDS: dict[str, Importer] = {
    "aws-price-list": aws_price_list.entries,
    "aws-spot-advisor": spot_advisor.entries,
    "azure-retail": azure_retail.entries,
    "discounts": discounts.entries,
    "ec2-shop": ec2_shop.entries,
    "gcosts": gcosts.entries,
    "gcp-billing": gcp_billing.entries,
    "gpuhunt": gpuhunt.entries,
    "gpuhunt-tpu": gpuhunt_tpu.entries,
    "karpenter": karpenter.entries,
    "skypilot": skypilot.entries,
    "sparecores": sparecores.entries,
    "vantage": vantage.entries,
}
