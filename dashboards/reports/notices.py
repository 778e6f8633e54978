"""What a reader must know before believing the figures, and what an empty page says."""

from datetime import datetime

import polars as pl

from dashboards.margin import Basis, basis_reason, months_without_cost
from dashboards.reports.asked import Asked
from dashboards.reports.filters import CLOSE, NOW, Filters, moment_of
from dashboards.reports.report import Empty, Notice
from dashboards.reports.words import Words

MONTHS_NAMED_MAX = 6
NOT_KEPT = "A close keeps nothing of this page: its figures are those of now."
FOREIGN_RATED = (
    "{count} rated lines in {currency} are not added: only CAD revenue is in these figures, while "
    "COGS is of all; their customers are not judged."
)
FOREIGN_INVOICED = (
    "{count} invoiced lines in {currency} are not added: only CAD revenue is in these figures, "
    "while COGS is of all; their customers are not judged."
)


def no_figures(asked: Asked) -> Empty | None:
    """Return why a report has no figure; None when it has some."""
    words = asked.words
    reason = basis_reason(asked.filters.basis, is_odoo_read=asked.ledger.is_read)
    if reason is not None:
        return Empty(
            words.say("Not known on this basis"), words.say(reason),
            link=asked.page("", basis=None), link_words=words.say("Show rated revenue"),
        )  # fmt: skip
    if asked.cube.by_service.is_empty():
        return Empty(
            words.say("No figures yet"),
            words.say("Two things bring them:"),
            commands=[
                (words.say("Close and rate a billing period"), "fusion-billing bill"),
                (words.say("Import what the providers charged"),
                 "fusion-billing import costs FILE"),
            ],
        )  # fmt: skip
    if asked.sums("month", months=asked.window.months).is_empty():
        return Empty(
            words.say("Nothing here"),
            words.say("No rated line and no cost matches these filters."),
            link=f"{asked.links.home}{Filters(words=words).query()}",
            link_words=words.say("Show everything"),
        )
    return None


def notices_of(asked: Asked) -> list[Notice]:
    """Return what the figures leave out, and what would make them look too good or too bad."""
    return [
        *_by_invoice_date(asked), *_foreign(asked), *_without_cost(asked), *_open(asked),
        *_unattributed(asked),
    ]  # fmt: skip


def as_closed(asked: Asked, *, is_invoiced: bool = False) -> list[Notice]:
    """Tell that closed months are shown as they were closed, where they are.

    `is_invoiced` is a page of what Odoo has posted, on whatever basis it is asked for.
    """
    words = asked.words
    if asked.filters.as_of == NOW:
        return []
    if asked.filters.known_at is not None:
        return known_then(asked)
    basis = Basis.INVOICED if is_invoiced else asked.filters.basis
    return [
        Notice(
            table_words(words, CLOSE, basis),
            link=asked.links.home + "/close" + Filters(words=words).query(),
            link_words=words.say("Monthly close"),
        )
    ]


def table_words(words: Words, as_of: str, basis: Basis) -> str:
    """Say of when the figures of a page on some basis are; nothing where they are of now."""
    at = moment_of(as_of)
    if at is not None:
        return known_words(words, at)
    if as_of == NOW:
        return ""
    if basis is Basis.INVOICED:
        return words.say(
            "Closed months are shown as they were closed, with what Odoo was seen to have posted "
            "by then; what changed since stands in the next open month."
        )
    return words.say(
        "Closed months are shown as they were closed; what changed since stands in the "
        "next open month. The rows behind a figure are those of now."
    )


def known_then(asked: Asked) -> list[Notice]:
    """Tell that figures are those known at a time, where one is asked for."""
    at = asked.filters.known_at
    return [] if at is None else [Notice(known_words(asked.words, at))]


def known_words(words: Words, at: datetime) -> str:
    """Say that figures are those known at a time, and what of them is of now."""
    return words.say(
        "Figures are those known {moment}: lines, costs, rules and rates that came later are left "
        "out. Usage that divides a cost, and where drafts stand, are of now.",
        moment=words.instant(at),
    )


def rows_words(words: Words, as_of: str) -> str:
    """Say of when the rows of a page without figures of closes are; nothing where of now."""
    at = moment_of(as_of)
    if at is not None:
        return known_words(words, at)
    return "" if as_of == NOW else words.say(NOT_KEPT)


def of_now(asked: Asked) -> list[Notice]:
    """Tell where closed months were asked for that a close keeps nothing of this page."""
    return [] if asked.filters.as_of == NOW else [Notice(asked.words.say(NOT_KEPT))]


def _by_invoice_date(asked: Asked) -> list[Notice]:
    words = asked.words
    if asked.filters.basis is not Basis.INVOICED:
        return []
    return [
        Notice(
            words.say(
                "Invoiced revenue stands in the month of its invoice, COGS in the month it was "
                "used: what is billed after the month ends meets the COGS of the next."
            ),
            link=asked.page("/revenue"),
            link_words=words.say("From rated to invoiced revenue"),
        )
    ]


def _foreign(asked: Asked) -> list[Notice]:
    words, window, scope = asked.words, asked.window, asked.filters.scope
    lines = asked.cube.foreign.filter(pl.col("month").is_in(list(window.months)))
    for column, value in (("service", scope.service), ("account_id", scope.account)):
        if value is not None:
            lines = lines.filter(pl.col(column) == value)
    counted = lines.group_by("currency").agg(pl.col("lines_count").sum()).sort("currency")
    is_invoiced = asked.filters.basis is Basis.INVOICED
    return [
        Notice(
            words.say(
                FOREIGN_INVOICED if is_invoiced else FOREIGN_RATED,
                count=words.count(count), currency=currency,
            ),
            link=asked.links.lines(asked.scope(window.months), currency=currency),
            link_words=words.say("Show the {currency} lines", currency=currency),
        )
        for currency, count in counted.iter_rows()
    ]  # fmt: skip


def _without_cost(asked: Asked) -> list[Notice]:
    words = asked.words
    if asked.cube.costs_to is None:
        return [
            Notice(
                words.say("No cost file yet: COGS is zero, so gross margin says nothing. Import "
                          "one with: fusion-billing import costs FILE")
            )
        ]  # fmt: skip
    every = months_without_cost(asked.cube.by_service)
    months = [month for month in every if month in asked.window.months]
    if not months:
        return []
    named = ", ".join(words.month(month) for month in months[:MONTHS_NAMED_MAX])
    return [
        Notice(
            words.say(
                "No cost has been imported for {months}: gross margin is overstated there.",
                months=named,
            )
        )
    ]


def _open(asked: Asked) -> list[Notice]:
    """Tell of months that are not over: their costs arrive before their revenue is rated."""
    words, this_month = asked.words, asked.this_month
    months = [month for month in asked.window.months if month >= this_month]
    if not months:
        return []
    named = ", ".join(words.month(month) for month in months)
    return [
        Notice(
            words.say(
                "{months} is not over: revenue is rated when a period closes, costs arrive before.",
                months=named,
            )
        )
    ]


def _unattributed(asked: Asked) -> list[Notice]:
    words, window = asked.words, asked.window
    nobody = asked.margins("service", months=window.months).get((None,))
    if asked.filters.scope.service or nobody is None or not nobody.cogs_cad:
        return []
    return [
        Notice(
            words.say(
                "{amount} of COGS names no service and is in no service's margin.",
                amount=words.money(nobody.cogs_cad),
            ),
            link=asked.page("/cogs/unattributed"),
            link_words=words.say("Show it"),
        )
    ]
