"""The tables of one service's month: totals, checklist, kept figures, adjustments, decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from dashboards.close.books import Books, of_month
from dashboards.close.checklist import Item, Status
from dashboards.close.figures import figures_of_months, figures_summed
from dashboards.close.month_close import CloseState, MonthClose
from dashboards.margin import Margin, margin_total
from dashboards.reports.asked import ROWS_PER_PAGE, Asked
from dashboards.reports.cells import LOSS, margin_columns, ratio_cell
from dashboards.reports.report import Cell, Column, Kind, Row, Table
from dashboards.reports.words import Words
from dashboards.scope import month_param

ITEM_NAMES = {
    "usage": "Usage", "corrections": "Corrections", "quarantine": "Quarantine",
    "billing": "Bill run", "blocked": "Blocked closings", "lines": "Rated lines",
    "costs": "Provider costs", "costs_whole": "Reach of costs", "estimates": "Estimates",
    "rates": "Rates to CAD", "unattributed": "Unattributed COGS", "currency": "Currencies",
    "drafts": "Drafts for Odoo",
}  # fmt: skip
STATE_NAMES = {
    CloseState.OPEN: "open",
    CloseState.SOFT: "soft closed",
    CloseState.CLOSED: "closed",
    CloseState.REOPENED: "reopened",
}
STATUS_TONES = {Status.OK: "check-ok", Status.WARN: "check-warn", Status.FAIL: "check-fail"}
DIGEST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class MonthBook:
    """A service's month: its books, all decisions about it, and the figures of now."""

    service: str
    month: date
    books: Books
    decisions: Sequence[MonthClose]
    parts: pl.DataFrame

    @property
    def state(self) -> CloseState:
        """Return how the month stands."""
        return self.decisions[-1].state if self.decisions else CloseState.OPEN

    @property
    def is_kept(self) -> bool:
        """Say whether figures of the month are kept."""
        return self.month in self.books.figures

    @property
    def told(self) -> pl.DataFrame:
        """Return the figures kept of the month; of an open one those a close would keep now."""
        if self.is_kept:
            return self.books.figures[self.month]
        return self.books.to_keep(self.parts, self.month)

    @property
    def pending(self) -> pl.DataFrame:
        """Return the month's changes since its close that no close holds."""
        return of_month(self.books.pending(self.parts), self.month)

    @property
    def changed(self) -> pl.DataFrame:
        """Return all of the month's changes since its close."""
        return figures_summed([self.books.taken_later(self.month), self.pending])


def totals_table(asked: Asked, book: MonthBook) -> Table:
    """Return how the month's kept figures lead to those of now, exactly."""
    words, month = asked.words, book.month
    own = of_month(book.told, month)
    before = book.told.filter(pl.col("of_month") != month)
    rows = [
        (words.say("{month} itself", month=words.month(month)), own),
        (words.say("Changes of earlier closed months"), before),
        (words.say("Kept by the close" if book.is_kept else "A close would keep"), book.told),
    ]
    if book.is_kept:
        now = figures_of_months(book.parts, book.service, [month])
        rows += [
            (words.say("Since then, held by later closes"), book.books.taken_later(month)),
            (words.say("Since then, for {month}", month=_open_month(book, words)), book.pending),
            (words.say("{month} itself, as it is now", month=words.month(month)), now),
        ]
    return Table(
        key="totals",
        title=words.say("Totals"),
        caption=words.say(
            "Kept figures never change. {month} itself and its changes since then add up to it "
            "as it is now. In CAD.",
            month=words.month(month),
        ),
        columns=[Column("figures", words.say("Figures")), *margin_columns(words)],
        rows=[_margin_row(label, margin_total(figures), words) for label, figures in rows],
    )


def checklist_table(
    asked: Asked, key: str, items: Sequence[Item], title_and_caption: tuple[str, str]
) -> Table:
    """Return the checklist with what to do about each item."""
    words, (title, caption) = asked.words, title_and_caption
    return Table(
        key=key,
        title=title,
        caption=caption,
        columns=[Column("item", words.say("Item")), Column("status", words.say("Status")),
                 Column("found", words.say("What was found")),
                 Column("to_do", words.say("What to do"))],
        rows=[
            Row([Cell(words.say(ITEM_NAMES[item.key])),
                 Cell(item.status.value, tone=STATUS_TONES[item.status]),
                 Cell(words.say(item.found, **item.figures)),
                 Cell(words.say(item.cure) if item.cure else None)])
            for item in items
        ],
    )  # fmt: skip


def figures_table(asked: Asked, book: MonthBook) -> Table:
    """Return the told figures by account and metric, adjustments of earlier months apart."""
    words = asked.words
    keys = ("of_month", "account_id", "metric_code")
    sums = _sums(book.told, keys)
    names = asked.names(sums["account_id"].to_list())
    rows = [
        Row([
            _account(words, names.account(book.service, row["account_id"] or ""), row),
            Cell(row["metric_code"] or words.say("Fees and costs of no metric")),
            Cell(row["of_month"]),
            *_cells(Margin(row["revenue_cents"], row["cogs_cad"]), words),
        ])
        for row in _shown(asked, sums).iter_rows(named=True)
    ]  # fmt: skip
    title = "Figures kept by the close" if book.is_kept else "Figures a close would keep"
    return Table(
        key="figures",
        title=words.say(title),
        caption=_caption(asked, sums.height),
        columns=[
            Column("account", words.say("Account")), Column("metric", words.say("Metric")),
            Column("of_month", words.say("Of month"), Kind.MONTH), *margin_columns(words),
        ],
        rows=rows,
        total=_total(words, margin_total(book.told)),
        empty=words.say("The service has neither revenue nor cost in this month."),
    )  # fmt: skip


def adjustments_table(asked: Asked, book: MonthBook) -> Table:
    """Return what changed since the close, and in which month it stands."""
    words = asked.words
    found = [(close.month, of_month(book.books.figures[close.month], book.month))
             for close in book.books.closes if close.month > book.month]  # fmt: skip
    open_month = book.books.open_month
    if open_month is not None:
        found.append((open_month, book.pending))
    keys = ("account_id", "metric_code", "provider")
    every = pl.concat([
        _sums(figures, keys).with_columns(stands_in=pl.lit(month, pl.Date))
        for month, figures in found
    ])  # fmt: skip
    names = asked.names(every["account_id"].to_list())
    rows = [
        Row([
            _account(words, names.account(book.service, row["account_id"] or ""), row),
            Cell(row["metric_code"] or words.say("Fees and costs of no metric")),
            Cell(row["provider"]),
            Cell(row["stands_in"]),
            *_cells(Margin(row["revenue_cents"], row["cogs_cad"]), words)[:3],
        ])
        for row in _shown(asked, every).iter_rows(named=True)
    ]  # fmt: skip
    return Table(
        key="adjustments",
        title=words.say("Post-close adjustments"),
        caption=_caption(asked, every.height),
        columns=[
            Column("account", words.say("Account")), Column("metric", words.say("Metric")),
            Column("provider", words.say("Provider")),
            Column("stands_in", words.say("Stands in"), Kind.MONTH), *margin_columns(words)[:3],
        ],
        rows=rows,
        total=_total(words, margin_total(book.changed), blanks=3, ratio=False),
        empty=words.say("Nothing changed since the close."),
    )  # fmt: skip


def decisions_table(asked: Asked, book: MonthBook) -> Table:
    """Return who decided what about the month, when and why, and what each close pinned."""
    words = asked.words
    return Table(
        key="decisions",
        title=words.say("Decisions"),
        caption=words.say("The SHA-256 is of the kept figures; the last close's lead to the file."),
        columns=[
            Column("decision", words.say("Decision")), Column("author", words.say("By")),
            Column("decided_at", words.say("When")), Column("reason", words.say("Reason")),
            Column("forced", words.say("Forced")),
            Column("watermark", words.say("Usage watermark")),
            Column("lake_snapshot", words.say("Lake snapshot"), Kind.COUNT),
            Column("known_at", words.say("Costs and rules as of")),
            Column("figures_digest", words.say("SHA-256")),
        ],
        rows=[_decision(asked, book, each) for each in reversed(book.decisions)],
        empty=words.say("Nobody decided anything about this month."),
    )  # fmt: skip


def _decision(asked: Asked, book: MonthBook, close: MonthClose) -> Row:
    words, kept = asked.words, close.kept
    cells = [
        Cell(words.say(STATE_NAMES[close.state])),
        Cell(close.author),
        Cell(words.instant(close.decided_at)),
        Cell(close.reason),
        Cell(words.say("yes") if close.is_forced else None),
    ]
    if kept is None:
        return Row([*cells, Cell(), Cell(), Cell(), Cell()])
    digest, is_last = kept.figures_digest, book.is_kept and close is book.decisions[-1]
    file = f"/close/{month_param(book.month)}/figures.ndjson"
    return Row([
        *cells,
        Cell(kept.pins.watermark),
        Cell(kept.pins.lake_snapshot),
        Cell(words.instant(kept.pins.known_at), _figures_then(asked, book, kept.pins.known_at)),
        Cell(digest if asked.has_all_rows else f"{digest[:DIGEST_SHOWN]}…",
             f"{asked.links.home}{file}?service={book.service}" if is_last else ""),
    ])  # fmt: skip


def _figures_then(asked: Asked, book: MonthBook, known_at: datetime) -> str:
    """Return the page of the month's figures as they were known when a close kept them."""
    here = asked.filters.query(
        service=book.service, month=month_param(book.month), as_of=known_at.isoformat(),
        **{"from": None, "to": None},
    )  # fmt: skip
    return f"{asked.links.home}/margin{here}"


def _open_month(book: MonthBook, words: Words) -> str:
    return words.month(book.books.open_month or book.month)


def _sums(figures: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    sums = figures.group_by(keys).agg(pl.col("revenue_cents", "cogs_cad").sum())
    changed = sums.filter((pl.col("revenue_cents") != 0) | (pl.col("cogs_cad") != 0))
    return changed.sort(keys, nulls_last=True)


def _shown(asked: Asked, rows: pl.DataFrame) -> pl.DataFrame:
    return rows if asked.has_all_rows else rows.head(ROWS_PER_PAGE)


def _caption(asked: Asked, count: int) -> str:
    words = asked.words
    if count <= ROWS_PER_PAGE or asked.has_all_rows:
        return words.say("In CAD.")
    return words.say(
        "The first {shown} of {count} rows, in CAD; the files have all.",
        shown=words.count(ROWS_PER_PAGE),
        count=words.count(count),
    )


def _account(words: Words, name: str | None, row: dict[str, Any]) -> Cell:
    account = row["account_id"]
    if account is None:
        return Cell(words.say("Shared"))
    return Cell(name or account, small=account if name else "")


def _cells(margin: Margin, words: Words) -> list[Cell]:
    profit = margin.gross_profit
    return [
        Cell(margin.revenue),
        Cell(margin.cogs_cad),
        Cell(profit, tone=LOSS if profit < 0 else ""),
        ratio_cell(margin, "", words),
    ]


def _margin_row(label: str, margin: Margin, words: Words) -> Row:
    return Row([Cell(label), *_cells(margin, words)])


def _total(words: Words, margin: Margin, *, blanks: int = 2, ratio: bool = True) -> Row:
    cells = _cells(margin, words)
    return Row([Cell(words.say("Total")), *[Cell()] * blanks, *(cells if ratio else cells[:3])])
