"""Horizontal bars and waterfalls as SVG text: names, bars from zero, figures beside them.

Draws what it is given; computes no figure. Coordinates are floats: a position is no money.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

WIDTH = 960.0
ROW, BAR = 30.0, 18.0
NAMES, FIGURES, EDGE = 240.0, 120.0, 6.0
NAME_LENGTH_MAX = 32
ZERO = Decimal(0)
# Where what moved is less than a fifth of the whole, the axis of a waterfall is cut.
CUT_BELOW = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its name, its amount and its words; a total stands on zero in a waterfall."""

    name: str
    amount: Decimal
    words: str
    is_total: bool = False


def bar_chart(bars: Sequence[Bar], *, title: str, identity: str) -> Markup:
    """Return bars that all begin at zero; nothing for none."""
    spans = [(min(ZERO, bar.amount), max(ZERO, bar.amount)) for bar in bars]
    return _chart(bars, spans, title, identity)


def waterfall(bars: Sequence[Bar], *, title: str, identity: str) -> Markup:
    """Return bars that begin where the one before ended, totals from zero."""
    low = cut_of(bars)
    shown = [(max(start, low), end) for start, end in waterfall_spans(bars)]
    return _chart(bars, shown, title, identity, low)


def waterfall_spans(bars: Sequence[Bar]) -> list[tuple[Decimal, Decimal]]:
    """Return where each bar of a waterfall begins and ends, the smaller amount first."""
    spans, height = [], ZERO
    for bar in bars:
        start = ZERO if bar.is_total else height
        height = start + bar.amount
        spans.append((min(start, height), max(start, height)))
    return spans


def cut_of(bars: Sequence[Bar]) -> Decimal:
    """Return where a waterfall's axis begins: not at zero where that would hide what moved."""
    height, heights = ZERO, []
    for bar in bars:
        height = bar.amount if bar.is_total else height + bar.amount
        heights.append(height)
    if not heights or min(heights) <= 0:
        return ZERO
    spread = max(heights) - min(heights)
    return max(min(heights) - spread, ZERO) if spread * CUT_BELOW < max(heights) else ZERO


def _chart(
    bars: Sequence[Bar],
    spans: Sequence[tuple[Decimal, Decimal]],
    title: str,
    identity: str,
    cut: Decimal = ZERO,
) -> Markup:
    if not bars:
        return Markup("")
    low = min(cut, *(start for start, _ in spans))
    high = max(cut, *(end for _, end in spans))
    scale = _Scale(low, high)
    height = ROW * len(bars) + 2 * EDGE
    body = Markup("").join(
        _bar(bar, span, scale, EDGE + ROW * place)
        for place, (bar, span) in enumerate(zip(bars, spans, strict=True))
    )
    zero = Markup('<line class="{2}" x1="{0:.1f}" x2="{0:.1f}" y1="0" y2="{1:.1f}"/>').format(
        scale.x(cut), height, "cut" if cut else "zero"
    )
    return Markup(
        '<svg class="chart bars" viewBox="0 0 {:.0f} {:.0f}" role="img" '
        'aria-labelledby="{}-title"><title id="{}-title">{}</title>{}{}</svg>'
    ).format(WIDTH, height, identity, identity, chart_sentence(title, bars), body, zero)


@dataclass(frozen=True, slots=True)
class _Scale:
    low: Decimal
    high: Decimal

    def x(self, amount: Decimal) -> float:
        spread = (self.high - self.low) or Decimal(1)
        return NAMES + (WIDTH - NAMES - FIGURES) * float((amount - self.low) / spread)


def _bar(bar: Bar, span: tuple[Decimal, Decimal], scale: _Scale, top: float) -> Markup:
    left, right = scale.x(span[0]), scale.x(span[1])
    look = "total" if bar.is_total else "down" if bar.amount < 0 else "up"
    mark = "" if bar.is_total or not bar.amount else "▼ " if bar.amount < 0 else "▲ "
    return Markup(
        '<g><text class="name" x="{:.1f}" y="{:.1f}">{}</text>'
        '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'
        '<text class="tag {}" x="{:.1f}" y="{:.1f}">{}{}</text></g>'
    ).format(
        NAMES - 12, top + ROW / 2 + 4, _short(bar.name), look, left, top + (ROW - BAR) / 2,
        max(right - left, 1.0), BAR, look, right + 8, top + ROW / 2 + 4, mark, bar.words,
    )  # fmt: skip


def _short(name: str) -> str:
    return name if len(name) <= NAME_LENGTH_MAX else f"{name[: NAME_LENGTH_MAX - 1]}…"


def chart_sentence(title: str, bars: Sequence[Bar]) -> str:
    """Return a chart in words, for those who can't see it."""
    return f"{title}: {'; '.join(f'{bar.name} {bar.words}' for bar in bars)}"
