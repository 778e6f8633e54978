"""From a world to its bills, by the product's own pure parts: no lake, no database, no clock."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl

from aggregation.aggregator import quantities
from aggregation.quantity import Quantity
from catalog.subscriptions import Subscription
from rating.charge_window import closing_windows
from rating.closing import NOTHING_BILLED, Billed, Closing, closings
from rating.closing_lines import rated_lines
from rating.invoice_draft import InvoiceDraft, invoice_draft
from rating.plan_fee import trial_ends_at
from rating.price_book import PriceBook
from rating.rated_line import LineKind, RatedLine
from tests.aggregation.makers import EVERYTHING, frame, revisions
from tests.rating.laws.worlds import World

RATED_AT = datetime(2026, 7, 1, tzinfo=UTC)
FEES = (LineKind.PLAN_FEE, LineKind.PLAN_FEE_CREDIT)


@dataclass(frozen=True, slots=True)
class Bill:
    """A closing with its rated lines, and the draft that carries them."""

    closing: Closing
    lines: Sequence[RatedLine]
    draft: InvoiceDraft


def bills(
    world: World,
    usage: pl.LazyFrame | None = None,
    revision: pl.LazyFrame | None = None,
    seen: pl.Expr = EVERYTHING,
) -> list[Bill]:
    """Return the bills of all runs of a world, its usage in one frame unless given otherwise."""
    if usage is None:
        usage = frame(world.events)
        revision = revisions(world.facts) if world.facts else None
    due = due_closings(world.book, world.runs)
    windows = [window.usage for each in due for window in closing_windows(world.book, each)]
    return priced(world.book, due, quantities(usage, windows, seen, revision))


def priced(book: PriceBook, due: Iterable[Closing], counted: Mapping[str, Quantity]) -> list[Bill]:
    """Return the bills of closings of which the usage was counted."""
    found = []
    for closing in due:
        lines = rated_lines(book, closing, counted, watermark="0:0", rated_at=RATED_AT)
        currency = book.plan_until(closing.subscription, closing.closing_at).amount_currency
        found.append(Bill(closing, lines, invoice_draft(closing, currency, lines, RATED_AT)))
    return found


def due_closings(book: PriceBook, runs: Sequence[datetime]) -> list[Closing]:
    """Return the closings of bill runs one after the other; none knows what comes later."""
    found: list[Closing] = []
    for subscription in book.subscriptions:
        billed = NOTHING_BILLED
        for at in runs:
            for closing in _due_at(book, known_at(subscription, at), at, billed):
                own = closing.billed
                billed = Billed(
                    own.usage_until or billed.usage_until, own.fee_until or billed.fee_until
                )
                found.append(closing)
    return found


def known_at(subscription: Subscription, at: datetime) -> Subscription:
    """Return a subscription as it stood at an instant: an end still to come is not known."""
    if subscription.terminated_at is None or subscription.terminated_at <= at:
        return subscription
    return replace(subscription, terminated_at=None, is_followed=False)


def _due_at(
    book: PriceBook, subscription: Subscription, at: datetime, billed: Billed
) -> list[Closing]:
    if subscription.started_at is None or subscription.started_at > at:
        return []
    plan = book.plan_until(subscription, at)
    trial = trial_ends_at(plan, book.first_started_at(subscription))
    zone = book.zone(subscription)
    return list(closings(subscription, plan, zone, at, billed, trial_ends_at=trial))


def cents_by_part(found: Iterable[Bill]) -> dict[tuple[str, str, datetime], int]:
    """Return the cents of each subscription, part (fee, charge, minimum) and period's start.

    The fee of a period and what is credited of it are one part; nothing billed is no part.
    """
    cents: Counter[tuple[str, str, datetime]] = Counter()
    for bill in found:
        for line in bill.lines:
            cents[line.subscription_id, _part(line), _began(bill.closing, line)] += (
                line.amount_cents
            )
    return {key: amount for key, amount in cents.items() if amount}


def _part(line: RatedLine) -> str:
    if line.kind in FEES:
        return "fee"
    return f"{line.kind} {line.charge_id}" if line.charge_id else str(line.kind)


def _began(closing: Closing, line: RatedLine) -> datetime:
    if line.kind is LineKind.PLAN_FEE and closing.fee is not None:
        return closing.fee.usage_start
    if line.kind is LineKind.PLAN_FEE_CREDIT and closing.credit is not None:
        return closing.credit.paid.usage_start
    assert closing.usage is not None
    return closing.usage.usage_start
