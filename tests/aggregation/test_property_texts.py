"""The texts of properties, as filters and groups compare them."""

import polars as pl
import pytest

from aggregation.property_texts import property_texts

PROPERTIES = pl.Series([
    '{"region": "Qu\\u00e9bec", "size": 1.50, "a\\"b": "x"}',
    '{"region": "", "size": null, "a\\"b": {"deep": [1, 2]}}',
    '{"region": true}',
    "{}",
    None,
])  # fmt: skip


@pytest.mark.parametrize("beside", [(), ('a"b',), ("a\\b",), ("\n",)])
def test_texts_are_unescaped_and_numbers_as_written(beside: tuple[str, ...]) -> None:
    """Missing, null and empty are no text, whatever names are asked for beside."""
    region, size, *_ = property_texts(PROPERTIES, ["region", "size", *beside])

    assert region.to_list() == ["Québec", None, "true", None, None]
    assert size.to_list() == ["1.50", None, None, None, None]


def test_a_name_may_hold_a_quote() -> None:
    """A property whose name no decoder can be built for is read all the same."""
    (found,) = property_texts(PROPERTIES, ['a"b'])

    assert found.to_list() == ["x", '{"deep": [1, 2]}', None, None, None]
    assert property_texts(PROPERTIES, []) == []
