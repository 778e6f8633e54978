"""Current and past usage as Lago's clients read them. Pure."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Protocol
from zoneinfo import ZoneInfo

from aggregation.quantity import GroupQuantity, Quantity
from catalog.billable_metrics import BillableMetric
from catalog.billing_periods import BillingPeriod
from catalog.lago_shapes.times import iso_inclusive_end, iso_seconds
from catalog.money import MONEY_CONTEXT, ZERO, decimal_text
from catalog.plans import ChargeFilter
from rating.answers.current_usage import BucketUsage, ChargeUsage, CurrentUsage
from rating.answers.past_usage import PastPeriod
from rating.bucket_price import GroupPrice

ONE_DAY = timedelta(days=1)
ONE_SECOND = timedelta(seconds=1)


class UsageNumbers(Protocol):
    """Which numbers an answer shows of some fees of one metric, and of their split for display."""

    def of_fees(self, fees: Sequence[GroupPrice], metric: BillableMetric) -> dict[str, object]:
        """Return the numbers of some fees together."""

    def of_parts(
        self, parts: Sequence[GroupQuantity], keys: Sequence[str], metric: BillableMetric
    ) -> dict[str, object]:
        """Return the breakdowns of a split by presentation keys."""


class CountedNumbers:
    """What was counted and priced so far, or billed."""

    def of_fees(self, fees: Sequence[GroupPrice], metric: BillableMetric) -> dict[str, object]:
        """Return the sums; a weighted sum shows the level it ends at, too."""
        del metric
        parts = [fee.quantity for fee in fees]
        with localcontext(MONEY_CONTEXT):
            units = sum((part.units_before_proration for part in parts), ZERO)
            total = sum((_total_units(part) for part in parts), ZERO)
        return {
            "units": decimal_text(units),
            "total_aggregated_units": decimal_text(total),
            "events_count": sum(part.events_count for part in parts),
            "amount_cents": sum(fee.amount_cents for fee in fees),
            "pricing_unit_details": None,
        }

    def of_parts(
        self, parts: Sequence[GroupQuantity], keys: Sequence[str], metric: BillableMetric
    ) -> dict[str, object]:
        """Return the units of each part."""
        del metric
        shown = [part.quantity.units_before_proration for part in parts]
        return {"presentation_breakdowns": breakdowns(parts, keys, shown)}


def to_lago_usage(usage: CurrentUsage) -> dict[str, object]:
    """Return the customer usage object; Lago's period end is included, ours is not."""
    return {
        **period_members(usage.period, usage.timezone),
        "currency": usage.plan.amount_currency,
        "amount_cents": usage.amount_cents,
        "taxes_amount_cents": usage.taxes_amount_cents,
        "total_amount_cents": usage.total_amount_cents,
        "lago_invoice_id": None,
        "charges_usage": to_lago_charges(
            usage.charges, usage.plan.amount_currency, CountedNumbers()
        ),
    }


def to_lago_past_usage(past: PastPeriod) -> dict[str, object]:
    """Return a billed period; `lago_invoice_id` names our draft."""
    return {
        **period_members(past.period, past.timezone),
        "issuing_date": _local_date(past).isoformat(),
        "currency": past.currency,
        "amount_cents": past.amount_cents,
        "taxes_amount_cents": 0,
        "total_amount_cents": past.amount_cents,
        "lago_invoice_id": past.draft_id,
        "charges_usage": to_lago_charges(past.charges, past.currency, CountedNumbers()),
    }


def period_members(period: BillingPeriod, timezone: str) -> dict[str, object]:
    """Return a usage period's first and last second, and the day on which it is billed."""
    last_day = (period.usage_end - ONE_SECOND).astimezone(ZoneInfo(timezone)).date()
    return {
        "from_datetime": iso_seconds(period.usage_start),
        "to_datetime": iso_inclusive_end(period.usage_end),
        "issuing_date": (last_day + ONE_DAY).isoformat(),
    }


def to_lago_charges(
    charges: Sequence[ChargeUsage], currency: str, numbers: UsageNumbers
) -> list[dict[str, object]]:
    """Return the usage of charges, each with its filters and groups."""
    return [_charge(usage, currency, numbers) for usage in charges]


def to_lago_filter_values(one: ChargeFilter | None) -> dict[str, list[str]] | None:
    """Return a filter's keys and values; null for what no filter takes."""
    return None if one is None else {key: list(values) for key, values in one.values}


def breakdowns(
    parts: Sequence[GroupQuantity], keys: Sequence[str], units: Sequence[Decimal]
) -> list[dict[str, object]]:
    """Return parts with their units; the last of a part's values are those of the keys."""
    return [
        {
            "presentation_by": dict(zip(keys, part.values[-len(keys) :], strict=True)),
            "units": decimal_text(shown),
        }
        for part, shown in zip(parts, units, strict=True)
    ]


def _local_date(past: PastPeriod) -> date:
    return past.closing_at.astimezone(ZoneInfo(past.timezone)).date()


def _total_units(quantity: Quantity) -> Decimal:
    level = quantity.total_aggregated_units
    return quantity.units_before_proration if level is None else level


def _charge(usage: ChargeUsage, currency: str, numbers: UsageNumbers) -> dict[str, object]:
    fees = [fee for bucket in usage.buckets for fee in bucket.groups]
    ungrouped = [
        part
        for bucket in usage.buckets
        if not bucket.bucket.group_keys
        for part in bucket.presented
    ]
    return {
        **numbers.of_fees(fees, usage.metric),
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
        "filters": _filters(usage, [(one, one.groups) for one in usage.buckets], numbers),
        "grouped_usage": _grouped_usage(usage, numbers),
        **_parts(usage, ungrouped, numbers),
    }


def _filters(
    usage: ChargeUsage,
    buckets: Sequence[tuple[BucketUsage, Sequence[GroupPrice]]],
    numbers: UsageNumbers,
) -> list[dict[str, object]]:
    """Return the buckets of a charge that has filters; `values` of the default bucket is null."""
    if not usage.charge.filters:
        return []
    return [
        {
            **numbers.of_fees(fees, usage.metric),
            "invoice_display_name": one.bucket.filter and one.bucket.filter.invoice_display_name,
            "values": to_lago_filter_values(one.bucket.filter),
            **_parts(usage, () if one.bucket.group_keys else one.presented, numbers),
        }
        for one, fees in buckets
    ]


def _grouped_usage(usage: ChargeUsage, numbers: UsageNumbers) -> list[dict[str, object]]:
    """Return the sums of each group over all buckets, and the buckets inside it."""
    found: dict[tuple[tuple[str, str | None], ...], list[tuple[BucketUsage, GroupPrice]]] = {}
    for bucket in usage.buckets:
        for fee in bucket.groups:
            if fee.group and (fee.quantity.events_count or fee.amount_cents):
                found.setdefault(fee.group, []).append((bucket, fee))
    return [
        {
            **numbers.of_fees([fee for _, fee in members], usage.metric),
            "grouped_by": dict(values),
            "filters": _filters(usage, [(bucket, [fee]) for bucket, fee in members], numbers),
            **_parts(usage, _own_parts(members[0][0], values), numbers),
        }
        for values, members in found.items()
    ]


def _own_parts(
    usage: BucketUsage, group: Sequence[tuple[str, str | None]]
) -> Sequence[GroupQuantity]:
    texts = tuple(text for _, text in group)
    return [part for part in usage.presented if part.values[: len(texts)] == texts]


def _parts(
    usage: ChargeUsage, parts: Sequence[GroupQuantity], numbers: UsageNumbers
) -> dict[str, object]:
    keys = [each.key for each in usage.charge.presentation_keys]
    return numbers.of_parts(parts, keys, usage.metric)
