"""What every input is called where people read it: a noun phrase that "the" may stand before."""

import re

_LABELS = {
    "demand.busy_fraction": "share of hours with work",
    "cloud.price_usd_per_hour": "on-demand price",
    "cloud.committed_usd_per_hour": "committed price",
    "cloud.commitment_discount": "commitment discount",
    "cloud.shorter_committed_usd_per_hour": "committed price of 12 months",
    "cloud.shorter_commitment_discount": "commitment discount of 12 months",
    "cloud.spot_usd_per_hour": "spot price",
    "cloud.spot_hours_between_interruptions": "time between spot interruptions",
    "cloud.price_decline_per_year": "yearly fall of cloud prices",
    "cloud.egress_gb_per_month": "egress traffic",
    "cloud.storage_usd_per_month": "cloud storage bill",
    "cloud.support_fraction": "cloud support fee",
    "cloud.staff_fte": "number of people running the cloud side",
    "cloud.capacity": "capacity of one instance",
    "owned.capex_usd": "server price",
    "owned.power_kw": "power of one server",
    "owned.life_years": "life of a server",
    "owned.residual_fraction_3y": "resale value after three years",
    "owned.installation_fraction": "cost of installation",
    "owned.network_fraction": "share of the network in the purchase",
    "owned.spares_fraction": "stock of spares",
    "owned.maintenance_fraction_per_year": "cost of maintenance",
    "owned.software_usd_per_accelerator_year": "software licence per accelerator",
    "owned.load_factor": "mean power under load, of the maximum",
    "owned.idle_fraction": "idle power, of the maximum",
    "owned.pue": "facility's overhead (PUE)",
    "owned.electricity_usd_per_kwh": "electricity price",
    "owned.colocation_usd_per_kw_month": "colocation price",
    "owned.colocation_small_factor": "surcharge on small installations",
    "owned.staff_wage_usd": "administrator's wage",
    "owned.staff_burden": "employer's cost on top of the wage",
    "owned.staff_usd_per_year": "staff bill",
    "owned.servers_per_admin": "number of servers per administrator",
    "owned.minimum_fte": "least number of people employed",
    "owned.availability": "availability of an owned server",
    "owned.migration_usd": "cost of migrating",
    "owned.bandwidth_usd_per_month": "bandwidth bill",
    "owned.remaining_cloud_usd_per_month": "cloud bill that remains",
    "owned.capacity": "capacity of one server",
    "owned.room_usd_per_kw": "cost of building a machine room",
    "owned.room_life_years": "life of a machine room",
    "owned.room_upkeep_fraction_per_year": "upkeep of a machine room",
    "cloud.data_gb": "amount of data to move out",
    "cloud.sync_gb_per_month": "traffic between owned and rented",
    "finance.cost_of_capital": "cost of capital",
    "finance.borrowing_rate": "interest on what is borrowed",
    "finance.loan_fraction": "borrowed share of the purchase",
    "finance.lease_usd_per_server_month": "lease of one server",
    "finance.tax_rate": "tax rate",
    "finance.tax_life_years": "years of writing off for tax",
    "vendor.usd_per_unit": "service's price per unit",
    "vendor.usd_per_month": "service's subscription",
    "vendor.price_change_per_year": "yearly rise of the service's price",
    "vendor.staff_fte": "number of engineers beside the service",
    "vendor.self_hosted_fte": "number of engineers to run it oneself",
    "vendor.engineer_usd_per_year": "engineer's wage",
    "vendor.integration_usd": "cost of integrating the service",
}
_SECTIONS = {"owned": " (owned)", "cloud": " (cloud)"}
_UNIT = re.compile(r"_((usd|fraction)(_per_\w+|_\dy)?|per_year|years|months|hours|kw|fte)$")


def label(key: str) -> str:
    """`owned.minimum_fte` → `least number of people employed`; any other key is spelled out."""
    return _LABELS.get(key) or _spelled(key)


def _spelled(key: str) -> str:
    """`owned.rack_usd` → `rack (owned)`."""
    section, _, name = key.rpartition(".")
    return f"{_UNIT.sub('', name).replace('_', ' ')}{_SECTIONS.get(section, '')}"
