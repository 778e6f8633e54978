"""The overview: how the business stands, and which customers lose money and why, in ten seconds."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import polars as pl

from catalog.money import MONEY_CONTEXT, ZERO
from dashboards.margin import Loss, Margin, margin_total
from dashboards.margin.figures import gross_profit_column
from dashboards.reports.asked import Asked
from dashboards.reports.basis_words import lead_words
from dashboards.reports.cells import LOSS, margin_cells, margin_columns
from dashboards.reports.filters import range_words
from dashboards.reports.headlines import headline_tiles
from dashboards.reports.loss_words import advice, cause_sentence
from dashboards.reports.month_chart import NOTHING, month_table
from dashboards.reports.notices import no_figures, notices_of
from dashboards.reports.report import Cell, Column, Kind, Report, Row, Stories, Story, Table
from dashboards.scope import Scope

LOSSES_SHOWN_MAX = 5
MOVERS_SHOWN_MAX = 5


def overview(asked: Asked) -> Report:
    """Return the state of the business in the window's months."""
    words, window = asked.words, asked.window
    lead = lead_words(window.months, asked.filters.basis, words)
    empty = no_figures(asked)
    if empty is not None:
        return Report("overview", words.say("Overview"), lead, empty=empty)
    return Report(
        key="overview",
        title=words.say("Overview"),
        lead=lead,
        tiles=headline_tiles(asked),
        stories=losing_customers(asked),
        notices=notices_of(asked),
        tables=[
            _services(asked),
            replace(
                month_table(asked, title=words.say("Revenue and COGS by month and service")),
                more_link=asked.page("/margin/days"),
                more_words=words.say("By day"),
            ),
            _movers(asked),
        ],
    )


def losing_customers(asked: Asked) -> Stories:
    """Return the customers with the largest losses, each with its cause in a sentence."""
    words, every = asked.words, asked.losses()
    names = asked.names(loss.account_id for loss in every[:LOSSES_SHOWN_MAX])
    total = Decimal(0)
    for loss in every:
        total = MONEY_CONTEXT.subtract(total, loss.margin.gross_profit)
    lead = words.say("No customer costs more than it brings.")
    if every:
        lead = words.say(
            "{count} customers cost {amount} more than they bring.",
            count=words.count(len(every)),
            amount=words.money(total),
        )
    return Stories(
        title=words.say("Who loses money, and why"),
        lead=lead,
        stories=[
            _story(asked, loss, names.account(loss.service, loss.account_id) or loss.account_id,
                   names.service(loss.service))
            for loss in every[:LOSSES_SHOWN_MAX]
        ],
        more_link=asked.page("/margin/negative") if every else "",
        more_words=words.say("All losing customers, with break-even prices"),
    )  # fmt: skip


def _story(asked: Asked, loss: Loss, who: str, where: str) -> Story:
    words = asked.words
    return Story(
        who=who,
        where=where,
        amount=words.money(loss.margin.gross_profit),
        sentence=cause_sentence(loss, words),
        link=asked.page("/margin/customer", service=loss.service, account=loss.account_id),
        advice=advice(loss, words),
    )


def _services(asked: Asked) -> Table:
    words, window = asked.words, asked.window
    now = asked.margins("service", months=window.months)
    then = asked.margins("service", months=window.compared)
    names = asked.names()
    rows = []
    for (service,), margin in sorted(now.items(), key=lambda item: (item[0][0] is None, item[0])):
        label = words.say("Unallocated") if service is None else names.service(service)
        link = asked.page("/cogs/unattributed")
        if service is not None:
            link = asked.page("/margin/service", service=service)
        scope = asked.scope(window.months, service=service, unallocated=service is None)
        rows.append(
            Row([Cell(label, link), *_with_change(asked, margin, then.get((service,)), scope)])
        )
    total, before = (margin_total(asked.sums("month", months=months)) for months in
                     (window.months, window.compared))  # fmt: skip
    return Table(
        key="services",
        title=words.say("Margin by service"),
        caption=words.say(
            "{months} against {before}, in CAD",
            months=range_words(window.months, words), before=range_words(window.compared, words),
        ),
        columns=[Column("service", words.say("Service")), *margin_columns(words),
                 Column("change_points", words.say("Change (points)"), Kind.POINTS)],
        rows=rows,
        total=Row([Cell(words.say("Total")),
                   *_with_change(asked, total, before, asked.scope(window.months))]),
    )  # fmt: skip


def _with_change(asked: Asked, now: Margin, then: Margin | None, scope: Scope) -> list[Cell]:
    old, new = (then or NOTHING).gross_margin, now.gross_margin
    cells = margin_cells(now, asked.links, scope, asked.words)
    if old is None or new is None:
        return [*cells, Cell(None, reason=asked.words.say("no margin to compare"))]
    points = MONEY_CONTEXT.scaleb(MONEY_CONTEXT.subtract(new, old), 2)
    shown = points.quantize(Decimal("0.1"), context=MONEY_CONTEXT)
    return [*cells, Cell(shown, tone=LOSS if shown < 0 else "")]


def _movers(asked: Asked) -> Table:
    words, window = asked.words, asked.window
    keys = ("service", "account_id")
    now = _profits(asked.sums(*keys, months=window.months))
    then = _profits(asked.sums(*keys, months=window.compared))
    moves = _moves(now, then)
    names = asked.names(account for _, account, *_ in moves)
    return Table(
        key="movers",
        title=words.say("Customers that moved most"),
        caption=words.say("Change of gross profit on {before}, in CAD",
                          before=range_words(window.compared, words)),
        columns=[Column("customer", words.say("Customer")), Column("service", words.say("Service")),
                 Column("before_cad", words.say("Before"), Kind.MONEY),
                 Column("gross_profit_cad", words.say("Gross profit"), Kind.MONEY),
                 Column("change_cad", words.say("Change"), Kind.MONEY)],
        rows=[
            Row([
                Cell(names.account(service, account) or account,
                     asked.page("/margin/customer", service=service, account=account),
                     small=account),
                Cell(names.service(service)),
                _signed(before),
                _signed(profit),
                _signed(change),
            ])
            for service, account, profit, before, change in moves if change
        ],
        empty=words.say("No customer's gross profit moved."),
        more_link=asked.page("/bridge"),
        more_words=words.say("Why gross profit moved"),
    )  # fmt: skip


def _profits(sums: pl.DataFrame) -> pl.DataFrame:
    """Return the gross profit of each customer; shared and unallocated cost is nobody's."""
    owned = sums.filter(pl.col("service").is_not_null() & pl.col("account_id").is_not_null())
    return owned.select("service", "account_id", profit=gross_profit_column())


def _moves(
    now: pl.DataFrame, then: pl.DataFrame
) -> Sequence[tuple[str, str, Decimal, Decimal, Decimal]]:
    """Return the customers whose gross profit moved most: profit now, before, and the change."""
    keys = ["service", "account_id"]
    both = now.join(then, on=keys, how="full", coalesce=True, suffix="_before").fill_null(ZERO)
    moved = both.with_columns(change=pl.col("profit") - pl.col("profit_before"))
    order = [pl.col("change").abs(), *keys]
    return moved.sort(order, descending=[True, False, False]).head(MOVERS_SHOWN_MAX).rows()


def _signed(amount: Decimal) -> Cell:
    return Cell(amount, tone=LOSS if amount < 0 else "")
