"""The JSON of a rated line's explanation, in Lago's manner. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from aggregation.counted_rows import counts_history
from catalog.money import ZERO, decimal_text
from rating.charge_window import ChargeWindow
from rating.explaining.counted_usage import CountedUsage
from rating.explaining.explanation import LineExplanation
from rating.line_text import plain
from rating.rated_line import RatedLine

LINE_FIELDS = (
    "id", "kind", "draft_id", "description", "account_external_id", "subscription_external_id",
    "quantity", "quantity_included", "quantity_overage", "events_count", "amount", "amount_cents",
    "currency", "is_invoiceable", "filter_values", "group", "corrects_line_id", "steps",
)  # fmt: skip
NAMES = {"account_external_id": "external_customer_id",
         "subscription_external_id": "external_subscription_id",
         "amount": "precise_amount"}  # fmt: skip


def explanation_shape(
    explained: LineExplanation, page: pl.DataFrame, meta: Mapping[str, Any]
) -> dict[str, object]:
    """Return the explanation with one page of the rows counted; `meta` is that of the page."""
    line = explained.line
    return {
        **{NAMES.get(name, name): _member(line, name) for name in LINE_FIELDS},
        "window": _window(line, explained.window),
        "versions": _versions(line),
        "quota": {
            "included": decimal_text(line.quantity_included),
            "used": decimal_text(min(max(line.quantity, ZERO), line.quantity_included)),
            "overage": decimal_text(line.quantity_overage),
        },
        "usage": _usage(explained, page),
        "adds_up": explained.adds_up,
        "meta": meta,
    }


def _member(line: RatedLine, name: str) -> object:
    value = getattr(line, name)
    return plain(dict(value) if name in {"filter_values", "group"} else value)


def _window(line: RatedLine, window: ChargeWindow | None) -> dict[str, object]:
    return {
        "from": plain(line.period_start),
        "to_excluded": plain(line.period_end),
        "timezone": line.timezone,
        "period_days": line.period_days,
        "is_prorated": window is not None and window.charge.is_prorated,
        "counts_usage_before": window is not None and counts_history(window.usage),
    }


def _versions(line: RatedLine) -> dict[str, object]:
    """Return what priced the line; a charge and its filters are part of their plan's version."""
    return {
        "plan": {"code": line.plan_code, "version": line.plan_version},
        "charge": line.charge_code
        and {
            "code": line.charge_code,
            "model": line.charge_model,
            "lago_id": line.charge_id,
            "filter_lago_id": line.filter_id,
            "plan_version": line.plan_version,
        },
        "billable_metric": line.metric_code
        and {"code": line.metric_code, "version": line.metric_version},
        "watermark": line.watermark,
        "inputs_digest": line.inputs_digest,
        "rated_at": plain(line.rated_at),
    }


def _usage(explained: LineExplanation, page: pl.DataFrame) -> dict[str, object] | None:
    if explained.window is None:
        return None
    metric = explained.window.usage.metric
    counted = explained.usage
    return {
        "aggregation_type": metric.aggregation_type.value,
        "is_erased": explained.is_erased,
        "rows_count": None if counted is None else counted.rows.height,
        "denominator": None if counted is None else counted.denominator,
        "units": None if counted is None else decimal_text(counted.units),
        "units_before_proration": None if counted is None else decimal_text(counted.full_units),
        "roundings": [] if counted is None else _roundings(counted),
        "rows": [usage_row(row) for row in page.iter_rows(named=True)],
    }


def _roundings(counted: CountedUsage) -> Sequence[dict[str, object]]:
    return [
        {
            "rule": each.rule,
            "how": each.how,
            "decimals": each.decimals,
            "before": plain(each.before),
            "after": plain(each.after),
        }
        for each in counted.roundings
    ]


def usage_row(row: Mapping[str, Any]) -> dict[str, object]:
    """Return one counted row; a correction's or counter's id names what wrote it."""
    return {
        "transaction_id": row["transaction_id"],
        "occurred_at": plain(row["occurred_at"]),
        "value": plain(row["value"] if row["value_text"] is None else row["value_text"]),
        "operation_type": row["operation_type"],
        "counts": plain(row["counts"]),
        "weight": row["weight"],
        "properties": row["properties"],
    }
