"""Numbers become text in one place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbench import units


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (units.flops(989.4e12), "989 TFLOP/s"),
        (units.flops(43.14e9), "43.1 GFLOP/s"),
        (units.bandwidth(3.35e12), "3.35 TB/s"),
        (units.size(80 * 2**30), "80.0 GiB"),
        (units.size(512), "512 B"),
        (units.percent(0.4137), "41 %"),
        (units.duration(0.0123), "12.3 ms"),
        (units.ceiling(9.6e-8, "s"), "96.0 ns"),
        (units.ceiling(1.5e11, "byte/s"), "150 GB/s"),
        (units.ceiling(1.85e11, "op/s"), "185 Gop/s"),
        (units.duration(7200), "2.00 h"),
        (units.duration(0), "0 s"),
        (units.rate(4.1234, "image"), "4.12 images/s"),
        (units.usd(1234567.8), "$1,234,568"),
        (units.usd(55.04), "$55.04"),
        (units.usd(0.04321), "$0.0432"),
        (units.usd(-2.5), "-$2.50"),
        (units.usd_per_unit(2.5e-6, "image"), "$2.50 per million images"),
        (units.usd_per_unit(0.5, "run"), "$0.500 per run"),
        (units.interval(0.012), "±1.2 %"),
        (units.interval(63.0), "±>100 %"),
        (units.interval(0.0), "±<0.01 %"),
        (units.interval(8.9e-16), "±<0.01 %"),
        (units.spread(100, 92, 108), "±8.0 %"),
        (units.spread(100, 94, 110), "±8.0 %"),
        (units.spread(100, 45, 224), "0.45–2.2×"),
        (units.spread(100, None, None), ""),
        (units.number(999.96), "1,000"),
        (units.number(0), "0"),
    ],
)
def test_a_number_reads_like_this(text: str, expected: str) -> None:
    """One example per kind of quantity."""
    assert text == expected


@pytest.mark.parametrize(
    "text",
    [
        units.number(None),
        units.flops(None),
        units.size(None),
        units.percent(None),
        units.duration(None),
        units.rate(None, "image"),
        units.usd(None),
        units.usd_per_unit(None, "image"),
    ],
)
def test_unknown_is_a_dash(text: str) -> None:
    """Never 0, never nan."""
    assert text == "—"


@given(st.floats(1e-12, 1e18))
def test_rounding_loses_less_than_half_a_per_cent(value: float) -> None:
    """Three significant digits: read back, the number is within 0.5 %."""
    assert float(units.number(value).replace(",", "")) == pytest.approx(value, rel=5.1e-3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (units.count(1234567), "1,234,567"),
        (units.counted(1, "offer"), "1 offer"),
        (units.counted(20, "offer"), "20 offers"),
        (units.times(8, "A100"), "8 \N{MULTIPLICATION SIGN} A100"),
        (units.trimmed("$100.00"), "$100"),
        (units.trimmed("2.50 h"), "2.5 h"),
        (units.trimmed("1,000"), "1,000"),
        (units.trimmed("20.0 GFLOP/s"), "20 GFLOP/s"),
        (units.trimmed("0.205"), "0.205"),
    ],
)
def test_counts_and_axes_read_like_this(text: str, expected: str) -> None:
    """Whole numbers, amounts of things, and numbers on an axis."""
    assert text == expected


@pytest.mark.parametrize(("price", "expected"), [(2e-6, "million images"), (0.5, "image")])
def test_cheap_work_is_priced_by_the_million(price: float, expected: str) -> None:
    """The same rule for a column as for a single price."""
    factor, name = units.bulk(price, "image")
    assert name == expected
    assert units.usd_per_unit(price, "image") == f"{units.usd(price * factor)} per {name}"


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.262, "FTE", "0.262 people"),
        (1.0, "FTE", "1 person"),
        (50.0, "servers/FTE", "50 servers per person"),
        (0.12, "fraction/year", "12 % per year"),
        (0.6, "fraction of hours", "60 % of hours"),
        (0.5, "fraction", "50 %"),
        (55.04, "USD/hour", "$55.04 per hour"),
        (341_000.0, "USD", "$341,000"),
        (1.54, "ratio", "1.54"),
        (10.2, "kW at most", "10.2 kW at most"),
        (None, "FTE", "—"),
    ],
)
def test_amounts_are_said_with_their_unit(value: float | None, unit: str, said: str) -> None:
    """As people would, whatever the scenario's field is called."""
    assert units.amount(value, unit) == said


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (989.4e12, "FLOP/s", "989 TFLOP/s"),
        (1978.9e12, "op/s", "1.98 Pop/s"),
        (3.35e12, "byte/s", "3.35 TB/s"),
        (49_345.0, "op/s", "49.3 kop/s"),
        (244.9, "image/s", "245 images/s"),
        (None, "image/s", "—"),
    ],
)
def test_a_ceiling_in_its_own_unit(value: float | None, unit: str, text: str) -> None:
    """Products, reads, bytes and images are each said as people say them."""
    assert units.ceiling(value, unit) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "less than a minute left"),
        (59.0, "less than a minute left"),
        (60.0, "about 1 min left"),
        (61.0, "about 2 min left"),
        (3600.0, "about 1.0 h left"),
    ],
)
def test_what_is_left_is_no_finer_than_anybody_knows(seconds: float, text: str) -> None:
    """Rounded up to minutes, then hours."""
    assert units.remaining(seconds) == text
