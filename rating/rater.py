"""The way from a quantity to a rated line: included quota, charge model, rounding.

Decides the order of these and what a line says of itself; knows no database and no clock.
"""

import dataclasses
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from aggregation.quantity import Quantity
from catalog.billable_metrics import BillableMetric
from catalog.billing_periods import BillingPeriod, fee_window
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
from rating.charge_models import CHARGE_MODELS
from rating.included_quota import quantity_after_quota
from rating.line_text import canonical_digest, charge_description, plain, plan_fee_description
from rating.plan_fee import plan_fee_price
from rating.rated_line import LineKind, Price, RatedLine, Step

LINE_NAMESPACE = UUID("33e10df9-66d3-5f45-b13c-9feb34f8bdfc")
PLAN_FEE_KEY = "plan_fee"
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class RatingScope:
    """What all lines of one draft share: whose, on which plan version, for which period.

    `zone` is where the period's days begin, `service_zone` where the service's months do;
    `watermark` names the usage that had been taken in.
    """

    draft_id: str
    subscription: Subscription
    plan: Plan
    period: BillingPeriod
    zone: ZoneInfo
    service_zone: ZoneInfo
    watermark: str
    rated_at: datetime


# The order is the contract:
# 1. The included quota is used up first, so that tiers, packages and free units are counted from
#    the first unit that is paid, and a customer within the quota sits in the first tier.
# 2. The charge model prices what is left, with unit prices at full precision. Nothing left is
#    priced like no usage: the first tier's flat amount is due (Lago).
# 3. A negative amount is no debt of ours: the line bills nothing (Lago).
# 4. Rounding comes last and once, half-up to the currency's cents: cents rounded earlier would
#    add up to another total.
def rated_charge_line(
    scope: RatingScope, *, charge: Charge, metric: BillableMetric, quantity: Quantity
) -> RatedLine:
    """Return one charge of the plan, priced for the usage window of the period."""
    price = closed_price(charge_price(charge, quantity), scope.plan.amount_currency)
    units, included = quantity.units, charge.quantity_included
    line = _line(
        scope,
        key=charge.id,
        window=(scope.period.usage_start, scope.period.usage_end),
        price=price,
        inputs={
            "charge": (charge.id, charge.charge_model, charge.terms, included),
            "metric": (metric.id, metric.version),
            "quantity": quantity,
        },
    )
    return replace(
        line,
        kind=LineKind.CHARGE,
        charge_code=charge.code,
        metric_code=metric.code,
        metric_version=metric.version,
        charge_model=charge.charge_model.value,
        quantity=lake_quantity(units),
        quantity_included=lake_quantity(included),
        quantity_overage=lake_quantity(max(quantity_after_quota(charge, quantity).units, ZERO)),
        events_count=quantity.events_count,
        description=charge_description(charge.invoice_display_name or metric.name, units, included),
    )


def rated_plan_fee_line(scope: RatingScope, *, first_started_at: datetime) -> RatedLine:
    """Return the plan's own fee, for the local days of the period that are billed."""
    plan, period = scope.plan, scope.period
    price = plan_fee_price(plan, period, zone=scope.zone, first_started_at=first_started_at)
    start, end = fee_window(period, scope.zone)
    line = _line(
        scope,
        key=PLAN_FEE_KEY,
        window=(start, end),
        price=closed_price(price, plan.amount_currency),
        inputs={
            "fee": (plan.amount_cents, plan.trial_period_days, first_started_at),
            "period": period,
            "zone": scope.zone.key,
        },
    )
    first_day = start.astimezone(scope.zone).date()
    last_day = first_day + timedelta(days=max(period.fee_days - 1, 0))
    name = plan.invoice_display_name or plan.name
    return replace(line, description=plan_fee_description(name, first_day, last_day))


def charge_price(charge: Charge, quantity: Quantity) -> Price:
    """Return the exact price, in currency units, of what the included quota leaves over."""
    model_price = CHARGE_MODELS[charge.charge_model]
    price = model_price(charge.terms, quantity_after_quota(charge, quantity))
    if not charge.quantity_included:
        return price
    used = max(min(quantity.units, charge.quantity_included), ZERO)
    return Price(price.amount, (Step("included quota", used, ZERO, None, ZERO), *price.steps))


def closed_price(price: Price, currency: str) -> Price:
    """Return a price that is not negative, with the step that rounds it to cents.

    `amount` stays exact; the amounts of all steps add up to the rounded amount.
    """
    with localcontext(MONEY_CONTEXT):
        amount, steps = price.amount, list(price.steps)
        if amount < 0:
            steps.append(Step("not below zero", ZERO, None, None, -amount))
            amount = ZERO
        rounding = amount_of_cents(rounded_cents(amount, currency), currency) - amount
        if rounding:
            steps.append(Step("rounded half-up to cents", ZERO, None, None, rounding))
    return Price(amount, tuple(steps))


def explanation(line: RatedLine) -> dict[str, object]:
    """Return how a line came about, ready for JSON: decimals and instants as plain text."""
    return {field.name: plain(getattr(line, field.name)) for field in dataclasses.fields(line)}


def lake_quantity(value: Decimal) -> Decimal:
    """Return the value with the 12 decimals of the lake, unless that would lose a digit."""
    if not fits_quantity(value):
        return value
    with localcontext(MONEY_CONTEXT):
        return value.quantize(Decimal(1).scaleb(-QUANTITY_SCALE))


def service_month(at: datetime, service_zone: ZoneInfo) -> date:
    """Return the first day of the service's local month at an instant."""
    return at.astimezone(service_zone).date().replace(day=1)


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
        quantity=lake_quantity(ONE),
        quantity_included=lake_quantity(ZERO),
        quantity_overage=lake_quantity(ONE),
        events_count=0,
        amount=price.amount,
        amount_cents=rounded_cents(price.amount, plan.amount_currency),
        currency=plan.amount_currency,
        description="",
        steps=price.steps,
        watermark=scope.watermark,
        inputs_digest=canonical_digest(everything),
        rated_at=scope.rated_at,
    )
