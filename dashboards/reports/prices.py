"""The price list that usage is estimated by: its dates, its overrides, and how right it was."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import sqlalchemy as sa

from catalog.money import MONEY_CONTEXT, ZERO
from dashboards.costs.attributed import estimate_against_actual
from dashboards.costs.estimates import CostPrice
from dashboards.costs.price_store import cost_prices
from dashboards.names import Names
from dashboards.reports.asked import Asked
from dashboards.reports.cells import LOSS, ratio_of
from dashboards.reports.days import of_newest_months
from dashboards.reports.filters import range_words
from dashboards.reports.report import Cell, Column, Kind, Notice, Report, Row, Table, Tile
from dashboards.reports.words import Words
from storage.cost_tables import cost_price
from storage.lake import Lake
from storage.state import State

# An estimate further from the bill than this is worth a look.
OFF_MAX = Decimal("0.02")
IN_FORCE, OVERRIDDEN, LATER, ENDED = "in force", "replaced by an override", "later", "ended"


def prices_report(asked: Asked, lake: Lake) -> Report:
    """Return the dated price list, and estimate beside bill for each provider and day."""
    asked = of_newest_months(asked)
    words, months = asked.words, asked.window.months
    with asked.state.read() as connection:
        every = cost_prices(connection, asked.filters.known_at)
    service = asked.filters.scope.service
    prices = [price for price in every if service in (None, price.service)]
    days = pl.DataFrame()
    missing: tuple[tuple[str, date], ...] = ()
    if months and every:
        days, missing = estimate_against_actual(
            lake,
            asked.state,
            first=months[0],
            last=_last_day(months[-1]),
            as_of=asked.filters.known_at,
        )
    return Report(
        key="prices",
        title=words.say("Price list"),
        lead=words.say("What a unit should cost, and what the provider charged · {months}",
                       months=range_words(months, words)),
        crumbs=[(words.say("COGS"), asked.page("/cogs"))],
        tiles=_tiles(asked, prices, days),
        notices=_without_rate(words, missing),
        tables=[_list(asked, prices), _compared(asked, days)],
    )  # fmt: skip


def prices_stamp(state: State) -> object:
    """Return a value that changes whenever a price does."""
    with state.read() as connection:
        marks = sa.select(sa.func.count(), sa.func.max(cost_price.c.recorded_at))
        return tuple(connection.execute(marks).one())


def standing(price: CostPrice, every: Iterable[CostPrice], day: date) -> str:
    """Return how a price stands on a day: in force, replaced, later or ended."""
    if day < price.valid_from:
        return LATER
    if price.valid_until is not None and price.valid_until <= day:
        return ENDED
    same = [other for other in every if other.prices_same(price) and other.holds_on(day)]
    return IN_FORCE if max(same, key=CostPrice.rank) == price else OVERRIDDEN


def _last_day(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _list(asked: Asked, prices: Sequence[CostPrice]) -> Table:
    words, names, today = asked.words, asked.names(), asked.at.date()
    return Table(
        key="prices",
        title=words.say("Price list"),
        caption=words.say(
            "The price of one unit, for days from the first to before the last; an override wins "
            "over other prices of the same metric and provider."
        ),
        columns=[
            Column("provider", words.say("Provider")),
            Column("provider_service", words.say("For")),
            Column("service", words.say("Service")), Column("metric", words.say("Metric")),
            Column("unit_price", words.say("Unit price"), Kind.UNIT_PRICE),
            Column("currency", words.say("Currency")),
            Column("valid_from", words.say("From")), Column("valid_until", words.say("Until")),
            Column("kind", words.say("Kind")), Column("standing", words.say("Today")),
        ],
        rows=[_price_row(asked, names, price, standing(price, prices, today)) for price in prices],
        empty=words.say(
            "No price is known: fusion-billing costs prices add lets usage stand in for a bill "
            "that has not come."
        ),
    )  # fmt: skip


def _price_row(asked: Asked, names: Names, price: CostPrice, stands: str) -> Row:
    words = asked.words
    until = price.valid_until
    return Row([
        Cell(price.provider), Cell(price.provider_service), Cell(names.service(price.service)),
        Cell(price.metric_code, asked.page("/margin/metric", service=price.service,
                                           metric=price.metric_code)),
        Cell(price.unit_price), Cell(price.currency), Cell(price.valid_from.isoformat()),
        Cell(until.isoformat() if until else words.say("no end")),
        Cell(words.say("override") if price.is_override else words.say("list price")),
        Cell(words.say(stands)),
    ])  # fmt: skip


def _compared(asked: Asked, days: pl.DataFrame) -> Table:
    words = asked.words
    estimate, actual = _both(days)
    return Table(
        key="days",
        title=words.say("Estimate and bill"),
        caption=words.say(
            "By provider and day, all services together, in CAD. A day that only one of them has "
            "is not compared."
        ),
        columns=[
            Column("provider", words.say("Provider")), Column("day", words.say("Day")),
            Column("estimate_cad", words.say("Estimate"), Kind.MONEY),
            Column("actual_cad", words.say("Provider's bill"), Kind.MONEY),
            Column("difference_cad", words.say("Difference"), Kind.MONEY),
            Column("difference_share", words.say("Of the estimate"), Kind.RATIO),
        ],
        rows=[_day_row(words, row) for row in days.iter_rows(named=True)],
        total=Row([Cell(words.say("Days with both")), Cell(), Cell(estimate), Cell(actual),
                   Cell(MONEY_CONTEXT.subtract(actual, estimate)), _share(words, days)]),
        empty=words.say("No provider with a price has usage or a bill in these months."),
    )  # fmt: skip


def _day_row(words: Words, row: dict[str, Any]) -> Row:
    share = row["difference_share"]
    reasons = ("estimate_cad", "no usage"), ("actual_cad", "no bill yet")
    reason = next((words.say(said) for name, said in reasons if row[name] is None),
                  words.say("nothing estimated"))  # fmt: skip
    tone = LOSS if share is not None and abs(share) > OFF_MAX else ""
    return Row([
        Cell(row["provider"]), Cell(row["day"].isoformat()),
        Cell(row["estimate_cad"], reason=reason), Cell(row["actual_cad"], reason=reason),
        Cell(row["difference_cad"], reason=reason, tone=tone), Cell(share, reason=reason),
    ])  # fmt: skip


def _tiles(asked: Asked, prices: Sequence[CostPrice], days: pl.DataFrame) -> list[Tile]:
    words, today = asked.words, asked.at.date()
    now = [price for price in prices if standing(price, prices, today) == IN_FORCE]
    overrides = sum(price.is_override for price in now)
    estimate, actual = _both(days)
    share = _share(words, days)
    is_off = isinstance(share.value, Decimal) and abs(share.value) > OFF_MAX
    return [
        Tile(words.say("Prices in force"), words.count(len(now)),
             words.say("{count} overrides", count=words.count(overrides)), "#prices"),
        Tile(words.say("Estimate"), words.money(estimate), words.say("days with a bill"), "#days"),
        Tile(words.say("Provider's bill"), words.money(actual), words.say("the same days"),
             "#days"),
        Tile(words.say("Bill less estimate"),
             words.percent(share.value) if isinstance(share.value, Decimal) else words.say("n/a"),
             words.say("target: {share} or less", share=words.whole_percent(OFF_MAX)), "#days",
             is_bad=is_off, reason=share.reason),
    ]  # fmt: skip


def _both(days: pl.DataFrame) -> tuple[Decimal, Decimal]:
    """Return estimate and bill of the days that have both."""
    if days.is_empty():
        return ZERO, ZERO
    both = days.filter(pl.col("difference_cad").is_not_null())
    estimate, actual = both.select(pl.col("estimate_cad", "actual_cad").sum()).row(0)
    return estimate or ZERO, actual or ZERO


def _share(words: Words, days: pl.DataFrame) -> Cell:
    estimate, actual = _both(days)
    share = ratio_of(MONEY_CONTEXT.subtract(actual, estimate), estimate)
    return Cell(share, reason="" if share is not None else words.say("nothing to compare"))


def _without_rate(words: Words, missing: Sequence[tuple[str, date]]) -> list[Notice]:
    if not missing:
        return []
    currencies = ", ".join(sorted({currency for currency, _ in missing}))
    return [
        Notice(
            words.say(
                "{count} days have no estimate: no rate to CAD is known for {currencies}.",
                count=words.count(len(missing)), currencies=currencies,
            )
        )
    ]  # fmt: skip
