"""Which rows a window takes, and the groups they fall into, by the texts of their properties."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from aggregation.aggregator import quantities
from aggregation.counted_rows import counted_rows
from aggregation.property_texts import property_texts
from aggregation.quantity import Selection
from catalog.billable_metrics import AggregationType, CounterSemantics
from tests.aggregation.makers import (
    EVERYTHING,
    a_metric,
    a_push,
    a_window,
    an_event,
    frame,
    revisions,
)

COUNT = a_metric(AggregationType.COUNT)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('"eu"', "eu"),
        ('"\\u00e9\\n\\"x"', 'é\n"x'),
        ("1", "1"),
        ("1.50", "1.50"),
        (
            "12345678901234567890.000000000000000000001",
            "12345678901234567890.000000000000000000001",
        ),
        ("true", "true"),
        ("false", "false"),
        ('{"a": [1.0]}', '{"a": [1.0]}'),
        ('""', None),
        ("null", None),
    ],
)
def test_a_text_is_what_was_written(written: str, text: str | None) -> None:
    """Numbers keep their digits, JSON text is unescaped, empty and null are no text."""
    properties = pl.Series([f'{{"b": 2, "a" :  {written} }}', "{}", None])

    (found,) = property_texts(properties, ["a"])

    assert found.to_list() == [text, None, None]


@given(st.text(), st.text())
def test_any_key_is_found(key: str, text: str) -> None:
    """A property may have any name and any text."""
    properties = pl.Series([json.dumps({key: text})])

    (found,) = property_texts(properties, [key])

    assert found.to_list() == [text or None]


def test_ignored_filters_that_say_nothing_ignore_nothing() -> None:
    """An ignored filter without keys, or whose keys have no values, takes no row away (Lago)."""
    selection = Selection(ignored=((), (("model", ()),), (("model", ()), ("region", ("us",)))))
    rows = [an_event(n, n, properties=f'{{"region":"{r}"}}') for n, r in enumerate(["eu", "us"])]
    window = structs.replace(a_window(COUNT), selection=selection)

    assert quantities(frame(rows), [window], EVERYTHING)["window"].units == 1


def test_hundreds_of_filters_share_out_every_row() -> None:
    """Each row lies in one of the buckets of its charge: its filter's, or the rest's."""
    filters = [(("model", (f"m{number}",)),) for number in range(300)]
    rows = [
        an_event(number, number, properties=f'{{"model": "m{number % 310}"}}')
        for number in range(620)
    ]
    windows = [
        structs.replace(a_window(COUNT, key=f"{number}"), selection=Selection(own))
        for number, own in enumerate(filters)
    ]
    rest = structs.replace(a_window(COUNT, key="rest"), selection=Selection(ignored=tuple(filters)))

    found = quantities(frame(rows), [*windows, rest], EVERYTHING)

    assert {found[window.key].units for window in windows} == {2}
    assert found["rest"].units == 20


def test_splits_of_another_subscription_are_not_tried() -> None:
    """Two subscriptions with the same filters ask one split, and each gets its own rows."""
    selection = Selection((("region", ("eu",)),))
    rows = [
        an_event(1, 0, properties='{"region": "eu"}'),
        an_event(2, 0, properties='{"region": "eu"}', subscription_id="sub-2"),
        an_event(3, 0, properties='{"region": "us"}', subscription_id="sub-2"),
    ]
    one = structs.replace(a_window(COUNT, key="one"), selection=selection)
    two = structs.replace(one, key="two", subscription_external_id="sub-2", group_keys=("region",))

    found = quantities(frame(rows), [one, two], EVERYTHING)

    assert [found["one"].units, found["two"].units] == [1, 1]
    assert [group.values for group in found["two"].groups] == [("eu",)]


def test_groups_of_nothing_are_none() -> None:
    """A window without rows has no groups and no units."""
    window = structs.replace(a_window(COUNT), group_keys=("region",))

    found = quantities(frame([]), [window], EVERYTHING)["window"]

    assert [found.groups, found.units, found.events_count] == [(), 0, 0]


def test_counter_pushes_fall_into_groups() -> None:
    """Readings of an ever-rising counter are told apart by their dimensions, also as groups."""
    metric = a_metric(counter_semantics=CounterSemantics.CUMULATIVE)
    facts = [
        a_push(n, None, end, value, dimensions={"region": r}, properties=f'{{"region": "{r}"}}')
        for n, end, value, r in [(1, 0, 5, "eu"), (2, 60, 9, "eu"), (3, 60, 3, "us")]
    ]
    window = structs.replace(a_window(metric), group_keys=("region",))

    found = quantities(frame([]), [window], EVERYTHING, revisions(facts))["window"]

    assert {group.values: group.quantity.units for group in found.groups} == {
        ("eu",): 4,
        ("us",): 3,
    }


def test_properties_are_read_only_for_who_asks() -> None:
    """Windows without selection and groups do well without the column."""
    usage = frame([an_event(1, 0)]).drop("properties")

    assert quantities(usage, [a_window(COUNT)], EVERYTHING)["window"].units == 1


def test_history_lifts_no_other_bound(tmp_path: Path) -> None:
    """Windows of all history are read without a lower bound, those asked with them keep theirs."""
    frame([an_event(1, 0, 7)]).collect().write_parquet(tmp_path / "usage.parquet")
    scanned = pl.scan_parquet(tmp_path / "usage.parquet")
    plans = [
        counted_rows(scanned, None, [a_window(replace(a_metric(), recurring=recurring))]).explain()
        for recurring in (False, True)
    ]

    bounds = [
        line.count('col("occurred_at")')
        for plan in plans
        for line in plan.splitlines()
        if "SELECTION" in line
    ]
    assert bounds == [2, 1]
