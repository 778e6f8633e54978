"""A counter push: one number for a window of a subscription, a metric and its dimensions.

Decides what a valid push is, which window it names, and when its usage counts; stores nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from zoneinfo import ZoneInfo

import msgspec

from catalog.billable_metrics import AggregationType, BillableMetric, CounterSemantics
from catalog.billing_periods import ONE_DAY, local_midnight
from catalog.money import PLAIN_DECIMAL, QUANTITY_INTEGER_DIGITS, QUANTITY_SCALE
from ingest.usage_event import EPOCH, NUMBER, TEXT_LENGTH_MAX, Faulty, UsageRevision, timestamp_of

DIMENSIONS_MAX = 4
WINDOW_DAYS_MAX = 366
YEAR_MIN = 2000
YEAR_MAX = 2200
COUNT_FIELD = "count"
MICRO = Decimal("0.000001")
SECONDS_BOUND = Decimal(10**12)
MICROSECOND = timedelta(microseconds=1)
ONE_HOUR = timedelta(hours=1)
_exact = msgspec.json.Encoder(order="sorted")
_series = msgspec.json.Decoder(tuple[str, dict[str, str]])


class _Faults(dict[str, list[str]]):
    """What is wrong with one push: codes by field."""

    def note(self, field: str, code: str) -> None:
        self.setdefault(field, []).append(code)


def counter_revision(
    raw: object, metrics: Mapping[str, BillableMetric], zone: ZoneInfo
) -> UsageRevision:
    """Read one counter push; Faulty with every wrong field at once.

    `metrics` are the service's by code, `zone` its timezone. The usage counts at the window's last
    microsecond, so that a window that ends with a period belongs to it.
    """
    if not isinstance(raw, dict):
        raise Faulty({"usage": ["invalid_format"]})
    faults = _Faults()
    transaction_id = _text(raw, "transaction_id", faults)
    subscription = _text(raw, "external_subscription_id", faults)
    metric = _metric(_text(raw, "code", faults), metrics, faults)
    start, end = _window(raw, metric, zone, faults)
    value = _value(raw.get("value"), metric, faults)
    dimensions = _dimensions(raw.get("dimensions"), metric, faults)
    if faults or metric is None or metric.counter_semantics is None or end is None:
        raise Faulty(faults)
    return UsageRevision(
        transaction_id=transaction_id,
        code=metric.code,
        external_subscription_id=subscription,
        timestamp=timestamp_of(end - MICROSECOND),
        properties=msgspec.Raw(_exact.encode({**dimensions, counter_field(metric): value})),
        fact_id=window_fact_id(metric.code, dimensions, start, end),
        window_start_us=None if start is None else epoch_us(start),
        window_end_us=epoch_us(end),
    )


def counter_field(metric: BillableMetric) -> str:
    """Return the property that holds a push's number; a count metric has no field of its own."""
    return metric.field_name or COUNT_FIELD


def window_fact_id(
    code: str, dimensions: Mapping[str, str], start: datetime | None, end: datetime
) -> str:
    """Return the name of a window within its subscription: "w:<start>:<end>:<series>".

    Times are microseconds since the epoch. A reading is named by its end alone (`start` is None),
    so a second reading of one instant replaces the first.
    """
    first = "" if start is None else epoch_us(start)
    series = _exact.encode([code, dict(dimensions)]).decode()
    return f"w:{first}:{epoch_us(end)}:{series}"


@dataclass(frozen=True, slots=True)
class NamedWindow:
    """What a window's name says: its series (metric and dimensions) and its bounds."""

    series: str
    start: datetime | None
    end: datetime
    dimensions: Mapping[str, str]


def named_window(fact_id: str) -> NamedWindow:
    """Return what `window_fact_id` was made of."""
    _, start, end, series = fact_id.split(":", 3)
    _, dimensions = _series.decode(series)
    return NamedWindow(
        series=series,
        start=EPOCH + int(start) * MICROSECOND if start else None,
        end=EPOCH + int(end) * MICROSECOND,
        dimensions=dimensions,
    )


def epoch_us(instant: datetime) -> int:
    """Return an instant in microseconds since the epoch."""
    return (instant - EPOCH) // MICROSECOND


def _metric(
    code: str, metrics: Mapping[str, BillableMetric], faults: _Faults
) -> BillableMetric | None:
    metric = metrics.get(code)
    if metric is None and code:
        faults.note("code", "billable_metric_not_found")
    elif metric is not None and metric.counter_semantics is None:
        faults.note("code", "counter_semantics_not_declared")
        return None
    return metric


def _window(
    raw: Mapping[str, object], metric: BillableMetric | None, zone: ZoneInfo, faults: _Faults
) -> tuple[datetime | None, datetime | None]:
    """Return the window; a reading's start is checked, and left out."""
    semantics = metric.counter_semantics if metric else None
    is_reading = semantics is not None and semantics.is_reading
    end = _instant(raw, "window_end", faults)
    if is_reading and raw.get("window_start") is None:
        return None, end
    start = _instant(raw, "window_start", faults)
    if start is None or end is None:
        return None, end
    if start > end or (start == end and not is_reading):
        faults.note("window_end", "window_is_empty")
    elif is_reading:
        return None, end
    elif end - start > ONE_DAY * WINDOW_DAYS_MAX:
        faults.note("window_end", "window_is_too_long")
    elif semantics is CounterSemantics.WINDOW and not _is_calendar_window(start, end, zone):
        faults.note("window_end", "window_is_not_an_hour_day_or_month")
    return start, end


def _is_calendar_window(start: datetime, end: datetime, zone: ZoneInfo) -> bool:
    """Say whether a window is one whole hour, day or month on the local calendar."""
    local = start.astimezone(zone)
    if not (local.minute or local.second or local.microsecond) and end - start == ONE_HOUR:
        return True
    day = local.date()
    if start != local_midnight(day, zone):
        return False
    next_month = (day.replace(day=1) + ONE_DAY * 31).replace(day=1)
    return end == local_midnight(day + ONE_DAY, zone) or (
        day.day == 1 and end == local_midnight(next_month, zone)
    )


def _instant(raw: Mapping[str, object], field: str, faults: _Faults) -> datetime | None:
    """Read ISO 8601 with a zone, or seconds since the epoch, cut to the microsecond."""
    value = raw.get(field)
    if value is None or value == "":
        faults.note(field, "value_is_mandatory")
        return None
    try:
        instant = _from_iso(value) or _from_seconds(value)
    except (ValueError, OverflowError):
        faults.note(field, "invalid_format")
        return None
    if instant.tzinfo is None:
        faults.note(field, "timezone_is_missing")
    elif not YEAR_MIN < instant.year < YEAR_MAX:
        faults.note(field, "value_is_out_of_range")
    else:
        return instant.astimezone(UTC)
    return None


def _from_iso(value: object) -> datetime | None:
    if not isinstance(value, str) or NUMBER.fullmatch(value):
        return None
    return datetime.fromisoformat(value)


def _from_seconds(value: object) -> datetime:
    try:
        seconds = Decimal(str(value) if isinstance(value, str | int | Decimal) else "")
    except InvalidOperation as error:
        raise ValueError(value) from error
    if abs(seconds) >= SECONDS_BOUND:
        raise OverflowError(value)
    return EPOCH + int(seconds.quantize(MICRO, ROUND_DOWN).scaleb(6)) * MICROSECOND


def _value(value: object, metric: BillableMetric | None, faults: _Faults) -> str:
    """Return the number as plain digits, the same for every way to write it."""
    if value is None or value == "":
        faults.note("value", "value_is_mandatory")
        return ""
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    text = format(value, "f") if is_number else value
    if not isinstance(text, str) or not PLAIN_DECIMAL.fullmatch(text):
        faults.note("value", "value_is_not_valid_number")
        return ""
    sign, whole, fraction = _digits(text)
    if len(whole) > QUANTITY_INTEGER_DIGITS or len(fraction) > QUANTITY_SCALE:
        faults.note("value", "value_has_too_many_digits")
    if sign and metric is not None and not _may_fall(metric):
        faults.note("value", "value_is_negative")
    if fraction and metric is not None and metric.aggregation_type is AggregationType.COUNT:
        faults.note("value", "value_is_not_whole")
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def _digits(text: str) -> tuple[str, str, str]:
    """Return sign, integer digits and decimals, without superfluous zeros."""
    whole, _, fraction = text.lstrip("-").partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    is_zero = whole == "0" and not fraction
    return "-" if text.startswith("-") and not is_zero else "", whole, fraction


def _may_fall(metric: BillableMetric) -> bool:
    """Say whether a number below zero makes sense: not for counts, nor for what only rises."""
    return (
        metric.aggregation_type is not AggregationType.COUNT
        and metric.counter_semantics is not CounterSemantics.CUMULATIVE
    )


def _dimensions(value: object, metric: BillableMetric | None, faults: _Faults) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(
        _is_short_text(name) and _is_short_text(text) for name, text in value.items()
    ):
        faults.note("dimensions", "value_is_invalid")
        return {}
    if len(value) > DIMENSIONS_MAX:
        faults.note("dimensions", "too_many_dimensions")
    if metric is not None and counter_field(metric) in value:
        faults.note("dimensions", "name_is_the_metrics_field")
    return value


def _is_short_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= TEXT_LENGTH_MAX


def _text(raw: Mapping[str, object], field: str, faults: _Faults) -> str:
    """Return a mandatory id; whole numbers are taken as their digits, as for events."""
    value = raw.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        faults.note(field, "value_is_mandatory")
    elif not isinstance(value, str) or "\x00" in value:
        faults.note(field, "value_is_invalid")
    elif len(value) > TEXT_LENGTH_MAX:
        faults.note(field, "value_is_too_long")
    else:
        return value
    return ""
