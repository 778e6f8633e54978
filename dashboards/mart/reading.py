"""The figures at hand: computed once, and again only where a source of a month changed.

The answer is always what the sources say now; the mart and the memory only save the work.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from weakref import WeakKeyDictionary

import polars as pl

from dashboards.mart.cube import (
    ACCOUNT_MONTH,
    FOREIGN,
    NO_PARTS,
    SERVICE_MONTH,
    Cube,
    digest_of,
    sums,
)
from dashboards.mart.month_parts import MonthParts, month_parts
from dashboards.mart.sources import MonthSources, Rules, rules_of, sources_by_month
from dashboards.mart.stored import stored_digests
from storage.lake import Lake
from storage.state import State


@dataclass
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    months: dict[date, MonthParts] = field(default_factory=dict)
    cube: Cube | None = None


_KEPT: WeakKeyDictionary[Lake, _Kept] = WeakKeyDictionary()
_KEPT_LOCK = threading.Lock()


def read_cube(lake: Lake, state: State) -> Cube:
    """Return the parts of all months as the lake and the rules of attribution are now."""
    with _KEPT_LOCK:
        kept = _KEPT.setdefault(lake, _Kept())
    with kept.lock:
        sources = sources_by_month(lake, rules_of(state))
        digest = digest_of([f"{month} {each.digest}" for month, each in sorted(sources.items())])
        if kept.cube is None or kept.cube.digest != digest:
            kept.months = _months(lake, state, sources, kept.months)
            kept.cube = _cube(digest, kept.months)
        return kept.cube


def cube_known_at(lake: Lake, state: State, at: datetime) -> Cube:
    """Return the parts of all months as they were known at a time.

    Lines rated later, and costs, rules, prices and rates taken in later, are left out; usage that
    divides a cost is as it is now. A month of which nothing became known later is as it is now.
    """
    cube = read_cube(lake, state)

    def known() -> Cube:
        rules, now = rules_of(state), _kept_months(lake)
        sources = sources_by_month(lake, rules)
        same = _unchanged_since(at, rules, now) if rules.were_known(at) else set()
        months = {
            month: now[month]
            if month in same and now[month].digest == each.digest
            else month_parts(lake, state, month, each, is_stored=False, known_at=at)
            for month, each in sorted(sources.items())
        }
        return _cube(digest_of([cube.digest, at.isoformat()]), months)

    return cube.other_state(("known at", at), known)


def _kept_months(lake: Lake) -> dict[date, MonthParts]:
    with _KEPT_LOCK:
        kept = _KEPT.setdefault(lake, _Kept())
    with kept.lock:
        return dict(kept.months)


def _unchanged_since(at: datetime, rules: Rules, months: Mapping[date, MonthParts]) -> set[date]:
    """Return the months of whose lines and costs all were known at a time.

    Estimates ask whether costs of earlier months cover a day: there these must be known, too.
    """
    costs_known = {
        month
        for month, each in months.items()
        if each.costs_known_at is None or each.costs_known_at <= at
    }
    if rules.reads_usage:
        changed = min(months.keys() - costs_known, default=date.max)
        costs_known = {month for month in costs_known if month < changed}
    return {
        month
        for month in costs_known
        if (rated_at := months[month].rated_at) is None or rated_at <= at
    }


def _months(
    lake: Lake,
    state: State,
    sources: Mapping[date, MonthSources],
    known: Mapping[date, MonthParts],
) -> dict[date, MonthParts]:
    stored = stored_digests(state)
    found = {}
    for month, each in sorted(sources.items()):
        old = known.get(month)
        is_known = old is not None and old.digest == each.digest
        found[month] = (
            old
            if old is not None and is_known
            else month_parts(lake, state, month, each, is_stored=stored.get(month) == each.digest)
        )
    return found


def _cube(digest: str, months: Mapping[date, MonthParts]) -> Cube:
    found = list(months.values())
    parts = pl.concat([NO_PARTS, *(month.parts for month in found)])
    newest = max(
        (month for month in found if month.rated_at), key=lambda month: str(month.rated_at),
        default=None,
    )  # fmt: skip
    return Cube(
        digest=digest,
        parts=parts,
        by_service=sums(parts, SERVICE_MONTH),
        by_account=sums(parts, ACCOUNT_MONTH),
        foreign=pl.concat([pl.DataFrame(schema=FOREIGN), *(month.foreign for month in found)]),
        rated_at=newest.rated_at if newest else None,
        watermark=newest.watermark if newest else None,
        costs_to=max((month.costs_to for month in found if month.costs_to), default=None),
    )
