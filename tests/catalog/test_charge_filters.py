"""Which bucket of a charge takes an event: exactly one, the most specific."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from catalog.billable_metrics import AggregationType, BillableMetric, MetricFilter
from catalog.charge_filters import selections
from catalog.charge_terms import StandardTerms
from catalog.plans import ALL_FILTER_VALUES, Charge, ChargeFilter, FilterValues

AT = datetime(2026, 8, 10, tzinfo=UTC)
DECLARED = {"cloud": ("aws", "gcp"), "region": ("ca", "us", "eu"), "size": ("s", "l")}
METRIC = BillableMetric(
    "metric-1", "nexadesk", "hours", "Hours", AggregationType.SUM, AT, AT,
    filters=tuple(MetricFilter(key, values) for key, values in DECLARED.items()),
)  # fmt: skip
Values = dict[str, tuple[str, ...]]
Event = dict[str, str]


def a_charge(*filters: Values) -> Charge:
    """Return a charge with filters of these values, named 0, 1, 2, oldest first."""
    terms = StandardTerms(Decimal(1))
    own = tuple(
        ChargeFilter(str(place), tuple(values.items()), terms)
        for place, values in enumerate(filters)
    )
    return Charge("charge-1", "hours", METRIC.id, METRIC.code, terms, AT, filters=own)


def matches(values: FilterValues, event: Event) -> bool:
    """Say whether an event has, for every key, one of the texts."""
    return all(event.get(key) in texts for key, texts in values)


def takers(charge: Charge, event: Event, metric: BillableMetric = METRIC) -> list[str | None]:
    """Return the ids of the buckets that take an event; None is the default one."""
    return [
        None if one is None else one.id
        for one, matching, ignored in selections(charge, metric)
        if matches(matching, event) and not any(matches(other, event) for other in ignored)
    ]


FILTERS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            key: st.sets(st.sampled_from(values), min_size=1).map(lambda some: tuple(sorted(some)))
            | st.just((ALL_FILTER_VALUES,))
            for key, values in DECLARED.items()
        },
    ).filter(bool),
    max_size=6,
)
EVENTS = st.fixed_dictionaries(
    {}, optional={key: st.sampled_from([*values, "other"]) for key, values in DECLARED.items()}
)
PARTLY: list[Values] = [{"region": ("ca", "us")}, {"region": ("us", "eu")}]
CYCLE: list[Values] = [
    {"region": ("ca", "us"), "cloud": ("aws", "gcp")},
    {"region": ("us", "eu"), "cloud": ("aws",)},
    {"region": ("us",), "cloud": ("aws",)},
]


@given(FILTERS, EVENTS)
@example(PARTLY, {"region": "us"})
@example(CYCLE, {"region": "us", "cloud": "aws"})
def test_exactly_one_bucket_takes_an_event(filters: list[Values], event: Event) -> None:
    """No event is lost and none counts twice, whatever the filters."""
    assert len(takers(a_charge(*filters), event)) == 1


@given(FILTERS, EVENTS)
def test_no_filter_within_the_taker_was_passed_over(filters: list[Values], event: Event) -> None:
    """The bucket that takes an event holds no narrower filter that matches it, too."""
    charge = a_charge(*filters)
    (taker,) = takers(charge, event)
    expanded = {one.id: dict(matching) for one, matching, _ in selections(charge, METRIC) if one}
    won = expanded.get(str(taker), {})
    for other in expanded.values():
        is_within = won.keys() <= other.keys() and all(
            set(other[key]) <= set(texts) for key, texts in won.items()
        )
        is_narrower = is_within and (
            won.keys() != other.keys() or any(set(other[k]) < set(won[k]) for k in won)
        )
        assert not (is_narrower and matches(tuple(other.items()), event))


def test_without_filters_the_default_bucket_takes_all() -> None:
    """One bucket, nothing to match, nothing to ignore."""
    assert selections(a_charge(), METRIC) == ((None, (), ()),)


def test_the_filter_with_more_keys_wins() -> None:
    """The more specific filter takes what both match (Lago)."""
    charge = a_charge({"cloud": ("aws",)}, {"cloud": ("aws",), "region": ("ca",)})

    assert takers(charge, {"cloud": "aws", "region": "ca"}) == ["1"]
    assert takers(charge, {"cloud": "aws", "region": "us"}) == ["0"]
    assert takers(charge, {"cloud": "gcp", "region": "ca"}) == [None]
    assert takers(charge, {}) == [None]


def test_a_subset_wins_whichever_is_older() -> None:
    """A filter whose values are a part of another's takes them from it (Lago)."""
    narrow: Values = {"region": ("us",)}
    for filters in ([PARTLY[0], narrow], [narrow, PARTLY[0]]):
        (taker,) = takers(a_charge(*filters), {"region": "us"})
        assert filters[int(str(taker))] == narrow


def test_of_identical_filters_only_the_oldest_counts() -> None:
    """The order of keys and values does not matter (Lago)."""
    charge = a_charge(
        {"cloud": ("aws", "gcp"), "region": ("ca",)}, {"region": ("ca",), "cloud": ("gcp", "aws")}
    )

    assert takers(charge, {"cloud": "gcp", "region": "ca"}) == ["0"]


def test_of_partly_overlapping_filters_the_oldest_takes_what_both_match() -> None:
    """Lago would bill it twice; here the filter with fewer values, then the older one, has it."""
    assert takers(a_charge(*PARTLY), {"region": "us"}) == ["0"]
    narrow_later = a_charge({"region": ("ca", "us", "eu")}, {"region": ("us", "other")})
    assert takers(narrow_later, {"region": "us"}) == ["1"]


def test_of_overlapping_filters_the_one_with_more_keys_takes_what_both_match() -> None:
    """More keys come before fewer values and before age; Lago would bill the event twice."""
    charge = a_charge({"region": ("us",)}, {"cloud": ("aws", "gcp"), "size": ("s",)})

    assert takers(charge, {"region": "us", "cloud": "aws", "size": "s"}) == ["1"]
    assert takers(charge, {"region": "us", "cloud": "aws", "size": "l"}) == ["0"]


def test_all_values_are_those_the_metric_declares() -> None:
    """A value nobody declared matches no filter of all values, and goes to the default bucket."""
    charge = a_charge({"region": (ALL_FILTER_VALUES,)})

    assert takers(charge, {"region": "eu"}) == ["0"]
    assert takers(charge, {"region": "mars"}) == [None]
    fewer = replace(METRIC, filters=(MetricFilter("region", ("ca",)),))
    assert takers(charge, {"region": "eu"}, fewer) == [None]


def test_a_key_the_metric_forgot_matches_nothing() -> None:
    """A filter of all values of an undeclared key takes no event, and keeps none from others."""
    charge = a_charge({"region": (ALL_FILTER_VALUES,)}, {"cloud": ("aws",)})
    forgotten = replace(METRIC, filters=())

    assert takers(charge, {"region": "ca"}, forgotten) == [None]
    assert takers(charge, {"region": "ca", "cloud": "aws"}, forgotten) == ["1"]


def test_buckets_are_told_as_lago_tells_them() -> None:
    """Each filter in its place with what it matches and ignores, the default bucket last."""
    first, second, default = selections(
        a_charge({"size": ("s",)}, {"size": ("s",), "region": (ALL_FILTER_VALUES,)}), METRIC
    )

    narrow = (("size", ("s",)), ("region", ("ca", "us", "eu")))
    assert first[1:] == ((("size", ("s",)),), (narrow,))
    assert second[1:] == (narrow, ())
    assert default == (None, (), ((("size", ("s",)),), narrow))
