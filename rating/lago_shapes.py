"""Current usage as Lago's clients read it. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from zoneinfo import ZoneInfo

from aggregation.quantity import GroupQuantity, Quantity
from catalog.money import MONEY_CONTEXT, ZERO, decimal_text
from rating.bucket_price import GroupPrice
from rating.charge_bucket import ChargeBucket
from rating.current_usage import BucketUsage, ChargeUsage, CurrentUsage

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
    groups = [group for bucket in usage.buckets for group in bucket.groups]
    return {
        **_sums(groups),
        "amount_currency": currency,
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
        "filters": _filters(usage, [(bucket, bucket.groups) for bucket in usage.buckets]),
        "grouped_usage": _grouped_usage(usage),
        "presentation_breakdowns": [
            shape for bucket in usage.buckets for shape in _breakdowns(bucket)
        ],
    }


def _sums(groups: Sequence[GroupPrice]) -> dict[str, object]:
    """Return the numbers of some fees together; weighted sums show the level they end at too."""
    parts = [group.quantity for group in groups]
    with localcontext(MONEY_CONTEXT):
        units = sum((part.units_before_proration for part in parts), ZERO)
        total = sum((_total_units(part) for part in parts), ZERO)
    return {
        "units": decimal_text(units),
        "total_aggregated_units": decimal_text(total),
        "events_count": sum(part.events_count for part in parts),
        "amount_cents": sum(group.amount_cents for group in groups),
        "pricing_unit_details": None,
    }


def _total_units(quantity: Quantity) -> Decimal:
    level = quantity.total_aggregated_units
    return quantity.units_before_proration if level is None else level


def _filters(
    usage: ChargeUsage, buckets: Sequence[tuple[BucketUsage, Sequence[GroupPrice]]]
) -> list[dict[str, object]]:
    """Return the buckets of a charge that has filters; `values` of the default bucket is null."""
    if not usage.charge.filters:
        return []
    return [
        {
            **_sums(groups),
            "invoice_display_name": one.bucket.filter and one.bucket.filter.invoice_display_name,
            "values": _values(one.bucket),
            "presentation_breakdowns": _breakdowns(one),
        }
        for one, groups in buckets
    ]


def _values(bucket: ChargeBucket) -> dict[str, list[str]] | None:
    if bucket.filter is None:
        return None
    return {key: list(values) for key, values in bucket.filter.values}


def _grouped_usage(usage: ChargeUsage) -> list[dict[str, object]]:
    """Return the sums of each group over all buckets, and the buckets inside it."""
    found: dict[tuple[tuple[str, str | None], ...], list[tuple[BucketUsage, GroupPrice]]] = {}
    for bucket in usage.buckets:
        for group in bucket.groups:
            if group.group and (group.quantity.events_count or group.amount_cents):
                found.setdefault(group.group, []).append((bucket, group))
    return [
        {
            **_sums([group for _, group in members]),
            "grouped_by": dict(values),
            "filters": _filters(usage, [(bucket, [group]) for bucket, group in members]),
            "presentation_breakdowns": _group_breakdowns(members[0][0], values),
        }
        for values, members in found.items()
    ]


def _breakdowns(usage: BucketUsage) -> list[dict[str, object]]:
    return [] if usage.bucket.group_keys else _presented(usage, usage.presented)


def _group_breakdowns(
    usage: BucketUsage, values: tuple[tuple[str, str | None], ...]
) -> list[dict[str, object]]:
    texts = tuple(text for _, text in values)
    own = [part for part in usage.presented if part.values[: len(texts)] == texts]
    return _presented(usage, own)


def _presented(usage: BucketUsage, parts: Sequence[GroupQuantity]) -> list[dict[str, object]]:
    keys = [each.key for each in usage.bucket.charge.presentation_keys]
    return [
        {
            "presentation_by": dict(zip(keys, part.values[-len(keys) :], strict=True)),
            "units": decimal_text(part.quantity.units_before_proration),
        }
        for part in parts
    ]


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
