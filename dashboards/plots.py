"""Charts for browsers that run scripts: our own SVG, and beside it the figures to draw from.

The SVG stays for paper and for readers without scripts. Amounts are exact decimal texts and every
word is said here: the script places them and writes no figure of its own.
"""

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from catalog.money import ZERO
from dashboards.bar_chart import Bar, bar_chart, chart_sentence, cut_of, waterfall, waterfall_spans
from dashboards.charts import Segment, Slot, column_chart, column_ticks


def columns_plot(
    slots: Sequence[Slot],
    *,
    title: str,
    description: str,
    legend: Sequence[str],
    axis: Callable[[Decimal], str],
) -> Markup:
    """Return revenue and COGS by month, stacked as the legend says."""
    svg = column_chart(slots, title=title, description=description, series=len(legend), axis=axis)
    figures = {
        "kind": "columns",
        "words": f"{title}. {description}",
        "ticks": [[_text(tick), axis(tick)] for tick in column_ticks(slots)],
        "slots": [
            [slot.label, slot.year, slot.figure, int(slot.is_negative)] for slot in slots
        ],
        "revenue": [_series([slot.revenue for slot in slots], place) for place in _places(legend)],
        "cogs": [_series([slot.cogs for slot in slots], place) for place in _places(legend)],
    }  # fmt: skip
    return _plot(svg, figures)


def bars_plot(bars: Sequence[Bar], *, title: str, identity: str) -> Markup:
    """Return bars that all begin at zero; nothing for none."""
    spans = [(min(ZERO, bar.amount), max(ZERO, bar.amount)) for bar in bars]
    svg = bar_chart(bars, title=title, identity=identity)
    return _plot(svg, _bars(bars, spans, title, ZERO)) if bars else svg


def waterfall_plot(bars: Sequence[Bar], *, title: str, identity: str) -> Markup:
    """Return bars that begin where the one before ended, totals from zero."""
    svg = waterfall(bars, title=title, identity=identity)
    low = cut_of(bars)
    spans = [(max(start, low), end) for start, end in waterfall_spans(bars)]
    return _plot(svg, _bars(bars, spans, title, low)) if bars else svg


def _bars(
    bars: Sequence[Bar], spans: Sequence[tuple[Decimal, Decimal]], title: str, cut: Decimal
) -> dict[str, Any]:
    return {
        "kind": "bars",
        "words": chart_sentence(title, bars),
        "cut": _text(cut),
        "bars": [
            [bar.name, bar.words, _look(bar), _text(start), _text(end)]
            for bar, (start, end) in zip(bars, spans, strict=True)
        ],
    }


def _look(bar: Bar) -> str:
    if bar.is_total or not bar.amount:
        return "total" if bar.is_total else "still"
    return "down" if bar.amount < 0 else "up"


def _places(legend: Sequence[str]) -> range:
    return range(len(legend))


def _series(columns: Sequence[tuple[Segment, ...]], place: int) -> list[list[str] | None]:
    """Return one part of every column: its amount and its words, nothing where it has none."""
    found = (next((part for part in column if part.series == place), None) for column in columns)
    return [[_text(part.amount), part.words] if part else None for part in found]


def _text(amount: Decimal) -> str:
    return f"{amount:f}"


def _plot(svg: Markup, figures: dict[str, Any]) -> Markup:
    # A "<" inside JSON is written so that no text can end the element that holds it.
    told = json.dumps(figures, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return Markup(  # noqa: S704 - JSON in an element of data, which holds no markup
        f'<div class="plot {figures["kind"]}">{svg}'
        f'<script type="application/json">{told}</script></div>'
    )
