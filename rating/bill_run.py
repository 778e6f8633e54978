"""The bill run: closes due periods. One pinned watermark, one aggregation, one draft a closing.

Repeating a run, or killing it at any moment, bills nothing twice: a draft's id is its closing.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import structlog

from aggregation.aggregator import quantities
from aggregation.quantity import Quantity
from catalog.services import Service
from ingest.corrections.correction_store import settled_count
from ingest.corrections.superseding import revisions_of
from ingest.flush import Flushing
from ingest.watermark import Watermark
from rating.charge_window import closing_windows, rated_lines
from rating.closing import Closing, closings
from rating.draft_store import closings_billed, insert_draft
from rating.invoice_draft import InvoiceDraft, invoice_draft
from rating.price_book import PriceBook, read_price_book
from rating.rated_line import RatedLine
from rating.rated_line_store import keep_rated_lines, ship_rated_lines
from storage.lake import Lake
from storage.lake_tables import USAGE
from storage.state import State
from storage.tables import billing_run

DRAFTS_PER_COMMIT_MAX = 200
PricedDraft: TypeAlias = tuple[InvoiceDraft, list[RatedLine]]
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class BillReport:
    """What one run of one service made."""

    service_code: str
    cutoff_at: datetime
    watermark: str
    drafts: tuple[InvoiceDraft, ...]

    @property
    def amount_cents(self) -> int:
        """Return the cents of all drafts of this run."""
        return sum(draft.amount_cents for draft in self.drafts)


def bill(
    state: State,
    lake: Lake,
    flusher: Flushing,
    service: Service,
    *,
    at: datetime,
    grace: timedelta = timedelta(0),
    dry_run: bool = False,
) -> BillReport:
    """Close every period of a service that ended at least `grace` before `at`.

    Flushes first, so that no acknowledged usage is missed. With `dry_run` nothing is kept. While a
    correction of the service is unfinished, nothing is billed.
    """
    cutoff_at = at - grace
    with state.read() as connection:
        book = read_price_book(connection, service)
        billed = closings_billed(connection, service.code)
        settled = settled_count(connection, service.code)
    due = _due(book, cutoff_at, billed)
    if not due:
        return BillReport(service.code, cutoff_at, "", ())
    watermark = flusher.flush()
    with state.read() as connection:
        is_settled = settled is not None and settled == settled_count(connection, service.code)
    if not is_settled:
        # Half a correction is neither the old usage nor the new.
        _log.warning("bill_waits_for_correction", service=service.code)
        return BillReport(service.code, cutoff_at, str(watermark), ())
    windows = [window.usage for closing in due for window in closing_windows(book, closing)]
    usage = quantities(lake.scan(USAGE), windows, watermark.includes(), revisions_of(lake))
    priced = _priced(book, due, usage, watermark=watermark, rated_at=at)
    if dry_run:
        drafts = tuple(draft for draft, _ in priced)
    else:
        drafts = _keep(state, service, priced, watermark, cutoff_at=cutoff_at, at=at)
        ship_rated_lines(state, lake)
    return BillReport(service.code, cutoff_at, str(watermark), drafts)


def _due(book: PriceBook, cutoff_at: datetime, billed: set[tuple[str, datetime]]) -> list[Closing]:
    return [
        closing
        for subscription in book.subscriptions
        for closing in closings(
            subscription,
            book.plan_until(subscription, cutoff_at),
            book.zone(subscription),
            cutoff_at,
        )
        if (subscription.id, closing.closing_at) not in billed
    ]


def _priced(
    book: PriceBook,
    due: Sequence[Closing],
    usage: dict[str, Quantity],
    *,
    watermark: Watermark,
    rated_at: datetime,
) -> list[PricedDraft]:
    priced = []
    for closing in due:
        lines = rated_lines(book, closing, usage, watermark=str(watermark), rated_at=rated_at)
        plan = book.plan_until(closing.subscription, closing.closing_at)
        draft = invoice_draft(closing, plan.amount_currency, lines, rated_at)
        priced.append((draft, lines))
    return priced


def _keep(
    state: State,
    service: Service,
    priced: Sequence[PricedDraft],
    watermark: Watermark,
    *,
    cutoff_at: datetime,
    at: datetime,
) -> tuple[InvoiceDraft, ...]:
    run_id = str(uuid.uuid4())
    with state.write() as connection:
        connection.execute(
            billing_run.insert().values(
                id=run_id,
                service_code=service.code,
                cutoff_at=cutoff_at,
                watermark=str(watermark),
                started_at=at,
                finished_at=None,
                drafts_count=0,
            )
        )
    kept: list[InvoiceDraft] = []
    for start in range(0, len(priced), DRAFTS_PER_COMMIT_MAX):
        with state.write() as connection:
            for draft, lines in priced[start : start + DRAFTS_PER_COMMIT_MAX]:
                if insert_draft(connection, draft, run_id):
                    keep_rated_lines(connection, lines)
                    kept.append(draft)
    with state.write() as connection:
        connection.execute(
            billing_run.update()
            .where(billing_run.c.id == run_id)
            .values(finished_at=at, drafts_count=len(kept))
        )
    _log.info("billed", service=service.code, drafts_count=len(kept), watermark=str(watermark))
    return tuple(kept)
