"""The gross-margin matrix: services by month, each to be opened into its metrics and plans."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from dashboards.margin import Margin, margin_sum, margin_total
from dashboards.reports.asked import Asked
from dashboards.reports.basis_words import lead_words, metric_words
from dashboards.reports.cells import margin_cells, margin_columns, named, ratio_cell
from dashboards.reports.filters import of_months, range_words
from dashboards.reports.headlines import headline_tiles
from dashboards.reports.month_chart import months_shown
from dashboards.reports.notices import no_figures, notices_of
from dashboards.reports.report import Cell, Column, Kind, Report, Row, Table

MONTHS_DEFAULT = 12
KEYS = ("service", "metric_code", "plan_code")


def matrix(asked: Asked) -> Report:
    """Return gross margin by service and month, the newest twelve months by default."""
    asked = with_recent_months(asked)
    words, window = asked.words, asked.window
    lead = lead_words(window.months, asked.filters.basis, words)
    empty = no_figures(asked)
    if empty is not None:
        return Report("margin", words.say("Gross margin"), lead, empty=empty)
    return Report(
        key="margin",
        title=words.say("Gross margin"),
        lead=lead,
        tiles=headline_tiles(asked),
        notices=notices_of(asked),
        tables=[_matrix(asked), _table(asked)],
    )


def with_recent_months(asked: Asked, count: int = MONTHS_DEFAULT) -> Asked:
    """Return the question with its months, where it names none, set to the newest there are."""
    scope = asked.filters.scope
    closed = asked.cube.closed_month(asked.at)
    if scope.first_month or closed is None:
        return asked
    last = scope.last_month or closed
    months = [month for month in months_shown(asked.cube.months) if month <= last][-count:]
    chosen = of_months(asked.filters, months)
    return replace(asked, filters=chosen)


def _matrix(asked: Asked) -> Table:
    words, months = asked.words, asked.window.months[-24:]
    columns = [Column("service", words.say("Service"))]
    columns += [Column(f"{month:%Y-%m}", words.month(month), Kind.RATIO) for month in months]
    columns.append(Column("all", words.say("All months"), Kind.RATIO))
    rows = []
    for key, cells in _grouped(asked, months, ("service",)):
        rows.append(_matrix_row(asked, key, cells, months, depth=0))
        if key[0] is not None and key[0] == asked.filters.opened:
            rows += _opened(asked, key[0], months)
    total = {month: margin for (month,), margin in asked.margins("month", months=months).items()}
    return Table(
        key="matrix",
        title=words.say("Gross margin by service and month"),
        caption=words.say(
            "Gross profit ÷ revenue; n/a where there is no revenue, ▼ where COGS is above it. "
            "A service opens into its metrics and plans."
        ),
        columns=columns,
        rows=rows,
        total=Row([Cell(words.say("All")), *_ratios(asked, total, months, {}, {})]),
        is_matrix=True,
    )


def _opened(asked: Asked, service: str, months: Sequence[date]) -> list[Row]:
    chosen = replace(asked.filters, scope=replace(asked.filters.scope, service=service))
    inside = replace(asked, filters=chosen)
    rows = []
    for key, cells in _grouped(inside, months, KEYS[:2]):
        rows.append(_matrix_row(asked, key, cells, months, depth=1))
        plans = [each for each in _grouped(inside, months, KEYS) if each[0][:2] == key]
        if len(plans) > 1:
            rows += [_matrix_row(asked, plan, own, months, depth=2) for plan, own in plans]
    return rows


def _grouped(
    asked: Asked, months: Sequence[date], keys: Sequence[str]
) -> list[tuple[tuple[str | None, ...], dict[date, Margin]]]:
    """Return each group's margins by month; groups that name nobody come last."""
    groups: dict[tuple[str | None, ...], dict[date, Margin]] = {}
    for (*key, month), margin in asked.margins(*keys, "month", months=months).items():
        groups.setdefault(tuple(key), {})[month] = margin
    return sorted(groups.items(), key=lambda each: [(name is None, name or "") for name in each[0]])


def _matrix_row(
    asked: Asked, key: tuple[str | None, ...], cells: dict[date, Margin], months: Sequence[date],
    *, depth: int,
) -> Row:  # fmt: skip
    name = Cell(label_of(asked, key, depth), _row_link(asked, key, depth))
    scope: dict[str, Any] = {"service": key[0], "unallocated": key[0] is None}
    narrowed = [pair for place, value in zip(("metric", "plan"), key[1:], strict=False)
                for pair in named(place, value).items()]  # fmt: skip
    return Row([name, *_ratios(asked, cells, months, scope, dict(narrowed))], depth=depth)


def label_of(asked: Asked, key: tuple[str | None, ...], depth: int) -> str:
    """Return what a row of a service, metric or plan is called."""
    words, name = asked.words, key[depth]
    if name is not None:
        return asked.names().service(name) if depth == 0 else metric_words(name, words)
    return words.say(("Unallocated", "Fees and costs of no metric", "No single plan")[depth])


def _row_link(asked: Asked, key: tuple[str | None, ...], depth: int) -> str:
    if key[0] is None:
        return asked.page("/cogs/unattributed")
    if depth == 0:
        is_open = asked.filters.opened == key[0]
        return asked.here("/margin", open=None if is_open else key[0])
    if depth == 1 and key[1] is not None:
        return asked.page("/margin/metric", service=key[0], metric=key[1])
    return asked.page("/margin/service", service=key[0])


def _ratios(
    asked: Asked, cells: dict[date, Margin], months: Sequence[date], scope: dict[str, Any],
    narrowed: dict[str, str | None],
) -> list[Cell]:  # fmt: skip
    found, links, words = [], asked.links, asked.words
    for month in months:
        margin = cells.get(month)
        if margin is None:
            found.append(Cell())
            continue
        rows = asked.scope([month], **scope)
        trace = links.revenue if margin.revenue_cents else links.cogs
        behind = trace(rows, **narrowed)
        found.append(ratio_cell(margin, behind, words, has_heat=True))
    whole = margin_sum(cells.values())
    return [*found, ratio_cell(whole, "", words)]


def _table(asked: Asked) -> Table:
    words, window = asked.words, asked.window
    rows = []
    for (service,), margin in asked.margins("service", months=window.months).items():
        scope = asked.scope(window.months, service=service, unallocated=service is None)
        link = asked.page("/cogs/unattributed")
        if service is not None:
            link = asked.page("/margin/service", service=service)
        name = Cell(label_of(asked, (service,), 0), link)
        rows.append(Row([name, *margin_cells(margin, asked.links, scope, words)]))
    total = margin_total(asked.sums("month", months=window.months))
    scope = asked.scope(window.months)
    return Table(
        key="services",
        title=words.say("The same months together"),
        caption=words.say("{months}, in CAD", months=range_words(window.months, words)),
        columns=[Column("service", words.say("Service")), *margin_columns(words)],
        rows=rows,
        total=Row([Cell(words.say("Total")), *margin_cells(total, asked.links, scope, words)]),
        more_link=asked.links.margin(scope),
        more_words=words.say("By account, month and both, sorted as you like"),
    )
