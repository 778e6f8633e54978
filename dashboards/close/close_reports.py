"""The pages of the close: how all months stand, and one service's month with its checklist."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import polars as pl

from dashboards.close.books import Books
from dashboards.close.checklist import Item, failures
from dashboards.close.month_close import CloseState, MonthClose
from dashboards.close.month_tables import (
    STATE_NAMES,
    MonthBook,
    adjustments_table,
    checklist_table,
    decisions_table,
    figures_table,
    totals_table,
)
from dashboards.margin import Margin, margin_total
from dashboards.reports.asked import Asked
from dashboards.reports.cells import LOSS, margin_columns
from dashboards.reports.filters import Filters
from dashboards.reports.report import Cell, Column, Empty, Kind, Notice, Report, Row, Table, Tile
from dashboards.scope import month_param

KEY = "close"
MONTHS_SHOWN_MAX = 24
Latest = Mapping[str, Mapping[date, MonthClose]]


def months_report(asked: Asked, latest: Latest, every: Mapping[str, Books]) -> Report:
    """Return how the newest 24 months of each service stand."""
    words = asked.words
    lead = words.say("A closed month keeps its figures; what changes later stands in the next one.")
    report_title = words.say("Monthly close")
    months = sorted({*asked.cube.months, *(month for own in latest.values() for month in own)})
    if not months:
        empty = Empty(
            words.say("No figures yet"), words.say("There is no month to close."),
            commands=[(words.say("Close and rate a billing period"), "fusion-billing bill")],
        )  # fmt: skip
        return Report(KEY, report_title, lead, empty=empty)
    wanted = asked.filters.scope.service
    services = sorted({*asked.cube.services, *latest})
    rows = [
        _month_row(asked, latest, every, service, month)
        for month in reversed(months[-MONTHS_SHOWN_MAX:])
        for service in services
        if wanted in (None, service)
    ]
    table = Table(
        key="months",
        title=words.say("Months"),
        caption=words.say("Of a closed month the figures its close keeps; of another those of now. "
                          "In CAD."),
        columns=[
            Column("month", words.say("Month"), Kind.MONTH),
            Column("service", words.say("Service")),
            Column("state", words.say("State")), Column("author", words.say("By")),
            Column("decided_at", words.say("When")), *margin_columns(words)[:3],
            Column("adjustments_cad", words.say("Changed since"), Kind.MONEY),
        ],
        rows=rows,
    )  # fmt: skip
    return Report(KEY, report_title, lead, tables=[table])


def month_report(asked: Asked, book: MonthBook, items: Sequence[Item]) -> Report:
    """Return one service's month: totals, checklist, figures, adjustments and decisions."""
    words, is_kept = asked.words, book.is_kept
    long_month = words.long_month(book.month)
    name = asked.names().service(book.service)
    tables = [totals_table(asked, book)]
    if is_kept:
        tables.append(adjustments_table(asked, book))
    if book.state is not CloseState.CLOSED:
        caption = words.say(
            "As things are now. With a FAIL a close is refused unless it is forced."
        )
        tables.append(checklist_table(asked, "checklist", items, (words.say("Checklist"), caption)))
    if is_kept:
        title = words.say("Checklist of the close")
        caption = words.say("As things were when the month was closed.")
        kept = book.decisions[-1].checklist
        tables.append(checklist_table(asked, "kept_checklist", kept, (title, caption)))
    tables += [decisions_table(asked, book), figures_table(asked, book)]
    return Report(
        key=KEY,
        title=words.say("Close of {month}", month=long_month),
        lead=f"{name} · {words.say(STATE_NAMES[book.state])}",
        crumbs=[(words.say("Monthly close"), _address(asked, ""))],
        tiles=_tiles(asked, book, items),
        notices=_notices(asked, book),
        tables=tables,
    )


def _month_row(
    asked: Asked, latest: Latest, every: Mapping[str, Books], service: str, month: date
) -> Row:
    words = asked.words
    close = latest.get(service, {}).get(month)
    books = every.get(service, Books(service, (), {}))
    book = MonthBook(service, month, books, [close] if close else [], asked.cube.parts)
    margin = _told(asked, book)
    changed = margin_total(book.changed).gross_profit if book.is_kept else None
    link = _address(asked, f"/{month_param(month)}", service)
    return Row([
        Cell(month, link),
        Cell(asked.names().service(service), link),
        Cell(words.say(STATE_NAMES[book.state])),
        Cell(close.author if close else None),
        Cell(words.instant(close.decided_at) if close else None),
        Cell(margin.revenue), Cell(margin.cogs_cad),
        Cell(margin.gross_profit, tone=_tone(margin.gross_profit)),
        Cell(changed, "" if changed is None else link, tone=_tone(changed)),
    ])  # fmt: skip


def _told(asked: Asked, book: MonthBook) -> Margin:
    if book.is_kept:
        return margin_total(book.told)
    own = (pl.col("service") == book.service) & (pl.col("month") == book.month)
    return margin_total(asked.cube.by_service.filter(own))


def _tiles(asked: Asked, book: MonthBook, items: Sequence[Item]) -> list[Tile]:
    words, told = asked.words, margin_total(book.told)
    reports = _margin_address(asked, book)
    last = book.decisions[-1] if book.decisions else None
    failing = len(failures(items))
    since = words.say("nobody closed it yet")
    if last is not None:
        when = words.instant(last.decided_at)
        since = words.say("by {author}, {when}", author=last.author, when=when)
    tiles = [
        Tile(words.say("State"), words.say(STATE_NAMES[book.state]), since, "#decisions"),
        Tile(words.say("Gross profit"), words.money(told.gross_profit),
             words.say("kept by the close" if book.is_kept else "if it were closed now"), reports,
             is_bad=told.gross_profit < 0),
    ]  # fmt: skip
    if book.is_kept:
        changed = margin_total(book.changed).gross_profit
        tiles.append(
            Tile(words.say("Changed since"), words.money(changed),
                 words.say("gross profit of post-close adjustments"), "#adjustments",
                 is_bad=changed < 0)
        )  # fmt: skip
    else:
        tiles.append(
            Tile(words.say("Checklist"), words.count(failing),
                 words.say("items fail") if failing else words.say("nothing fails"), "#checklist",
                 is_bad=bool(failing))
        )  # fmt: skip
    return tiles


def _notices(asked: Asked, book: MonthBook) -> list[Notice]:
    words = asked.words
    notices = []
    if book.state is CloseState.REOPENED:
        last = book.decisions[-1]
        notices.append(Notice(words.say("Reopened by {author}: {reason}", author=last.author,
                                        reason=last.reason or "")))  # fmt: skip
    if book.is_kept and book.decisions[-1].is_forced:
        last = book.decisions[-1]
        notices.append(Notice(words.say("Closed against its checklist by {author}: {reason}",
                                        author=last.author, reason=last.reason or "")))  # fmt: skip
    return notices


def _address(asked: Asked, path: str, service: str | None = None) -> str:
    query = Filters(words=asked.words).query(service=service)
    return f"{asked.links.home}/close{path}{query}"


def _margin_address(asked: Asked, book: MonthBook) -> str:
    return asked.page("/margin/service", service=book.service, month=month_param(book.month),
                      as_of="close")  # fmt: skip


def _tone(amount: Decimal | None) -> str:
    return LOSS if amount is not None and amount < 0 else ""
