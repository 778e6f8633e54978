"""Which bucket of a charge takes an event: one of its filters, or the default bucket. Pure.

Decides that no event counts twice and none is lost (Lago's rules, section 3.4).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from catalog.billable_metrics import BillableMetric, MetricFilter
from catalog.plans import ALL_FILTER_VALUES, Charge, ChargeFilter, FilterValues

BUCKETS_KEPT_MAX = 512

FilterKey: TypeAlias = frozenset[tuple[str, frozenset[str]]]

# A filter (None is the default bucket), what an event must match, and what it must not.
BucketSelection: TypeAlias = tuple[ChargeFilter | None, FilterValues, tuple[FilterValues, ...]]


def selections(charge: Charge, metric: BillableMetric) -> Sequence[BucketSelection]:
    """Return every bucket of a charge with its rows, the default bucket last.

    A row belongs to a bucket when it matches all keys of the second member, and of no entry of
    the third all keys. Exactly one bucket takes each row: of the filters that match it the most
    specific one, which is that with the most keys; then that with the fewest values; then the
    oldest, which stands first in the charge. A filter within another one therefore wins over
    it, and of identical filters only the oldest counts (Lago). Of filters that overlap in part
    Lago would bill both; its pay-in-advance fees go by the most keys too.
    """
    return _selections(charge.filters, metric.filters)


@lru_cache(maxsize=BUCKETS_KEPT_MAX)
def _selections(
    filters: tuple[ChargeFilter, ...], declared: tuple[MetricFilter, ...]
) -> tuple[BucketSelection, ...]:
    allowed = {one.key: one.values for one in declared}
    expanded = [expanded_values(one.values, allowed) for one in filters]
    by_rank = sorted(range(len(filters)), key=lambda place: (_rank(expanded[place]), place))
    ignored: dict[int, tuple[FilterValues, ...]] = {}
    for rank, place in enumerate(by_rank):
        stronger = (expanded[other] for other in by_rank[:rank])
        ignored[place] = tuple(one for one in stronger if _overlap(one, expanded[place]))
    buckets: list[BucketSelection] = [
        (one, expanded[place], ignored[place]) for place, one in enumerate(filters)
    ]
    return (*buckets, (None, (), tuple(one for one in expanded if _overlap(one, ()))))


def filter_key(one: ChargeFilter) -> FilterKey:
    """Return what two filters with the same values share, in whatever order they name them."""
    return frozenset((key, frozenset(texts)) for key, texts in one.values)


def expanded_values(values: FilterValues, allowed: Mapping[str, Sequence[str]]) -> FilterValues:
    """Return a filter's values with ALL_FILTER_VALUES written out as the declared values."""
    return tuple(
        (key, tuple(allowed.get(key, ())) if ALL_FILTER_VALUES in texts else texts)
        for key, texts in values
    )


def _rank(values: FilterValues) -> tuple[int, int]:
    """Return what sorts the more specific filter first."""
    return -len(values), sum(len(set(texts)) for _, texts in values)


def _overlap(one: FilterValues, other: FilterValues) -> bool:
    """Say whether some row could match both."""
    wanted = dict(other)
    return all(
        bool(texts) if key not in wanted else not set(texts).isdisjoint(wanted[key])
        for key, texts in one
    )
