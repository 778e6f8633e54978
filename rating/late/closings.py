"""Which billed closings may cost something else now, and the late lines that follow from it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
import sqlalchemy as sa

from aggregation.effective_usage import EVENT_FACT
from ingest.corrections.superseding import revisions_of
from ingest.watermark import Watermark, oldest, watermark_of_text
from rating.billed_closing import BilledClosing, billed_closings
from rating.blocked_closings import BlockedClosing, blocked
from rating.charge_window import closing_windows
from rating.checked_quantities import checked_quantities
from rating.closing_lines import rated_lines
from rating.late.late_usage import LateClosing, billed_lines
from rating.price_book import PriceBook
from rating.rated_line_store import stored_rated_lines
from rating.verifying.erasure_store import proved_windows
from storage.lake import Lake
from storage.lake_tables import INSTANT, USAGE

BEGINNING = pl.lit(datetime(1970, 1, 1, tzinfo=UTC), INSTANT)


@dataclass(frozen=True, slots=True)
class FoundLate:
    """Billed closings of which usage changed, and those on which two engines disagree now."""

    closings: Sequence[LateClosing]
    disputed: Sequence[BlockedClosing]


def late_closings(
    connection: sa.Connection,
    lake: Lake,
    book: PriceBook,
    subscription_ids: Collection[str],
    watermark: Watermark,
    *,
    at: datetime,
) -> FoundLate:
    """Return the closings of some subscriptions whose usage changed after they were last rated.

    Ship rated lines first. A closing of which usage was erased is left as it was billed: its rows
    are gone, its proof stays.
    """
    proved = proved_windows(connection, book.service.code)
    billed = [
        each
        for each in billed_closings(connection, book, subscription_ids)
        if each.closing.usage is not None
        # What another system billed is its own to correct, once we are live.
        and not (each.is_shadow and book.service.is_live)
    ]
    touched = _touched(lake, book.service.code, billed, watermark)
    due = [
        each
        for each in billed
        if _is_touched(each, touched)
        and not any(window.usage.key in proved for window in closing_windows(book, each.closing))
    ]
    return _compared(lake, book, due, watermark, at) if due else FoundLate((), ())


def _compared(
    lake: Lake, book: PriceBook, due: Sequence[BilledClosing], watermark: Watermark, at: datetime
) -> FoundLate:
    names = {each.closing.subscription.external_id for each in due}
    lines = billed_lines(stored_rated_lines(lake, book.service.code, names))
    windows = [window.usage for each in due for window in closing_windows(book, each.closing)]
    usage = checked_quantities(lake, windows, watermark)
    found: list[LateClosing] = []
    disputed: list[BlockedClosing] = []
    for each in due:
        closing = each.closing
        problem = usage.dispute(book, closing)
        if problem is not None:
            disputed.append(blocked(closing, problem))
            continue
        now = rated_lines(book, closing, usage.found, watermark=str(watermark), rated_at=at)
        own = lines.get(each.draft_id, {})
        found.append(LateClosing(closing.subscription, closing.timezone, own, now))
    # A draft moves on what counts as seen, so one dispute keeps all of a subscription back.
    held = {each.subscription_id for each in disputed}
    return FoundLate([each for each in found if each.subscription.id not in held], disputed)


def _is_touched(billed: BilledClosing, touched: dict[str, datetime]) -> bool:
    first = touched.get(billed.closing.subscription.external_id)
    usage = billed.closing.usage
    return first is not None and usage is not None and first < usage.usage_end


def _touched(
    lake: Lake, service_code: str, billed: Sequence[BilledClosing], watermark: Watermark
) -> dict[str, datetime]:
    """Return the first instant of which usage changed, by subscription.

    Seen are rows taken in since the oldest of the subscriptions' last bills. A correction may
    have moved an event from any time to any other.
    """
    last = {each.closing.subscription.id: each for each in billed}
    if not last:
        return {}
    names = sorted({each.closing.subscription.external_id for each in last.values()})
    seen = oldest(watermark_of_text(each.watermark) for each in last.values())
    until = max(each.closing.closing_at for each in last.values())
    is_new = watermark.includes() & ~seen.includes()
    is_own = (pl.col("service") == service_code) & pl.col("subscription_id").is_in(names)
    first = [
        lake.scan(USAGE)
        .filter(is_new, is_own, pl.col("occurred_at") < until)
        .select("subscription_id", first="occurred_at")
    ]
    revision = revisions_of(lake)
    if revision is not None:
        is_event = pl.col("fact_id").str.starts_with(EVENT_FACT)
        moved = pl.when(is_event).then(BEGINNING).otherwise(pl.col("window_start"))
        late = is_event | (pl.col("window_start") < until)
        first.append(revision.filter(is_new, is_own, late).select("subscription_id", first=moved))
    found = pl.concat(first).group_by("subscription_id").agg(pl.col("first").min()).collect()
    return dict(found.iter_rows())
