"""A figure with all its parts, how many and how much they are, and what it is less them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from catalog.money import MONEY_CONTEXT
from dashboards.rated_lines import ROWS_EXPORTED_MAX
from dashboards.reports.asked import ROWS_PER_PAGE
from dashboards.reports.filters import CLOSE, range_words
from dashboards.reports.notices import notices_of
from dashboards.reports.report import Cell, Column, Kind, Notice, Pager, Report, Row, Table, Tile
from dashboards.reports.words import Words
from dashboards.scope import ScopeFault
from dashboards.trace.figure import Figure

PageLink = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Parts:
    """All parts of a figure, what they are together, and how some of them are shown."""

    frame: pl.DataFrame
    total: Decimal
    columns: Sequence[Column]
    rows: Callable[[pl.DataFrame], list[Row]]


def figure_report(figure: Figure, what: str, parts: Parts, told: Decimal) -> Report:
    """Return the trace of a figure: `what` is revenue or cogs, `told` what its pages say."""
    asked = figure.asked
    words = asked.words
    titles = {"revenue": words.say("Revenue, line by line"), "cogs": words.say("COGS, row by row")}
    difference = MONEY_CONTEXT.subtract(told, parts.total)
    return Report(
        key=f"trace_{what}",
        title=titles[what],
        lead=_lead(figure),
        crumbs=[(words.say("Back to the figure"), figure.home())],
        tiles=_tiles(figure, parts, told, difference),
        notices=[*notices_of(asked), *_differs(figure, difference)],
        tables=[_table(figure, what, parts), _tie(words, told, parts.total, difference)],
    )


def _lead(figure: Figure) -> str:
    asked, wanted = figure.asked, figure.wanted
    words, names = asked.words, asked.names([wanted.get("account_id")])
    said = [range_words(figure.months, words)]
    nobody = {
        "service": words.say("Unallocated"), "account_id": words.say("Shared"),
        "metric_code": words.say("Fees and costs of no metric"),
        "plan_code": words.say("No single plan"), "provider_service": words.say("Unknown"),
    }  # fmt: skip
    for column, value in wanted.items():
        if value is None:
            said.append(nobody.get(column, words.say("Unknown")))
        elif column == "service":
            said.append(names.service(value))
        elif column == "account_id":
            said.append(names.account(wanted.get("service"), value) or value)
        else:
            said.append(value)
    return f"{' · '.join(said)} · CAD"


def _tiles(figure: Figure, parts: Parts, told: Decimal, difference: Decimal) -> list[Tile]:
    words = figure.asked.words
    return [
        Tile(words.say("The figure"), words.money(told), words.say("as the margin pages say"),
             figure.home(), is_bad=told < 0),
        Tile(words.say("Its parts"), words.money(parts.total),
             words.say("{count} parts", count=words.count(parts.frame.height)), "#parts"),
        Tile(words.say("Difference"), words.money(difference),
             words.say("none: the parts are the figure") if not difference
             else words.say("the parts are those of now"), "#tie", is_bad=bool(difference)),
    ]  # fmt: skip


def _differs(figure: Figure, difference: Decimal) -> list[Notice]:
    words = figure.asked.words
    if not difference or figure.asked.filters.as_of != CLOSE:
        return []
    return [
        Notice(
            words.say("The figure is as it was closed; its parts are those of now."),
            link=figure.asked.here("", as_of=None),
            link_words=words.say("Show figures of now"),
        )
    ]


def _table(figure: Figure, what: str, parts: Parts) -> Table:
    asked, words = figure.asked, figure.asked.words
    page, count = asked.filters.page, parts.frame.height
    if asked.has_all_rows and count > ROWS_EXPORTED_MAX:
        raise ScopeFault(f"more than {ROWS_EXPORTED_MAX:,} rows: choose a service or a month")
    shown = parts.frame
    if not asked.has_all_rows:
        shown = shown.slice((page - 1) * ROWS_PER_PAGE, ROWS_PER_PAGE)
    blank = [Cell() for _ in parts.columns[2:]]
    return Table(
        key="parts",
        title=words.say("Parts"),
        caption=words.say(
            "{count} parts; they add up to the figure exactly. In CAD.", count=words.count(count)
        ),
        columns=parts.columns,
        rows=parts.rows(shown),
        total=Row([Cell(words.say("Total")), *blank, Cell(parts.total)]),
        empty=words.say("Nothing makes this figure: it is zero."),
        pager=pager_of(lambda number: figure.here(f"/trace/{what}", page=number), page, count),
    )


def pager_of(here: PageLink, page: int, count: int) -> Pager | None:
    """Return the way through the pages of a table; None where there is one page."""
    pages_count = max(1, -(-count // ROWS_PER_PAGE))
    if pages_count == 1:
        return None
    before = here(page - 1) if page > 1 else ""
    return Pager(page, pages_count, before, here(page + 1) if page < pages_count else "")


def _tie(words: Words, told: Decimal, total: Decimal, difference: Decimal) -> Table:
    said = ((words.say("The figure"), told), (words.say("Its parts"), total))
    return Table(
        key="tie",
        title=words.say("The parts and the figure"),
        caption=words.say("The figure less its parts, exact, in CAD"),
        columns=[Column("what", words.say("What")),
                 Column("amount_cad", words.say("Amount"), Kind.QUANTITY)],
        rows=[Row([Cell(what), Cell(amount)]) for what, amount in said],
        total=Row([Cell(words.say("Difference")), Cell(difference)]),
    )  # fmt: skip
