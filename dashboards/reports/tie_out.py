"""The foot of the margin pages: invoiced revenue here against Odoo's own total, to the cent."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import polars as pl

from catalog.money import MONEY_CONTEXT, amount_of_cents
from dashboards.close.as_closed import invoiced_as_of
from dashboards.margin import CURRENCY, Basis
from dashboards.margin.bases import NOT_READ
from dashboards.margin.invoiced import cents_of
from dashboards.mart.ledger import ledger_totals
from dashboards.reports.asked import Asked
from dashboards.reports.basis_words import links_on_basis
from dashboards.reports.cells import LOSS
from dashboards.reports.filters import NOW
from dashboards.reports.report import Cell, Column, Kind, Row, Table
from storage.lake import Lake

KEY = "tie_out"
NO_METRIC_IN_ODOO = "Odoo's totals know no metric and no plan"
NOT_THEN_IN_ODOO = (
    "Odoo's total is known as of now only: figures of another time are not compared with it"
)
NOBODY_IN_ODOO = "an invoice always names its service and its customer"


def tie_out(asked: Asked, lake: Lake, *, has_bridge: bool = False) -> Table:
    """Return the months' invoiced revenue beside Odoo's ledger total and the difference.

    n/a with its reason where no Odoo was read, or what is asked, or when, Odoo's totals don't know.
    It leads to the bridge, unless the page already `has_bridge`.
    """
    words, months = asked.words, asked.window.months
    reason = _reason(asked)
    ours = None if reason == NOT_READ else invoiced_total(asked, lake, months)
    theirs = None if reason else _ledger_total(asked, months)
    difference = None
    if ours is not None and theirs is not None:
        difference = MONEY_CONTEXT.subtract(theirs, ours)
    said = words.say(reason) if reason else ""
    scope = asked.scope(months)
    figures = (
        (words.say("Invoiced revenue here"),
         Cell(ours, links_on_basis(asked.links, Basis.INVOICED).lines(scope))),
        (words.say("Posted in Odoo, less credit notes"), Cell(theirs)),
        (words.say("Difference"), Cell(difference, tone=LOSS if difference else "")),
    )  # fmt: skip
    return Table(
        key=KEY,
        title=words.say("Tie-out to Odoo's ledger"),
        caption=_caption(asked),
        columns=[Column("figure", words.say("Figure")),
                 Column("amount_cad", words.say("Invoiced"), Kind.MONEY)],
        rows=[Row([Cell(name), _with_reason(asked, cell, said)]) for name, cell in figures],
        note="" if asked.has_all_rows else said,
        more_link="" if has_bridge else asked.page("/revenue"),
        more_words=words.say("From rated to invoiced revenue"),
    )  # fmt: skip


def _with_reason(asked: Asked, cell: Cell, reason: str) -> Cell:
    """Return a figure that says why it is n/a: in a file each one, on a page the note below."""
    if not reason or cell.value is not None:
        return cell
    if asked.has_all_rows:
        return replace(cell, reason=reason)
    return Cell(asked.words.say("n/a"))


def invoiced_total(asked: Asked, lake: Lake, months: Sequence[date]) -> Decimal:
    """Return what Odoo has posted of the filters' rows in some months, in CAD."""
    invoiced = invoiced_as_of(lake, asked.state, asked.filters)
    daily = invoiced.daily.filter(pl.col("month").is_in(list(months)))
    return amount_of_cents(cents_of(asked.chosen(daily), "revenue_cents"), CURRENCY)


def _ledger_total(asked: Asked, months: Sequence[date]) -> Decimal:
    def totals() -> pl.DataFrame:
        every = ledger_totals(asked.state)
        return every.filter(pl.col("currency") == CURRENCY)

    every = asked.cube.remembered(("ledger", asked.ledger), totals)
    own = asked.chosen(every.filter(pl.col("month").is_in(list(months))))
    return amount_of_cents(cents_of(own, "untaxed_cents"), CURRENCY)


def _reason(asked: Asked) -> str:
    if not asked.ledger.is_read:
        return NOT_READ
    if asked.filters.as_of != NOW:
        return NOT_THEN_IN_ODOO
    if asked.filters.metric or asked.filters.plan:
        return NO_METRIC_IN_ODOO
    scope = asked.filters.scope
    return NOBODY_IN_ODOO if scope.unallocated or scope.shared else ""


def _caption(asked: Asked) -> str:
    words, ledger = asked.words, asked.ledger
    if not ledger.is_read:
        return words.say("Before tax, in CAD, by invoice date")
    said = words.say(
        "Before tax, in CAD, by invoice date; Odoo as last read {moment}",
        moment=words.instant(ledger.read_at),
    )
    if not ledger.waiting_count:
        return said
    waiting = words.say(
        "{count} lines are on their way here", count=words.count(ledger.waiting_count)
    )
    return f"{said}; {waiting}"
