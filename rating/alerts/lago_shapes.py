"""Alerts in Lago's words: what a request asks for, what an answer shows, what an app is told. Pure.

Codes, and the order in which faults are looked for, are Lago's: the first one found is told.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from catalog.billable_metrics import BillableMetric
from catalog.errors import BadRequest, NotFound, ValidationFailed
from catalog.exact_json import JsonObject, JsonValue
from catalog.lago_shapes.billable_metrics import to_lago_metric
from catalog.lago_shapes.fields import (
    IDENTIFIER_CHARACTERS_MAX,
    INVALID,
    MANDATORY,
    TOO_LONG,
    Fields,
)
from catalog.lago_shapes.times import iso_seconds
from catalog.money import decimal_text, fits_quantity
from catalog.services import Service
from catalog.subscriptions import Subscription
from rating.alerts.alert import Alert, AlertType, Look, Threshold

THRESHOLDS_MAX = 20
ALERTS_BATCH_MAX = 100
NUMBER_TEXT = re.compile(r"\s*([+-]?[0-9]{1,60}(\.[0-9]{1,60})?([eE][+-]?[0-9]{1,2})?)\s*")
# Lago's own type that an organization must be given; nobody has it here.
NOT_AVAILABLE = ("billable_metric_lifetime_usage_units",)
FALSE_WORDS = (None, False, "", 0, "0", "f", "F", "false", "FALSE", "off", "OFF")
MetricOf = Callable[[str], BillableMetric | None]


@dataclass(frozen=True, slots=True)
class AlertTerms:
    """What a request says an alert is to be."""

    alert_type: AlertType
    code: str
    name: str | None
    metric_id: str | None
    thresholds: tuple[Threshold, ...]


def from_lago_new_alert(given: JsonObject, metric_of: MetricOf) -> AlertTerms:
    """Return what a request asks for; ValidationFailed, or NotFound for an unknown metric."""
    alert_type = _alert_type(given.get("alert_type"))
    thresholds = given.get("thresholds")
    if not thresholds:
        raise _fault("thresholds", MANDATORY)
    told = _thresholds(thresholds)
    metric = _metric(given, metric_of)
    fields = Fields(given)
    fields.require("code")
    terms = AlertTerms(
        alert_type,
        fields.identifier("code"),
        fields.text("name", None, IDENTIFIER_CHARACTERS_MAX),
        metric.id if metric else None,
        told,
    )
    _check_metric(fields, terms)
    return terms


def from_lago_changed_alert(given: JsonObject, kept: Alert, metric_of: MetricOf) -> AlertTerms:
    """Return an alert's terms with the members given changed; its type stays (Lago).

    An empty list of thresholds changes none. ValidationFailed and NotFound as for a new one.
    """
    thresholds = given.get("thresholds")
    told = _thresholds(thresholds) if thresholds else kept.thresholds
    metric = _metric(given, metric_of)
    fields = Fields(given)
    terms = AlertTerms(
        kept.alert_type,
        fields.identifier("code", kept.code),
        fields.text("name", kept.name, IDENTIFIER_CHARACTERS_MAX),
        metric.id if metric else kept.metric_id,
        told,
    )
    _check_metric(fields, terms)
    return terms


def from_lago_new_alerts(
    given: JsonValue, create: Callable[[JsonObject], Alert]
) -> tuple[list[Alert], dict[str, object]]:
    """Create each alert of a batch; return those created, and Lago's faults by index.

    ValidationFailed for more than ALERTS_BATCH_MAX.
    """
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise _fault("alerts", INVALID)
    if len(given) > ALERTS_BATCH_MAX:
        raise _fault("alerts", "too_many_alerts")
    created: list[Alert] = []
    faults: dict[str, object] = {}
    for index, params in enumerate(given):
        try:
            created.append(create(params if isinstance(params, dict) else {}))
        except (ValidationFailed, NotFound) as refusal:
            faults[str(index)] = {"params": params, "errors": _told_in_a_batch(refusal)}
    return created, faults


def from_lago_alert_body(given: JsonValue) -> tuple[JsonObject | None, JsonValue]:
    """Return a body's one alert, or its batch; Lago's BadRequest when it has neither."""
    body = given if isinstance(given, dict) else {}
    if body.get("alerts"):
        return None, body["alerts"]
    alert = body.get("alert")
    if not isinstance(alert, dict) or not alert:
        raise BadRequest("param is missing or the value is empty or invalid: alert")
    return alert, None


def with_terms(kept: Alert, terms: AlertTerms) -> Alert:
    """Return an alert on other terms; it wants a look. Another metric begins at zero."""
    changed = replace(
        kept,
        code=terms.code,
        name=terms.name,
        metric_id=terms.metric_id,
        thresholds=terms.thresholds,
        changes=kept.changes + 1,
    )
    if terms.metric_id == kept.metric_id:
        return changed
    return replace(changed, previous_value=Decimal(0), peak_value=Decimal(0), period_start=None)


def to_lago_alert(
    alert: Alert, service: Service, metrics: Mapping[str, BillableMetric]
) -> dict[str, object]:
    """Return Lago's alert object; `metrics` by id."""
    return {
        "lago_id": alert.id,
        "lago_organization_id": service.id,
        "subscription_external_id": alert.subscription_external_id,
        "external_subscription_id": alert.subscription_external_id,
        "lago_wallet_id": None,
        "wallet_code": None,
        "alert_type": alert.alert_type.value,
        "code": alert.code,
        "name": alert.name,
        "direction": "increasing",
        "previous_value": decimal_text(alert.previous_value),
        "last_processed_at": iso_seconds(alert.last_processed_at),
        "thresholds": to_lago_thresholds(alert.thresholds),
        "created_at": iso_seconds(alert.created_at),
        "billable_metric": to_lago_metric(metrics[alert.metric_id]) if alert.metric_id else None,
    }


def to_lago_thresholds(thresholds: Sequence[Threshold]) -> list[dict[str, object]]:
    """Return thresholds as Lago writes them, values as text."""
    return [
        {"code": each.code, "value": decimal_text(each.value), "recurring": each.is_recurring}
        for each in thresholds
    ]


def to_lago_triggered_alert(
    look: Look,
    subscription: Subscription,
    service: Service,
    metric_code: str | None,
    triggered_id: str,
    at: datetime,
) -> dict[str, object]:
    """Return Lago's triggered_alert object: what `alert.triggered` tells."""
    alert = look.alert
    return {
        "lago_id": triggered_id,
        "lago_organization_id": service.id,
        "lago_alert_id": alert.id,
        "lago_subscription_id": subscription.id,
        "external_subscription_id": alert.subscription_external_id,
        "lago_wallet_id": None,
        "external_customer_id": subscription.account_external_id,
        "billable_metric_code": metric_code,
        "alert_name": alert.name,
        "alert_code": alert.code,
        "alert_type": alert.alert_type.value,
        "current_value": decimal_text(alert.previous_value),
        "previous_value": decimal_text(look.previous_value),
        "crossed_thresholds": to_lago_thresholds(look.crossed),
        "triggered_at": iso_seconds(at),
        "subscription_external_id": alert.subscription_external_id,
        "customer_external_id": subscription.account_external_id,
    }


def _fault(field: str, *codes: str) -> ValidationFailed:
    return ValidationFailed({field: list(codes)})


def _alert_type(given: JsonValue) -> AlertType:
    if not given:
        raise _fault("alert_type", MANDATORY, INVALID)
    if given in NOT_AVAILABLE:
        raise _fault("alert_type", "feature_not_available")
    try:
        return AlertType(given if isinstance(given, str) else "")
    except ValueError:
        raise _fault("alert_type", "invalid_type") from None


def _thresholds(given: JsonValue) -> tuple[Threshold, ...]:
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise _fault("thresholds", INVALID)
    if len(given) > THRESHOLDS_MAX:
        raise _fault("thresholds", "too_many_thresholds")
    members = [each for each in given if isinstance(each, dict)]
    values = [_number(each.get("value")) for each in members]
    steps = [each.get("recurring") not in FALSE_WORDS for each in members]
    raw = [each.get("value") for each in members]
    keys = [
        (repr(raw[place]) if value is None else value, steps[place])
        for place, value in enumerate(values)
    ]
    if len(set(keys)) < len(keys):
        raise _fault("thresholds", "duplicate_threshold_values")
    if None in raw:
        raise _fault("thresholds:value", MANDATORY)
    told = [
        Threshold(value, _threshold_code(member), is_recurring)
        for value, member, is_recurring in zip(values, members, steps, strict=True)
        if value is not None
    ]
    if len(told) < len(members):
        raise _fault("thresholds:value", INVALID)
    if any(each.is_recurring and each.value <= 0 for each in told):
        raise _fault("thresholds:value", "recurring_value_is_negative")
    if sum(steps) > 1:
        # Lago's store takes one step an alert, and says so in these words.
        raise _fault("base", "alert_already_exists")
    return tuple(told)


def _threshold_code(member: JsonObject) -> str | None:
    code = member.get("code")
    if code is not None and not isinstance(code, str | int | Decimal):
        raise _fault("thresholds:code", INVALID)
    if code is not None and len(str(code)) > IDENTIFIER_CHARACTERS_MAX:
        raise _fault("thresholds:code", TOO_LONG)
    return None if code is None else str(code)


def _number(given: JsonValue) -> Decimal | None:
    """Return a number, or its text, exactly; None when it is none, or has too many digits."""
    if isinstance(given, bool) or not isinstance(given, int | Decimal | str):
        return None
    found = NUMBER_TEXT.fullmatch(str(given))
    value = Decimal(found[1]) if found else None
    if value is None or not fits_quantity(value):
        return None
    return Decimal(format(value, "f"))


def _metric(given: JsonObject, metric_of: MetricOf) -> BillableMetric | None:
    code = given.get("billable_metric_code")
    if code is None:
        return None
    metric = metric_of(code) if isinstance(code, str) else None
    if metric is None:
        raise NotFound("billable_metric")
    return metric


def _check_metric(fields: Fields, terms: AlertTerms) -> None:
    """Raise the faults found, with a metric that is missing, or there without need (Lago)."""
    if terms.alert_type.needs_metric and terms.metric_id is None:
        fields.fault("billable_metric", MANDATORY)
    if not terms.alert_type.needs_metric and terms.metric_id is not None:
        fields.fault("billable_metric", "value_must_be_blank")
    fields.check()


def _told_in_a_batch(refusal: ValidationFailed | NotFound) -> str:
    if isinstance(refusal, NotFound):
        return refusal.code
    parts = (f'"{name}":[{_quoted(codes)}]' for name, codes in (refusal.details or {}).items())
    return f"Validation errors: {{{','.join(parts)}}}"


def _quoted(codes: object) -> str:
    return ",".join(f'"{code}"' for code in codes) if isinstance(codes, list) else ""
