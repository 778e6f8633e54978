"""Current usage as Lago's clients read it. Pure."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from catalog.money import decimal_text
from rating.current_usage import ChargeUsage, CurrentUsage

ONE_SECOND = timedelta(seconds=1)


def to_lago_usage(usage: CurrentUsage) -> dict[str, object]:
    """Return the customer usage object; Lago's period end is included, ours is not."""
    period = usage.period
    last_day = period.usage_end.astimezone(ZoneInfo(usage.timezone)) - ONE_SECOND
    return {
        "from_datetime": _instant(period.usage_start),
        "to_datetime": _instant(period.usage_end - ONE_SECOND),
        "issuing_date": (last_day.date() + timedelta(days=1)).isoformat(),
        "currency": usage.plan.amount_currency,
        "amount_cents": usage.amount_cents,
        "taxes_amount_cents": 0,
        "total_amount_cents": usage.amount_cents,
        "lago_invoice_id": None,
        "charges_usage": [_charge(charge, usage.plan.amount_currency) for charge in usage.charges],
    }


def _charge(usage: ChargeUsage, currency: str) -> dict[str, object]:
    units = decimal_text(usage.quantity.units)
    return {
        "units": units,
        "total_aggregated_units": units,
        "events_count": usage.quantity.events_count,
        "amount_cents": usage.amount_cents,
        "amount_currency": currency,
        "pricing_unit_details": None,
        "charge": {
            "lago_id": usage.charge.id,
            "code": usage.charge.code,
            "charge_model": usage.charge.charge_model.value,
            "invoice_display_name": usage.charge.invoice_display_name,
        },
        "billable_metric": {
            "lago_id": usage.metric.id,
            "name": usage.metric.name,
            "code": usage.metric.code,
            "aggregation_type": usage.metric.aggregation_type.value,
        },
        "filters": [],
        "grouped_usage": [],
        "presentation_breakdowns": [],
    }


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
