"""Charts as SVG text: columns by month and sparklines, readable without colour and without sight.

Draws what it is given; computes no figure. Coordinates are the only floats of this room: a
position on a screen is no money.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from markupsafe import Markup, escape

from dashboards.formats import axis_money

WIDTH, HEIGHT = 960.0, 330.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 6.0, 30.0, 44.0
COLUMN_WIDTH_MAX = 36.0
COLUMN_GAP = 3.0
TICKS_MAX = 5
SLOTS_ROOMY_MAX = 12
SPARK_WIDTH, SPARK_HEIGHT, SPARK_EDGE = 132.0, 30.0, 3.0
SPARK_POINTS_MIN = 2
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a stacked column: its place in the legend, its size and its words."""

    series: int
    amount: Decimal
    words: str


@dataclass(frozen=True, slots=True)
class Slot:
    """One month: a solid column of revenue, a hatched column of COGS and a figure above."""

    label: str
    year: str
    figure: str
    is_negative: bool
    revenue: tuple[Segment, ...]
    cogs: tuple[Segment, ...]


def column_chart(
    slots: Sequence[Slot],
    *,
    title: str,
    description: str,
    series: int,
    axis: Callable[[Decimal], str] = axis_money,
) -> Markup:
    """Return the chart of revenue and COGS by month; `axis` says the amounts of its axis."""
    scale = _Scale(column_ticks(slots))
    slot_width = (WIDTH - LEFT - RIGHT) / max(len(slots), 1)
    drawn = "".join(
        [
            *_grid(scale, axis),
            *(
                _slot(slot, scale, LEFT + slot_width * place, slot_width)
                for place, slot in enumerate(slots)
            ),
            _zero_line(scale),
        ]
    )
    dense = " dense" if len(slots) > SLOTS_ROOMY_MAX else ""
    return Markup(  # noqa: S704 - every text is escaped where it is placed
        f'<svg class="chart{dense}" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" '
        'aria-labelledby="chart-title chart-words">'
        f'<title id="chart-title">{escape(title)}</title>'
        f'<desc id="chart-words">{escape(description)}</desc>'
        f"<defs>{_hatches(series)}</defs>{drawn}</svg>"
    )


def sparkline(values: Sequence[Decimal | None], *, title: str) -> Markup:
    """Return a small line of values; a missing value breaks the line instead of bending it."""
    known = [value for value in values if value is not None]
    if len(known) < SPARK_POINTS_MIN:
        return Markup("")
    low, high = min(known), max(known)
    spread = high - low or Decimal(1)
    step = (SPARK_WIDTH - 2 * SPARK_EDGE) / (len(values) - 1)
    points = [
        None
        if value is None
        else (
            SPARK_EDGE + step * place,
            SPARK_EDGE + (SPARK_HEIGHT - 2 * SPARK_EDGE) * float((high - value) / spread),
        )
        for place, value in enumerate(values)
    ]
    return Markup(  # noqa: S704 - the only text is escaped here
        f'<svg class="spark" viewBox="0 0 {SPARK_WIDTH:.0f} {SPARK_HEIGHT:.0f}" role="img" '
        f'aria-label="{escape(title)}">{_spark_line(points)}{_spark_end(points)}</svg>'
    )


def column_ticks(slots: Sequence[Slot]) -> tuple[Decimal, ...]:
    """Return the amounts at which the axis of these columns has its lines."""
    sums = [ZERO]
    for slot in slots:
        for column in (slot.revenue, slot.cogs):
            sums.append(_height(column))
            sums.append(sum((part.amount for part in column if part.amount < 0), ZERO))
    return _ticks(min(sums), max(sums))


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where an amount is on the chart, from the lowest tick to the highest."""

    ticks: tuple[Decimal, ...]

    def y(self, amount: Decimal) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return TOP + (HEIGHT - TOP - BOTTOM) * float((high - amount) / (high - low))


def _ticks(low: Decimal, high: Decimal) -> tuple[Decimal, ...]:
    """Return round amounts around low and high: steps of 1, 2 or 5 times a power of ten."""
    spread = (high - low) or Decimal(1)
    step = Decimal(1).scaleb((spread / TICKS_MAX).adjusted())
    for factor in (Decimal(2), Decimal("2.5"), Decimal(2)):
        if spread / step <= TICKS_MAX:
            break
        step *= factor
    first, last = int(low // step), int(high // step)
    first -= first * step > low
    last += last * step < high
    return tuple(step * place for place in range(first, max(last, first + 1) + 1))


def _grid(scale: _Scale, axis: Callable[[Decimal], str]) -> Iterator[str]:
    for tick in scale.ticks:
        y = scale.y(tick)
        yield (
            f'<line class="grid" x1="{LEFT:.1f}" x2="{WIDTH - RIGHT:.1f}" y1="{y:.1f}" '
            f'y2="{y:.1f}"/><text class="tick" x="{LEFT - 8:.1f}" y="{y + 4:.1f}">'
            f"{escape(axis(tick))}</text>"
        )


def _zero_line(scale: _Scale) -> str:
    y = scale.y(ZERO)
    return (
        f'<line class="zero" x1="{LEFT:.1f}" x2="{WIDTH - RIGHT:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
    )


def _slot(slot: Slot, scale: _Scale, left: float, width: float) -> str:
    column = min(COLUMN_WIDTH_MAX, width * 0.36)
    middle = left + width / 2
    revenue = _stack(slot.revenue, scale, middle - column - COLUMN_GAP / 2, column, "solid")
    cogs = _stack(slot.cogs, scale, middle + COLUMN_GAP / 2, column, "hatched")
    highest = min(scale.y(_height(slot.revenue)), scale.y(_height(slot.cogs)))
    negative = " negative" if slot.is_negative else ""
    return (
        f"<g>{''.join(revenue)}{''.join(cogs)}"
        f'<text class="figure{negative}" x="{middle:.1f}" y="{highest - 8:.1f}">'
        f"{escape(slot.figure)}</text>"
        f'<text class="month" x="{middle:.1f}" y="{HEIGHT - BOTTOM + 19:.1f}">'
        f"{escape(slot.label)}</text>"
        f'<text class="year" x="{middle:.1f}" y="{HEIGHT - BOTTOM + 35:.1f}">'
        f"{escape(slot.year)}</text></g>"
    )


def _height(column: tuple[Segment, ...]) -> Decimal:
    return sum((part.amount for part in column if part.amount > 0), ZERO)


def _stack(
    column: tuple[Segment, ...], scale: _Scale, left: float, width: float, look: str
) -> Iterator[str]:
    above, below = ZERO, ZERO
    for part in column:
        start = above if part.amount > 0 else below
        end = start + part.amount
        above, below = max(above, end), min(below, end)
        top, bottom = sorted((scale.y(start), scale.y(end)))
        fill = f' fill="url(#hatch-{part.series})"' if look == "hatched" else ""
        yield (
            f'<rect class="{look} series-{part.series}" x="{left:.1f}" y="{top:.1f}" '
            f'width="{width:.1f}" height="{bottom - top:.1f}"{fill}>'
            f"<title>{escape(part.words)}</title></rect>"
        )


def _hatches(series: int) -> str:
    return "".join(
        f'<pattern id="hatch-{place}" width="5" height="5" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect class="hatch-back series-{place}" width="5" '
        f'height="5"/><rect class="hatch-line series-{place}" width="2" height="5"/></pattern>'
        for place in range(series)
    )


def _spark_line(points: Sequence[tuple[float, float] | None]) -> str:
    return "".join(
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"/>'
        for start, end in pairwise(points)
        if start and end
    )


def _spark_end(points: Sequence[tuple[float, float] | None]) -> str:
    x, y = [point for point in points if point][-1]
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>'
