"""However usage arrives - in any order, batch or number of attempts - the bill is the same."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from catalog.billable_metrics import AggregationType
from catalog.charge_terms import StandardTerms
from ingest.deciding import IndexDecider
from ingest.inbox_body import events_body
from ingest.keys.key_index import KeyIndex
from ingest.push import Door, push_of
from ingest.usage_event import UsageEvent, event_from_lago, timestamp_of
from ingest.usage_frame import usage_frames
from ingest.watermark import Watermark
from rating.rated_line import RatedLine
from storage.lake_tables import USAGE
from tests.aggregation.makers import Row, an_event, frame, revisions
from tests.laws import LAW
from tests.rating.laws.billing import Bill, bills
from tests.rating.laws.worlds import World, a_book, a_fact, dated, voided, worlds
from tests.rating.makers import EPOCH, a_charge, a_metric, a_plan, a_subscription

SEED = 7
RECEIVED_S = 1_780_000_000


@LAW
@given(worlds(), st.randoms(use_true_random=False), st.integers(0, 9))
def test_the_order_of_rows_does_not_matter(world: World, chance: Random, cut: int) -> None:
    """Rows shuffled, and cut into files anywhere, give the same lines down to their digests."""
    usage, facts = list(world.events), list(world.facts)
    chance.shuffle(usage)
    chance.shuffle(facts)
    files = pl.concat([frame(usage[:cut]), frame(usage[cut:])])

    assert bills(world, files, revisions(facts) if facts else None) == bills(world)


@st.composite
def pushes(draw: st.DrawFn, world: World) -> list[list[list[UsageEvent]]]:
    """Draw commits of pushes: every event of a world once, then some again, same or changed."""
    sent = [as_sent(world, row) for row in world.events]
    places = st.integers(0, max(len(sent) - 1, 0))
    again = draw(st.lists(st.tuples(places, st.booleans()), max_size=6)) if sent else []
    stream = list(sent)
    for place, is_changed in again:
        repeated = sent[place]
        changed = as_sent(world, world.events[place], tokens=999, operation_type="remove")
        first = stream.index(repeated)
        where = draw(st.integers(first + 1, len(stream)))
        stream.insert(where, changed if is_changed else repeated)
    return [_cut(draw, commit) for commit in _cut(draw, stream)]


def _cut(draw: st.DrawFn, items: list[UsageEvent]) -> list[list[UsageEvent]]:
    cuts = sorted(draw(st.sets(st.integers(1, max(len(items) - 1, 1)), max_size=3)))
    return [items[a:b] for a, b in zip([0, *cuts], [*cuts, len(items)], strict=True) if a < b]


def as_sent(world: World, row: Row, **changes: object) -> UsageEvent:
    """Return an event as an app sends it, from its row; `changes` of its properties."""
    kinds = {each.code: each.aggregation_type for (each,) in world.book.metrics.values()}
    is_unique = kinds[str(row["metric_code"])] is AggregationType.UNIQUE_COUNT
    number, at = row["value"], row["occurred_at"]
    assert isinstance(number, Decimal)
    return event_from_lago(
        {
            "transaction_id": row["transaction_id"],
            "code": row["metric_code"],
            "external_subscription_id": row["subscription_id"],
            "timestamp": timestamp_of(at),  # type: ignore[arg-type]
            "properties": {
                **json.loads(str(row["properties"])),
                "tokens": row["value_text"] if is_unique else format(number, "f"),
                "operation_type": row["operation_type"],
                **changes,
            },
            "precise_total_amount_cents": row["precise_total_amount_cents"],
        }
    )


def taken_in(world: World, commits: Sequence[Sequence[Sequence[UsageEvent]]]) -> list[pl.DataFrame]:
    """Return the lake's frames of some commits, each flushed alone; the first of a key is kept."""
    decider = IndexDecider(KeyIndex(SEED))
    metrics = {(each.service_code, each.code): each for (each,) in world.book.metrics.values()}
    frames = []
    for inbox_id, commit in enumerate(commits, 1):
        decided = decider.decide(
            [
                push_of("nexadesk", events, events_body(events), Door.EVENTS, RECEIVED_S,
                        is_partial=True)
                for events in commit
            ]
        )  # fmt: skip
        sections = [section for each in decided for _, section, _ in each.sections]
        frames.append(usage_frames([(inbox_id, sections)], metrics, shard=0)[USAGE])
    return frames


@LAW
@given(st.data())
def test_what_is_sent_again_counts_once(data: st.DataObject) -> None:
    """Repeated, conflicting and batched at will, usage is billed as its first writes alone are."""
    world = data.draw(worlds(corrected=False, charges_max=1))
    once = taken_in(world, [[[as_sent(world, row) for row in world.events]]])
    often = taken_in(world, data.draw(pushes(world)))

    assert sum(map(len, often)) == len(world.events) == len(once[0])
    assert bills(world, pl.concat(often).lazy()) == bills(world, once[0].lazy())


@LAW
@given(worlds(charges_max=1), st.integers(0, 9))
def test_what_came_after_the_watermark_is_not_seen(world: World, mark: int) -> None:
    """Rows taken in later, the same ones again or others, change no bill at its watermark."""
    later = [row | {"inbox_id": 1000 + number} for number, row in enumerate(world.events)]
    facts = [voided(row, 2000 + number) for number, row in enumerate(world.events)]
    seen = Watermark(((0, 900),)).includes()
    usage, revision = frame([*world.events, *later[:mark]]), revisions([*world.facts, *facts])

    assert bills(world, usage, revision, seen) == bills(world)


def without_digests(found: Sequence[Bill]) -> list[list[RatedLine]]:
    """Return the lines of bills without what names the rows counted."""
    return [[replace(line, inputs_digest="") for line in bill.lines] for bill in found]


@LAW
@given(st.data())
def test_void_and_added_again_is_as_before(data: st.DataObject) -> None:
    """Usage taken out and put back, under its own id or a new one, costs what it did."""
    world = data.draw(worlds(corrected=False, charges_max=1))
    chosen, is_new_event = data.draw(st.sampled_from(world.events)), data.draw(st.booleans())
    facts, events = [voided(chosen, 600)], list(world.events)
    if is_new_event:
        events.append(chosen | {"transaction_id": "again", "inbox_id": 601})
    else:
        facts.append(a_fact(chosen, 601))

    again = bills(world, frame(events), revisions(facts))
    assert without_digests(again) == without_digests(bills(world))
    assert is_new_event or again == bills(world)


def test_a_void_takes_its_usage_out() -> None:
    """The laws above would hold of corrections that do nothing: a void takes its units out."""
    charge = a_charge(StandardTerms(Decimal(1)))
    plan = a_plan(amount_cents=0, charges=(charge,))
    event = dated(an_event(1, 0, Decimal(3)), EPOCH + timedelta(days=3))
    book = a_book([a_subscription()], [plan], [a_metric()])
    world = World(book, (event,), (EPOCH + timedelta(days=40),))
    (gone,) = bills(world, frame(world.events), revisions([voided(event, 600)]))
    (billed,) = bills(world)

    assert (billed.draft.amount_cents, gone.draft.amount_cents) == (300, 0)
