"""Monthly recurring revenue by service and month: what it was, what moved it, what it is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from catalog.money import MONEY_CONTEXT
from dashboards.bar_chart import Bar, cut_of
from dashboards.margin.mrr import (
    MOVEMENTS,
    Movement,
    chained_movement,
    mrr_movements,
    summed_movement,
)
from dashboards.mart.recurring import Recurring, read_recurring, recurring_stamp
from dashboards.plots import waterfall_plot
from dashboards.reports.asked import Asked
from dashboards.reports.cells import LOSS, ratio_of
from dashboards.reports.filters import MONTHS_MAX, month_at, place_of, range_words
from dashboards.reports.report import Cell, Column, Empty, Kind, Notice, Report, Row, Table
from storage.lake import Lake

MONTHS_DEFAULT = 12
LABELS = {
    "new": "New customers", "expansion": "Expansion", "contraction": "Contraction",
    "churn": "Lost customers", "reactivation": "Came back",
}  # fmt: skip
Movements = Mapping[tuple[str, date], Movement]


def mrr_report(asked: Asked, _: Lake) -> Report:
    """Return the movement of recurring revenue, the newest twelve whole months by default.

    As of a time it is what that time would have been told: what ended later still ran.
    """
    words, known_at = asked.words, asked.filters.known_at
    asked = replace(asked, at=min(asked.at, known_at or asked.at))
    question = ("recurring", recurring_stamp(asked.state), known_at)
    recurring = asked.cube.remembered(question, lambda: read_recurring(asked.state, known_at))
    months = _months(asked, recurring)
    title = words.say("Monthly recurring revenue")
    lead = words.say("{months} · plan fees brought to a month · CAD",
                     months=range_words(months, words))  # fmt: skip
    report = Report("mrr", title, lead)
    if not months:
        return replace(report, empty=_nothing(asked))
    found = _movements(asked, recurring, months)
    return replace(
        report,
        notices=_notices(asked, recurring, months),
        tables=[_by_month(asked, found, months), _by_service(asked, found, months)],
    )


def _months(asked: Asked, recurring: Recurring) -> list[date]:
    """Return the months shown: none before the first fee, none after the current one."""
    first = recurring.first_month
    if first is None or first > asked.this_month:
        return []
    scope, this = asked.filters.scope, place_of(asked.this_month)
    last = place_of(scope.last_month) if scope.last_month else max(this - 1, place_of(first))
    begun = place_of(scope.first_month) if scope.first_month else last - MONTHS_DEFAULT + 1
    last = min(last, this)
    begun = max(begun, place_of(first), last - MONTHS_MAX + 1)
    return [month_at(place) for place in range(begun, last + 1)]


def _movements(asked: Asked, recurring: Recurring, months: Sequence[date]) -> Movements:
    """Return the movements of the filters' services, from the first fee on."""
    scope, begun = asked.filters.scope, recurring.first_month or months[0]
    every = [month_at(place) for place in range(place_of(begun), place_of(months[-1]) + 1)]
    spans = [
        span for span in recurring.spans
        if scope.service in (None, span.service) and scope.account in (None, span.account_id)
    ]  # fmt: skip
    services = sorted({span.service for span in spans})
    ends = {
        service: [(month, _end_of(month, recurring.zones[service], asked.at)) for month in every]
        for service in services
    }
    found = mrr_movements(spans, ends)
    return {key: each for key, each in found.items() if key[1] in months}


def _end_of(month: date, zone: ZoneInfo, at: datetime) -> datetime:
    """Return the end of a service's local month, of the current one this moment; in UTC."""
    following = month_at(place_of(month) + 1)
    return min(datetime.combine(following, time(), zone).astimezone(UTC), at)


def _by_month(asked: Asked, found: Movements, months: Sequence[date]) -> Table:
    words, names = asked.words, asked.names()
    services = sorted({service for service, _ in found})
    rows = [
        Row([Cell(month), Cell(names.service(service), asked.page("/mrr", service=service)),
             *_cells(asked, found[service, month])])
        for month in reversed(months) for service in services
    ]  # fmt: skip
    whole = _whole(found, months)
    title = words.say("What moved recurring revenue, {months}", months=range_words(months, words))
    bars = _waterfall_bars(asked, whole, months)
    return Table(
        key="mrr",
        title=title,
        caption=words.say(
            "Plan fees of running subscriptions at each month's end, a year's by twelfths, weeks "
            "at 52 a year; usage and trials are not in it. Opening and movements add up to the "
            "closing exactly."
        ),
        note=words.say("The axis does not begin at 0.") if cut_of(bars) else "",
        columns=[Column("month", words.say("Month"), Kind.MONTH),
                 Column("service", words.say("Service")), *_columns(asked)],
        rows=rows,
        total=Row([Cell(words.say("All months")), Cell(), *_cells(asked, whole)]),
        chart=waterfall_plot(bars, title=title, identity="mrr"),
        empty=words.say("No plan fee is owed here in these months."),
    )  # fmt: skip


def _waterfall_bars(asked: Asked, whole: Movement, months: Sequence[date]) -> list[Bar]:
    words = asked.words
    before = words.say("Before {month}", month=words.month(months[0]))
    after = words.say("End of {month}", month=words.month(months[-1]))
    moved = [Bar(words.say(LABELS[name]), whole.moves[name], words.money(whole.moves[name]))
             for name in MOVEMENTS]  # fmt: skip
    return [
        Bar(before, whole.opening, words.money(whole.opening), is_total=True), *moved,
        Bar(after, whole.closing, words.money(whole.closing), is_total=True),
    ]  # fmt: skip


def _by_service(asked: Asked, found: Movements, months: Sequence[date]) -> Table:
    words, names = asked.words, asked.names()
    rows = []
    for service in sorted({service for service, _ in found}):
        own = chained_movement([found[service, month] for month in months])
        link = asked.page("/mrr", service=service)
        rows.append(Row([Cell(names.service(service), link), *_cells(asked, own)]))
    return Table(
        key="services",
        title=words.say("By service"),
        caption=words.say("The same months together, in CAD"),
        columns=[Column("service", words.say("Service")), *_columns(asked)],
        rows=rows,
        total=Row([Cell(words.say("Total")), *_cells(asked, _whole(found, months))]),
    )


def _whole(found: Movements, months: Sequence[date]) -> Movement:
    return chained_movement(
        [summed_movement([each for (_, of), each in found.items() if of == month])
         for month in months]
    )  # fmt: skip


def _columns(asked: Asked) -> list[Column]:
    words = asked.words
    return [
        Column("opening_cad", words.say("Opening"), Kind.MONEY),
        *(Column(f"{name}_cad", words.say(LABELS[name]), Kind.MONEY) for name in MOVEMENTS),
        Column("closing_cad", words.say("Closing"), Kind.MONEY),
        Column("growth", words.say("Growth"), Kind.RATIO),
        Column("customers", words.say("Paying customers"), Kind.COUNT),
    ]


def _cells(asked: Asked, movement: Movement) -> list[Cell]:
    words = asked.words
    change = MONEY_CONTEXT.subtract(movement.closing, movement.opening)
    growth = ratio_of(change, movement.opening)
    return [
        Cell(movement.opening),
        *(_signed(movement.moves[name]) for name in MOVEMENTS),
        Cell(movement.closing),
        Cell(growth, reason="" if growth is not None else words.say("no opening"),
             tone=LOSS if growth is not None and growth < 0 else ""),
        Cell(movement.customers_count),
    ]  # fmt: skip


def _signed(amount: Decimal) -> Cell:
    return Cell(amount, tone=LOSS if amount < 0 else "")


def _notices(asked: Asked, recurring: Recurring, months: Sequence[date]) -> list[Notice]:
    words, wanted = asked.words, asked.filters.scope.service
    counts: dict[str, int] = {}
    for (service, currency), count in recurring.foreign.items():
        if wanted in (None, service):
            counts[currency] = counts.get(currency, 0) + count
    notices = [
        Notice(words.say("{count} subscriptions in {currency} are not added: only CAD is here.",
                         count=words.count(count), currency=currency))
        for currency, count in sorted(counts.items())
    ]  # fmt: skip
    if asked.this_month in months:
        month = words.month(asked.this_month)
        notices.append(Notice(words.say("{month} is not over: its closing is of this moment.",
                                        month=month)))  # fmt: skip
    if asked.filters.metric or asked.filters.plan:
        notices.append(Notice(words.say("Metric and plan choose nothing here: fees are counted by "
                                        "customer.")))  # fmt: skip
    return notices


def _nothing(asked: Asked) -> Empty:
    words = asked.words
    return Empty(
        words.say("No recurring revenue yet"),
        words.say("No subscription with a plan fee in CAD has begun in these months."),
        link=asked.page("/mrr", **dict.fromkeys(("from", "to", "month", "service", "account"))),
        link_words=words.say("Show everything"),
    )
