"""Past usage: what was billed for each period of a subscription, charge by charge."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import localcontext
from typing import TypeAlias

import sqlalchemy as sa

from aggregation.quantity import Quantity
from catalog.billing_periods import BillingPeriod
from catalog.errors import NotFound, ValidationFailed
from catalog.money import MONEY_CONTEXT, ZERO
from catalog.plans import Charge, Plan
from catalog.services import Service
from catalog.store.billable_metrics import find_metric
from rating.answers.current_usage import BucketUsage, ChargeUsage
from rating.billed_closing import BilledClosing, billed_closings
from rating.bucket_price import GroupPrice
from rating.charge_bucket import ChargeBucket
from rating.price_book import PriceBook
from rating.price_book_store import read_account_price_book
from rating.rated_line import LineKind, Price, RatedLine
from rating.verifying.known_lines import known_lines
from storage.lake import Lake
from storage.state import State

Group: TypeAlias = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class PastPeriod:
    """A billed period: `amount_cents` is all that invoices carry for it, fee and late usage too.

    `charges` is its usage: what no invoice carries is in it, true-ups are not.
    """

    draft_id: str
    period: BillingPeriod
    timezone: str
    closing_at: datetime
    currency: str
    amount_cents: int
    charges: Sequence[ChargeUsage]


def past_usage(
    state: State,
    lake: Lake,
    service: Service,
    account_external_id: str,
    subscription_external_id: str | None,
    *,
    metric_code: str | None = None,
) -> list[PastPeriod]:
    """Return the billed periods of a subscription, newest first.

    ValidationFailed without a subscription, NotFound for an unknown account or metric (Lago).
    """
    if not subscription_external_id:
        raise ValidationFailed({"external_subscription_id": ["value_is_mandatory"]})
    with state.read() as connection:
        book = read_account_price_book(connection, service, account_external_id)
        _require_known(connection, book, metric_code)
        ids = {
            each.id for each in book.subscriptions if each.external_id == subscription_external_id
        }
        billed = [each for each in billed_closings(connection, book, ids) if each.closing.usage]
    by_draft = _lines_by_draft(known_lines(state, lake, service.code, {subscription_external_id}))
    found = [
        _past_period(book, each, by_draft.get(each.draft_id, []), metric_code) for each in billed
    ]
    return sorted(found, key=lambda past: past.period.usage_start, reverse=True)


def _require_known(connection: sa.Connection, book: PriceBook, metric_code: str | None) -> None:
    if not any(account.deleted_at is None for account in book.accounts.values()):
        raise NotFound("customer")
    if metric_code and find_metric(connection, book.service.code, metric_code) is None:
        raise NotFound("billable_metric")


def _lines_by_draft(lines: Iterable[RatedLine]) -> dict[str, list[RatedLine]]:
    """Return lines by the draft of the period they belong to: late usage by the one it corrects."""
    found: dict[str, list[RatedLine]] = {}
    for line in lines:
        found.setdefault(line.corrects_draft_id or line.draft_id, []).append(line)
    return found


def _past_period(
    book: PriceBook, billed: BilledClosing, lines: Sequence[RatedLine], metric_code: str | None
) -> PastPeriod:
    closing = billed.closing
    if closing.usage is None:
        raise ValueError(f"draft {billed.draft_id} bills no usage: it has no past period")
    plan = book.plan_until(closing.subscription, closing.closing_at)
    usages = [
        usage
        for usage in billed_charge_usages(book, plan, lines, closing.usage.usage_end)
        if not metric_code or usage.metric.code == metric_code
    ]
    return PastPeriod(
        draft_id=billed.draft_id,
        period=closing.usage,
        timezone=closing.timezone,
        closing_at=closing.closing_at,
        currency=plan.amount_currency,
        amount_cents=sum(line.amount_cents for line in lines if line.is_invoiceable),
        charges=usages,
    )


def billed_charge_usages(
    book: PriceBook, plan: Plan, lines: Sequence[RatedLine], end: datetime
) -> list[ChargeUsage]:
    """Return what lines say of a plan's charges, by metric name; without a line, nothing."""
    found = []
    for charge in plan.charges:
        own = [line for line in lines if _is_usage_of(line, charge)]
        if own:
            metric = book.metric_until(charge.metric_id, end)
            buckets = [
                BucketUsage(bucket, metric, list(_fees(part)))
                for bucket, part in _by_bucket(charge, own)
            ]
            found.append(ChargeUsage(charge, metric, buckets))
    return sorted(found, key=lambda usage: usage.metric.name.lower())


def _is_usage_of(line: RatedLine, charge: Charge) -> bool:
    """Say whether a line prices usage of a charge; lines of release 0.1.0 name only its code."""
    if line.kind not in (LineKind.CHARGE, LineKind.LATE_USAGE) or line.charge_model is None:
        return False
    return (line.charge_id or charge.id) == charge.id and line.charge_code == charge.code


def _by_bucket(
    charge: Charge, lines: Sequence[RatedLine]
) -> Iterator[tuple[ChargeBucket, list[RatedLine]]]:
    for one in (*charge.filters, None):
        own = [line for line in lines if line.filter_id == (one.id if one else None)]
        if own:
            yield ChargeBucket(charge, one), own


def _fees(lines: Iterable[RatedLine]) -> Iterator[GroupPrice]:
    """Yield one fee for each group, with what came late."""
    by_group: dict[Group, list[RatedLine]] = {}
    for line in lines:
        by_group.setdefault(line.group, []).append(line)
    for group, own in sorted(by_group.items(), key=_group_order):
        yield GroupPrice(group, _quantity(own), _price(own), sum(one.amount_cents for one in own))


def _group_order(item: tuple[Group, object]) -> list[tuple[bool, str]]:
    """Return what sorts groups as aggregation does: missing values first."""
    return [(text is not None, text or "") for _, text in item[0]]


def _quantity(lines: Sequence[RatedLine]) -> Quantity:
    """Return what lines of one group counted; a line of late usage counts its events anew."""
    with localcontext(MONEY_CONTEXT):
        units = sum((line.quantity for line in lines), ZERO)
    last = max(lines, key=lambda line: (line.rated_at, line.id))
    return Quantity(units, events_count=last.events_count)


def _price(lines: Sequence[RatedLine]) -> Price:
    with localcontext(MONEY_CONTEXT):
        return Price(sum((line.amount for line in lines), ZERO), ())
