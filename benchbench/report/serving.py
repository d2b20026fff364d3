"""How answers are given: token by token, at rising rates, in a bound; and by several devices."""

from collections.abc import Callable, Iterable, Sequence

from benchbench import units
from benchbench.derive import Figures
from benchbench.derive.figures import PART_NAMES
from benchbench.report import evidence
from benchbench.report.blocks import Cell, Column, Part, Row, Table, plain, quantity, words
from benchbench.report.evidence import Measured

_Cells = Iterable[tuple[Cell, ...]]


def parts(seen: Measured) -> tuple[Part, ...]:
    """Of each kind one, where anything of it was measured."""
    answering = (_tokens(seen), _rising(seen), *_searched(seen))
    tables = tuple(table for table in answering if table.rows)
    found = (Part("answering", "How it answers", tables),) if tables else ()
    shared = _together(seen)
    together = Part("together", "Several devices together", (shared,))
    return (*found, together) if shared.rows else found


def _tokens(seen: Measured) -> Table:
    columns = (
        Column("Workload"),
        Column("Median", numeric=True),
        Column("p95", numeric=True),
        Column("Rate", numeric=True),
        Column("Of the datasheet", numeric=True),
        Column("Of the best matmul", numeric=True),
        Column("Of memory bandwidth", numeric=True),
    )

    def cells(figure: Figures) -> _Cells:
        for one in figure.parts:
            yield (
                words(seen.name(figure), PART_NAMES.get(one.name, one.name)),
                quantity(one.seconds, units.duration),
                plain(one.p95_s, units.duration),
                plain(one.units_per_s, _per_second(figure)),
                plain(one.mfu, units.percent),
                plain(one.share_of_achievable, units.percent),
                plain(one.mbu, units.percent),
            )

    caption = "What each part of an answer takes, and how near it is to the machine's limits"
    return Table(caption, columns, _rows(seen.figures, cells))


def _rising(seen: Measured) -> Table:
    columns = (
        Column("Workload"),
        Column("Requests per second", numeric=True),
        Column("Answered", numeric=True),
        Column("First token", numeric=True),
        Column("p90", numeric=True),
        Column("Each further", numeric=True),
        Column("Tokens per second", numeric=True),
        Column("Keeps up"),
    )

    def cells(figure: Figures) -> _Cells:
        for one in figure.rates:
            yield (
                _named(seen, figure),
                plain(one.requests_per_s, units.number),
                Cell(f"{units.count(one.answered)} of {units.count(one.offered)}"),
                plain(one.first_token_s, units.duration),
                plain(one.first_token_p90_s, units.duration),
                plain(one.per_token_s, units.duration),
                plain(one.tokens_per_s, units.number),
                words("yes" if one.keeps_up else "no"),
            )

    caption = "Requests arriving at rising rates: what each waits, median"
    return Table(caption, columns, _rows(seen.figures, cells))


def _searched(seen: Measured) -> list[Table]:
    """Every rate a server was tried at, one table for each search: bounds differ."""
    columns = (
        Column("Rate", numeric=True),
        Column("Queries", numeric=True),
        Column("Late", numeric=True),
        Column("Percentile", numeric=True),
        Column("Client late", numeric=True),
        Column("Bound kept"),
    )
    found = []
    for figure in seen.figures:
        search = figure.rate_search
        if search is None:
            continue
        rows = tuple(
            Row(
                (
                    plain(one.rate_per_s, _per_second(figure)),
                    plain(one.queries, units.count),
                    plain(one.over_bound, units.count),
                    plain(one.latency_s, units.duration),
                    plain(one.latest_s, units.duration),
                    _kept(met=one.met, sure=one.early_stopping),
                )
            )
            for one in search.probes
        )
        bound = units.duration(search.latency_bound_s)
        caption = (
            f"{seen.name(figure)}, {evidence.setting(figure)}: rates tried for at most {bound} "
            f"at p{search.percent:g}, answered {search.policy}"
        )
        found.append(Table(caption, columns, rows))
    return found


def _per_second(figure: Figures) -> Callable[[float | None], str]:
    return lambda rate: units.rate(rate, figure.unit)


def _kept(*, met: bool, sure: bool) -> Cell:
    return words("yes" if met else "no", "" if sure or not met else "too few queries to be sure")


def _together(seen: Measured) -> Table:
    columns = (
        Column("Workload"),
        Column("Processes", numeric=True),
        Column("One alone", numeric=True),
        Column("Scaling efficiency", numeric=True),
        Column("Of a step spent exchanging gradients", numeric=True),
    )

    def cells(figure: Figures) -> _Cells:
        if figure.ranks > 1:
            scaling = figure.scaling
            yield (
                _named(seen, figure),
                plain(figure.ranks, units.count),
                quantity(scaling.alone_units_per_s if scaling else None, _per_second(figure)),
                quantity(scaling.efficiency if scaling else None, units.percent),
                plain(figure.communication_fraction, units.percent),
            )

    caption = "The slowest process sets the pace; the rate counts the work of all"
    return Table(caption, columns, _rows(seen.figures, cells))


def _named(seen: Measured, figure: Figures) -> Cell:
    return words(seen.name(figure), evidence.setting(figure))


def _rows(figures: Sequence[Figures], cells: Callable[[Figures], _Cells]) -> tuple[Row, ...]:
    return tuple(Row(each) for figure in figures for each in cells(figure))
