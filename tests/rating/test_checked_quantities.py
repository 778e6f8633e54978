"""Only what both engines can count is billed: the rest is disputed, window by window."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec import structs

from aggregation.quantity import Quantity, UsageWindow
from ingest.watermark import Watermark
from rating import checked_quantities as checking
from rating.checked_quantities import CheckedQuantities, checked_quantities
from rating.closing import Closing
from storage.lake import Lake
from storage.lake_errors import NoAnswerError
from tests.rating.laws.worlds import a_book
from tests.rating.makers import (
    TORONTO,
    a_charge,
    a_metric,
    a_period,
    a_plan,
    a_subscription,
    a_window,
    used,
)

WATERMARK = Watermark(((0, 17),))
LAKE = cast("Lake", SimpleNamespace(scan=lambda _: None))
WINDOWS = [structs.replace(a_window().usage, key=key) for key in "abcde"]


def counting(
    monkeypatch: pytest.MonkeyPatch, *, overflows: str = "", unanswered: str = "", other: str = ""
) -> CheckedQuantities:
    """Return what is found where an engine can't count some windows, or counts them otherwise."""

    def first(_: object, windows: Sequence[UsageWindow], *_more: object) -> dict[str, Quantity]:
        if any(window.key in overflows for window in windows):
            raise OverflowError("a sum overflows")
        return {window.key: used(1) for window in windows}

    def second(_: object, windows: Sequence[UsageWindow], *_more: object) -> dict[str, Any]:
        if any(window.key in unanswered for window in windows):
            raise NoAnswerError("no answer")
        return {window.key: used(2 if window.key in other else 1) for window in windows}

    monkeypatch.setattr(checking, "quantities", first)
    monkeypatch.setattr(checking, "second_quantities", second)
    monkeypatch.setattr(checking, "revisions_of", lambda _: None)
    return checked_quantities(LAKE, WINDOWS, WATERMARK)


def test_a_window_that_can_t_be_counted_harms_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one engine gives up, that window alone is disputed, with its reason."""
    found = counting(monkeypatch, overflows="b", unanswered="e")

    assert set(found.found) == {"a", "c", "d"}
    assert found.disputes == {
        "b": "it can't be counted: a sum overflows",
        "e": "it can't be counted: no answer",
    }


def test_what_is_counted_otherwise_is_disputed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two numbers for one window are a dispute; equal ones are none."""
    found = counting(monkeypatch, other="c")

    assert set(found.found) == set("abcde")
    assert list(found.disputes) == ["c"]
    assert counting(monkeypatch).disputes == {}


def test_a_closing_is_disputed_by_its_own_windows_only() -> None:
    """A dispute about another window does not hold a closing up; without any none is looked for."""
    book = a_book([a_subscription()], [a_plan(charges=(a_charge(),))], [a_metric()])
    period = a_period()
    closing = Closing(a_subscription(), period.usage_end, TORONTO.key, usage=period)
    own = f"subscription-1/charge-1/{period.usage_start.isoformat()}"

    assert CheckedQuantities({}, {own: "why", "other": "?"}).dispute(book, closing) == "why"
    assert CheckedQuantities({}, {"other": "?"}).dispute(book, closing) is None
    assert CheckedQuantities({}, {}).dispute(book, closing) is None
