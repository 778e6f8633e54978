"""A selection is read the same for ever, and a property is equal however it is written."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import ValidationFailed
from ingest.corrections.selection import (
    SUBSCRIPTIONS_MAX,
    has_properties,
    selection_of,
    selection_of_text,
    selection_text,
)

START, END = "2026-01-01T00:00:00-05:00", "2026-01-31T23:59:59.000001Z"
names = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=9)
named = names.filter(str.strip)
scalars = st.one_of(
    st.booleans(), st.none(), names, st.integers(-99, 99), st.decimals(-9, 9, places=2)
)
filters = st.fixed_dictionaries(
    {"timestamp_from": st.just(START), "timestamp_to": st.just(END)},
    optional={
        "external_subscription_ids": st.lists(named, min_size=1, max_size=3),
        "code": named,
        "properties": st.dictionaries(names, scalars, min_size=1, max_size=3),
    },
)
events = st.fixed_dictionaries({"external_subscription_id": named, "transaction_id": named})


@given(raw=st.one_of(filters, events))
def test_a_selection_is_read_as_it_was_written(raw: dict[str, Any]) -> None:
    """What was kept of a selection is that selection: a crash changes nothing of it."""
    selection = selection_of(raw)

    assert selection_of_text(selection_text(selection)) == selection


@pytest.mark.parametrize(
    ("wanted", "written", "is_equal"),
    [
        (7, '{"a": 7}', True),
        ("7", '{"a": 7.0}', True),
        (Decimal("7.50"), '{"a": 7.5}', True),
        ("7.0", '{"a": 7.0}', False),
        ("x", '{"a": "x", "b": 1}', True),
        (True, '{"a": true}', True),
        (True, '{"a": 1}', False),
        ("x", "{}", False),
        (None, '{"a": null}', True),
    ],
)
def test_a_property_is_equal_however_it_is_written(
    wanted: Any,  # noqa: ANN401 - JSON
    written: str,
    is_equal: bool,  # noqa: FBT001 - a table's column
) -> None:
    """A number equals itself with other zeros, and text that says it; nothing else is alike."""
    raw: dict[str, Any] = {"timestamp_from": START, "timestamp_to": END}
    raw["properties"] = {"a": wanted}

    assert has_properties(selection_of(raw))(written) is is_equal


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        ({"timestamp_from": "2026-01-01T00:00:00"}, {"timestamp_from": ["timezone_is_missing"]}),
        ({"timestamp_from": "soon"}, {"timestamp_from": ["invalid_format"]}),
        ({"timestamp_to": START}, {"timestamp_to": ["value_is_out_of_range"]}),
        ({"external_subscription_ids": []}, {"external_subscription_ids": ["value_is_invalid"]}),
        (
            {"external_subscription_ids": ["s"] * (SUBSCRIPTIONS_MAX + 1)},
            {"external_subscription_ids": ["too_many_values"]},
        ),
        ({"properties": {"a": {}}}, {"properties": ["value_is_invalid"]}),
        ({"code": 7.5}, {"code": ["value_is_invalid"]}),
        ({"fact_id": "x"}, None),
    ],
)
def test_a_wrong_selection_is_refused(
    changed: dict[str, Any], faults: dict[str, list[str]] | None
) -> None:
    """Every wrong field is named."""
    with pytest.raises(ValidationFailed) as refused:
        selection_of({"timestamp_from": START, "timestamp_to": END} | changed)

    if faults is not None:
        assert refused.value.details == {"selection": faults}


def test_a_list_at_its_limit_is_taken() -> None:
    """As many subscriptions as are allowed are read, and times are instants."""
    raw: dict[str, Any] = {"timestamp_from": START, "timestamp_to": END}
    raw["external_subscription_ids"] = [f"s{number}" for number in range(SUBSCRIPTIONS_MAX)]

    selection = selection_of(raw)

    assert len(selection.subscriptions) == SUBSCRIPTIONS_MAX
    assert selection.start == datetime(2026, 1, 1, 5, tzinfo=UTC)
