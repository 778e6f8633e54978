"""Revenue and COGS by month as a chart with its table, stacked by service or by provider."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from dashboards.charts import SLOTS_ROOMY_MAX, Segment, Slot
from dashboards.margin import Margin
from dashboards.plots import columns_plot
from dashboards.reports.asked import Asked
from dashboards.reports.cells import margin_cells, margin_columns
from dashboards.reports.filters import month_at, place_of
from dashboards.reports.report import Cell, Column, Kind, Row, Table
from dashboards.reports.words import Words

MONTHS_SHOWN_MAX = 24
SERIES_SHOWN_MAX = 5
NOTHING = Margin(0, Decimal(0))


def months_shown(months: Sequence[date]) -> list[date]:
    """Return the newest 24 months without a gap."""
    if not months:
        return []
    first, last = place_of(min(months)), place_of(max(months))
    return [month_at(place) for place in range(max(first, last - MONTHS_SHOWN_MAX + 1), last + 1)]


def month_table(asked: Asked, *, title: str) -> Table:
    """Return the chart of the newest 24 months up to the window's end, and its figures."""
    words = asked.words
    last = max(asked.window.months, default=date.max)
    by_month = {month: each for (month,), each in asked.margins("month").items() if month <= last}
    months = months_shown(list(by_month))
    cells = asked.margins("service", "month", months=months)
    services = _ranked(cells)
    names = asked.names()
    label = _labels(services, words, names.service)
    slots = [
        _slot(month, place, months, by_month.get(month, NOTHING), cells, services, label, words)
        for place, month in enumerate(months)
    ]
    legend = list(dict.fromkeys(label.values()))
    return Table(
        key="months",
        title=title,
        caption=words.say("Revenue, COGS, gross profit and gross margin by month, in CAD"),
        columns=[Column("month", words.say("Month"), Kind.MONTH), *margin_columns(words)],
        rows=[_row(asked, month, by_month.get(month, NOTHING)) for month in reversed(months)],
        chart=columns_plot(
            slots, title=title, description=_described(months, by_month, words),
            legend=legend, axis=words.axis,
        ),
        legend=legend,
        is_folded=True,
    )  # fmt: skip


def _row(asked: Asked, month: date, margin: Margin) -> Row:
    link = asked.page("/margin", month=f"{month:%Y-%m}", **{"from": None, "to": None})
    figures = margin_cells(margin, asked.links, asked.scope([month]), asked.words)
    return Row([Cell(month, link), *figures])


def _ranked(cells: Mapping[tuple[str | None, date], Margin]) -> list[str | None]:
    revenue: dict[str | None, int] = {}
    for (service, _), margin in cells.items():
        revenue[service] = revenue.get(service, 0) + margin.revenue_cents
    return sorted(revenue, key=lambda service: (service is None, -revenue[service], service or ""))


def _labels(
    services: Sequence[str | None], words: Words, name: Callable[[str], str]
) -> dict[str | None, str]:
    """Return what each service is called in the legend; those after the fifth share a name."""
    return {
        service: words.say("Other services")
        if place >= SERIES_SHOWN_MAX
        else words.say("Unallocated") if service is None else name(service)
        for place, service in enumerate(services)
    }  # fmt: skip


def _slot(
    month: date, place: int, months: Sequence[date], total: Margin,
    cells: Mapping[tuple[str | None, date], Margin], services: Sequence[str | None],
    label: Mapping[str | None, str], words: Words,
) -> Slot:  # fmt: skip
    is_dense = len(months) > SLOTS_ROOMY_MAX
    ratio, figure = total.gross_margin, ""
    if ratio is not None:
        figure = words.whole_percent(ratio) if is_dense else words.percent(ratio)
    own = {service: cells.get((service, month), NOTHING) for service in services}
    revenue = {service: margin.revenue for service, margin in own.items()}
    cogs = {service: margin.cogs_cad for service, margin in own.items()}
    return Slot(
        label=words.short_month(month),
        year=str(month.year) if place == 0 or month.month == 1 else "",
        figure=f"▼ {figure}" if total.gross_profit < 0 and figure else figure,
        is_negative=total.gross_profit < 0,
        revenue=_segments(revenue, label, words, f"{words.month(month)}: {words.say('revenue')}"),
        cogs=_segments(cogs, label, words, f"{words.month(month)}: {words.say('COGS')}"),
    )


def _segments(
    amounts: Mapping[str | None, Decimal], label: Mapping[str | None, str], words: Words, of: str
) -> tuple[Segment, ...]:
    sums: dict[int, Decimal] = {}
    names = list(dict.fromkeys(label.values()))
    for service, amount in amounts.items():
        series = names.index(label[service])
        sums[series] = sums.get(series, Decimal(0)) + amount
    return tuple(
        Segment(series, amount, f"{names[series]}, {of} {words.money(amount)}")
        for series, amount in sums.items()
        if amount
    )


def _described(months: Sequence[date], by_month: Mapping[date, Margin], words: Words) -> str:
    if not months:
        return words.say("No month has revenue or cost.")
    ends = [
        words.say(
            "{month}: revenue {revenue}, COGS {cogs}",
            month=words.month(month),
            revenue=words.money(margin.revenue),
            cogs=words.money(margin.cogs_cad),
        )
        for month in dict.fromkeys((months[0], months[-1]))
        for margin in [by_month.get(month, NOTHING)]
    ]
    return f"{words.say('Columns by month, revenue beside COGS.')} {'; '.join(ends)}."
