"""What sellers call an accelerator → its canonical name.

Sellers leave out what they only sell one of: "H100" means the SXM board unless PCIe or NVL is
said, "A100" needs its memory. The rules here are theirs, not a driver's (`identity` knows those).
"""

import re

_BY_LABEL = {
    "A10": "A10",
    "A10G": "A10G",
    "A16": "A16",
    "A2": "A2",
    "A30": "A30",
    "A40": "A40",
    "B200": "B200-SXM-180GB",
    "B300": "B300-SXM-270GB",
    "CLOUDAI100": "QAIC100-Standard",
    "GAUDI1": "Gaudi1-HL205",
    "GAUDI2": "Gaudi2",
    "GAUDI3": "Gaudi3",
    "GB200": "GB200",
    "GB300": "GB300",
    "GH200": "GH200-96GB",
    "GH200144GB": "GH200-144GB",
    "GH20096GB": "GH200-96GB",
    "H100": "H100-SXM5-80GB",
    "H10080GB": "H100-SXM5-80GB",
    "H10080GBMEGA": "H100-SXM5-80GB",
    "H100HGX": "H100-SXM5-80GB",
    "H100SXM": "H100-SXM5-80GB",
    "H100SXM5": "H100-SXM5-80GB",
    "H100PCIE": "H100-PCIe-80GB",
    "H100PCIENVLINK": "H100-PCIe-80GB",
    "H100NVL": "H100-NVL-94GB",
    "H200": "H200-SXM-141GB",
    "H200SXM": "H200-SXM-141GB",
    "H200NVL": "H200-NVL-141GB",
    "INFERENTIA": "Inferentia1",
    "INFERENTIA1": "Inferentia1",
    "INFERENTIA2": "Inferentia2",
    "K80": "K80",
    "L4": "L4",
    "L40": "L40",
    "L40S": "L40S",
    "M60": "M60",
    "MI250X": "MI250X",
    "MI100": "MI100",
    "MI210": "MI210",
    "MI300X": "MI300X",
    "MI325X": "MI325X",
    "MI350X": "MI350X",
    "MI355X": "MI355X",
    "P100": "P100-PCIe-16GB",
    "P100PCIE": "P100-PCIe-16GB",
    "P100SXM2": "P100-SXM2-16GB",
    "P4": "P4",
    "P40": "P40",
    "3080TI": "RTX-3080-Ti",
    "QUALCOMMAI100": "QAIC100-Standard",
    "QUADRORTX4000": "Quadro-RTX-4000",
    "QUADRORTX5000": "Quadro-RTX-5000",
    "QUADRORTX6000": "Quadro-RTX-6000",
    "QUADRORTX8000": "Quadro-RTX-8000",
    "RADEONPROV520": "Radeon-Pro-V520",
    "RTX2080TI": "RTX-2080-Ti",
    "RTX3080TI": "RTX-3080-Ti",
    "RTX3090": "RTX-3090",
    "RTX4090": "RTX-4090",
    "RTX5090": "RTX-5090",
    "RTX5000": "Quadro-RTX-5000",
    "RTX4000ADA": "RTX-4000-Ada",
    "RTX6000ADA": "RTX-6000-Ada",
    "RTXA4000": "RTX-A4000",
    "RTXA5000": "RTX-A5000",
    "RTXA6000": "RTX-A6000",
    "A4000": "RTX-A4000",
    "A5000": "RTX-A5000",
    "A6000": "RTX-A6000",
    "RTXPRO6000": "RTX-PRO-6000-BSE",
    "RTXPRO6000S": "RTX-PRO-6000-BSE",
    "RTXPROSERVER6000": "RTX-PRO-6000-BSE",
    "V100PCIE16GB": "V100-PCIe-16GB",
    "V100S": "V100S-PCIe-32GB",
    "T4": "T4",
    "T4G": "T4G",
    "TPUV2": "TPU-v2",
    "TPUV3": "TPU-v3",
    "TPUV4": "TPU-v4",
    "TPUV5E": "TPU-v5e",
    "TPUV5P": "TPU-v5p",
    "TPUV6E": "TPU-v6e",
    "TPUV7": "TPU-v7",
    "TRAINIUM": "Trainium1",
    "TRAINIUM1": "Trainium1",
    "TRAINIUM2": "Trainium2",
    "TRAINIUM3": "Trainium3",
}
_BY_LABEL_AND_GIB = {
    ("RTX4000", 8.0): "Quadro-RTX-4000",
    ("RTX4000", 20.0): "RTX-4000-Ada",
    ("RTX6000", 24.0): "Quadro-RTX-6000",
    ("RTX6000", 48.0): "RTX-6000-Ada",
    ("RTX6000", 96.0): "RTX-PRO-6000-BSE",
}
"""Three generations were sold under one name; their memory tells them apart."""
_SAID_BESIDE = re.compile(
    r"\b(NVIDIA|AMD|INTEL|GOOGLE|AWS|HABANA|TESLA|GEFORCE|INSTINCT|TRILLIUM|DEVICE|POD|ND V\d)\b"
)
_BOARDS = {"SXM": "SXM4", "SXM4": "SXM4", "PCIE": "PCIe", "PCIENVLINK": "PCIe", "": "SXM4"}
_A100 = re.compile(
    r"A100(?:(?P<gb>40|80)GB)?(?P<board>SXM4?|PCIE(?:NVLINK)?|)(?:(?P<after>40|80)(?:GB)?)?"
)
_V100 = re.compile(r"V100(?:SXM2)?(?:(?P<gb>16|32)(?:GB)?)?")
_IN_BRACKETS = re.compile(r"\s*\((?:(?P<gb>\d+)\s*GB)?.*\)$", re.IGNORECASE)


def canonical(label: str, memory_gib: float | None = None) -> str | None:
    """The canonical name behind a seller's label and memory per card; None where unknown."""
    if (aside := _IN_BRACKETS.search(label)) and aside["gb"] and memory_gib is None:
        memory_gib = float(aside["gb"])
    plain = _SAID_BESIDE.sub("", _IN_BRACKETS.sub("", label).upper())
    key = re.sub(r"[^A-Z0-9]", "", plain)
    if match := _A100.fullmatch(key):
        size = match["gb"] or match["after"] or (f"{memory_gib:g}" if memory_gib else None)
        return f"A100-{_BOARDS[match['board']]}-{size}GB" if size in {"40", "80"} else None
    if match := _V100.fullmatch(key):
        size = match["gb"] or (f"{memory_gib:g}" if memory_gib else None)
        return f"V100-SXM2-{size}GB" if size in {"16", "32"} else None
    return _BY_LABEL.get(key) or _BY_LABEL_AND_GIB.get((key, memory_gib or 0.0))
