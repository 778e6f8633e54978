"""Usage that comes late, and corrections, cost in the end what they would have cost on time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ingest.watermark import Watermark
from rating.late.late_usage import OF_USAGE, billed_lines, late_lines
from rating.rated_line import LineKind, RatedLine
from tests.aggregation.makers import Row, frame, revisions
from tests.aggregation.oracle import effective
from tests.laws import LAW
from tests.rating.laws.billing import RATED_AT, Bill, bills
from tests.rating.laws.worlds import World, worlds

# Rows taken in before the first, the second and the third watermark.
MARKS = (999, 1999, 2999)


@st.composite
def late_worlds(draw: st.DrawFn) -> World:
    """Draw a world of which events and corrections arrive in three deliveries."""
    world = draw(worlds(charges_max=1))
    arrivals = [draw(st.integers(0, 2)) for _ in world.events]
    delivered = {row["transaction_id"]: at for row, at in zip(world.events, arrivals, strict=True)}
    events = [
        row | {"inbox_id": _inbox(row, delivered[row["transaction_id"]])} for row in world.events
    ]
    facts = []
    for row in world.facts:
        at = draw(st.integers(delivered[row["transaction_id"]], 2))
        facts.append(row | {"inbox_id": _inbox(row, at)})
    return replace(world, events=tuple(events), facts=tuple(facts))


def _inbox(row: Row, delivery: int) -> int:
    number = row["inbox_id"]
    assert isinstance(number, int)
    return 1000 * delivery + number


def seen_at(world: World, mark: int) -> list[Bill]:
    """Return the bills as computed at a watermark."""
    seen = Watermark(((0, mark),)).includes()
    return bills(world, frame(world.events), revisions(world.facts), seen)


def late_lines_of(
    stored: Sequence[RatedLine], now: Sequence[Bill], delivery: int
) -> list[RatedLine]:
    """Return the late lines of a run that finds these bills where others were kept."""
    billed = billed_lines(stored)
    return [
        line
        for bill in now
        if bill.closing.usage is not None
        for line in late_lines(
            billed.get(bill.draft.id, {}), bill.lines, f"late-{delivery}", RATED_AT
        )
    ]


def totals(lines: Iterable[RatedLine]) -> dict[str, tuple[int, Decimal]]:
    """Return cents and units of every line of usage with its corrections, by its id."""
    found: defaultdict[str, list[RatedLine]] = defaultdict(list)
    for line in lines:
        if line.kind in (*OF_USAGE, LineKind.LATE_USAGE):
            found[line.corrects_line_id or line.id].append(line)
    sums = {
        key: (sum(each.amount_cents for each in own), sum((o.quantity for o in own), Decimal(0)))
        for key, own in found.items()
    }
    return {key: total for key, total in sums.items() if any(total)}


@LAW
@given(late_worlds())
def test_late_usage_costs_what_it_would_have_cost_on_time(world: World) -> None:
    """Lines as billed and all late lines add up to a bill with everything on time, line by line."""
    # On time: in time order, in one delivery, as it was corrected in the end.
    stored = [line for bill in seen_at(world, MARKS[0]) for line in bill.lines]
    for delivery, mark in enumerate(MARKS[1:], 1):
        stored += late_lines_of(stored, seen_at(world, mark), delivery)
    rows = sorted(effective(world.events, world.facts), key=lambda row: row["occurred_at"])
    on_time = [row | {"inbox_id": number} for number, row in enumerate(rows)]

    expected = [line for bill in bills(world, frame(on_time)) for line in bill.lines]
    assert totals(stored) == totals(expected)
    assert late_lines_of(stored, seen_at(world, MARKS[-1]), 3) == []
