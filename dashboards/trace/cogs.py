"""A COGS figure as its costs, each with whose it is, why, and the provider's bill it is of."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import polars as pl

from catalog.money import ZERO
from dashboards.names import Names
from dashboards.reports.asked import Asked
from dashboards.reports.report import Cell, Column, Kind, Report, Row
from dashboards.reports.words import Words
from dashboards.trace.figure import Figure
from dashboards.trace.figure_report import Parts, figure_report

# On a page these stand in small letters below other cells; files have them as columns.
IN_SMALL = ("provider", "service", "currency", "fx_rate")


def cogs_report(figure: Figure, costs: pl.DataFrame) -> Report:
    """Return a COGS figure as its costs: provider's rows, parts that a rule made, estimates."""
    asked = figure.asked
    total: Decimal = costs.select(pl.col("cogs_cad").sum()).item() or ZERO
    columns = _columns(asked.words)
    if not asked.has_all_rows:
        columns = [column for column in columns if column.key not in IN_SMALL]
    parts = Parts(costs, total, columns, lambda shown: _cost_rows(asked, shown))
    return figure_report(figure, "cogs", parts, figure.told().cogs_cad)


def bill_link(asked: Asked, row: Mapping[str, Any]) -> str:
    """Return the page of the provider's bill a cost row is of; without a number, of its file."""
    invoice = row["invoice_id"]
    other = row["import_id"] if invoice is None else None
    return asked.links.trace("bill", provider=row["provider"], invoice=invoice, file=other)


def bill_name(words: Words, row: Mapping[str, Any]) -> str:
    """Return what a provider's bill is called."""
    number, file = row["invoice_id"], str(row["import_id"] or "")[:8]
    return number or words.say("file {name}", name=file)


def division_link(asked: Asked, row: Mapping[str, Any]) -> str:
    """Return the page of what a rule divides at once."""
    return asked.links.trace(
        "division", rule=row["rule_id"], day=row["day"].isoformat(), provider=row["provider"],
        provider_service=row["provider_service"],
    )  # fmt: skip


def _columns(words: Words) -> list[Column]:
    return [
        Column("cost", words.say("Cost")), Column("day", words.say("Day")),
        Column("provider", words.say("Provider")),
        Column("service", words.say("Service")), Column("account", words.say("Customer")),
        Column("metric", words.say("Metric")), Column("owner", words.say("Whose it is")),
        Column("bill", words.say("Provider's bill")),
        Column("effective_cost", words.say("Effective cost"), Kind.QUANTITY),
        Column("currency", words.say("Currency")),
        Column("fx_rate", words.say("CAD rate"), Kind.QUANTITY),
        Column("cogs_cad", words.say("COGS"), Kind.QUANTITY),
    ]  # fmt: skip


def _cost_rows(asked: Asked, costs: pl.DataFrame) -> list[Row]:
    """Return rows of all columns for a file, of fewer and with small words below for a page."""
    names = asked.names(costs["account_id"])
    rows = []
    for row in costs.iter_rows(named=True):
        cells = _cells(asked, names, row)
        if not asked.has_all_rows:
            cells = _with_small(asked.words, cells)
        rows.append(Row(list(cells.values())))
    return rows


def _cells(asked: Asked, names: Names, row: Mapping[str, Any]) -> dict[str, Cell]:
    words = asked.words
    service, account = row["service"], row["account_id"]
    is_row = row["import_id"] is not None
    what = row["description"] or row["provider_service"] or row["provider"]
    owner = words.say("nobody's yet" if service is None else "its own row says")
    if row["is_estimate"]:
        owner, what = words.say("usage × price list"), words.say("Estimate")
    link = ""
    if row["rule_id"] is not None:
        owner, link = words.say("a rule divides it"), division_link(asked, row)
    return {
        "cost": Cell(what, small=row["source_key"] or ""),
        "day": Cell(row["day"].isoformat()),
        "provider": Cell(row["provider"]),
        "service": Cell(words.say("Unallocated") if service is None else names.service(service)),
        "account": Cell(words.say("Shared") if account is None
                        else names.account(service, account) or account),
        "metric": Cell(row["metric_code"]),
        "owner": Cell(owner, link),
        "bill": Cell(bill_name(words, row), bill_link(asked, row)) if is_row else Cell(),
        "effective_cost": Cell(row["effective_cost"]),
        "currency": Cell(row["billing_currency"]),
        "fx_rate": Cell(row["fx_rate"]),
        "cogs_cad": Cell(row["cogs_cad"]),
    }  # fmt: skip


def _with_small(words: Words, cells: dict[str, Cell]) -> dict[str, Cell]:
    """Return the cells of a page: provider, service and rate stand below what they belong to."""
    currency, rate = cells["currency"].value, cells["fx_rate"].value
    is_foreign = isinstance(rate, Decimal) and rate != 1
    billed = f"{currency} × {words.quantity(rate)}" if isinstance(rate, Decimal) else ""
    below = {
        "cost": str(cells["provider"].value),
        "account": str(cells["service"].value),
        "effective_cost": billed if is_foreign else str(currency or ""),
    }
    return {
        key: replace(cell, small=below.get(key, cell.small))
        for key, cell in cells.items() if key not in IN_SMALL
    }  # fmt: skip
