"""Quantities that two engines agree on: only these are billed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aggregation.aggregator import quantities
from aggregation.quantity import Quantity, UsageWindow
from aggregation.second_engine import second_quantities
from ingest.corrections.superseding import revisions_of
from ingest.watermark import Watermark
from rating.charge_window import closing_windows
from rating.closing import Closing
from rating.price_book import PriceBook
from rating.second_opinion import disagreements
from storage.lake import Lake
from storage.lake_errors import NoAnswerError
from storage.lake_tables import USAGE


@dataclass(frozen=True, slots=True)
class CheckedQuantities:
    """The first engine's quantities by window key, and what the second one counts otherwise."""

    found: Mapping[str, Quantity]
    disputes: Mapping[str, str]

    def dispute(self, book: PriceBook, closing: Closing) -> str | None:
        """Return why a closing can't be billed; None when both engines agree on all of it."""
        if not self.disputes:
            return None
        keys = (window.usage.key for window in closing_windows(book, closing))
        return next((self.disputes[key] for key in keys if key in self.disputes), None)


def checked_quantities(
    lake: Lake, windows: Sequence[UsageWindow], watermark: Watermark
) -> CheckedQuantities:
    """Return the quantities of windows at a watermark, counted by polars and again by SQL.

    A window that an engine can't count (a sum beyond 38 digits) is disputed; the others are not.
    """
    try:
        found = quantities(lake.scan(USAGE), windows, watermark.includes(), revisions_of(lake))
        again = second_quantities(lake, windows, watermark)
    except (OverflowError, NoAnswerError) as error:
        if len(windows) == 1:
            return CheckedQuantities({}, {windows[0].key: f"it can't be counted: {error}"})
        half = len(windows) // 2
        parts = [
            checked_quantities(lake, part, watermark) for part in (windows[:half], windows[half:])
        ]
        return CheckedQuantities(
            {key: each for part in parts for key, each in part.found.items()},
            {key: each for part in parts for key, each in part.disputes.items()},
        )
    disputes: dict[str, str] = {}
    for each in disagreements(windows, found, again):
        disputes.setdefault(each.window.key, str(each))
    return CheckedQuantities(found, disputes)
