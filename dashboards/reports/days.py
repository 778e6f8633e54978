"""Gross margin by day: what the months are made of, on the basis asked for."""

from dataclasses import replace
from datetime import date

import polars as pl

from dashboards.margin import Margin, margin_total, regrouped
from dashboards.mart.days import daily_on_basis
from dashboards.reports.asked import Asked
from dashboards.reports.basis_words import lead_words
from dashboards.reports.cells import margin_cells, margin_columns
from dashboards.reports.filters import of_months
from dashboards.reports.notices import no_figures, notices_of
from dashboards.reports.report import Cell, Column, Notice, Report, Row, Table
from storage.lake import Lake

PATH = "/margin/days"
MONTHS_SHOWN_MAX = 3


def days_report(asked: Asked, lake: Lake) -> Report:
    """Return revenue, COGS and gross margin of each day of the window's newest three months."""
    asked_count, asked = len(asked.window.months), of_newest_months(asked)
    words, months = asked.words, asked.window.months
    lead = lead_words(months, asked.filters.basis, words)
    crumbs = [(words.say("Gross margin"), asked.page("/margin"))]
    report = Report("days", words.say("Gross margin by day"), lead, crumbs=crumbs)
    empty = no_figures(asked)
    if empty is not None:
        return replace(report, empty=empty)
    question = ("days", months, asked.filters.query(lang=None), asked.ledger)
    days = asked.cube.remembered(question, lambda: _days(asked, lake, months))
    notices = notices_of(asked)
    if asked_count > len(months):
        notices = [Notice(words.say("Days are shown of the newest three months only.")), *notices]
    return replace(report, notices=notices, tables=[_table(asked, days, months)])


def of_newest_months(asked: Asked) -> Asked:
    """Return the question with its months narrowed to the newest three."""
    months = asked.window.months[-MONTHS_SHOWN_MAX:]
    return replace(asked, filters=of_months(asked.filters, months))


def _days(asked: Asked, lake: Lake, months: tuple[date, ...]) -> pl.DataFrame:
    daily = daily_on_basis(lake, asked.state, months, asked.filters.basis, asked.filters.known_at)
    return regrouped(asked.chosen(daily), ("day",))


def _table(asked: Asked, days: pl.DataFrame, months: tuple[date, ...]) -> Table:
    words = asked.words
    rows = []
    for row in days.sort("day", descending=True).iter_rows(named=True):
        scope = asked.scope([row["day"].replace(day=1)])
        margin = Margin(row["revenue_cents"], row["cogs_cad"])
        cells = margin_cells(margin, asked.links, scope, words, **_narrowed(asked))
        rows.append(Row([Cell(row["day"].isoformat()), *cells]))
    whole = margin_cells(margin_total(days), asked.links, asked.scope(months), words,
                         **_narrowed(asked))  # fmt: skip
    return Table(
        key="days",
        title=words.say("By day"),
        caption=words.say(
            "A rated line is spread over the days of its period, whole cents; an invoiced one "
            "stands on its invoice's date. A figure leads to the rows of its month. In CAD."
        ),
        columns=[Column("day", words.say("Day")), *margin_columns(words)],
        rows=rows,
        total=Row([Cell(words.say("Total")), *whole]),
        empty=words.say("Nothing here"),
    )


def _narrowed(asked: Asked) -> dict[str, str | None]:
    return {"metric": asked.filters.metric, "plan": asked.filters.plan}
