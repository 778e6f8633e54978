"""The JSON of a correction's preview, in Lago's manner. Pure."""

from catalog.lago_shapes.times import iso_seconds
from catalog.money import decimal_text
from rating.corrections.preview import ChargeDelta, CorrectionPreview, PeriodDelta


def preview_shape(preview: CorrectionPreview) -> dict[str, object]:
    """Return what a correction would change: sums by currency, then period by period."""
    sums = sorted(preview.cents_by_currency().items())
    return {
        "rows_total": preview.rows_total,
        "totals": [{"currency": currency} | _amounts(*cents) for currency, cents in sums],
        "periods": [_period(period) for period in preview.periods],
        "external_subscription_ids_without_subscription": list(preview.unpriced),
    }


def _period(delta: PeriodDelta) -> dict[str, object]:
    return {
        "lago_subscription_id": delta.subscription.id,
        "external_subscription_id": delta.subscription.external_id,
        "external_customer_id": delta.subscription.account_external_id,
        "plan_code": delta.plan.code,
        "period_start": iso_seconds(delta.period.usage_start),
        "period_end": iso_seconds(delta.period.usage_end),
        "is_open": delta.is_open,
        "billed": delta.billed_draft_id,
        "currency": delta.plan.amount_currency,
        **_amounts(delta.before_cents, delta.after_cents),
        "charges": [_charge(charge) for charge in delta.charges],
    }


def _charge(delta: ChargeDelta) -> dict[str, object]:
    return {
        "lago_charge_id": delta.window.charge.id,
        "charge_code": delta.window.charge.code,
        "billable_metric_code": delta.window.usage.metric.code,
        "units_before": decimal_text(delta.before.units),
        "units_after": decimal_text(delta.after.units),
        **_amounts(delta.before_cents, delta.after_cents),
    }


def _amounts(before_cents: int, after_cents: int) -> dict[str, int]:
    return {
        "amount_cents_before": before_cents,
        "amount_cents_after": after_cents,
        "amount_cents_delta": after_cents - before_cents,
    }
