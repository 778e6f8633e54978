"""Contribution by customer: every account with its revenue, direct COGS and margin."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from dashboards.margin import Margin, margin_total, with_margins
from dashboards.margin.figures import gross_profit_column
from dashboards.reports.asked import ROWS_PER_PAGE, Asked
from dashboards.reports.basis_words import lead_words
from dashboards.reports.cells import margin_cells, margin_columns
from dashboards.reports.notices import no_figures, notices_of
from dashboards.reports.paging import pager_of
from dashboards.reports.report import Cell, Column, Report, Row, Table
from dashboards.scope import choice_from

MEASURES = ("revenue", "cogs", "gross_profit", "gross_margin")
ORDERS = ("gross_profit", *(f"{sign}{name}" for name in ("service", "account_id", *MEASURES)
                            for sign in ("", "-")))  # fmt: skip
SORTED_COLUMNS = {"revenue": "revenue_cents", "cogs": "cogs_cad"}
PATH = "/margin/customers"


def customers(asked: Asked) -> Report:
    """Return the customers of the window's months, the largest loss first."""
    words, window = asked.words, asked.window
    lead = lead_words(window.months, asked.filters.basis, words)
    empty = no_figures(asked)
    if empty is not None:
        return Report("customers", words.say("Customers"), lead, empty=empty)
    return Report(
        "customers", words.say("Customers"), lead, notices=notices_of(asked),
        tables=[customer_table(asked)],
    )  # fmt: skip


def customer_table(asked: Asked, rows_max: int = ROWS_PER_PAGE) -> Table:
    """Return one page of the customers, all of them for a file; the total is of all."""
    words, window = asked.words, asked.window
    order = choice_from({"sort": asked.filters.sort}, "sort", ORDERS)
    rows = _sorted(asked.sums("service", "account_id", months=window.months), order)
    page = asked.filters.page
    is_short = rows_max < min(rows.height, ROWS_PER_PAGE)
    shown = rows if asked.has_all_rows else rows.slice((page - 1) * ROWS_PER_PAGE, rows_max)
    names = asked.names(shown["account_id"])
    total = margin_total(rows)
    total_cells = margin_cells(total, asked.links, asked.scope(window.months), words)
    return Table(
        key="customers",
        title=words.say("Contribution by customer"),
        caption=words.say(
            "{count} rows, in CAD; cost that names no account is Shared, cost that names no "
            "service Unallocated, so that all rows add up to the total.",
            count=words.count(rows.height),
        ),
        columns=[
            Column("account", words.say("Customer"), sort="account_id"),
            Column("service", words.say("Service"), sort="service"),
            *margin_columns(words, sorts=True),
        ],
        rows=[
            _row(asked, row, names.account(row["service"], row["account_id"] or ""),
                 names.service(row["service"] or ""))
            for row in shown.iter_rows(named=True)
        ],
        total=Row([Cell(words.say("Total")), Cell(), *total_cells]),
        sort=order,
        more_link=asked.page(PATH) if is_short else "",
        more_words=words.say("All customers"),
        pager=None if is_short else pager_of(asked, PATH, rows.height),
    )  # fmt: skip


def _row(asked: Asked, row: Mapping[str, Any], name: str | None, service_name: str) -> Row:
    words, window = asked.words, asked.window
    service, account = row["service"], row["account_id"]
    margin = Margin(row["revenue_cents"], row["cogs_cad"])
    scope = asked.scope(
        window.months, service=service, unallocated=service is None, account=account,
        shared=account is None,
    )  # fmt: skip
    who = Cell(words.say("Shared"), asked.page("/cogs/unattributed", service=service))
    if account is not None:
        link = asked.page("/margin/customer", service=service, account=account)
        who = Cell(name or account, link, small=account if name else "")
    where = Cell(words.say("Unallocated") if service is None else service_name)
    return Row([who, where, *margin_cells(margin, asked.links, scope, words)])


def _sorted(rows: pl.DataFrame, order: str) -> pl.DataFrame:
    name = order.removeprefix("-")
    keys = ["service", "account_id"]
    profit = gross_profit_column().alias("gross_profit")
    found = with_margins(rows) if name == "gross_margin" else rows.with_columns(profit)
    return found.sort(
        [SORTED_COLUMNS.get(name, name), *keys],
        descending=[order.startswith("-"), False, False],
        nulls_last=True,
    )
