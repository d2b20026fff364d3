"""What a record or its figures hold beyond what the other parts show: by name, value and unit.

A kind of measurement that is newer than this page still reaches the reader.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchbench import units
from benchbench.derive import Figures
from benchbench.record import Ceiling, Model
from benchbench.report import evidence, machine
from benchbench.report.blocks import Cell, Column, Part, Row, Table, quantity, words
from benchbench.report.evidence import Measured
from benchbench.stats import Estimate

_SHOWN_OF_FIGURES = frozenset(
    """
    workload scenario driver unit precision batch_size backend devices role session processes steps
    throughput step_s step_s_mad step_s_p5 step_s_p95 latency flops_per_unit bytes_per_unit
    intensity achieved_flops datasheet_flops datasheet_because mfu ceiling share_of_achievable
    achieved_bytes_per_s datasheet_bytes_per_s memory_ceiling mbu regime normal joules_per_unit
    time_to_train convergence estimated_training
    parts rates rate_search ranks scaling communication_fraction
    energy_scope peak_memory_bytes peak_device_memory_bytes load_s first_step_s validity caveats
    """.split()  # noqa: SIM905  a list of forty literals reads worse
)
_SHOWN_OF_RECORDS = frozenset(
    """
    schema_version workload scenario driver precision batch_size backend devices parameters effort
    repeat tuning system work ceilings measurement failure caveats validity provenance
    accuracy convergence
    """.split()  # noqa: SIM905  as above
)
_SHOWN_OF_MEASUREMENTS = frozenset(
    """
    units_per_step step_s warmup_s elapsed_s units_completed latency_s device_s input_s
    step_from_memory_s load_s first_step_s steady stop_reason interval_target_fraction
    peak_memory_bytes peak_device_memory_bytes losses samples energy idle_power interference
    perturbations
    """.split()  # noqa: SIM905  as above
)
_MOST_ITEMS = 40
"""Of one list of one configuration."""
_MOST_AT_SIGHT = 12
_READERS = (
    ("flops_at_clock", units.flops),
    ("mfu", units.percent),
    ("mfu_at_clock", units.percent),
    ("hfu", units.percent),
    ("mbu", units.percent),
    ("share_of_achievable", units.percent),
    ("efficiency", units.percent),
    ("flops_per_s", units.flops),
    ("bytes_per_s", units.bandwidth),
    ("_per_s", units.number),
    ("_flops", units.flops),
    ("_fraction", units.percent),
    ("_bytes", units.size),
    ("_usd", units.usd),
    ("_hz", units.clock),
    ("_w", units.power),
    ("_s", units.duration),
    ("seconds", units.duration),
    ("seconds_per_step", units.duration),
)
"""The end of a field's name, and who writes its number."""
_UNITS_SAID = ("_fraction", "_bytes", "_usd", "_hz", "_w", "_s")
"""Said by the value, so not by the name."""

_FIELD_S_OWN = {"mfu": "MFU", "hfu": "HFU", "mbu": "MBU", "flops": "FLOP/s", "ttft": "TTFT"}

_Fact = tuple[str, Cell]
_Items = tuple[Model, ...]


@dataclass
class _Found:
    """What is left to tell of one configuration."""

    facts: list[_Fact] = field(default_factory=list)
    lists: dict[str, _Items] = field(default_factory=dict)

    def add(self, name: str, value: Any) -> None:  # noqa: ANN401 - any field
        """A value by its name; what is unknown or empty is left out."""
        if isinstance(value, Estimate):
            self.facts.append((_said(name), quantity(value, _reader(name))))
        elif isinstance(value, Ceiling):
            self.facts.append((_said(name), machine.ceiling_cell(value)))
        elif isinstance(value, Model):
            for part in type(value).model_fields:
                self.add(f"{name} {part}", getattr(value, part))
        elif isinstance(value, dict):
            for part, inner in value.items():
                self.add(f"{name} {part}", inner)
        elif isinstance(value, tuple):
            self._add_items(name, value)
        elif value is not None and value != "":
            self.facts.append((_said(name), _cell(name, value)))

    def _add_items(self, name: str, items: tuple[Any, ...]) -> None:
        models = tuple(item for item in items if isinstance(item, Model))
        if models and len(models) == len(items):
            self.lists[_said(name)] = models
        elif items and all(isinstance(item, str) for item in items):
            self.facts.append((_said(name), words("; ".join(items))))
        elif items:
            counted = units.counted(len(items), "value")
            self.facts.append((_said(name), words(counted, "in the data of this file")))


def parts(seen: Measured) -> tuple[Part, ...]:
    """A table of single facts, and one of each list, where anything is left to tell."""
    found = [(figure, _left(seen, figure)) for figure in seen.figures]
    named = [(words(seen.name(one), evidence.setting(one)), left) for one, left in found]
    rows = tuple(
        Row((subject, Cell(name), cell)) for subject, left in named for name, cell in left.facts
    )
    tables = []
    if rows:
        columns = (Column("Workload"), Column("What"), Column("Value"))
        caption = "Further facts of each configuration"
        folded = f"Show {units.counted(len(rows), 'fact')}" if len(rows) > _MOST_AT_SIGHT else ""
        tables.append(Table(caption, columns, rows, folded=folded, filterable=True))
    for name in dict.fromkeys(name for _, left in named for name in left.lists):
        lists = [(subject, left.lists[name]) for subject, left in named if name in left.lists]
        tables.append(_listed(name, lists))
    return (Part("further", "What else was measured", tuple(tables)),) if tables else ()


def _left(seen: Measured, figure: Figures) -> _Found:
    """Of the figures all; of the records only what is no sample and no figure."""
    found = _Found()
    for name, field_of in type(figure).model_fields.items():
        value = getattr(figure, name)
        # What is as it always is goes without saying.
        if name not in _SHOWN_OF_FIGURES and value != field_of.default:
            found.add(name, value)
    told = set(type(figure).model_fields) | _SHOWN_OF_RECORDS | _SHOWN_OF_MEASUREMENTS
    for record in seen.behind(figure)[:1]:
        for of in filter(None, (record, record.measurement)):
            for name in type(of).model_fields:
                value = getattr(of, name)
                if name not in told and not isinstance(value, tuple):
                    found.add(name, value)
    return found


def _listed(name: str, lists: Sequence[tuple[Cell, _Items]]) -> Table:
    """One row per item, one column per simple field."""
    kind = type(lists[0][1][0])
    whole = [one for _, items in lists for one in items]
    simple = [
        part
        for part in kind.model_fields
        if all(_is_simple(getattr(one, part, None)) for one in whole)
    ]
    columns = (
        Column("Workload"),
        *(Column(_capital(_said(part)), numeric=_counts(part, lists)) for part in simple),
    )
    rows = tuple(
        Row((subject, *(_value(part, getattr(one, part, None)) for part in simple)))
        for subject, items in lists
        for one in items[:_MOST_ITEMS]
    )
    left = sum(max(0, len(items) - _MOST_ITEMS) for _, items in lists)
    more = f"; {units.count(left)} more are in the data of this file" if left else ""
    return Table(f"{_capital(name)}{more}", columns, rows)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _is_simple(value: object) -> bool:
    return isinstance(value, Estimate) or not isinstance(value, tuple | Model | dict)


def _counts(part: str, lists: Sequence[tuple[Cell, _Items]]) -> bool:
    values = [getattr(one, part, None) for _, items in lists for one in items]
    return all(
        value is None or (isinstance(value, int | float | Estimate) and not isinstance(value, bool))
        for value in values
    )


def _value(name: str, value: Any) -> Cell:  # noqa: ANN401 - any field
    if isinstance(value, Estimate):
        return quantity(value, _reader(name))
    return words(None) if value is None else _cell(name, value)


def _cell(name: str, value: object) -> Cell:
    if isinstance(value, bool):
        return words("yes" if value else "no")
    if isinstance(value, int | float):
        reader = _reader(name)
        counts = isinstance(value, int) and reader is units.number
        return Cell(units.count(value) if counts else reader(value), sort=float(value))
    return words(str(value))


def _reader(name: str) -> Any:  # noqa: ANN401 - a function of `units`
    """Who writes a number of a field of this name."""
    return next((text for ending, text in _READERS if name.endswith(ending)), units.number)


def _said(name: str) -> str:
    """A field's name as words, without the unit that its value says."""
    if name.endswith("_per_s"):
        stem = f"{name.removesuffix('_per_s')} per second"
    else:
        stem = next((name.removesuffix(each) for each in _UNITS_SAID if name.endswith(each)), name)
    stem = stem.replace("seconds_per_step", "per_step")
    return " ".join(_FIELD_S_OWN.get(word, word) for word in stem.replace("_", " ").split())
