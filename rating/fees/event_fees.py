"""Fees in advance: what each event of a charge paid in advance costs, in billed and open periods.

Nothing is stored: a fee is computed from the usage its draft was billed from, or from usage as of
now, and its id from the event; so taking in an event again changes nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregation.aggregator import quantities
from aggregation.quantity import Quantity
from catalog.money import MONEY_CONTEXT, ZERO
from catalog.plans import Plan
from catalog.subscriptions import Subscription
from ingest.corrections.superseding import revisions_of
from ingest.watermark import Watermark, watermark_of_text
from rating.answers.current_usage import UsageSources
from rating.billed_closing import billed_closings, unbilled_periods
from rating.charge_window import ChargeWindow, charge_windows, closing_windows
from rating.closing import NOTHING_BILLED
from rating.draft_store import billed_of
from rating.fees.event_origins import EventOrigin, event_origins
from rating.fees.fee import Fee, FeeType, event_fee_id
from rating.marginal_fees import MarginalFee, marginal_fees
from rating.price_book import PriceBook
from storage.lake_tables import USAGE


@dataclass(frozen=True, slots=True)
class AdvanceWindow:
    """A window of a charge paid in advance; `draft_id` is None while it is not billed."""

    subscription: Subscription
    plan: Plan
    window: ChargeWindow
    draft_id: str | None = None


def event_fees(
    sources: UsageSources, book: PriceBook, subscriptions: Collection[Subscription], at: datetime
) -> list[Fee]:
    """Return the fee of each event of some subscriptions' charges paid in advance.

    Flushes first. A billed period shows what its draft billed, an open one what holds now.
    """
    seen = sources.flusher.flush()
    found: list[Fee] = []
    for watermark, windows in _windows(sources, book, subscriptions, seen, at):
        asked = [each.window.usage for each in windows]
        counted = quantities(
            sources.lake.scan(USAGE), asked, watermark.includes(), revisions_of(sources.lake)
        )
        origins = event_origins(sources.lake, asked, watermark)
        for each in windows:
            found += _fees(each, counted[each.window.usage.key], origins)
    return found


def priced_events(
    window: ChargeWindow, quantity: Quantity, currency: str
) -> Iterator[tuple[tuple[tuple[str, str | None], ...], MarginalFee]]:
    """Yield the group and the fee of each event of a window, in time order."""
    bucket = window.bucket
    included = bucket.quantity_included
    for group, part in _parts(bucket.group_keys, quantity):
        if part.event_values:
            for fee in marginal_fees(bucket.terms, part, currency, quantity_included=included):
                yield group, fee


def event_fee(
    each: AdvanceWindow,
    group: tuple[tuple[str, str | None], ...],
    priced: MarginalFee,
    *,
    fee_id: str | None,
    created_at: datetime | None,
    transaction_id: str | None,
) -> Fee:
    """Return what one event costs as a fee."""
    bucket, usage = each.window.bucket, each.window.usage
    units, amount = priced.units, max(priced.amount, ZERO)
    charge = bucket.charge
    return Fee(
        id=fee_id,
        type=FeeType.CHARGE,
        subscription=each.subscription,
        plan=each.plan,
        amount=amount,
        amount_cents=priced.amount_cents,
        unit_amount=MONEY_CONTEXT.divide(amount, units) if units else ZERO,
        units=units,
        events_count=1,
        start=usage.start,
        end=usage.end,
        created_at=created_at,
        charge=charge,
        filter=bucket.filter,
        metric=usage.metric,
        group=group,
        details={},
        invoice_id=each.draft_id if charge.is_invoiceable else None,
        is_of_event=True,
        event_transaction_id=transaction_id,
    )


def _windows(
    sources: UsageSources,
    book: PriceBook,
    subscriptions: Collection[Subscription],
    seen: Watermark,
    at: datetime,
) -> Iterator[tuple[Watermark, list[AdvanceWindow]]]:
    """Yield the windows that one watermark covers, those of open periods last."""
    ids = {each.id for each in subscriptions}
    with sources.state.read() as connection:
        closed = [each for each in billed_closings(connection, book, ids) if each.closing.usage]
        billed = billed_of(connection, book.service.code)
    by_watermark: dict[str, list[AdvanceWindow]] = {}
    for each in closed:
        plan = book.plan_until(each.closing.subscription, each.closing.closing_at)
        by_watermark.setdefault(each.watermark, []).extend(
            AdvanceWindow(each.closing.subscription, plan, window, each.draft_id)
            for window in _in_advance(closing_windows(book, each.closing))
        )
    for text, windows in by_watermark.items():
        if windows:
            yield watermark_of_text(text), windows
    opened = [
        AdvanceWindow(one, plan, window)
        for one in subscriptions
        for period in unbilled_periods(book, one, at, billed.get(one.id, NOTHING_BILLED))
        for plan in [book.plan_until(one, min(at, period.usage_end))]
        for window in _in_advance(charge_windows(book, one, plan, period, book.zone(one).key))
    ]
    if opened:
        yield seen, opened


def _in_advance(windows: Iterable[ChargeWindow]) -> Iterator[ChargeWindow]:
    return (window for window in windows if window.charge.is_pay_in_advance)


def _parts(
    keys: Sequence[str], quantity: Quantity
) -> Iterator[tuple[tuple[tuple[str, str | None], ...], Quantity]]:
    if not keys:
        yield (), quantity
    for each in quantity.groups:
        yield tuple(zip(keys, each.values, strict=True)), each.quantity


def _fees(
    each: AdvanceWindow, quantity: Quantity, origins: Mapping[tuple[str, str], EventOrigin]
) -> Iterator[Fee]:
    usage = each.window.usage
    name = usage.subscription_external_id
    for group, priced in priced_events(each.window, quantity, each.plan.amount_currency):
        origin = origins.get((name, priced.event_id))
        is_carried = origin is None or origin.occurred_at < usage.start
        yield event_fee(
            each,
            group,
            priced,
            fee_id=event_fee_id(
                each.subscription.id,
                each.window.charge.id,
                priced.event_id or str(group),
                usage.start if is_carried else None,
            ),
            created_at=usage.start if origin is None or is_carried else origin.received_at,
            transaction_id=priced.event_id or None,
        )
