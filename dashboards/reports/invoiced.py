"""The posted lines behind invoiced revenue: each with its invoice and the rated line it bills."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from catalog.money import amount_of_cents
from dashboards.close.as_closed import invoiced_as_of
from dashboards.margin import CURRENCY
from dashboards.margin.bases import NOT_READ
from dashboards.margin.invoiced import cents_of
from dashboards.reports.asked import ROWS_PER_PAGE, Asked
from dashboards.reports.basis_words import NONE_NAMED, metric_words
from dashboards.reports.cells import LOSS
from dashboards.reports.filters import range_words
from dashboards.reports.paging import pager_of
from dashboards.reports.report import Cell, Column, Empty, Kind, Report, Row, Table
from storage.lake import Lake

PATH = "/invoiced"
ORDER = ("invoice_date", "odoo_database", "move_id", "line_id")


def invoiced_report(asked: Asked, lake: Lake) -> Report:
    """Return the lines that Odoo has posted in the window's months, the newest first."""
    words, months = asked.words, asked.window.months
    lead = words.say("{months} · before tax, less credit notes",
                     months=range_words(months, words))  # fmt: skip
    report = Report("invoiced", words.say("Invoiced lines"), lead)
    if not asked.ledger.is_read:
        empty = Empty(words.say("Not known on this basis"), words.say(NOT_READ))
        return replace(report, empty=empty)
    lines = invoiced_as_of(lake, asked.state, asked.filters).lines
    return replace(report, tables=[_table(asked, _chosen(asked, lines))])


def _chosen(asked: Asked, lines: pl.DataFrame) -> pl.DataFrame:
    """Return the filters' lines; "(none)" asks for those without a metric or a plan."""
    found = lines.filter(pl.col("month").is_in(list(asked.window.months)))
    filters = asked.filters
    for column, value in (("metric_code", filters.metric), ("plan_code", filters.plan)):
        if value == NONE_NAMED:
            found = found.filter(pl.col(column).is_null())
    named = replace(
        filters,
        metric=None if filters.metric == NONE_NAMED else filters.metric,
        plan=None if filters.plan == NONE_NAMED else filters.plan,
    )
    return replace(asked, filters=named).chosen(found).sort(ORDER, descending=True)


def _table(asked: Asked, lines: pl.DataFrame) -> Table:
    words, page = asked.words, asked.filters.page
    shown = lines if asked.has_all_rows else lines.slice((page - 1) * ROWS_PER_PAGE, ROWS_PER_PAGE)
    names = asked.names(shown["account_id"])
    total = cents_of(lines.filter(pl.col("currency") == CURRENCY), "untaxed_cents")
    return Table(
        key="invoiced",
        title=words.say("Posted lines"),
        caption=words.say(
            "{count} rows as Odoo has posted them; credit notes are negative. A line that bills "
            "no rated line of ours is other invoiced. The total is of CAD.",
            count=words.count(lines.height),
        ),
        columns=[
            Column("invoice_date", words.say("Date")), Column("invoice", words.say("Invoice")),
            Column("account", words.say("Customer")), Column("service", words.say("Service")),
            Column("plan", words.say("Plan")), Column("metric", words.say("Metric")),
            Column("description", words.say("On the invoice")),
            Column("currency", words.say("Currency")),
            Column("untaxed", words.say("Amount"), Kind.MONEY),
        ],
        rows=[
            _row(asked, row, names.account(row["service"], row["account_id"]),
                 names.service(row["service"]))
            for row in shown.iter_rows(named=True)
        ],
        total=Row([Cell(words.say("Total")), *(Cell() for _ in range(6)), Cell(CURRENCY),
                   Cell(amount_of_cents(total, CURRENCY))]),
        empty=words.say("Odoo has posted nothing here in these months."),
        pager=pager_of(asked, PATH, lines.height),
    )  # fmt: skip


def _row(asked: Asked, row: Mapping[str, Any], name: str | None, service_name: str) -> Row:
    amount = amount_of_cents(row["untaxed_cents"], row["currency"])
    link = asked.links.line(row["rated_line_id"]) if row["is_ours"] else ""
    metric = row["metric_code"]
    return Row([
        Cell(row["invoice_date"].isoformat()),
        Cell(row["move_name"]),
        Cell(name or row["account_id"], small=row["account_id"] if name else ""),
        Cell(service_name),
        Cell(row["plan_code"]),
        Cell(None if metric is None else metric_words(metric, asked.words)),
        Cell(row["description"], link),
        Cell(row["currency"]),
        Cell(amount, link, tone=LOSS if amount < 0 else ""),
    ])  # fmt: skip
