"""Charts as SVG text: columns by month and sparklines, readable without colour and without sight.

Draws what it is given; computes no figure. Coordinates are the only floats of this room: a
position on a screen is no money.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from markupsafe import Markup

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
    scale = _Scale.of(slots)
    slot_width = (WIDTH - LEFT - RIGHT) / max(len(slots), 1)
    body = Markup("").join(
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
    return Markup(
        '<svg class="chart{}" viewBox="0 0 {:.0f} {:.0f}" role="img" '
        'aria-labelledby="chart-title chart-words">'
        '<title id="chart-title">{}</title><desc id="chart-words">{}</desc>'
        "<defs>{}</defs>{}</svg>"
    ).format(dense, WIDTH, HEIGHT, title, description, _hatches(series), body)


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
    return Markup(
        '<svg class="spark" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}">{}{}</svg>'
    ).format(SPARK_WIDTH, SPARK_HEIGHT, title, _spark_line(points), _spark_end(points))


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where an amount is on the chart, from the lowest tick to the highest."""

    ticks: tuple[Decimal, ...]

    @classmethod
    def of(cls, slots: Sequence[Slot]) -> "_Scale":
        sums = [ZERO]
        for slot in slots:
            for column in (slot.revenue, slot.cogs):
                sums.append(sum((part.amount for part in column if part.amount > 0), ZERO))
                sums.append(sum((part.amount for part in column if part.amount < 0), ZERO))
        return cls(_ticks(min(sums), max(sums)))

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


def _grid(scale: _Scale, axis: Callable[[Decimal], str]) -> Iterator[Markup]:
    for tick in scale.ticks:
        yield Markup(
            '<line class="grid" x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}"/>'
            '<text class="tick" x="{:.1f}" y="{:.1f}">{}</text>'
        ).format(
            LEFT, WIDTH - RIGHT, scale.y(tick), scale.y(tick),
            LEFT - 8, scale.y(tick) + 4, axis(tick),
        )  # fmt: skip


def _zero_line(scale: _Scale) -> Markup:
    zero = scale.y(ZERO)
    return Markup('<line class="zero" x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}"/>').format(
        LEFT, WIDTH - RIGHT, zero, zero
    )


def _slot(slot: Slot, scale: _Scale, left: float, width: float) -> Markup:
    column = min(COLUMN_WIDTH_MAX, width * 0.36)
    middle = left + width / 2
    parts = [
        *_stack(slot.revenue, scale, middle - column - COLUMN_GAP / 2, column, "solid"),
        *_stack(slot.cogs, scale, middle + COLUMN_GAP / 2, column, "hatched"),
    ]
    highest = min(scale.y(_height(slot.revenue)), scale.y(_height(slot.cogs)))
    words = Markup(
        '<text class="figure{}" x="{:.1f}" y="{:.1f}">{}</text>'
        '<text class="month" x="{:.1f}" y="{:.1f}">{}</text>'
        '<text class="year" x="{:.1f}" y="{:.1f}">{}</text>'
    ).format(
        " negative" if slot.is_negative else "", middle, highest - 8, slot.figure,
        middle, HEIGHT - BOTTOM + 19, slot.label, middle, HEIGHT - BOTTOM + 35, slot.year,
    )  # fmt: skip
    return Markup("<g>{}{}</g>").format(Markup("").join(parts), words)


def _height(column: tuple[Segment, ...]) -> Decimal:
    return sum((part.amount for part in column if part.amount > 0), ZERO)


def _stack(
    column: tuple[Segment, ...], scale: _Scale, left: float, width: float, look: str
) -> Iterator[Markup]:
    above, below = ZERO, ZERO
    for part in column:
        start = above if part.amount > 0 else below
        end = start + part.amount
        above, below = max(above, end), min(below, end)
        top, bottom = sorted((scale.y(start), scale.y(end)))
        yield Markup(
            '<rect class="{} series-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"{}>'
            "<title>{}</title></rect>"
        ).format(
            look, part.series, left, top, width, bottom - top,
            Markup(' fill="url(#hatch-{})"').format(part.series) if look == "hatched" else "",
            part.words,
        )  # fmt: skip


def _hatches(series: int) -> Markup:
    pattern = Markup(
        '<pattern id="hatch-{0}" width="5" height="5" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect class="hatch-back series-{0}" width="5" height="5"/>'
        '<rect class="hatch-line series-{0}" width="2" height="5"/></pattern>'
    )
    return Markup("").join(pattern.format(place) for place in range(series))


def _spark_line(points: Sequence[tuple[float, float] | None]) -> Markup:
    segment = Markup('<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>')
    return Markup("").join(
        segment.format(*start, *end) for start, end in pairwise(points) if start and end
    )


def _spark_end(points: Sequence[tuple[float, float] | None]) -> Markup:
    last = [point for point in points if point][-1]
    return Markup('<circle cx="{:.1f}" cy="{:.1f}" r="2.6"/>').format(*last)
