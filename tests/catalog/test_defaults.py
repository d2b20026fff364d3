"""The planning values of the cost model."""

from datetime import date

from benchbench.catalog import defaults

TIERS_AWS = [(10240.0, 0.09), (40960.0, 0.085), (102400.0, 0.07), (None, 0.05)]


def test_ranges_hold_their_value() -> None:
    """Low <= value <= high wherever all three are given."""
    for default in defaults.load().values():
        if None not in (default.value, default.low, default.high):
            assert default.low <= default.value <= default.high, default.key  # type: ignore[operator]  # None was excluded


def test_every_value_has_a_range_a_source_and_a_date() -> None:
    """A number without its origin is an opinion."""
    for key, default in defaults.load().items():
        assert default.key == key
        assert default.source
        assert date(2015, 1, 1) <= default.as_of <= date(2026, 12, 31)
        priced = default.value is not None or default.tiers
        assert priced or key.startswith("anchor."), key


def test_known_values() -> None:
    """EIA's industrial price, Uptime's PUE, BLS's wage, NVIDIA's DGX power."""
    known = defaults.load()
    assert known["power.elec_usd_kwh"].value == 0.0826
    assert known["power.pue"].value == 1.54
    assert known["staff.wage_usd"].value == 96_800
    assert known["power.dgx_h100_kw"].value == 10.2
    assert len(known) == 63


def test_egress_tiers() -> None:
    """AWS: 10 TiB at .09, the next 40 at .085, the next 100 at .07, the rest at .05."""
    tiers = defaults.load()["cloud.egress_aws"].tiers
    assert [(tier.width_gib, tier.usd_per_gib) for tier in tiers] == TIERS_AWS
