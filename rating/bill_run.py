"""The bill run: closes due periods. One pinned watermark, one aggregation, one draft a closing.

Repeating a run, or killing it at any moment, bills nothing twice: a draft's id is its closing.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from aggregation.quantity import Quantity
from catalog.services import LateUsage, Service
from ingest.corrections.correction_store import settled_count
from ingest.flush import Flushing
from ingest.watermark import Watermark
from rating.blocked_closings import BlockedClosing, blocked, keep_blocked
from rating.charge_window import closing_windows
from rating.checked_quantities import CheckedQuantities, checked_quantities
from rating.closing import Billed, Closing
from rating.closing_lines import rated_lines
from rating.draft_store import billed_of, insert_draft
from rating.due_closings import due_closings
from rating.invoice_draft import InvoiceDraft, invoice_draft
from rating.late.closings import late_closings
from rating.late.drafts import PricedDraft, with_late_usage
from rating.price_book import PriceBook
from rating.price_book_store import read_price_book
from rating.rated_line_store import keep_rated_lines, ship_rated_lines
from storage.lake import Lake
from storage.state import State
from storage.tables import billing_run

DRAFTS_PER_COMMIT_MAX = 200
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class BillReport:
    """What one run of one service made."""

    service_code: str
    cutoff_at: datetime
    watermark: str
    drafts: tuple[InvoiceDraft, ...]
    blocked: tuple[BlockedClosing, ...] = ()

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
    correction of the service is unfinished, nothing is billed. What two engines count differently
    is blocked, told, and tried again in the next run.
    """
    cutoff_at = at - grace
    with state.read() as connection:
        book = read_price_book(connection, service)
        billed = billed_of(connection, service.code)
        settled = settled_count(connection, service.code)
    due = due_closings(book, cutoff_at, billed)
    asked = _asked_for_late_usage(book, due, billed)
    if not due and not asked:
        return BillReport(service.code, cutoff_at, "", ())
    watermark = flusher.flush()
    with state.read() as connection:
        is_settled = settled is not None and settled == settled_count(connection, service.code)
    if not is_settled:
        # Half a correction is neither the old usage nor the new.
        _log.warning("bill_waits_for_correction", service=service.code)
        return BillReport(service.code, cutoff_at, str(watermark), ())
    windows = [window.usage for closing in due for window in closing_windows(book, closing)]
    usage = checked_quantities(lake, windows, watermark)
    agreed, disputed = _agreed(book, due, usage)
    priced = _priced(book, agreed, usage.found, watermark=watermark, rated_at=at)
    asked -= _waiting(service, due, agreed)
    if asked:
        ship_rated_lines(state, lake)
        with state.read() as connection:
            late = late_closings(connection, lake, book, asked, watermark, at=at)
        held = {each.subscription_id for each in late.disputed}
        priced = [each for each in priced if each[0].subscription_id not in held]
        priced = with_late_usage(priced, late.closings, rated_at=at, is_live=service.is_live)
        disputed += late.disputed
    _tell(disputed)
    drafts = tuple(draft for draft, _ in priced)
    if not dry_run:
        with state.write() as connection:
            keep_blocked(connection, service.code, disputed, at)
        if priced:
            drafts = _keep(state, service, priced, watermark, cutoff_at=cutoff_at, at=at)
            ship_rated_lines(state, lake)
    return BillReport(service.code, cutoff_at, str(watermark), drafts, tuple(disputed))


def _agreed(
    book: PriceBook, due: Sequence[Closing], usage: CheckedQuantities
) -> tuple[list[Closing], list[BlockedClosing]]:
    """Return the closings that both engines agree on, and the others.

    What follows a disputed closing of a subscription waits with it.
    """
    agreed: list[Closing] = []
    disputed: dict[str, BlockedClosing] = {}
    for closing in due:
        problem = usage.dispute(book, closing)
        if closing.subscription.id in disputed:
            continue
        if problem is None:
            agreed.append(closing)
        else:
            disputed[closing.subscription.id] = blocked(closing, problem)
    return agreed, list(disputed.values())


def _tell(disputed: Sequence[BlockedClosing]) -> None:
    for each in disputed:
        _log.error(
            "two_engines_disagree",
            service=each.service_code,
            subscription=each.subscription_external_id,
            closing_at=each.closing_at.isoformat(),
            problem=each.problem,
        )


def _asked_for_late_usage(
    book: PriceBook, due: Sequence[Closing], billed: Mapping[str, Billed]
) -> set[str]:
    """Return the ids of the subscriptions whose billed periods are looked at again in this run.

    Differences wait for the subscription's next draft; one that has ended gets no other.
    """
    with_usage = {each for each, known in billed.items() if known.usage_until is not None}
    if book.service.late_usage is LateUsage.OWN_DRAFT:
        return with_usage
    ended = {each.id for each in book.subscriptions if each.terminated_at is not None}
    return with_usage & (ended | {closing.subscription.id for closing in due})


def _waiting(service: Service, due: Sequence[Closing], agreed: Sequence[Closing]) -> set[str]:
    """Return the ids of the subscriptions whose differences wait for a draft that is blocked."""
    if service.late_usage is LateUsage.OWN_DRAFT:
        return set()
    billed_now = {closing.subscription.id for closing in agreed}
    return {closing.subscription.id for closing in due} - billed_now


def _priced(
    book: PriceBook,
    due: Sequence[Closing],
    usage: Mapping[str, Quantity],
    *,
    watermark: Watermark,
    rated_at: datetime,
) -> list[PricedDraft]:
    priced = []
    for closing in due:
        lines = rated_lines(book, closing, usage, watermark=str(watermark), rated_at=rated_at)
        plan = book.plan_until(closing.subscription, closing.closing_at)
        draft = invoice_draft(
            closing, plan.amount_currency, lines, rated_at, is_live=book.service.is_live
        )
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
