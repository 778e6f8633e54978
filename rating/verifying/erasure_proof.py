"""The proof of erased usage: what each billed line was computed from, kept before its rows go.

Afterwards the line is computed again from the proof, and must be the line that was billed.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import msgspec
import polars as pl
import sqlalchemy as sa

from aggregation.aggregator import quantities
from aggregation.quantity import NO_USAGE, Quantity
from ingest.corrections.superseding import revisions_of
from ingest.erasing import WINDOW_SCHEMA, ErasedPart, Scope, erased_parts
from ingest.watermark import watermark_of_text
from rating.billed_closing import billed_closings, unbilled_periods
from rating.charge_window import ChargeWindow, closing_windows
from rating.closing import NOTHING_BILLED, Closing
from rating.closing_lines import rated_lines
from rating.draft_store import billed_of
from rating.price_book import PriceBook
from rating.rated_line import LineKind, RatedLine
from rating.verifying.erasure_store import Proof, proved_windows
from storage.lake import Lake
from storage.lake_tables import RATED_LINE, USAGE

STORED = (
    "id", "draft_id", "charge_id", "filter_id", "watermark", "inputs_digest", "events_count",
    "amount_cents",
)  # fmt: skip
_quantity = msgspec.json.Decoder(Quantity)


@dataclass(frozen=True, slots=True)
class BilledDraft:
    """A draft that was billed, the closing it is of, and its charge lines in the lake by id."""

    draft_id: str
    closing: Closing
    watermark: str
    lines: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class PreparedProof:
    """The proof of what is to be erased, and the billed lines that nobody can compute any more."""

    proofs: Sequence[Proof]
    unproven: Sequence[str]

    @property
    def rows_count(self) -> int:
        """Return the rows of usage and quarantine that would go; of two charges' windows, twice."""
        return sum(proof.rows_count for proof in self.proofs)


def prepared_proof(
    connection: sa.Connection, lake: Lake, book: PriceBook, scope: Scope
) -> PreparedProof:
    """Return the proof of a scope from what is stored now; flush and ship lines first."""
    already = proved_windows(connection, scope.service_code)
    drafts = [
        draft
        for draft in _billed_drafts(connection, lake, book, _subscription_ids(book, scope))
        if _is_touched(draft.closing, scope)
    ]
    computed = _quantities(lake, book, drafts, already)
    windows = {
        window.usage.key: (draft, window)
        for draft in drafts
        for window in closing_windows(book, draft.closing)
        if window.usage.key in computed
    }
    unproven = [
        line_id for draft in drafts for line_id in _differences(book, draft, computed, already)
    ]
    unproven += _late_lines(lake, scope)
    parts = erased_parts(lake, scope, _window_frame(windows))
    of_window = {part.window_key: part for part in parts if part.window_key is not None}
    proofs = [
        _window_proof(draft, window, computed[key], of_window.get(key))
        for key, (draft, window) in windows.items()
        if key in of_window or computed[key] != NO_USAGE
    ]
    proofs += [_month_proof(part) for part in parts if part.month is not None]
    return PreparedProof(proofs, unproven)


def verify_erasure(
    connection: sa.Connection, lake: Lake, book: PriceBook, proofs: Sequence[Proof]
) -> list[str]:
    """Return the billed lines that the proof does not give again; none when all verify.

    Count, quantity's digest, price and every step of a line are computed from the proof and
    compared with the line in the lake.
    """
    proved: defaultdict[str, dict[str, Quantity]] = defaultdict(dict)
    for proof in proofs:
        if proof.draft_id and proof.window_key and proof.quantity:
            proved[proof.draft_id][proof.window_key] = _quantity.decode(proof.quantity)
    expected = {
        line_id
        for proof in proofs
        if proof.rated_line_id
        for line_id in proof.rated_line_id.split()
    }
    drafts = {
        draft.draft_id: draft
        for draft in _billed_drafts(connection, lake, book, None)
        if draft.draft_id in proved
    }
    equal = {
        line.id
        for draft_id, draft in drafts.items()
        for line in _lines_from(book, draft, proved[draft_id])
        if line.id in draft.lines and _is_same(line, draft.lines[line.id])
    }
    return sorted(expected - equal)


def first_unbilled(
    connection: sa.Connection,
    book: PriceBook,
    scope: Scope,
    at: datetime,
    begun_before: datetime | None = None,
) -> tuple[str, datetime] | None:
    """Return subscription and end of a period of the scope that ended and was not billed, or None.

    With `begun_before` also of one that is still open at `at`, if it began before that instant.
    """
    ids = _subscription_ids(book, scope)
    billed = billed_of(connection, book.service.code)
    for subscription in book.subscriptions:
        if ids is None or subscription.id in ids:
            known = billed.get(subscription.id, NOTHING_BILLED)
            for period in unbilled_periods(book, subscription, at, known):
                is_open = period.usage_end > at
                if (begun_before is None and not is_open) or (
                    begun_before is not None and period.usage_start < begun_before
                ):
                    return subscription.external_id, period.usage_end
    return None


def _subscription_ids(book: PriceBook, scope: Scope) -> set[str] | None:
    """Return the ids of the scope's subscriptions; None for all of the service."""
    if scope.months:
        return None
    return {each.id for each in book.subscriptions if each.external_id in scope.subscriptions}


def _billed_drafts(
    connection: sa.Connection, lake: Lake, book: PriceBook, ids: set[str] | None
) -> Iterator[BilledDraft]:
    billed = list(billed_closings(connection, book, ids))
    lines = _stored_lines(lake, book.service.code, [each.draft_id for each in billed])
    for each in billed:
        if own := lines.get(each.draft_id):
            watermark = str(next(iter(own.values()))["watermark"])
            yield BilledDraft(each.draft_id, each.closing, watermark, own)


def _stored_lines(
    lake: Lake, service_code: str, draft_ids: Sequence[str]
) -> dict[str, dict[str, dict[str, object]]]:
    """Return the charge lines of drafts, by draft and line id."""
    rows = (
        lake.scan(RATED_LINE)
        .filter(pl.col("service") == service_code, pl.col("kind") == "charge")
        .select(STORED)
        .join(
            pl.LazyFrame({"draft_id": draft_ids}, schema={"draft_id": pl.String()}), on="draft_id"
        )
        .collect()
    )
    found: defaultdict[str, dict[str, dict[str, object]]] = defaultdict(dict)
    for row in rows.iter_rows(named=True):
        found[row["draft_id"]][row["id"]] = row
    return found


def _late_lines(lake: Lake, scope: Scope) -> list[str]:
    """Return the late lines of the scope: no proof is kept of what a period cost in between."""
    lines = lake.scan(RATED_LINE).filter(
        pl.col("service") == scope.service_code, pl.col("kind") == LineKind.LATE_USAGE.value
    )
    if not scope.months:
        found = lines.filter(pl.col("subscription_id").is_in(sorted(scope.subscriptions)))
        return sorted(found.select("id").collect()["id"])
    touched = [
        (pl.col("period_start") < _month_end(month)) & (pl.col("period_end") > _midnight(month))
        for month in scope.months
    ]
    return sorted(lines.filter(pl.any_horizontal(touched)).select("id").collect()["id"])


def _is_touched(closing: Closing, scope: Scope) -> bool:
    period = closing.usage
    if not scope.months or period is None:
        return not scope.months
    return any(
        period.usage_start < _month_end(month) and period.usage_end > _midnight(month)
        for month in scope.months
    )


def _quantities(
    lake: Lake, book: PriceBook, drafts: Sequence[BilledDraft], already: set[str]
) -> dict[str, Quantity]:
    """Return what each window of the drafts adds up to at its draft's watermark."""
    by_watermark: defaultdict[str, list[ChargeWindow]] = defaultdict(list)
    for draft in drafts:
        by_watermark[draft.watermark] += [
            window
            for window in closing_windows(book, draft.closing)
            if window.usage.key not in already
        ]
    revision = revisions_of(lake)
    found: dict[str, Quantity] = {}
    for watermark, windows in by_watermark.items():
        usage = [window.usage for window in windows]
        found |= quantities(
            lake.scan(USAGE), usage, watermark_of_text(watermark).includes(), revision
        )
    return found


def _lines_from(
    book: PriceBook, draft: BilledDraft, known: Mapping[str, Quantity]
) -> list[RatedLine]:
    """Return the lines of a draft, computed from quantities; what has none used nothing."""
    keys = [window.usage.key for window in closing_windows(book, draft.closing)]
    return rated_lines(
        book,
        draft.closing,
        {key: known.get(key, NO_USAGE) for key in keys},
        watermark=draft.watermark,
        rated_at=draft.closing.closing_at,
    )


def _differences(
    book: PriceBook, draft: BilledDraft, computed: Mapping[str, Quantity], already: set[str]
) -> list[str]:
    """Return the stored lines of a draft that its usage does not give any more."""
    proved_before = {
        line_id
        for window in closing_windows(book, draft.closing)
        if window.usage.key in already
        for line_id in _lines_of(draft, window)
    }
    equal = {
        line.id
        for line in _lines_from(book, draft, computed)
        if line.id in draft.lines and _is_same(line, draft.lines[line.id])
    }
    return sorted(draft.lines.keys() - equal - proved_before)


def _is_same(line: RatedLine, stored: Mapping[str, object]) -> bool:
    return (line.inputs_digest, line.events_count, line.amount_cents) == (
        stored["inputs_digest"],
        stored["events_count"],
        stored["amount_cents"],
    )


def _lines_of(draft: BilledDraft, window: ChargeWindow) -> list[str]:
    """Return the ids of the stored lines that price a window, one for each of its groups."""
    bucket = window.bucket
    part = (bucket.charge.id, bucket.filter.id if bucket.filter else None)
    return sorted(
        line_id
        for line_id, line in draft.lines.items()
        if (line["charge_id"], line["filter_id"]) == part
    )


def _window_frame(windows: Mapping[str, tuple[BilledDraft, ChargeWindow]]) -> pl.DataFrame:
    rows = [
        (
            key,
            window.usage.subscription_external_id,
            window.usage.metric.code,
            window.usage.start,
            window.usage.end,
        )
        for key, (_, window) in windows.items()
    ]
    return pl.DataFrame(rows, schema=WINDOW_SCHEMA, orient="row")


def _window_proof(
    draft: BilledDraft, window: ChargeWindow, quantity: Quantity, part: ErasedPart | None
) -> Proof:
    line_ids = _lines_of(draft, window)
    digests = [str(draft.lines[line_id]["inputs_digest"]) for line_id in line_ids]
    usage = window.usage
    return Proof(
        part="window",
        subscription_external_id=usage.subscription_external_id,
        metric_code=usage.metric.code,
        window_start=usage.start,
        window_end=usage.end,
        rows_count=part.rows_count if part else 0,
        value_sum=_text(part),
        rows_digest=part.digest if part else "",
        window_key=usage.key,
        draft_id=draft.draft_id,
        rated_line_id=" ".join(line_ids) or None,
        line_digest=" ".join(digests) or None,
        quantity=msgspec.json.encode(quantity).decode(),
    )


def _month_proof(part: ErasedPart) -> Proof:
    if part.month is None:
        raise ValueError("a part outside of all windows has a month")
    return Proof(
        part=part.part,
        subscription_external_id=part.subscription,
        metric_code=part.metric_code,
        window_start=_midnight(part.month),
        window_end=_month_end(part.month),
        rows_count=part.rows_count,
        value_sum=_text(part),
        rows_digest=part.digest,
    )


def _text(part: ErasedPart | None) -> str | None:
    return None if part is None or part.value_sum is None else format(part.value_sum, "f")


def _midnight(month: date) -> datetime:
    return datetime.combine(month, time(), UTC)


def _month_end(month: date) -> datetime:
    return _midnight((month + timedelta(days=31)).replace(day=1))
