"""Unit economics as tables: what a unit of each metric brings and costs."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from dashboards.margin import Margin, UnitEconomics, unit_economics
from dashboards.reports.asked import Asked
from dashboards.reports.basis_words import metric_words
from dashboards.reports.cells import LOSS, named
from dashboards.reports.report import Cell, Column, Kind, Row, Table
from dashboards.reports.words import Words


def economics_of(row: Mapping[str, Any]) -> UnitEconomics:
    """Return the unit economics of a row of sums."""
    margin = Margin(row["revenue_cents"], row["cogs_cad"])
    return unit_economics(margin, row["quantity"], row["quantity_included"])


def unit_columns(words: Words) -> list[Column]:
    """Return the columns of unit economics."""
    return [
        Column("quantity", words.say("Units"), Kind.QUANTITY),
        Column("price_cad", words.say("Realised price"), Kind.UNIT_PRICE),
        Column("unit_cost_cad", words.say("Unit cost"), Kind.UNIT_PRICE),
        Column("unit_profit_cad", words.say("Profit a unit"), Kind.UNIT_PRICE),
        Column("break_even_price_cad", words.say("Break-even price"), Kind.UNIT_PRICE),
    ]


def unit_cells(economics: UnitEconomics, words: Words) -> list[Cell]:
    """Return the cells of unit economics; without units each is n/a."""
    reason = words.say(economics.reason) if economics.reason else ""
    is_loss = economics.profit is not None and economics.profit < 0
    break_even = economics.break_even_price
    return [
        Cell(economics.quantity),
        Cell(economics.price, reason=reason),
        Cell(economics.cost, reason=reason),
        Cell(economics.profit, reason=reason, tone=LOSS if is_loss else ""),
        Cell(break_even, reason="" if break_even else reason or words.say("no unit is priced")),
    ]


def metric_table(asked: Asked, *, title: str) -> Table:
    """Return the unit economics of every metric that the filters leave, fees in a row of theirs."""
    words, window = asked.words, asked.window
    sums = asked.sums("service", "metric_code", months=window.months)
    rows = sums.filter(pl.col("service").is_not_null()).iter_rows(named=True)
    names = asked.names()
    return Table(
        key="metrics",
        title=title,
        caption=words.say(
            "Realised price is revenue ÷ all units, included ones too; the break-even price is of "
            "a unit beyond the included ones. In CAD."
        ),
        columns=[Column("metric", words.say("Metric")), Column("service", words.say("Service")),
                 Column("revenue_cad", words.say("Revenue"), Kind.MONEY),
                 Column("cogs_cad", words.say("COGS"), Kind.MONEY), *unit_columns(words)],
        rows=[_row(asked, row, names.service(row["service"])) for row in rows],
        empty=words.say("No metric has units in these months."),
    )  # fmt: skip


def _row(asked: Asked, row: Mapping[str, Any], service_name: str) -> Row:
    words, metric = asked.words, row["metric_code"]
    name = Cell(words.say("Fees and costs of no metric"))
    if metric is not None:
        link = asked.page("/margin/metric", service=row["service"], metric=metric, account=None)
        name = Cell(metric_words(metric, words), link)
    margin = Margin(row["revenue_cents"], row["cogs_cad"])
    scope, which = asked.scope(asked.window.months, service=row["service"]), named("metric", metric)
    money = [Cell(margin.revenue, asked.links.revenue(scope, **which)),
             Cell(margin.cogs_cad, asked.links.cogs(scope, **which))]  # fmt: skip
    return Row([name, Cell(service_name), *money, *unit_cells(economics_of(row), words)])


def month_units(asked: Asked, months: Sequence[Any], *, title: str) -> Table:
    """Return a metric's unit economics month by month, the newest first."""
    words = asked.words
    rows = asked.sums("month", months=months).sort("month", descending=True).iter_rows(named=True)
    return Table(
        key="months",
        title=title,
        caption=words.say("Units, realised price and unit cost by month, in CAD"),
        columns=[Column("month", words.say("Month"), Kind.MONTH), *unit_columns(words)],
        rows=[
            Row([Cell(row["month"]), *unit_cells(economics_of(row), words)]) for row in rows
        ],
    )  # fmt: skip
