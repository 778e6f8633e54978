"""The way from a quantity to a rated line: what each kind of line bills, and says of itself.

Knows no database and no clock.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from msgspec import structs

from aggregation.quantity import Quantity
from catalog.billing_periods import BillingPeriod, fee_window, local_midnight
from catalog.money import (
    MONEY_CONTEXT,
    QUANTITY_SCALE,
    ZERO,
    amount_of_cents,
    fits_quantity,
    rounded_cents,
)
from catalog.plans import Charge, Plan
from catalog.subscriptions import Subscription
from rating.bucket_price import GroupPrice, closed_price, group_prices
from rating.charge_window import ChargeWindow
from rating.closing import FeeCredit
from rating.included_quota import quantity_after_quota
from rating.line_text import (
    canonical_digest,
    charge_description,
    part_description,
    plain_fields,
    plan_fee_description,
)
from rating.plan_fee import plan_fee_price
from rating.rated_line import LineKind, Price, RatedLine, Step
from rating.true_up import true_up_price

LINE_NAMESPACE = UUID("33e10df9-66d3-5f45-b13c-9feb34f8bdfc")
SMALLEST = Decimal(1).scaleb(-QUANTITY_SCALE)
ONE = Decimal(1).quantize(SMALLEST)
NONE = ZERO.quantize(SMALLEST)


@dataclass(frozen=True, slots=True)
class RatingScope:
    """What all lines of one draft share: whose, on which plan version, in which days.

    `zone` is where the period's days begin, `service_zone` where the service's months do;
    `watermark` names the usage that had been taken in; trials run from `first_started_at`.
    """

    draft_id: str
    subscription: Subscription
    plan: Plan
    zone: ZoneInfo
    service_zone: ZoneInfo
    watermark: str
    rated_at: datetime
    first_started_at: datetime


def rated_charge_lines(
    scope: RatingScope, window: ChargeWindow, quantity: Quantity
) -> Sequence[RatedLine]:
    """Return one bucket of a charge, priced: a line, or one for each of its groups."""
    prices = group_prices(window.bucket, quantity, scope.plan.amount_currency)
    return [_charge_line(scope, window, priced) for priced in prices]


def rated_plan_fee_line(scope: RatingScope, period: BillingPeriod) -> RatedLine:
    """Return the plan's own fee, for the local days of the period that are billed."""
    price = closed_price(_fee_price(scope, period), scope.plan.amount_currency)
    return _fee_line(scope, period, LineKind.PLAN_FEE, price)


def rated_fee_credit_line(scope: RatingScope, credit: FeeCredit) -> RatedLine:
    """Return what was paid in advance for days after the end, as a negative line (Lago)."""
    paid, due = (plan_fee_cents(scope, period) for period in (credit.paid, credit.due))
    amount = amount_of_cents(due - paid, scope.plan.amount_currency)
    days = Decimal(credit.paid.fee_days - credit.due.fee_days)
    price = Price(amount, (Step("days paid in advance", days, None, None, amount),))
    first_day = credit.paid.usage_start.astimezone(scope.zone).date()
    unused_from = local_midnight(first_day + timedelta(days=credit.due.fee_days), scope.zone)
    unused = replace(credit.paid, usage_start=unused_from, fee_days=int(days))
    return _fee_line(scope, unused, LineKind.PLAN_FEE_CREDIT, price)


def plan_fee_cents(scope: RatingScope, period: BillingPeriod) -> int:
    """Return the plan's fee for a period, in cents."""
    price = closed_price(_fee_price(scope, period), scope.plan.amount_currency)
    return rounded_cents(price.amount, scope.plan.amount_currency)


def rated_true_up_line(
    scope: RatingScope, period: BillingPeriod, charge: Charge, used_cents: int
) -> RatedLine:
    """Return what a charge's fees lack to its minimum; 0 where nothing is missing."""
    line = _minimum_line(
        scope, period, f"{charge.id}/true_up", LineKind.TRUE_UP, charge.min_amount_cents, used_cents
    )
    name = charge.invoice_display_name or charge.code
    return replace(
        line,
        charge_id=charge.id,
        charge_code=charge.code,
        metric_code=charge.metric_code,
        description=part_description(name, "minimum amount"),
    )


def rated_commitment_line(scope: RatingScope, period: BillingPeriod, used_cents: int) -> RatedLine:
    """Return what fee and usage lack to the plan's minimum commitment."""
    plan = scope.plan
    kind = LineKind.MINIMUM_COMMITMENT
    line = _minimum_line(scope, period, kind, kind, plan.minimum_commitment_cents, used_cents)
    name = plan.minimum_commitment_display_name or plan.invoice_display_name or plan.name
    return replace(line, description=part_description(name, "minimum commitment"))


def explanation(line: RatedLine) -> dict[str, object]:
    """Return how a line came about, ready for JSON: decimals and instants as plain text."""
    return plain_fields(line)


def lake_quantity(value: Decimal) -> Decimal:
    """Return the value with the 12 decimals of the lake, unless that would lose a digit."""
    if value.as_tuple().exponent == -QUANTITY_SCALE or not fits_quantity(value):
        return value
    return value.quantize(SMALLEST, context=MONEY_CONTEXT)


def service_month(at: datetime, service_zone: ZoneInfo) -> date:
    """Return the first day of the service's local month at an instant."""
    return at.astimezone(service_zone).date().replace(day=1)


def _charge_line(scope: RatingScope, window: ChargeWindow, priced: GroupPrice) -> RatedLine:
    bucket, metric, quantity = window.bucket, window.usage.metric, priced.quantity
    charge, included = bucket.charge, bucket.quantity_included
    key = bucket.key
    if priced.group:
        key += "/" + json.dumps(priced.group, ensure_ascii=False)
    line = _line(
        scope,
        key=key,
        window=(window.usage.start, window.usage.end),
        price=priced.price,
        inputs={
            "charge": (charge.id, charge.charge_model, bucket.terms, included),
            "options": (charge.is_prorated, charge.is_pay_in_advance),
            "part": (bucket.key, window.usage.selection, priced.group),
            "days": (window.usage.period_days, window.usage.timezone),
            "metric": (metric.id, metric.version),
            "quantity": structs.replace(quantity, groups=()) if quantity.groups else quantity,
        },
    )
    units = quantity.units_before_proration
    overage = quantity_after_quota(bucket.terms, included, quantity)
    part = [text for _, texts in bucket.filter_values for text in texts]
    part += [text for _, text in priced.group if text is not None]
    return replace(
        line,
        kind=LineKind.CHARGE,
        charge_id=charge.id,
        charge_code=charge.code,
        metric_code=metric.code,
        metric_version=metric.version,
        charge_model=charge.charge_model.value,
        filter_id=bucket.filter.id if bucket.filter else None,
        filter_values=bucket.filter_values,
        group=priced.group,
        quantity=lake_quantity(units),
        quantity_included=lake_quantity(included),
        quantity_overage=lake_quantity(max(overage.units_before_proration, ZERO)),
        events_count=quantity.events_count,
        period_days=window.usage.period_days,
        is_pay_in_advance=charge.is_pay_in_advance,
        is_invoiceable=charge.is_invoiceable,
        description=charge_description(
            bucket.display_name or metric.name, units, included, part=part
        ),
    )


def _fee_price(scope: RatingScope, period: BillingPeriod) -> Price:
    return plan_fee_price(
        scope.plan, period, zone=scope.zone, first_started_at=scope.first_started_at
    )


def _fee_line(scope: RatingScope, period: BillingPeriod, kind: LineKind, price: Price) -> RatedLine:
    plan = scope.plan
    start, end = fee_window(period, scope.zone)
    line = _line(
        scope,
        key=kind,
        window=(start, end),
        price=price,
        inputs={
            "fee": (plan.amount_cents, plan.trial_period_days, scope.first_started_at),
            "period": period,
            "zone": scope.zone.key,
        },
    )
    first_day = start.astimezone(scope.zone).date()
    last_day = first_day + timedelta(days=max(period.fee_days - 1, 0))
    name = plan.invoice_display_name or plan.name
    if kind is LineKind.PLAN_FEE_CREDIT:
        name = part_description(name, "unused days")
    description = plan_fee_description(name, first_day, last_day)
    return replace(line, kind=kind, period_days=period.days, description=description)


def _minimum_line(
    scope: RatingScope,
    period: BillingPeriod,
    key: str,
    kind: LineKind,
    minimum_cents: int,
    used_cents: int,
) -> RatedLine:
    currency = scope.plan.amount_currency
    price = true_up_price(
        minimum_cents,
        used_cents,
        days=period.fee_days,
        period_days=period.days,
        currency=currency,
    )
    line = _line(
        scope,
        key=key,
        window=(period.usage_start, period.usage_end),
        price=closed_price(price, currency),
        inputs={"minimum": (minimum_cents, used_cents, period.fee_days, period.days)},
    )
    return replace(line, kind=kind, period_days=period.days)


def _line(
    scope: RatingScope,
    *,
    key: str,
    window: tuple[datetime, datetime],
    price: Price,
    inputs: dict[str, object],
) -> RatedLine:
    """Return a line of the scope, still without the words and quantities of its kind."""
    plan, subscription = scope.plan, scope.subscription
    everything = {
        "plan": (plan.id, plan.version),
        "currency": plan.amount_currency,
        "window": window,
        "watermark": scope.watermark,
        **inputs,
    }
    return RatedLine(
        id=str(uuid5(LINE_NAMESPACE, f"{scope.draft_id}/{key}")),
        kind=LineKind.PLAN_FEE,
        service_code=subscription.service_code,
        account_external_id=subscription.account_external_id,
        subscription_external_id=subscription.external_id,
        draft_id=scope.draft_id,
        plan_code=plan.code,
        plan_version=plan.version,
        charge_code=None,
        metric_code=None,
        metric_version=None,
        charge_model=None,
        period_start=window[0],
        period_end=window[1],
        service_month=service_month(window[0], scope.service_zone),
        quantity=ONE,
        quantity_included=NONE,
        quantity_overage=ONE,
        events_count=0,
        amount=price.amount,
        amount_cents=rounded_cents(price.amount, plan.amount_currency),
        currency=plan.amount_currency,
        description="",
        steps=price.steps,
        watermark=scope.watermark,
        inputs_digest=canonical_digest(everything),
        rated_at=scope.rated_at,
        subscription_id=subscription.id,
        plan_id=plan.id,
        timezone=scope.zone.key,
    )
