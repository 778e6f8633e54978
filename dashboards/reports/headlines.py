"""The five headline figures, each with its movement and its line over the months."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from catalog.money import MONEY_CONTEXT
from dashboards.charts import sparkline
from dashboards.margin import Margin, margin_total, negative_accounts, negative_accounts_by_month
from dashboards.reports.asked import Asked
from dashboards.reports.cells import ratio_of
from dashboards.reports.filters import range_words
from dashboards.reports.month_chart import NOTHING, months_shown
from dashboards.reports.report import Tile
from dashboards.reports.words import Words


def headline_tiles(asked: Asked, *, counts_customers: bool = True) -> list[Tile]:
    """Return revenue, COGS, gross profit, gross margin and how many customers lose money."""
    window, words = asked.window, asked.words
    now = margin_total(asked.sums("month", months=window.months))
    then = margin_total(asked.sums("month", months=window.compared))
    by_month = {month: each for (month,), each in asked.margins("month").items()}
    months = [month for month in months_shown(list(by_month)) if month <= window.months[-1]]
    line = [by_month.get(month, NOTHING) for month in months]
    lines, costs = (door(asked.scope(window.months)) for door in
                    (asked.links.revenue, asked.links.cogs))  # fmt: skip
    against = ""
    if not asked.sums("month", months=window.compared).is_empty():
        against = range_words(window.compared, words)
    tiles = [
        _money_tile(words, "Revenue", (then.revenue, now.revenue), against,
                    [each.revenue for each in line], lines),
        _money_tile(words, "COGS", (then.cogs_cad, now.cogs_cad), against,
                    [each.cogs_cad for each in line], costs),
        _money_tile(words, "Gross profit", (then.gross_profit, now.gross_profit), against,
                    [each.gross_profit for each in line], asked.page("/bridge")),
        _ratio_tile(words, then, now, against, [each.gross_margin for each in line],
                    asked.page("/margin")),
    ]  # fmt: skip
    if counts_customers:
        tiles.append(_customers_tile(asked))
    return tiles


def movement(words: Words, then: Decimal, now: Decimal, against: str) -> str:
    """Return how an amount moved, as a share of what was before; `against` is empty for nothing."""
    change = MONEY_CONTEXT.subtract(now, then)
    if not against:
        return words.say("nothing to compare with")
    if not change:
        return words.say("unchanged on {before}", before=against)
    share = ratio_of(abs(change), then)
    said = words.money(abs(change)) if share is None else words.percent(share)
    text = "▲ {change} more than {before}" if change > 0 else "▼ {change} less than {before}"
    return words.say(text, change=said, before=against)


def _money_tile(
    words: Words, label: str, amounts: tuple[Decimal, Decimal], against: str,
    line: Sequence[Decimal | None], link: str,
) -> Tile:  # fmt: skip
    then, now = amounts
    title = words.say("{figure} by month", figure=words.say(label))
    return Tile(
        label=words.say(label),
        figure=words.money(now),
        movement=movement(words, then, now, against),
        link=link,
        spark=sparkline(line, title=title),
        is_bad=now < 0,
    )


def _ratio_tile(
    words: Words, then: Margin, now: Margin, against: str, line: Sequence[Decimal | None],
    link: str,
) -> Tile:  # fmt: skip
    old, new, moved = then.gross_margin, now.gross_margin, ""
    if old is not None and new is not None:
        change = MONEY_CONTEXT.subtract(new, old)
        points = words.percent(abs(change)).removesuffix("%").rstrip()
        text = (
            "▲ {points} points above {before}" if change > 0 else "▼ {points} points below {before}"
        )
        moved = words.say(text, points=points, before=against)
    return Tile(
        label=words.say("Gross margin"),
        figure=words.say("n/a") if new is None else words.percent(new),
        movement=moved,
        link=link,
        spark=sparkline(line, title=words.say("Gross margin by month")),
        is_bad=now.gross_profit < 0,
        reason=words.say(now.gross_margin_reason) if now.gross_margin_reason else "",
    )


def _customers_tile(asked: Asked) -> Tile:
    words, window = asked.words, asked.window
    counted = asked.answered("losing by month", lambda: _losing_by_month(asked))
    months = [month for month in months_shown(list(counted)) if month <= window.months[-1]]
    now, then = (_losing(asked, counted, chosen) for chosen in (window.months, window.compared))
    moved = words.say("nothing to compare with")
    if not asked.sums("month", months=window.compared).is_empty():
        before = range_words(window.compared, words)
        moved = words.say("{count} in {before}", count=words.count(then), before=before)
    return Tile(
        label=words.say("Customers losing money"),
        figure=words.count(now),
        movement=moved,
        link=asked.page("/margin/negative"),
        spark=sparkline([Decimal(counted.get(month, 0)) for month in months],
                        title=words.say("Customers losing money by month")),
        is_bad=now > 0,
    )  # fmt: skip


def _losing_by_month(asked: Asked) -> dict[date, int]:
    """Return how many customers lost money in each month that has judged figures."""
    sums = asked.judged(asked.sums("month", "service", "account_id"))
    return dict.fromkeys(sums["month"].unique().sort(), 0) | negative_accounts_by_month(sums)


def _losing(asked: Asked, counted: Mapping[date, int], months: Sequence[date]) -> int:
    """Return how many customers lose money in some months together."""
    if len(months) == 1:
        return counted.get(months[0], 0)
    sums = asked.sums("month", "service", "account_id", months=months)
    return negative_accounts(asked.judged(sums))
