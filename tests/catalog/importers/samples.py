"""A small file of each kind that can be imported, for tests that change it in every way."""

import json

SAMPLES: dict[str, tuple[str, ...]] = {
    "skypilot": (
        (
            "InstanceType,vCPUs,MemoryGiB,AcceleratorName,AcceleratorCount,Price,SpotPrice,Region,"
            "AvailabilityZone\np5.48xlarge,192,2048,H100,8,98.32,40,us-east-1,use1-az1\n"
        ),
    ),
    "gpuhunt": (
        (
            "instance_name,location,price,cpu,memory,gpu_count,gpu_name,gpu_memory,spot\n"
            "gpu_1x_a100,us-1,1.29,30,200.0,1,A100,40.0,False\n"
        ),
    ),
    "gpuhunt-tpu": ('{"TPU v5e": {"us-west1": {"On Demand (USD)": 1.2, "Spot (USD)": 0.8}}}',),
    "karpenter": (
        (
            "cloud,region,instance_type,price_usd_hr,spot_usd_hr\n"
            "azure,eastus,Standard_D2s_v5,0.096,0.02\n"
        ),
    ),
    "gcosts": (
        (
            "instance_type,vcpus,ram_gb,gpu,gpu_count,region,od_usd_hr,spot_usd_hr,month_cud1y\n"
            "a2-highgpu-1g,12,85,a100,1,us-central1,3.67,1.1,1460\n"
        ),
    ),
    "ec2-shop": (
        (
            "region,instance_type,vcpus,memory,od_usd_hr,ri1y_noupfront_usd_hr,ri3y_noupfront_usd_hr\n"
            "eu-west-1,m5.large,2,8 GiB,0.107,0.067,0.046\n"
        ),
    ),
    "aws-spot-advisor": (
        (
            "region,os,instance_type,savings_pct_vs_od,interruption_range_index\n"
            "us-east-1,Linux,c6a.xlarge,75,1\n"
        ),
        '{"spot_advisor": {"us-east-1": {"Linux": {"c6a.xlarge": {"r": 4, "s": 75}}}}}',
    ),
    "discounts": ("provider,percent_off,instance,region,price_kind\naws,10,c6a,us,on_demand\n",),
    "sparecores": (
        (
            "vendor_id,region_id,zone_id,server_id,operating_system,allocation,unit,price,currency\n"
            "hcloud,1,2,cpx11,linux,ondemand,month,4.5,USD\n"
        ),
    ),
    "azure-retail": (
        json.dumps(
            {
                "Items": [
                    {
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
                        "savingsPlan": [{"retailPrice": 0.05, "term": "3 Years"}],
                    }
                ],
                "NextPageLink": None,
            }
        ),
    ),
    "aws-price-list": (
        json.dumps(
            {
                "products": {
                    "A": {
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
                    }
                },
                "terms": {
                    "OnDemand": {
                        "A": {
                            "A.1": {
                                "priceDimensions": {
                                    "A.1.1": {"unit": "Hrs", "pricePerUnit": {"USD": "0.096"}}
                                },
                                "termAttributes": {},
                            }
                        }
                    }
                },
            }
        ),
    ),
    "vantage": (
        json.dumps(
            [
                {
                    "instance_type": "p3dn.24xlarge",
                    "vCPU": 96,
                    "memory": 768.0,
                    "GPU": 8,
                    "GPU_model": "NVIDIA Tesla V100",
                    "GPU_memory": 256,
                    "pricing": {"us-east-1": {"linux": {"ondemand": "31.212", "spot_min": "9"}}},
                }
            ]
        ),
    ),
    "gcp-billing": (
        json.dumps(
            {
                "skus": [
                    {
                        "description": f"N2 Instance {part} running in Americas",
                        "category": {"resourceFamily": "Compute", "usageType": "OnDemand"},
                        "serviceRegions": ["us-central1"],
                        "pricingInfo": [
                            {
                                "pricingExpression": {
                                    "tieredRates": [
                                        {"unitPrice": {"units": "0", "nanos": 31611000}}
                                    ]
                                }
                            }
                        ],
                    }
                    for part in ("Core", "Ram")
                ]
            }
        ),
    ),
}
