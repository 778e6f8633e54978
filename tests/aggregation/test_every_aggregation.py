"""Every aggregation, with every option it has, against a reader who goes row by row."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from aggregation.aggregator import quantities
from aggregation.quantity import Quantity, Selection, UsageWindow
from catalog.billable_metrics import AggregationType
from tests.aggregation.makers import (
    EVERYTHING,
    START,
    Row,
    a_metric,
    a_revision,
    an_event,
    at,
    frame,
    revisions,
)
from tests.aggregation.oracle import Plain, fraction, plain_quantity
from tests.laws import LAW

# An example asks for each kind at once, six questions and more.
MIXED = settings(max_examples=LAW.max_examples // 4)
KINDS = list(AggregationType)
PRORATED = (AggregationType.SUM, AggregationType.UNIQUE_COUNT)
ADDITIVE = (AggregationType.COUNT, AggregationType.SUM)
HOUR = 3600
QUOTIENT_FAULT = Fraction(1, 10**50)
# JSON as an app may write it; the first two are one text, the last three are none.
TEXTS = ['"eu"', '"e\\u0075"', '"us"', "1", "1.0", "true", '""', "null", None]
keys = st.sampled_from(["region", "model"])
stated = st.dictionaries(
    keys, st.sets(st.sampled_from(["eu", "us", "1", "1.0", "true", ""]), min_size=1), max_size=2
).map(lambda found: tuple((key, tuple(sorted(values))) for key, values in found.items()))
selections = st.builds(Selection, stated, st.lists(stated, max_size=2).map(tuple))
properties = st.dictionaries(keys, st.sampled_from(TEXTS)).map(
    lambda found: "{" + ", ".join(f'"{k}" : {v}' for k, v in found.items() if v is not None) + "}"
)
# Hours around the window, at a few odd moments, so that days, instants and values meet.
moments = st.tuples(
    st.sampled_from([-30, -1, 0, 3, 4, 5, 23, 24, 28, 29, 52, 71, 72, 90]),
    st.sampled_from([timedelta(0), timedelta(microseconds=1), timedelta(minutes=59)]),
).map(lambda found: at(found[0] * HOUR) + found[1])
happenings = st.fixed_dictionaries(
    {
        "occurred_at": moments,
        "value": st.decimals(-99, 99, places=3),
        "value_text": st.sampled_from(["a", "b", None]),
        "operation_type": st.sampled_from(["add", "add", "remove"]),
        "properties": properties,
        "precise_total_amount_cents": st.sampled_from([None, "1.5", "0.000000000000001", "-2"]),
    }
)
corrected = st.tuples(st.integers(0, 8), happenings, st.booleans())
windows = st.builds(
    UsageWindow,
    key=st.just("window"),
    service_code=st.just("nexadesk"),
    subscription_external_id=st.just("sub-1"),
    metric=st.just(a_metric()),
    # Local midnight of 1 November in Toronto is 04:00 UTC; an hour is there twice that night.
    start=st.sampled_from([START, at(4 * HOUR), at(7 * HOUR)]),
    end=st.sampled_from([at(53 * HOUR), at(77 * HOUR), at(70 * HOUR) + timedelta(milliseconds=9)]),
    wants_event_values=st.just(value=True),
    selection=st.just(Selection()) | selections,
    group_keys=st.sampled_from([(), (), ("region",), ("model", "region")]),
    period_days=st.integers(3, 31),
    timezone=st.sampled_from(["UTC", "America/Toronto", "Asia/Kathmandu"]),
)


@st.composite
def questions(draw: st.DrawFn, kind: AggregationType) -> UsageWindow:
    """Return a window of a kind, recurring or not, prorated where that is possible."""
    metric = replace(a_metric(kind), recurring=draw(st.booleans()))
    is_prorated = kind in PRORATED and draw(st.booleans())
    return structs.replace(draw(windows), metric=metric, is_prorated=is_prorated)


def events_of(happened: Sequence[Row]) -> list[Row]:
    """Return events, numbered from 0."""
    return [an_event(number, 0, **happening) for number, happening in enumerate(happened)]


def corrections_of(mended: Sequence[tuple[int, Row, bool]]) -> list[Row]:
    """Return corrections of events, by their numbers."""
    return [
        a_revision(number, of, 0, **happening, is_void=is_void)
        for number, (of, happening, is_void) in enumerate(mended, 100)
    ]


def answer(events: Sequence[Row], facts: Sequence[Row] | None, window: UsageWindow) -> Quantity:
    """Return the quantity of a window."""
    revision = None if facts is None else revisions(facts)
    return quantities(frame(events), [window], EVERYTHING, revision)[window.key]


def answers(
    worlds: Sequence[tuple[Sequence[Row], Sequence[Row]]], window: UsageWindow
) -> list[Quantity]:
    """Return the quantity of a window after each world's events and corrections, asked at once."""
    names = [f"sub-{number}" for number in range(len(worlds))]
    every = [
        [
            row | {"subscription_id": name}
            for name, rows in zip(names, each, strict=True)
            for row in rows
        ]
        for each in zip(*worlds, strict=True)
    ]
    asked = [structs.replace(window, key=name, subscription_external_id=name) for name in names]
    found = quantities(frame(every[0]), asked, EVERYTHING, revisions(every[1]))
    return [found[name] for name in names]


def assert_equal(found: Quantity, plain: Plain, window: UsageWindow) -> None:
    """Fail where a quantity is not what the reader counted, digit for digit."""
    assert fraction(found.units) == plain.units
    assert found.events_count == plain.events_count
    if not plain.groups:
        assert fraction(found.full_units) == plain.full_units
        assert fraction(found.total_aggregated_units) == plain.level
        assert fraction(found.precise_total_amount_cents) == plain.amount
        if not window.is_prorated and not window.group_keys:
            assert list(map(fraction, found.event_values or ())) == plain.values
            assert list(found.event_ids or ()) == plain.ids
    assert [group.values for group in found.groups] == sorted(
        plain.groups, key=lambda texts: [(text is not None, text or "") for text in texts]
    )
    for group in found.groups:
        assert_equal(
            group.quantity, plain.groups[group.values], structs.replace(window, group_keys=())
        )


@pytest.mark.parametrize("kind", KINDS)
@LAW
@given(data=st.data())
def test_a_quantity_is_what_a_reader_counts(kind: AggregationType, data: st.DataObject) -> None:
    """Selections, groups, history, days and corrections count as row by row, in every mixture."""
    window = data.draw(questions(kind))
    events = events_of(data.draw(st.lists(happenings, max_size=9)))
    facts = corrections_of(data.draw(st.lists(corrected, max_size=4)))

    assert_equal(answer(events, facts, window), plain_quantity(events, facts, window), window)


@pytest.mark.parametrize("kind", PRORATED)
@LAW
@given(data=st.data())
def test_prorated_events_add_up(kind: AggregationType, data: st.DataObject) -> None:
    """The events of a prorated window are its full units, their prorated values its units."""
    recurring = replace(a_metric(kind), recurring=True)
    window = structs.replace(data.draw(windows), metric=recurring, is_prorated=True, group_keys=())
    found = answer(events_of(data.draw(st.lists(happenings, max_size=9))), None, window)

    values, prorated = found.event_values or (), found.event_prorated_values or ()
    assert sum(values) == (found.full_units or 0)
    # Each prorated value is a quotient of 60 digits; the units are divided once.
    beyond = Fraction(found.units) - sum(map(Fraction, prorated), Fraction(0))
    assert -QUOTIENT_FAULT < beyond < Fraction(1, 10**5) + QUOTIENT_FAULT
    assert len(values) == len(prorated) == len(found.event_ids or ())


@MIXED
@given(data=st.data())
def test_questions_do_not_meddle(data: st.DataObject) -> None:
    """Windows of every kind asked together get each the answer it gets alone, however rows lie."""
    asked = [
        structs.replace(data.draw(questions(kind)), key=f"{kind}-{number}")
        for kind in KINDS
        for number in range(2)
    ]
    rows = events_of(data.draw(st.lists(happenings, max_size=9)))
    facts = corrections_of(data.draw(st.lists(corrected, max_size=3)))
    cut = data.draw(st.integers(0, len(rows)))
    shuffled = data.draw(st.permutations(rows))
    usage = pl.concat([frame(shuffled[:cut]), frame(shuffled[cut:])])

    found = quantities(usage, asked, EVERYTHING, revisions(facts[::-1]))

    for window in asked:
        assert found[window.key] == answer(rows, facts, window)


@MIXED
@given(data=st.data())
def test_what_is_shown_is_what_would_be_billed(data: st.DataObject) -> None:
    """Asked without proof, every kind's quantity is the same but for the digests."""
    asked = [structs.replace(data.draw(questions(kind)), key=kind) for kind in KINDS]
    usage = frame(events_of(data.draw(st.lists(happenings, max_size=9))))
    facts = revisions(corrections_of(data.draw(st.lists(corrected, max_size=3))))

    shown = quantities(usage, asked, EVERYTHING, facts, is_proven=False)

    proven = quantities(usage, asked, EVERYTHING, facts)
    assert shown == {key: unproven(each) for key, each in proven.items()}


def unproven(quantity: Quantity) -> Quantity:
    """Return a quantity without its digests."""
    groups = tuple(
        structs.replace(each, quantity=unproven(each.quantity)) for each in quantity.groups
    )
    return structs.replace(quantity, inputs_digest="", groups=groups)


@pytest.mark.parametrize("kind", [*ADDITIVE, AggregationType.WEIGHTED_SUM])
@LAW
@given(data=st.data())
def test_parts_of_a_window_add_up(kind: AggregationType, data: st.DataObject) -> None:
    """Two windows that touch count what the whole one does; levels are carried from one on."""
    is_weighted = kind is AggregationType.WEIGHTED_SUM
    metric = replace(a_metric(kind), recurring=is_weighted)
    whole = structs.replace(data.draw(windows), metric=metric, end=at(77 * HOUR), group_keys=())
    middle = at(data.draw(st.integers(8, 76)) * HOUR)
    rows = events_of(data.draw(st.lists(happenings, max_size=9)))

    parts = [
        structs.replace(whole, key="1", end=middle),
        structs.replace(whole, key="2", start=middle),
        whole,
    ]

    found = quantities(frame(rows), parts, EVERYTHING)
    first, second, every = (found[part.key] for part in parts)

    assert 0 <= first.units + second.units - every.units <= (Decimal("1e-20") if is_weighted else 0)
    assert first.events_count + second.events_count == every.events_count


@pytest.mark.parametrize("kind", KINDS)
@LAW
@given(data=st.data())
def test_void_and_added_again_is_as_before(kind: AggregationType, data: st.DataObject) -> None:
    """What is taken out counts nothing, and what is put back counts as if it had never left."""
    window = data.draw(questions(kind))
    rows = events_of(data.draw(st.lists(happenings, min_size=1, max_size=6)))
    chosen = data.draw(st.sampled_from(rows))
    fact = chosen | {"fact_id": f"e:{chosen['transaction_id']}", "is_void": False}
    void = fact | {"is_void": True, "sequence": 1}

    without, voided, restored, moved, kept = answers(
        [
            ([row for row in rows if row is not chosen], []),
            (rows, [void]),
            (rows, [void, fact | {"sequence": 2}]),
            ([chosen | {"sequence": 2} if row is chosen else row for row in rows], []),
            (rows, [fact]),
        ],
        window,
    )

    assert voided == without
    assert restored.units == moved.units
    assert kept == answer(rows, None, window)
