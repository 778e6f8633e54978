"""The margin report in its three forms: page, CSV and JSON, from one reading of the lake."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl

from catalog.money import decimal_text
from dashboards.charts import sparkline
from dashboards.close.as_closed import cube_as_of, invoiced_as_of
from dashboards.csv_text import Cell, csv_text
from dashboards.formats import account_label, axis_money, service_label
from dashboards.freshness import NO_CHOICES, Choices, choices_of, freshness_of
from dashboards.links import Links
from dashboards.margin import (
    BASES,
    CURRENCY,
    KEYS,
    MEASURES,
    Basis,
    Margin,
    basis_reason,
    margin_total,
)
from dashboards.margin_page import (
    GROUPINGS,
    ROWS_PER_PAGE,
    SORTS,
    heat,
    notices_of,
    range_words,
    sorted_rows,
    table_rows,
    unallocated_words,
)
from dashboards.mart.cube import Cube
from dashboards.mart.invoiced import cube_on_basis
from dashboards.mart.ledger import read_ledger
from dashboards.names import Names, names_stamp, read_names
from dashboards.plots import columns_plot
from dashboards.reports.basis_words import LEADS, NAMES, NOTES, links_on_basis
from dashboards.reports.filters import NOW, Filters, as_of_from
from dashboards.reports.notices import table_words
from dashboards.reports.words import ENGLISH
from dashboards.scope import Scope, choice_from, in_scope, month_param, page_from, scope_from
from dashboards.tiles import tiles_of
from dashboards.trend import Trend, legend_of, slots_of, trend_of, trend_words
from storage.lake import Lake
from storage.state import State

KEY_TEXTS: Mapping[str, Callable[[Any], str | None]] = {
    "service": service_label,
    "account_id": account_label,
    "month": month_param,
}
JSON_BASES = {
    Basis.RATED: "rated revenue by service date",
    Basis.INVOICED: "invoiced revenue by invoice date",
    Basis.RECOGNISED: "recognised revenue by service period",
}
CSV_MEASURES = (
    "revenue_cad", "cogs_cad", "gross_profit_cad", "gross_margin", "gross_margin_reason",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """The parts in scope, the choices there are, and how the table is wanted."""

    scope: Scope
    by: str
    sort: str
    page: int
    parts: pl.DataFrame
    choices: Choices
    foreign: Mapping[str, int]
    basis: Basis = Basis.RATED
    reason: str | None = None
    as_of: str = NOW

    @property
    def rows(self) -> pl.DataFrame:
        """Return the whole table, in its order."""
        return sorted_rows(self.parts, self.by, self.sort)


def read_report(lake: Lake, state: State, params: Mapping[str, str]) -> Report:
    """Read the margins as an address asks; ScopeFault when the address can't be read."""
    scope = scope_from(params)
    by, sort = choice_from(params, "by", tuple(GROUPINGS)), choice_from(params, "sort", SORTS)
    page = page_from(params)
    filters = _filters_of(params)
    reason = basis_reason(filters.basis, is_odoo_read=read_ledger(lake, state).is_read)
    cube = _cube_of(lake, state, filters)
    parts = in_scope(cube.by_account.lazy(), scope).select(*KEYS, *MEASURES).collect()
    foreign = in_scope(cube.foreign.lazy(), scope).group_by("currency")
    counted = foreign.agg(pl.col("lines_count").sum()).sort("currency").collect()
    return Report(
        scope=scope,
        by=by,
        sort=sort,
        page=page,
        parts=parts.clear() if reason else parts.sort(KEYS, nulls_last=True),
        choices=NO_CHOICES if reason else choices_of(cube),
        foreign=dict(counted.iter_rows()),
        basis=filters.basis,
        reason=reason,
        as_of=filters.as_of,
    )


def margin_context(
    lake: Lake, state: State, params: Mapping[str, str], links: Links
) -> dict[str, Any]:
    """Return what the template of the margin page shows, once for each state of the figures."""
    cube = _cube_of(lake, state, _filters_of(params))
    told = (links, names_stamp(state), read_ledger(lake, state).is_read)
    question = ("margin table", tuple(sorted(params.items())), *told)

    def context() -> dict[str, Any]:
        return _context(state, read_report(lake, state, params), cube, links)

    return cube.remembered(question, context)


def _filters_of(params: Mapping[str, str]) -> Filters:
    basis = Basis(choice_from(params, "basis", BASES))
    return Filters(basis=basis, as_of=as_of_from(params))


def _cube_of(lake: Lake, state: State, filters: Filters) -> Cube:
    cube = cube_as_of(lake, state, filters)
    return cube_on_basis(cube, filters.basis, lambda: invoiced_as_of(lake, state, filters))


def _context(state: State, report: Report, cube: Cube, links: Links) -> dict[str, Any]:
    scope, trend, rows = report.scope, trend_of(report.parts), report.rows
    links = links_on_basis(links, report.basis)
    months_words = range_words(scope, report.choices.months)
    table = table_rows(rows, report.by, scope, report.page)
    names = read_names(state, [row.keys.get("account_id") for row in table])
    return {
        # A page is remembered without the rows that it is computed from.
        "report": replace(report, parts=report.parts.clear()),
        "links": links,
        "bases": NAMES,
        "lead": LEADS[report.basis].format(months=months_words),
        "months_words": months_words,
        "revenue_note": NOTES[report.basis],
        "names": names,
        "table": table,
        "keys": GROUPINGS[report.by],
        "rows_count": rows.height,
        "pages_count": max(1, -(-rows.height // ROWS_PER_PAGE)),
        "total": margin_total(report.parts),
        "tiles": [
            (tile, sparkline(tile.series, title=f"{tile.label} by month"))
            for tile in tiles_of(report.parts, trend, _tile_links(links, scope))
        ],
        "told_of_time": table_words(ENGLISH, report.as_of, report.basis),
        "notices": notices_of(report.parts, report.foreign, str(report.basis)),
        "unallocated": unallocated_words(report.parts),
        "freshness": freshness_of(cube),
        "heat": heat,
        "page_link": lambda page: links.margin(
            scope, by=report.by, sort=report.sort or None, page=page
        ),
        **_trend_context(trend, names),
    }


def margin_csv(report: Report) -> str:
    """Return the whole table with exact amounts; the sum of its rows is the total."""
    keys = GROUPINGS[report.by]
    rows = report.rows.iter_rows(named=True)
    return csv_text((*keys, *CSV_MEASURES), (_csv_row(row, keys) for row in rows))


def margin_json(report: Report, as_of: datetime) -> dict[str, object]:
    """Return the whole table; amounts are exact decimals written as text."""
    keys = GROUPINGS[report.by]
    return {
        "as_of": as_of.isoformat(),
        "figures_as_of": report.as_of,
        "currency": CURRENCY,
        "revenue_basis": JSON_BASES[report.basis],
        "not_applicable": report.reason,
        "group_by": report.by,
        "rows": [_json_row(row, keys) for row in report.rows.iter_rows(named=True)],
        "total": _json_margin(margin_total(report.parts)),
        "lines_not_added": dict(report.foreign),
    }


def _trend_context(trend: Trend, names: Names) -> dict[str, Any]:
    def label(service: str | None) -> str:
        return service_label(service) if service is None else names.service(service)

    legend, title = legend_of(trend, label), "Revenue and COGS by month and service"
    chart = columns_plot(
        slots_of(trend, label), title=title, description=trend_words(trend), legend=legend,
        axis=axis_money,
    )  # fmt: skip
    return {"trend": trend, "legend": legend, "chart": chart, "label": label}


def _tile_links(links: Links, scope: Scope) -> dict[str, str]:
    lines = links.lines(scope)
    return {
        "Revenue": lines,
        "COGS": links.costs(scope),
        "Gross profit": lines,
        "Gross margin": lines,
        "Negative-margin accounts": links.margin(scope, by="account", sort="gross_profit"),
    }


def _csv_row(row: Mapping[str, Any], keys: tuple[str, ...]) -> list[Cell]:
    return [
        *(KEY_TEXTS[key](row[key]) for key in keys),
        Margin(row["revenue_cents"], row["cogs_cad"]).revenue,
        *(row[name] for name in ("cogs_cad", "gross_profit", "gross_margin")),
        row["gross_margin_reason"],
    ]


def _json_row(row: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, object]:
    named = {key: row[key] for key in keys}
    if "month" in named:
        named["month"] = month_param(named["month"])
    return {**named, **_json_margin(Margin(row["revenue_cents"], row["cogs_cad"]))}


def _json_margin(margin: Margin) -> dict[str, object]:
    ratio = margin.gross_margin
    return {
        "revenue_cents": margin.revenue_cents,
        "cogs_cad": decimal_text(margin.cogs_cad),
        "gross_profit_cad": decimal_text(margin.gross_profit),
        "gross_margin": None if ratio is None else decimal_text(ratio),
        "gross_margin_reason": margin.gross_margin_reason,
    }
