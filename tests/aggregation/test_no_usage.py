"""What a window without usage answers."""

import pytest
from msgspec import structs

from aggregation.aggregator import quantities
from aggregation.quantity import NO_USAGE
from catalog.billable_metrics import AggregationType
from tests.aggregation.makers import EVERYTHING, a_metric, a_window, frame


@pytest.mark.parametrize(
    ("is_prorated", "group_keys", "expected"),
    [
        (False, (), structs.replace(NO_USAGE, event_ids=())),
        (True, (), structs.replace(NO_USAGE, event_ids=(), event_prorated_values=())),
        (False, ("region",), NO_USAGE),
        (True, ("region",), NO_USAGE),
    ],
)
def test_single_events_are_none_where_there_are_none(
    *, is_prorated: bool, group_keys: tuple[str, ...], expected: object
) -> None:
    """Asked for single events, no usage has none of them: no values, ids, nor prorated values."""
    window = structs.replace(
        a_window(a_metric(AggregationType.SUM)),
        wants_event_values=True,
        is_prorated=is_prorated,
        group_keys=group_keys,
        period_days=31,
    )

    assert quantities(frame([]), [window], EVERYTHING)[window.key] == expected
    plain = structs.replace(window, wants_event_values=False)
    assert quantities(frame([]), [plain], EVERYTHING)[window.key] == NO_USAGE
