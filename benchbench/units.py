"""The only module that turns numbers into text. Unknown is an em dash, never 0."""

import math
import re
from collections.abc import Mapping

UNKNOWN = "—"
_SI = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))
_BINARY = ((2.0**40, "TiB"), (2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"))
_DURATIONS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
_NANOSECOND = 1e-9
_LOPSIDED = 0.1
_NARROW = 0.25
_TINY = 1e-4
_SMALL_USD = 1.0
_THOUSAND = 1e3
_MINUTE, _HOUR = 60.0, 3600.0


def number(value: float | None, digits: int = 3) -> str:
    """Significant digits, thousands separated, no exponent: `1,234`, `0.0123`."""
    if value is None:
        return UNKNOWN
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    rounded = round(value, digits - 1 - magnitude)
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:,.{decimals}f}"


def si(value: float | None, unit: str, digits: int = 3) -> str:
    """With an SI prefix: `989 TFLOP/s`, `43.1 GB/s`."""
    if value is None:
        return UNKNOWN
    for factor, prefix in _SI:
        if abs(value) >= factor:
            return f"{number(value / factor, digits)} {prefix}{unit}"
    return f"{number(value, digits)} {unit}"


def flops(value: float | None) -> str:
    """Floating-point operations per second."""
    return si(value, "FLOP/s")


def flop_count(value: float | None) -> str:
    """An amount of floating-point work."""
    return si(value, "FLOP")


def bandwidth(value: float | None) -> str:
    """Bytes per second, decimal prefixes, as memory vendors count."""
    return si(value, "B/s")


def ceiling(value: float | None, unit: str) -> str:
    """In one of a ceiling's units: `312 TFLOP/s`, `1.56 TB/s`, `210 images/s`, `96.0 ns`."""
    if unit == "s":
        return duration(value)
    counted, _, _ = unit.partition("/")
    if counted == "image":
        return rate(value, counted)
    return si(value, unit.replace("byte", "B"))


def size(value: float | None) -> str:
    """Bytes, binary prefixes: `80.0 GiB`."""
    if value is None:
        return UNKNOWN
    for factor, name in _BINARY:
        if abs(value) >= factor:
            return f"{number(value / factor)} {name}"
    return f"{number(value)} B"


def clock(value: float | None) -> str:
    """A frequency in hertz."""
    return si(value, "Hz")


def power(value: float | None) -> str:
    """Watts."""
    return si(value, "W")


def percent(fraction: float | None, digits: int = 2) -> str:
    """A fraction as per cent: 0.41 → `41 %`."""
    return UNKNOWN if fraction is None else f"{number(fraction * 100, digits)} %"


def accuracy(fraction: float | None) -> str:
    """A share of right answers: `75.9 %`, `96.94 %`."""
    return trimmed(percent(fraction, 4))


def duration(seconds: float | None) -> str:
    """Seconds in the unit that fits."""
    if seconds is None:
        return UNKNOWN
    for factor, name in _DURATIONS:
        if abs(seconds) >= factor:
            return f"{number(seconds / factor)} {name}"
    return "0 s" if seconds == 0 else f"{number(seconds / _NANOSECOND)} ns"


def remaining(seconds: float) -> str:
    """How long something will still take, no finer than anybody knows: `about 3 min left`."""
    if seconds < _MINUTE:
        return "less than a minute left"
    if seconds < _HOUR:
        return f"about {count(math.ceil(seconds / _MINUTE))} min left"
    return f"about {number(seconds / _HOUR, 2)} h left"


def rate(value: float | None, unit: str) -> str:
    """Units of work per second: `41.2 images/s`."""
    return UNKNOWN if value is None else f"{number(value)} {plural(unit)}/s"


def plural(unit: str) -> str:
    """`image` → `images`, `query` → `queries`."""
    if unit.endswith("y") and unit[-2:-1] not in "aeiou":
        return f"{unit[:-1]}ies"
    return unit if unit.endswith("s") else f"{unit}s"


def usd(value: float | None) -> str:
    """US dollars: whole from 1,000 up, cents from 1 up, three digits below."""
    if value is None:
        return UNKNOWN
    sign, value = ("-" if value < 0 else ""), abs(value)
    if value >= _THOUSAND:
        return f"{sign}${value:,.0f}"
    if value >= _SMALL_USD or value == 0:
        return f"{sign}${value:.2f}"
    return f"{sign}${number(value)}"


def cents(value: float | None) -> str:
    """US dollars to the cent, as a bill shows them: `$1,348.30`."""
    return UNKNOWN if value is None else f"${value:,.2f}"


def usd_per_unit(value: float | None, unit: str) -> str:
    """Dollars per million units when one costs less than a tenth of a cent."""
    if value is None:
        return UNKNOWN
    factor, name = bulk(value, unit)
    return f"{usd(value * factor)} per {name}"


def bulk(value: float, unit: str) -> tuple[float, str]:
    """How many units to price at once, and their name: `(1e6, "million images")`."""
    return (1e6, f"million {plural(unit)}") if abs(value) < _NANOSECOND * 1e6 else (1.0, unit)


def trimmed(text: str) -> str:
    """Without the zeros that say nothing on an axis: `$100.00` becomes `$100`."""
    return re.sub(r"(\.\d*?)0+(?!\d)", lambda match: match[1].rstrip("."), text)


def interval(half_width_fraction: float | None) -> str:
    """The half-width of an interval: `±1.2 %`; beyond the value itself, or next to 0, only that."""
    if half_width_fraction is None:
        return ""
    if half_width_fraction > 1:
        return "±>100 %"
    return "±<0.01 %" if half_width_fraction < _TINY else f"±{percent(half_width_fraction)}"


def spread(value: float, low: float | None, high: float | None) -> str:
    """How far the truth may lie: `±8.3 %`, or `0.45–2.2×` where the ends differ clearly."""
    if low is None or high is None or value == 0:
        return ""
    below, above = value - low, high - value
    half = (high - low) / 2 / abs(value)
    if half <= _NARROW or abs(above - below) <= _LOPSIDED * (above + below):
        return interval(half)
    return f"{number(low / value, 2)}–{number(high / value, 2)}\N{MULTIPLICATION SIGN}"


def between(low: float | None, high: float | None, digits: int = 3) -> str:
    """The ends of an interval: `0.981 to 1.02`."""
    if low is None or high is None:
        return "no interval"
    return f"{number(low, digits)} to {number(high, digits)}"


def count(value: float | None) -> str:
    """A whole number, thousands separated."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def counted(value: int, noun: str) -> str:
    """`1 offer`, `20 offers`."""
    return f"{count(value)} {noun if value == 1 else plural(noun)}"


def times(value: int, name: str) -> str:
    """`8 \N{MULTIPLICATION SIGN} A100`."""
    return f"{count(value)} \N{MULTIPLICATION SIGN} {name}"


def scenario(name: str, driver: str = "loop") -> str:
    """`single stream by LoadGen`; our own loop goes without saying."""
    return name.replace("_", " ") + (" by LoadGen" if driver == "loadgen" else "")


def setting(precision: str, batch_size: int, backend: str, device: str = "") -> str:
    """`fp32 x8 openvino`: a configuration in the width of a table's cell."""
    return f"{precision} x{batch_size} {backend} {device}".rstrip()


def changes(
    parameters: Mapping[str, object], threads: int | None, environment: Mapping[str, str]
) -> str:
    """What else a configuration chose: `channels_last=False, malloc raised, pinned`."""
    words = [f"{name}={value}" for name, value in parameters.items()]
    words += [] if threads is None else [counted(threads, "thread")]
    words += [f"{environment['LD_PRELOAD']}"] if "LD_PRELOAD" in environment else []
    words += ["malloc raised"] if "MALLOC_MMAP_THRESHOLD_" in environment else []
    words += ["pinned"] if "OMP_PROC_BIND" in environment else []
    return ", ".join(words)


def amount(value: float | None, unit: str, digits: int = 3) -> str:
    """An input as people say it: `12 % per year`, `$55.04 per hour`, `0.5 people`."""
    if value is None:
        return UNKNOWN
    if unit.startswith("fraction"):
        return f"{percent(value)}{unit.removeprefix('fraction').replace('/', ' per ')}"
    if unit.startswith("USD"):
        return f"{usd(value)}{unit.removeprefix('USD').replace('/', ' per ')}"
    shown = trimmed(number(value, digits))
    if unit == "FTE":
        return "1 person" if value == 1 else f"{shown} people"
    said = "" if unit == "ratio" else unit.replace("/FTE", " per person")
    return f"{shown} {said}".rstrip()
