"""A realistic report: a 2-core Milan guest measured, 22 offers judged, owning compared."""

import math
import random
from collections import Counter
from collections.abc import Iterable
from datetime import date
from functools import cache
from itertools import accumulate
from typing import Any

from benchbench.catalog.offer import Offer
from benchbench.derive import Figures, InputCost, Percentile, Regime
from benchbench.derive.figures import Normality
from benchbench.recommend import (
    Candidate,
    Configuration,
    Goal,
    Reason,
    Recommendation,
    Rejected,
)
from benchbench.record import Caveat, Ceiling, Record, Virtualisation, Work
from benchbench.report.page import render
from benchbench.report.view import View, build
from benchbench.stats import Estimate
from benchbench.tco.answer import (
    Alternative,
    Assumption,
    BreakEven,
    CurvePoint,
    TcoAnswer,
    TornadoBar,
    Uncertainty,
    WhatIf,
)
from tests import factories

GENERATED_ON = "2026-01-15"
UNITS = 10_000_000.0
RESNET_TRAIN_FLOP = 24.299077632e9
BERT_FLOP = 246.425321472e9
PEAK = 2 * 32 * 2.95e9
"""Two cores, two 256-bit FMA ports: 32 FLOP a cycle each, at the clock seen."""

_MATMUL = Ceiling(
    kind="matmul",
    dtype="fp32",
    threads=2,
    device="cpu",
    value=151.2e9,
    unit="FLOP/s",
    path="torch.mm 2048x2048x2048",
    low=150.1e9,
    high=152.4e9,
)
_TRIAD = Ceiling(
    kind="memory_triad",
    threads=2,
    device="cpu",
    value=21.7e9,
    unit="byte/s",
    path="numpy, 256 MiB arrays",
    low=21.2e9,
    high=22.1e9,
)
_DISTURBED = Caveat(
    code="disturbed",
    severity="warning",
    message="The hypervisor took 3.1 % of the time from this guest (steal).",
    remedy="Measure on a dedicated instance, or at another hour.",
)
_FEW = Caveat(
    code="few_repeats",
    severity="note",
    message="The setting ran in one process; variance between processes is unknown.",
    remedy="Use --effort standard for three.",
)


def estimate(value: float, half: float, n: int = 3, basis: Any = "measured") -> Estimate:
    """A figure with a symmetric interval of `half` (a fraction) on each side."""
    return Estimate(value=value, low=value * (1 - half), high=value * (1 + half), n=n, basis=basis)


def _steps(throughput: float, units: float, count: int, seed: int) -> tuple[float, ...]:
    source = random.Random(seed)  # noqa: S311 - noise that looks like a machine's
    middle = units / throughput
    return tuple(round(middle * (0.98 + source.gammavariate(2, 0.012)), 9) for _ in range(count))


def measured(
    workload: str, throughput: float, *, batch: int = 8, repeat: int = 0, **changes: Any
) -> Record:
    """A record of the Milan guest with lifelike steps."""
    train = workload.endswith("train")
    steps = _steps(throughput, batch, changes.pop("steps", 60), seed=batch * 100 + repeat)
    work = Work(
        unit="image" if train else "sequence",
        flops_per_unit=RESNET_TRAIN_FLOP if train else BERT_FLOP,
        bytes_per_unit=0.62e9 if train else 1.9e9,
        convention="mm2-dense-v1",
    )
    fields: dict[str, Any] = {
        "workload": workload,
        "scenario": "train" if train else "offline",
        "batch_size": batch,
        "repeat": repeat,
        "work": work,
        "ceilings": (_MATMUL, _TRIAD),
        "system": factories.system(virtualisation=Virtualisation(hypervisor="kvm")),
        "measurement": factories.measurement(
            throughput,
            units_per_step=float(batch),
            step_s=steps,
            elapsed_s=sum(steps),
            units_completed=float(batch * len(steps)),
        ),
    }
    return factories.record(**{**fields, **changes})


def figure(record: Record, throughput: float, **changes: Any) -> Figures:
    """Figures of one configuration, from closed forms."""
    assert record.measurement is not None
    assert record.work.flops_per_unit is not None
    assert record.work.bytes_per_unit is not None
    flops, moved = record.work.flops_per_unit, record.work.bytes_per_unit
    steps = sorted(record.measurement.step_s)
    rate = estimate(throughput, 0.009)
    achieved = rate.scaled(flops)
    fields: dict[str, Any] = {
        "workload": record.workload,
        "scenario": record.scenario,
        "unit": record.work.unit,
        "precision": record.precision,
        "batch_size": record.batch_size,
        "backend": record.backend,
        "devices": record.devices,
        "processes": 3,
        "steps": 3 * len(steps),
        "throughput": rate,
        "step_s": estimate(steps[len(steps) // 2], 0.004, n=180),
        "step_s_mad": 0.011,
        "step_s_p5": steps[len(steps) // 20],
        "step_s_p95": steps[-len(steps) // 20],
        "flops_per_unit": flops,
        "bytes_per_unit": moved,
        "intensity": flops / moved,
        "achieved_flops": achieved,
        "datasheet_flops": PEAK,
        "mfu": achieved.scaled(1 / PEAK),
        "ceiling": _MATMUL,
        "share_of_achievable": achieved.scaled(1 / _MATMUL.value),
        "achieved_bytes_per_s": rate.scaled(moved),
        "memory_ceiling": _TRIAD,
        "mbu": rate.scaled(moved / _TRIAD.value),
        "regime": Regime(
            name="compute",
            evidence="39 FLOP per byte is right of the ridge at 7; 64 % of the matmul ceiling.",
            try_next="torch.compile or OpenVINO: eager operators leave the FMA units idle.",
        ),
        "input_cost": InputCost(seconds_per_step=0.0, from_memory_units_per_s=None, slowdown=None),
        "peak_memory_bytes": 2 * factories.GIB,
        "load_s": 4.2,
        "first_step_s": 3.1,
        "validity": record.validity,
        "caveats": record.caveats,
    }
    return Figures(**{**fields, **changes})


def records() -> list[Record]:
    """ResNet-50 training and BERT-large inference, at two batch sizes, three processes each."""
    taken = [measured("resnet50-train", 4.02, batch=8, repeat=repeat) for repeat in range(3)]
    taken += [measured("resnet50-train", 3.61, batch=32, repeat=repeat) for repeat in range(3)]
    doubt = {"caveats": (_DISTURBED,), "validity": "valid_with_warnings"}
    taken += [
        measured("bert-large-infer", 0.512, batch=1, repeat=repeat, **doubt) for repeat in range(3)
    ]
    taken += [measured("bert-large-infer", 0.487, batch=8, repeat=repeat) for repeat in range(3)]
    failure = factories.out_of_memory()
    taken.append(
        factories.record(
            workload="bert-large-infer",
            scenario="offline",
            batch_size=64,
            system=taken[0].system,
            work=taken[-1].work,
            failure=failure,
        )
    )
    return taken


def figures(taken: list[Record]) -> list[Figures]:
    """Of `records()`."""
    latency = (
        Percentile(percent=90, seconds=2.04, queries=180, queries_needed=64),
        Percentile(percent=99, seconds=None, queries=180, queries_needed=662),
    )
    compute = Regime(
        name="compute",
        evidence="130 FLOP per byte is far right of the ridge at 7; 83 % of the matmul ceiling.",
        try_next="bfloat16 needs AVX-512 or AMX, which this CPU lacks: another CPU, or int8.",
    )
    usual = Normality(
        name="normal",
        because="52 % against 40 % to 70 % on other devices of this kind (three published runs)",
        quantity="mfu",
        value=0.517,
        low=0.4,
        high=0.7,
    )
    return [
        figure(taken[0], 4.02, normal=usual),
        figure(taken[3], 3.61, caveats=(_FEW,)),
        figure(taken[6], 0.512, regime=compute, latency=latency),
        figure(taken[9], 0.487, regime=compute),
    ]


_OFFERS: tuple[tuple[str, str, str, float, float, str, float], ...] = (
    # provider, region, instance, vcpu, $/hour, basis, images per second
    ("aws", "us-east-1", "g6.xlarge", 4, 0.8048, "predicted", 321.0),
    ("gcp", "us-central1", "g2-standard-4", 4, 0.7068, "predicted", 266.0),
    ("aws", "us-east-1", "g5.xlarge", 4, 1.006, "predicted", 352.0),
    ("aws", "us-east-1", "g4dn.xlarge", 4, 0.526, "predicted", 148.0),
    ("azure", "eastus", "Standard_NC24ads_A100_v4", 24, 3.673, "predicted", 910.0),
    ("aws", "us-east-1", "p5.4xlarge", 16, 6.88, "predicted", 1510.0),
    ("gcp", "us-central1", "a2-highgpu-1g", 12, 3.6734, "predicted", 742.0),
    ("azure", "eastus", "Standard_NC4as_T4_v3", 4, 0.526, "predicted", 96.0),
    ("aws", "us-east-1", "c7a.8xlarge", 32, 1.6422, "predicted", 88.0),
    ("gcp", "us-central1", "c3-standard-22", 22, 1.108, "predicted", 54.0),
    ("aws", "us-east-1", "c6a.8xlarge", 32, 1.224, "measured", 57.0),
    ("aws", "us-east-1", "c6a.xlarge", 4, 0.153, "measured", 4.02),
    ("azure", "eastus", "Standard_D4as_v5", 4, 0.172, "measured", 4.02),
    ("gcp", "us-central1", "n2d-standard-4", 4, 0.169, "measured", 3.87),
)


def _candidate(rank: int, row: tuple[str, str, str, float, float, str, float]) -> Candidate:
    provider, region, instance, vcpu, price, basis, images = row
    half = 0.009 if basis == "measured" else 0.28
    throughput = estimate(images, half, n=3 if basis == "measured" else 0, basis=basis)
    replicas = max(1, math.ceil(30 / images))
    per_unit = throughput.inverted(price / 3600)
    gpu = basis == "predicted" and vcpu < 30
    return Candidate(
        rank=rank,
        offer=Offer(
            provider=provider,
            region=region,
            instance=instance,
            vcpu=vcpu,
            price_kind="on_demand",
            price_usd_per_hour=price,
            source="sample",
            as_of=date(2025, 6, 1) if provider == "azure" else date(2026, 1, 10),
            confidence="high",
        ),
        basis="measured" if basis == "measured" else "predicted",
        configuration=Configuration(
            backend="torch-eager", precision="fp32", batch_size=8, device=factories.MILAN
        ),
        throughput=throughput,
        replicas=replicas,
        usd_per_hour=price * replicas,
        usd_per_unit=per_unit,
        cost_usd=per_unit.scaled(UNITS),
        time_s=throughput.inverted(UNITS / replicas),
        floor_usd_per_unit=per_unit.value * (0.31 if gpu else 0.52),
        tied_with_best=rank <= 3,
        because=(
            "measured on the same processor"
            if basis == "measured"
            else "scaled from Milan by the ratio of datasheet peaks, at the architecture's "
            "known efficiency"
        ),
    )


def _on_front(candidate: Candidate, others: list[Candidate]) -> bool:
    def better(other: Candidate) -> bool:
        assert other.time_s is not None
        assert candidate.time_s is not None
        cheaper = other.usd_per_unit.value < candidate.usd_per_unit.value
        return cheaper and other.time_s.value < candidate.time_s.value

    return not any(better(other) for other in others)


def tally(rejected: Iterable[tuple[str, str, str]]) -> tuple[Reason, ...]:
    """Offers per code, from `(code, instance, because)`; the last one is the example."""
    rows = list(rejected)
    counts = Counter(code for code, _, _ in rows)
    examples = {code: (instance, because) for code, instance, because in rows}
    return tuple(
        Reason(code=code, offers=count, instance=examples[code][0], because=examples[code][1])
        for code, count in counts.most_common()
    )


def recommendation(**changes: Any) -> Recommendation:
    """Fourteen offers ranked, eight rejected."""
    ordered = sorted(_OFFERS, key=lambda row: row[4] / row[6])
    ranked = [_candidate(rank, row) for rank, row in enumerate(ordered, start=1)]
    candidates = [one.model_copy(update={"pareto": _on_front(one, ranked)}) for one in ranked]
    reasons = (
        ("t3.medium", "memory", "Training needs 2.0 GiB; 70 % of this instance is 2.8 GiB."),
        ("t3.large", "burst", "Burst credits end after 58 minutes of full load."),
        ("m7g.large", "unknown_silicon", "No measured device is near enough to Graviton 3."),
        ("m8g.large", "unknown_silicon", "No measured device is near enough to Graviton 4."),
        ("trn1.2xlarge", "backend", "torch-eager does not run on Trainium."),
        ("inf2.xlarge", "backend", "torch-eager does not run on Inferentia."),
        ("p6-b200.48xlarge", "no_price", "The catalogue has no on-demand price for it."),
        ("c5.large", "replicas", "It would take 71 instances; the limit is 64."),
    )
    fields: dict[str, Any] = {
        "goal": Goal(workload="resnet50-train", units=UNITS, deadline_s=30 * 86400.0),
        "unit": "image",
        "candidates": tuple(candidates),
        "rejected": tuple(
            Rejected(
                key=f"aws/us-east-1/{instance}/on_demand",
                provider="aws",
                region="us-east-1",
                instance=instance,
                price_kind="on_demand",
                code=code,
                because=because,
            )
            for instance, code, because in reasons
        ),
        "reasons": tally((code, instance, because) for instance, code, because in reasons),
        "caveats": (
            Caveat(
                code="stale_price",
                severity="warning",
                message="Azure prices are 228 days old.",
                remedy="Run benchbench catalog refresh.",
            ),
        ),
        "indicative": False,
        "as_of": GENERATED_ON,
    }
    return Recommendation(**{**fields, **changes})


def _alternative(name: Any, label: str, months: dict[str, list[float]]) -> Alternative:
    total = sum(sum(amounts) for amounts in months.values())
    paid = list(accumulate(map(sum, zip(*months.values(), strict=True))))
    return Alternative(
        name=name,
        label=label,
        months={key: tuple(amounts) for key, amounts in months.items()},
        total_usd=total,
        npv_usd=total * 0.92,
        usd_per_unit=total / 36 / 2.6e9,
        usd_per_useful_hour=total / (36 * 730 * 0.62 * 8),
        paid_usd_p5=tuple(0.9 * one for one in paid),
        paid_usd_p95=tuple(1.2 * one for one in paid),
    )


def what_if(
    utilisations: tuple[float, ...] = (0.3, 0.62, 0.9),
    price_factors: tuple[float, ...] = (0.7, 1.0, 1.3),
    horizons: tuple[int, ...] = (24, 36, 48),
) -> WhatIf:
    """By closed forms: rent follows the price, owning falls with use and with time."""
    points = [(u, p, h) for u in utilisations for p in price_factors for h in horizons]
    costs: dict[Any, tuple[float | None, ...]] = {
        "on_demand": tuple(3.42 * p for _, p, _ in points),
        "committed": tuple(2.31 * p / max(u, 0.62) for u, p, _ in points),
        "owned": tuple(1.48 / u * (36 / h) ** 0.3 + 0.07 for u, _, h in points),
        "hybrid": tuple(1.9 * p + 0.4 / u if u > 0.5 else None for u, p, _ in points),
    }
    return WhatIf(
        utilisations=utilisations,
        price_factors=price_factors,
        horizons=horizons,
        here=(utilisations.index(0.62), price_factors.index(1.0), horizons.index(36)),
        usd_per_useful_hour=costs,
        cheapest=tuple(
            min(costs, key=lambda name: costs[name][at] or math.inf) for at in range(len(points))
        ),
    )


def tco() -> TcoAnswer:
    """Eight H100 over three years; owning wins from month 17."""
    none, month = [0.0] * 36, 36
    owned = {
        "servers": [285_000.0, *none],
        "network": [42_000.0, *none],
        "energy": [0.0, *[1_020.0] * month],
        "colocation": [0.0, *[1_950.0] * month],
        "staff": [0.0, *[5_300.0] * month],
        "maintenance": [0.0, *[1_180.0] * month],
        "resale": [*none, -57_000.0],
    }
    rent = {"instances": [0.0, *[24_600.0] * month], "egress": [0.0, *[640.0] * month]}
    committed = {"instances": [0.0, *[19_900.0] * month], "egress": [0.0, *[640.0] * month]}
    hybrid = {
        "servers": [142_000.0, *none],
        "network": [26_000.0, *none],
        "energy": [0.0, *[540.0] * month],
        "colocation": [0.0, *[1_010.0] * month],
        "staff": [0.0, *[5_300.0] * month],
        "instances": [0.0, *[8_300.0] * month],
        "resale": [*none, -28_000.0],
    }
    curve = []
    for step in range(1, 21):
        used = step / 20
        prices: dict[str, float | None] = {"on_demand": 3.42, "committed": 2.31 / max(used, 0.62)}
        curve.append(
            CurvePoint(
                utilisation=used, usd_per_useful_hour={**prices, "owned": 1.48 / used + 0.07}
            )
        )
    even = "Owning is cheaper than the best cloud above 44 % utilisation; here it is 62 %."
    return TcoAnswer(
        title="Eight H100 for three years",
        horizon_months=month,
        unit="image",
        alternatives=(
            _alternative("on_demand", "Cloud, on demand", rent),
            _alternative("committed", "Cloud, committed", committed),
            _alternative("owned", "Owned, colocated", owned),
            _alternative("hybrid", "Hybrid", hybrid),
            Alternative(
                name="spot",
                label="Cloud, spot",
                infeasible_because="interrupted more often than a checkpoint takes",
            ),
        ),
        cheapest="owned",
        break_even=BreakEven(
            utilisation=0.44,
            month_cash=30,
            month_discounted=33,
            month_with_resale=25,
            sentence=even,
        ),
        utilisation=0.62,
        hybrid_base_servers=1,
        curve=tuple(curve),
        what_if=what_if(),
        uncertainty=Uncertainty(
            draws=10_000,
            probability_own_cheaper=0.83,
            saving_usd_p5=-71_000,
            saving_usd_p50=118_000,
            saving_usd_p95=287_000,
            saving_usd_quantiles=tuple(118_000.0 + 4_400.0 * (at - 24.5) for at in range(50)),
            break_even_p5=0.36,
            break_even_p50=0.45,
            break_even_p95=0.58,
            tornado=(
                TornadoBar(
                    key="server_price_usd",
                    label="server price",
                    low_saving_usd=191_000,
                    high_saving_usd=-38_000,
                    flips_at=341_000.0,
                ),
                TornadoBar(key="life_years", low_saving_usd=-52_000, high_saving_usd=174_000),
                TornadoBar(
                    key="cloud_price_decline_fraction",
                    low_saving_usd=164_000,
                    high_saving_usd=31_000,
                ),
                TornadoBar(key="staff_fte", low_saving_usd=148_000, high_saving_usd=66_000),
                TornadoBar(key="residual_fraction", low_saving_usd=90_000, high_saving_usd=141_000),
                TornadoBar(
                    key="electricity_usd_per_kwh", low_saving_usd=126_000, high_saving_usd=109_000
                ),
            ),
        ),
        assumptions=(
            Assumption(
                key="server_price_usd",
                value=285_000,
                low=240_000,
                high=360_000,
                unit="USD",
                source="vendor quote",
                as_of="2025-11-02",
                basis="assumed",
            ),
            Assumption(
                key="electricity_usd_per_kwh",
                value=0.11,
                low=0.07,
                high=0.19,
                unit="USD/kWh",
                source="EIA industrial average",
                basis="assumed",
            ),
            Assumption(
                key="power_w",
                value=8_120,
                unit="W",
                source="measured at the board",
                basis="measured",
            ),
        ),
        sentences=(
            "Own eight H100: $610,200 over three years against $739,440 for a committed cloud.",
            "A hybrid of one owned server costs $75,200 more and needs half the capital.",
        ),
    )


def fleet() -> list[Record]:
    """The Milan guest, a rented card that trains, and eight that do both: three machines."""
    rented = factories.rented("aws", "g6.xlarge", "us-east-1")
    card = factories.gpu_system(1, cloud=rented)
    eight = factories.gpu_system(8)
    tensor = factories.ceiling(250e12, dtype="bf16", device="cuda:0", path="torch.mm 8192")
    board = factories.bandwidth_ceiling(1.4e12, device="cuda:0", path="triad")
    gpu: dict[str, Any] = {"precision": "bf16", "ceilings": (tensor, board)}
    one = {**gpu, "devices": ("cuda:0",), "system": card}
    all_eight = {**gpu, "devices": tuple(f"cuda:{at}" for at in range(8)), "system": eight}
    return [
        measured("resnet50-train", 4.02),
        measured("bert-large-infer", 0.512, batch=1),
        measured("resnet50-train", 2_050.0, batch=256, **one),
        measured("resnet50-train", 14_800.0, batch=2048, **all_eight),
        measured("bert-large-infer", 3_900.0, batch=64, **all_eight),
    ]


def view(**changes: Any) -> View:
    """All of it; keywords replace an input of `build`."""
    taken = changes.pop("records", None) or records()
    fields: dict[str, Any] = {
        "figures": () if "figures" in changes else figures(taken),
        "recommendations": (recommendation(),),
        "tco": tco(),
        "title": "Two Milan cores: what they deliver, and what to do",
        "generated_on": GENERATED_ON,
    }
    return build(taken, **{**fields, **changes})


@cache
def long_page() -> str:
    """A page of so many steps that its data are packed."""
    taken = [measured("resnet50-train", 4.02, batch=batch, steps=2000) for batch in range(1, 33)]
    return render(view(records=taken, figures=(), recommendations=(), tco=None))


@cache
def page() -> str:
    """The page of `view()`; rendered once, for it takes a second."""
    return render(view())
