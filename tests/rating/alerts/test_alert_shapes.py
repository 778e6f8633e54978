"""What an app asks of an alert: Lago's codes, in Lago's order, one at a time."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import cast

import pytest

from catalog.billable_metrics import AggregationType, BillableMetric
from catalog.errors import BadRequest, NotFound, ValidationFailed
from catalog.exact_json import JsonObject, JsonValue
from rating.alerts.alert import Alert, AlertType, Threshold
from rating.alerts.lago_shapes import (
    ALERTS_BATCH_MAX,
    THRESHOLDS_MAX,
    from_lago_alert_body,
    from_lago_changed_alert,
    from_lago_new_alert,
    from_lago_new_alerts,
    with_terms,
)

AT = datetime(2026, 1, 10, tzinfo=UTC)
METRIC = BillableMetric(
    id="m", service_code="nexadesk", code="tokens", name="Tokens",
    aggregation_type=AggregationType.SUM, created_at=AT, valid_from=AT, field_name="tokens",
)  # fmt: skip
ONE: JsonValue = [{"value": 1}]
AMOUNT = "current_usage_amount"
UNITS = "billable_metric_current_usage_units"


def metric_of(code: str) -> BillableMetric | None:
    return METRIC if code == "tokens" else None


def terms(**changed: JsonValue) -> JsonObject:
    asked: JsonObject = {"alert_type": AMOUNT, "code": "spend", "thresholds": ONE}
    return asked | changed


def kept(**changed: object) -> Alert:
    alert = Alert("a", "nexadesk", "acme", AlertType(AMOUNT), "spend", (Threshold(Decimal(1)),), AT)
    values = {name: getattr(alert, name) for name in Alert.__slots__} | changed
    return Alert(**values)


def faults(given: JsonObject) -> Mapping[str, object]:
    with pytest.raises(ValidationFailed) as refusal:
        from_lago_new_alert(given, metric_of)
    return dict(refusal.value.details or {})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"alert_type": None}, {"alert_type": ["value_is_mandatory", "value_is_invalid"]}),
        ({"alert_type": "spend"}, {"alert_type": ["invalid_type"]}),
        ({"alert_type": 5}, {"alert_type": ["invalid_type"]}),
        ({"alert_type": "wallet_balance_amount"}, {"alert_type": ["invalid_type"]}),
        (
            {"alert_type": "billable_metric_lifetime_usage_units"},
            {"alert_type": ["feature_not_available"]},
        ),
        ({"thresholds": None}, {"thresholds": ["value_is_mandatory"]}),
        ({"thresholds": []}, {"thresholds": ["value_is_mandatory"]}),
        ({"thresholds": "10"}, {"thresholds": ["value_is_invalid"]}),
        ({"thresholds": [10]}, {"thresholds": ["value_is_invalid"]}),
        (
            {"thresholds": [{"value": 1}, {"value": "1.0"}]},
            {"thresholds": ["duplicate_threshold_values"]},
        ),
        ({"thresholds": [{"code": "x"}]}, {"thresholds:value": ["value_is_mandatory"]}),
        ({"thresholds": [{"value": "many"}]}, {"thresholds:value": ["value_is_invalid"]}),
        ({"thresholds": [{"value": True}]}, {"thresholds:value": ["value_is_invalid"]}),
        ({"thresholds": [{"value": "1e27"}]}, {"thresholds:value": ["value_is_invalid"]}),
        (
            {"thresholds": [{"value": 0, "recurring": True}]},
            {"thresholds:value": ["recurring_value_is_negative"]},
        ),
        (
            {"thresholds": [{"value": 1, "recurring": True}, {"value": 2, "recurring": True}]},
            {"base": ["alert_already_exists"]},
        ),
        ({"thresholds": [{"value": 1, "code": []}]}, {"thresholds:code": ["value_is_invalid"]}),
        (
            {"thresholds": [{"value": 1, "code": "x" * 256}]},
            {"thresholds:code": ["value_is_too_long"]},
        ),
        ({"code": None}, {"code": ["value_is_mandatory"]}),
        ({"code": "a/b"}, {"code": ["value_is_invalid"]}),
        ({"name": "x" * 256}, {"name": ["value_is_too_long"]}),
        ({"billable_metric_code": "tokens"}, {"billable_metric": ["value_must_be_blank"]}),
        ({"alert_type": UNITS}, {"billable_metric": ["value_is_mandatory"]}),
        (
            {"alert_type": UNITS, "code": " "},
            {"code": ["value_is_mandatory"], "billable_metric": ["value_is_mandatory"]},
        ),
    ],
)
def test_a_faulty_alert_is_refused_with_lagos_code(
    given: JsonObject, expected: Mapping[str, object]
) -> None:
    """Each fault has its field and code; what is looked at first is told alone."""
    assert faults(terms(**given)) == expected


@pytest.mark.parametrize("beyond", [0, 1])
def test_an_alert_has_twenty_thresholds_at_most(beyond: int) -> None:
    """Twenty are taken, one more is not (Lago)."""
    listed: JsonValue = [{"value": value} for value in range(1, THRESHOLDS_MAX + 1 + beyond)]
    if beyond:
        assert faults(terms(thresholds=listed)) == {"thresholds": ["too_many_thresholds"]}
    else:
        assert len(from_lago_new_alert(terms(thresholds=listed), metric_of).thresholds) == 20


def test_numbers_are_read_exactly() -> None:
    """A value is a number or its text, kept digit for digit; the same step and value may meet."""
    listed: JsonValue = [
        {"value": "10.10", "code": "a"},
        {"value": Decimal("0.3"), "recurring": "false"},
        {"value": " 1.5e3 ", "code": 7},
        {"value": "10.1", "recurring": True},
        {"value": -5},
    ]
    read = from_lago_new_alert(terms(thresholds=listed), metric_of).thresholds

    assert [(str(each.value), each.code, each.is_recurring) for each in read] == [
        ("10.10", "a", False),
        ("0.3", None, False),
        ("1500", "7", False),
        ("10.1", None, True),
        ("-5", None, False),
    ]


@pytest.mark.parametrize("code", ["unknown", "", 5])
def test_an_unknown_metric_is_not_found(code: JsonValue) -> None:
    """A metric that nobody has is 404, not a faulty field (Lago)."""
    with pytest.raises(NotFound, match="billable_metric_not_found"):
        from_lago_new_alert(terms(alert_type=UNITS, billable_metric_code=code), metric_of)


def test_a_change_keeps_what_it_does_not_name() -> None:
    """Type, thresholds and how far they were told stay; the alert wants another look."""
    old = kept(peak_value=Decimal(80), changes=3)
    changed = from_lago_changed_alert({"name": "x", "alert_type": UNITS}, old, metric_of)
    after = with_terms(old, changed)

    assert (after.alert_type, after.code, after.thresholds) == (AMOUNT, "spend", old.thresholds)
    assert [after.name, after.peak_value, after.changes] == ["x", 80, 4]
    assert from_lago_changed_alert({"thresholds": []}, old, metric_of).thresholds == old.thresholds


def test_another_metric_begins_at_zero() -> None:
    """What was told of one metric says nothing of another."""
    old = kept(alert_type=AlertType(UNITS), metric_id="other", peak_value=Decimal(80))
    after = with_terms(
        old, from_lago_changed_alert({"billable_metric_code": "tokens"}, old, metric_of)
    )

    assert [after.metric_id, after.peak_value, after.previous_value] == ["m", 0, 0]


def test_a_batch_names_each_fault_as_lago_does() -> None:
    """Faults stand under their index, with what was sent and what was found."""
    bad = terms(alert_type="invalid_type")
    unknown = terms(alert_type=UNITS, billable_metric_code="x")

    def create(given: JsonObject) -> Alert:
        from_lago_new_alert(given, metric_of)
        return kept()

    created, found = from_lago_new_alerts(cast(JsonValue, [terms(), bad, unknown]), create)

    assert len(created) == 1
    assert found == {
        "1": {"params": bad, "errors": 'Validation errors: {"alert_type":["invalid_type"]}'},
        "2": {"params": unknown, "errors": "billable_metric_not_found"},
    }


@pytest.mark.parametrize("beyond", [0, 1])
def test_a_batch_has_a_limit(beyond: int) -> None:
    """A hundred alerts are taken at once, one more is not."""
    batch = cast(JsonValue, [terms() for _ in range(ALERTS_BATCH_MAX + beyond)])
    if not beyond:
        assert len(from_lago_new_alerts(batch, lambda _given: kept())[0]) == ALERTS_BATCH_MAX
        return
    with pytest.raises(ValidationFailed) as refusal:
        from_lago_new_alerts(batch, lambda _given: kept())
    assert refusal.value.details == {"alerts": ["too_many_alerts"]}


def test_a_body_needs_an_alert_or_some() -> None:
    """Neither of the two roots, or an empty list alone, is Lago's 400."""
    bodies: list[JsonValue] = [None, {}, {"alerts": []}, {"alert": {}}, []]
    for body in bodies:
        with pytest.raises(BadRequest):
            from_lago_alert_body(body)
    assert from_lago_alert_body({"alert": {"code": "a"}}) == ({"code": "a"}, None)
    assert from_lago_alert_body({"alerts": [1]}) == (None, [1])
