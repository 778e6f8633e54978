"""Filters and groups partition usage: each event is priced in one place, and units add up."""

from collections import Counter
from collections.abc import Mapping

from hypothesis import given
from msgspec import structs

from aggregation.aggregator import quantities
from aggregation.quantity import EVERY_ROW, Quantity
from catalog.billable_metrics import AggregationType
from catalog.plans import ALL_FILTER_VALUES, Charge, ChargeFilter
from rating.charge_window import ChargeWindow, closing_windows
from tests.aggregation.makers import EVERYTHING, Row, frame, revisions
from tests.aggregation.oracle import effective, text_of
from tests.laws import LAW
from tests.rating.laws.billing import due_closings
from tests.rating.laws.price_lists import ADDITIVE, DECLARED
from tests.rating.laws.worlds import World, with_exact_units, worlds

# What was carried into a prorated sum is in it as one event, which has no id.
split_worlds = (
    worlds(kinds=(*ADDITIVE, AggregationType.MAX), charges_max=1)
    .filter(lambda world: not any(charge.is_prorated for charge in world.charges))
    .map(with_exact_units)
)


def windows_of(world: World) -> list[list[ChargeWindow]]:
    """Return the windows of the only charge, period by period: one for each bucket."""
    due = due_closings(world.book, world.runs)
    return [windows for each in due if (windows := closing_windows(world.book, each))]


def counted(
    world: World, periods: list[list[ChargeWindow]], *, grouped: bool
) -> Mapping[str, Quantity]:
    """Return quantities with the ids of their events, by key; unsplit ones under `whole/`."""
    split = [
        structs.replace(
            window.usage,
            wants_event_values=True,
            group_keys=window.usage.group_keys if grouped else (),
        )
        for windows in periods
        for window in windows
    ]
    whole = [
        structs.replace(one, key=f"whole/{one.key}", group_keys=())
        if grouped
        else structs.replace(one, key=f"whole/{one.key}", selection=EVERY_ROW)
        for one in split
    ]
    return quantities(frame(world.events), [*split, *whole], EVERYTHING, revisions(world.facts))


def matches(row: Row, one: ChargeFilter) -> bool:
    """Say whether an event's texts are among a filter's values, key by key."""
    declared = {each.key: each.values for each in DECLARED}
    return all(
        text_of(row, key) in (declared[key] if ALL_FILTER_VALUES in values else values)
        for key, values in one.values
    )


def chosen_filter(row: Row, charge: Charge) -> str | None:
    """Return the filter that has an event: most keys, then fewest values, then the oldest."""
    declared = {each.key: each.values for each in DECLARED}

    def rank(one: ChargeFilter) -> tuple[int, int]:
        sizes = [
            len(set(declared[key] if ALL_FILTER_VALUES in values else values))
            for key, values in one.values
        ]
        return -len(sizes), sum(sizes)

    found = sorted((one for one in charge.filters if matches(row, one)), key=rank)
    return found[0].id if found else None


@LAW
@given(split_worlds)
def test_filters_partition_usage(world: World) -> None:
    """Each event is in the one bucket that a reader chooses, and the units of all add up."""
    periods = windows_of(world)
    found = counted(world, periods, grouped=False)
    own = {str(row["transaction_id"]): row for row in effective(world.events, world.facts)}
    for windows in periods:
        ids: Counter[str] = Counter()
        for window in windows:
            for one in found[window.usage.key].event_ids or ():
                ids[one] += 1
                expected = chosen_filter(own[one], window.charge)
                assert expected == (window.bucket.filter.id if window.bucket.filter else None)
        every = found[f"whole/{windows[0].usage.key}"]
        assert ids == Counter(every.event_ids)
        if windows[0].usage.metric.aggregation_type in ADDITIVE:
            assert sum(found[each.usage.key].units for each in windows) == every.units


@LAW
@given(split_worlds)
def test_groups_partition_usage(world: World) -> None:
    """Each event of a bucket is in the one group of its texts, and the units of all add up."""
    periods = windows_of(world)
    found = counted(world, periods, grouped=True)
    own = {str(row["transaction_id"]): row for row in effective(world.events, world.facts)}
    for window in (each for windows in periods for each in windows if each.usage.group_keys):
        split, every = found[window.usage.key], found[f"whole/{window.usage.key}"]
        ids: Counter[str] = Counter()
        for group in split.groups:
            for one in group.quantity.event_ids or ():
                ids[one] += 1
                assert group.values == tuple(text_of(own[one], k) for k in window.usage.group_keys)
        assert ids == Counter(every.event_ids)
        if window.usage.metric.aggregation_type in ADDITIVE:
            assert sum(group.quantity.units for group in split.groups) == every.units
