"""What a figure leads to, and back: a provider's bill, a rule's division, an invoice in Odoo."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from catalog.money import ZERO, amount_of_cents
from dashboards.margin import CURRENCY
from dashboards.names import Names
from dashboards.reports.asked import ROWS_PER_PAGE, Asked
from dashboards.reports.report import Cell, Column, Kind, Report, Row, Table, Tile
from dashboards.reports.words import Words
from dashboards.scope import Scope
from dashboards.trace.cogs import bill_link, bill_name, division_link
from dashboards.trace.figure_report import PageLink, pager_of

OWNER = ("service", "account_id", "rule_id", "month")


def bill_report(asked: Asked, rows: pl.DataFrame, here: PageLink) -> Report:
    """Return a provider's bill: what it charged, who got it, and each of its rows.

    `here` is the address of a page of this bill.
    """
    words, first = asked.words, rows.row(0, named=True)
    title = words.say(
        "{provider}: bill {bill}", provider=first["provider"], bill=bill_name(words, first)
    )
    total = _sum(rows)
    return Report(
        key="trace_bill",
        title=title,
        lead=words.say("What the provider charged, and the figures it counts in"),
        tiles=[
            Tile(words.say("COGS"), words.money(total),
                 words.say("{count} cost rows", count=words.count(rows.height)), "#rows"),
        ],
        tables=[_charged(asked, rows), _owners(asked, rows), _rows(asked, rows, here)],
    )  # fmt: skip


def division_report(
    asked: Asked, rows: pl.DataFrame, parts: pl.DataFrame, here: PageLink
) -> Report:
    """Return what one rule divides on one day: the parts it makes of it, and the rows."""
    words, first = asked.words, rows.row(0, named=True)
    names = asked.names(parts["account_id"])
    table = Table(
        key="parts",
        title=words.say("Whose it became"),
        caption=words.say("The rule's parts; they add up to the cost rows exactly. In CAD."),
        columns=[Column("service", words.say("Service")), Column("account", words.say("Customer")),
                 Column("metric", words.say("Metric")),
                 Column("cogs_cad", words.say("COGS"), Kind.QUANTITY)],
        rows=[
            Row([*_owner(asked.words, names, part), Cell(part["metric_code"]),
                 Cell(part["cogs_cad"], _counts_in(asked, part))])
            for part in parts.iter_rows(named=True)
        ],
        total=Row([Cell(words.say("Total")), Cell(), Cell(), Cell(_sum(parts))]),
    )  # fmt: skip
    return Report(
        key="trace_division",
        title=words.say("Divided by a rule"),
        lead=f"{first['provider']} · {first['day'].isoformat()} · {first['rule_id']}",
        tables=[table, _rows(asked, rows, here)],
    )


def invoice_report(asked: Asked, lines: pl.DataFrame) -> Report:
    """Return posted lines of Odoo beside the rated lines they bill."""
    words = asked.words
    columns = [
        Column("line", words.say("Invoice line")), Column("invoice", words.say("Invoice in Odoo")),
        Column("date", words.say("Date")), Column("state", words.say("Kind")),
        Column("rated_cad", words.say("Rated"), Kind.MONEY),
        Column("invoiced_cad", words.say("Invoiced"), Kind.MONEY),
    ]  # fmt: skip
    invoiced = sum((_amount(row) for row in lines.iter_rows(named=True)), ZERO)
    table = Table(
        key="lines",
        title=words.say("Invoice lines"),
        caption=words.say("Amounts before tax, in {currency}", currency=lines["currency"][0]),
        columns=columns,
        rows=[_invoice_row(asked, row) for row in lines.iter_rows(named=True)],
        total=Row([Cell(words.say("Total")), *(Cell() for _ in columns[2:]), Cell(invoiced)]),
    )
    numbers = ", ".join(lines["move_name"].unique(maintain_order=True))
    return Report(
        key="trace_invoice",
        title=words.say("Invoice {number} in Odoo", number=numbers),
        lead=words.say("As Odoo posted it, and the rated lines it bills"),
        tables=[table],
    )


def _charged(asked: Asked, rows: pl.DataFrame) -> Table:
    words = asked.words
    keys = ["charge_category", "billing_currency"]
    sums = rows.group_by(keys).agg(
        pl.len().alias("count"), pl.col("billed_cost", "effective_cost", "cogs_cad").sum()
    )
    return Table(
        key="charged",
        title=words.say("What it charged"),
        caption=words.say("By category; a tax counts 0 in COGS"),
        columns=[Column("category", words.say("Category")),
                 Column("currency", words.say("Currency")),
                 Column("rows", words.say("Cost rows"), Kind.COUNT),
                 Column("billed_cost", words.say("Billed cost"), Kind.QUANTITY),
                 Column("effective_cost", words.say("Effective cost"), Kind.QUANTITY),
                 Column("cogs_cad", words.say("COGS"), Kind.QUANTITY)],
        rows=[
            Row([Cell(row[name]) for name in (*keys, "count", "billed_cost", "effective_cost",
                                              "cogs_cad")])
            for row in sums.sort(keys).iter_rows(named=True)
        ],
        total=Row([Cell(words.say("Total")), Cell(), Cell(rows.height), Cell(), Cell(),
                   Cell(_sum(rows))]),
    )  # fmt: skip


def _owners(asked: Asked, rows: pl.DataFrame) -> Table:
    words = asked.words
    dated = rows.with_columns(month=pl.col("day").dt.truncate("1mo"))
    sums = dated.group_by(OWNER).agg(pl.col("cogs_cad").sum())
    ordered = sums.sort(["cogs_cad", *OWNER], descending=[True, *[False] * 4], nulls_last=True)
    shown = ordered if asked.has_all_rows else ordered.head(ROWS_PER_PAGE)
    names = asked.names(shown["account_id"])
    return Table(
        key="owners",
        title=words.say("Whose it is"),
        caption=words.say(
            "{shown} of {count} owners, the largest first; each leads to the figure it counts in.",
            shown=words.count(shown.height), count=words.count(sums.height),
        ),
        columns=[Column("service", words.say("Service")), Column("account", words.say("Customer")),
                 Column("month", words.say("Month"), Kind.MONTH),
                 Column("owner", words.say("Whose it is")),
                 Column("cogs_cad", words.say("COGS"), Kind.QUANTITY)],
        rows=[
            Row([*_owner(asked.words, names, row), Cell(row["month"]),
                 Cell(words.say("its own row says") if row["rule_id"] is None
                      else words.say("a rule divides it"), small=row["rule_id"] or ""),
                 Cell(row["cogs_cad"], _counts_in(asked, row) if row["rule_id"] is None else "")])
            for row in shown.iter_rows(named=True)
        ],
        total=Row([Cell(words.say("Total")), Cell(), Cell(), Cell(), Cell(_sum(sums))]),
    )  # fmt: skip


def _rows(asked: Asked, rows: pl.DataFrame, here: PageLink) -> Table:
    words, page = asked.words, asked.filters.page
    shown = rows
    if not asked.has_all_rows:
        shown = rows.slice((page - 1) * ROWS_PER_PAGE, ROWS_PER_PAGE)
    columns = [
        Column("cost", words.say("Cost")), Column("day", words.say("Day")),
        Column("bill", words.say("Provider's bill")), Column("owner", words.say("Whose it is")),
        Column("revision", words.say("Revision"), Kind.COUNT),
        Column("effective_cost", words.say("Effective cost"), Kind.QUANTITY),
        Column("currency", words.say("Currency")),
        Column("fx_rate", words.say("CAD rate"), Kind.QUANTITY),
        Column("fx_source", words.say("Rate from")),
        Column("cogs_cad", words.say("COGS"), Kind.QUANTITY),
    ]  # fmt: skip
    return Table(
        key="rows",
        title=words.say("Cost rows"),
        caption=words.say("{count} rows, as taken in", count=words.count(rows.height)),
        columns=columns,
        rows=[_cost_row(asked, row) for row in shown.iter_rows(named=True)],
        total=Row([Cell(words.say("Total")), *(Cell() for _ in columns[2:]), Cell(_sum(rows))]),
        pager=pager_of(here, page, rows.height),
    )


def _cost_row(asked: Asked, row: Mapping[str, Any]) -> Row:
    words = asked.words
    rate_from = " ".join(str(part) for part in (row["fx_source"], row["fx_date"]) if part)
    is_divided = row["rule_id"] is not None
    owner = Cell(row["account_id"] or row["service"] or words.say("nobody's yet"))
    if is_divided:
        owner = Cell(words.say("a rule divides it"), division_link(asked, row))
    return Row([
        Cell(row["description"] or row["provider_service"] or row["provider"],
             small=row["source_key"] or ""),
        Cell(row["day"].isoformat()), Cell(bill_name(words, row), bill_link(asked, row)), owner,
        Cell(row["revision"]), Cell(row["effective_cost"]), Cell(row["billing_currency"]),
        Cell(row["fx_rate"]), Cell(rate_from or None), Cell(row["cogs_cad"]),
    ])  # fmt: skip


def _invoice_row(asked: Asked, row: Mapping[str, Any]) -> Row:
    words, rated = asked.words, row["amount_cents"]
    link = asked.links.line(row["rated_line_id"]) if rated is not None else ""
    kinds = {"out_invoice": words.say("invoice"), "out_refund": words.say("credit note")}
    scope = Scope(service=row["service"], account=row["account_id"],
                  first_month=row["month"], last_month=row["month"])  # fmt: skip
    return Row([
        Cell(row["description"], link, small=row["rated_line_id"] or ""),
        Cell(row["move_name"], asked.links.trace("invoice", move=row["move_id"],
                                                 database=row["odoo_database"])),
        Cell(row["invoice_date"].isoformat()), Cell(kinds.get(row["move_type"], row["move_type"])),
        Cell(None if rated is None else amount_of_cents(rated, row["currency"]),
             reason=words.say("made in Odoo") if rated is None else ""),
        Cell(_amount(row), asked.links.revenue(scope) if row["currency"] == CURRENCY else ""),
    ])  # fmt: skip


def _counts_in(asked: Asked, row: Mapping[str, Any]) -> str:
    """Return the trace of the figure of a part's owner and month: the way back."""
    month = row["day"].replace(day=1) if "day" in row else row["month"]
    scope = Scope(
        service=row["service"], unallocated=row["service"] is None, account=row["account_id"],
        shared=row["account_id"] is None, first_month=month, last_month=month,
    )  # fmt: skip
    return asked.links.cogs(scope)


def _owner(words: Words, names: Names, row: Mapping[str, Any]) -> list[Cell]:
    """Return the cells of who a cost is of: service and account, or nobody's."""
    service, account = row["service"], row["account_id"]
    if service is None:
        return [Cell(words.say("Unallocated")), Cell(words.say("Shared"))]
    who = words.say("Shared") if account is None else names.account(service, account) or account
    return [Cell(names.service(service)), Cell(who)]


def _amount(row: Mapping[str, Any]) -> Decimal:
    return amount_of_cents(row["untaxed_cents"], row["currency"])


def _sum(rows: pl.DataFrame) -> Decimal:
    total: Decimal | None = rows.select(pl.col("cogs_cad").sum()).item()
    return total or ZERO
