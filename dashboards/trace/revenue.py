"""A revenue figure as its rated lines, each with its explanation and what Odoo invoiced."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from catalog.money import ZERO
from dashboards.links import Links
from dashboards.margin import Margin
from dashboards.names import Names
from dashboards.reports.asked import Asked
from dashboards.reports.cells import named
from dashboards.reports.report import Cell, Column, Kind, Report, Row
from dashboards.scope import Scope
from dashboards.trace.figure import Figure
from dashboards.trace.figure_report import Parts, figure_report


def revenue_report(figure: Figure, lines: pl.DataFrame) -> Report:
    """Return a revenue figure as its rated lines, each with its explanation and its invoice."""
    words = figure.asked.words
    total = Margin(int(lines["amount_cents"].sum() or 0), ZERO).revenue
    columns = [
        Column("rated_line", words.say("Rated line")),
        Column("month", words.say("Month"), Kind.MONTH),
        Column("service", words.say("Service")), Column("account", words.say("Customer")),
        Column("metric", words.say("Metric")), Column("plan", words.say("Plan")),
        Column("quantity", words.say("Units"), Kind.QUANTITY),
        Column("invoice", words.say("Invoice in Odoo")),
        Column("invoiced_cad", words.say("Invoiced"), Kind.MONEY),
        Column("revenue_cad", words.say("Revenue"), Kind.MONEY),
    ]  # fmt: skip
    parts = Parts(lines, total, columns, lambda shown: _line_rows(figure.asked, shown))
    return figure_report(figure, "revenue", parts, figure.told().revenue)


def figure_of_line(links: Links, line: Mapping[str, Any]) -> str:
    """Return the trace of the smallest figure a rated line counts in: the way back."""
    scope = Scope(service=line["service"], account=line["account_id"],
                  first_month=line["month"], last_month=line["month"])  # fmt: skip
    which = named("metric", line["metric_code"]) | named("plan", line["plan_code"])
    return links.revenue(scope, **which)


def _line_rows(asked: Asked, lines: pl.DataFrame) -> list[Row]:
    names = asked.names(lines["account_id"])
    return [_line_row(asked, names, row) for row in lines.iter_rows(named=True)]


def _line_row(asked: Asked, names: Names, row: Mapping[str, Any]) -> Row:
    words = asked.words
    service, account = row["service"], row["account_id"]
    revenue = Margin(row["amount_cents"], ZERO).revenue
    invoiced = row["invoiced_cents"]
    link = asked.links.trace("invoice", line=row["id"])
    return Row([
        Cell(row["description"] or row["id"], asked.links.line(row["id"]), small=row["id"]),
        Cell(row["month"]), Cell(names.service(service)),
        Cell(names.account(service, account) or account),
        Cell(row["metric_code"]), Cell(row["plan_code"]), Cell(row["quantity"]),
        Cell(row["move_name"], link if row["move_name"] else "",
             reason="" if row["move_name"] else words.say("on no posted invoice")),
        Cell(None if invoiced is None else Margin(invoiced, ZERO).revenue),
        Cell(revenue),
    ])  # fmt: skip
