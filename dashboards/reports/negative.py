"""Customers below zero: cause, break-even price and since when."""

from datetime import date

import polars as pl

from dashboards.bar_chart import Bar
from dashboards.margin import Loss, below_zero
from dashboards.plots import bars_plot
from dashboards.reports.asked import Asked
from dashboards.reports.cells import LOSS, margin_columns
from dashboards.reports.filters import month_at, place_of, range_words
from dashboards.reports.loss_words import cause_label, cause_sentence
from dashboards.reports.notices import no_figures, notices_of
from dashboards.reports.overview import losing_customers
from dashboards.reports.report import Cell, Column, Kind, Report, Row, Table

BARS_SHOWN_MAX = 12


def negative(asked: Asked) -> Report:
    """Return every customer whose direct COGS is above its revenue, the largest loss first."""
    words, window = asked.words, asked.window
    lead = words.say("{months} · direct COGS above revenue · CAD",
                     months=range_words(window.months, words))  # fmt: skip
    title = words.say("Losing customers")
    empty = no_figures(asked)
    if empty is not None:
        return Report("negative", title, lead, empty=empty)
    found = asked.losses()
    return Report(
        "negative", title, lead, notices=notices_of(asked), tables=[_table(asked, found)],
        stories=losing_customers(asked) if not found else None,
    )  # fmt: skip


def _table(asked: Asked, found: list[Loss]) -> Table:
    words = asked.words
    names = asked.names(loss.account_id for loss in found)
    since = _since(asked, found)
    who = {
        (loss.service, loss.account_id):
            names.account(loss.service, loss.account_id) or loss.account_id
        for loss in found
    }  # fmt: skip
    bars = [
        Bar(who[(loss.service, loss.account_id)], loss.margin.gross_profit,
            words.money(loss.margin.gross_profit))
        for loss in found[:BARS_SHOWN_MAX]
    ]  # fmt: skip
    title = words.say("What each losing customer costs")
    return Table(
        key="negative",
        title=title,
        caption=words.say(
            "The cause is what, put at its service's usual level, would help most. The break-even "
            "price is of a unit beyond the included ones; n/a where no price could end the loss."
        ),
        columns=[
            Column("account", words.say("Customer")), Column("service", words.say("Service")),
            *margin_columns(words)[:3],
            Column("cause", words.say("Cause")), Column("why", words.say("Why")),
            Column("break_even_price_cad", words.say("Break-even price"), Kind.UNIT_PRICE),
            Column("below_zero_since", words.say("Below zero since"), Kind.MONTH),
        ],
        rows=[
            _row(asked, loss, who[(loss.service, loss.account_id)], names.service(loss.service),
                 since.get((loss.service, loss.account_id)))
            for loss in found
        ],
        chart=bars_plot(bars, title=title, identity="losses"),
        empty=words.say("No customer costs more than it brings."),
    )  # fmt: skip


def _row(asked: Asked, loss: Loss, who: str, where: str, since: date | None) -> Row:
    words, window = asked.words, asked.window
    scope = asked.scope(window.months, service=loss.service, account=loss.account_id)
    lines, costs = asked.links.revenue(scope), asked.links.cogs(scope)
    price = Cell(None, reason=words.say("no unit is priced"))
    if loss.break_even_price is not None:
        price = Cell(loss.break_even_price)
    link = asked.page("/margin/customer", service=loss.service, account=loss.account_id)
    return Row([
        Cell(who, link, small=loss.account_id if who != loss.account_id else ""),
        Cell(where, asked.page("/margin/service", service=loss.service)),
        Cell(loss.margin.revenue, lines),
        Cell(loss.margin.cogs_cad, costs),
        Cell(loss.margin.gross_profit, costs, tone=LOSS),
        Cell(cause_label(loss, words)),
        Cell(cause_sentence(loss, words)),
        price,
        Cell(since),
    ])  # fmt: skip


def _since(asked: Asked, found: list[Loss]) -> dict[tuple[str, str], date]:
    """Return the first month of each loser's unbroken row of losses up to the window's end."""
    last = asked.window.months[-1]
    keys = pl.DataFrame(
        [(loss.service, loss.account_id) for loss in found],
        schema={"service": pl.String(), "account_id": pl.String()}, orient="row",
    )  # fmt: skip
    own = asked.cube.by_account.join(keys, on=["service", "account_id"], how="semi")
    months = below_zero(own).select("service", "account_id", "month")
    losing: dict[tuple[str, str], set[date]] = {}
    for service, account, month in months.iter_rows():
        losing.setdefault((service, account), set()).add(month)
    return {key: _first(own, last) for key, own in losing.items() if last in own}


def _first(months: set[date], last: date) -> date:
    place = place_of(last)
    while month_at(place - 1) in months:
        place -= 1
    return month_at(place)
