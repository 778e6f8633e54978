"""Metrics and plans of a Lago as requests to us: its answers, less what is no request. Pure.

Decides what of Lago's answer is asked of us; what we refuse is left in, for the request to refuse.
"""

import re
from collections.abc import Mapping
from typing import Any

from catalog.exact_json import JsonObject, JsonValue

METRIC_MEMBERS = (
    "name", "code", "description", "aggregation_type", "field_name", "recurring",
    "rounding_function", "rounding_precision", "weighted_interval", "expression", "filters",
    "counter_semantics",
)  # fmt: skip
PLAN_MEMBERS = (
    "name", "code", "invoice_display_name", "description", "interval", "amount_cents",
    "amount_currency", "trial_period", "pay_in_advance", "bill_charges_monthly",
    "usage_thresholds", "fixed_charges",
)  # fmt: skip
CHARGE_MEMBERS = (
    "code", "charge_model", "invoice_display_name", "invoiceable", "regroup_paid_fees",
    "pay_in_advance", "prorated", "min_amount_cents", "properties", "applied_pricing_unit",
    "accepts_target_wallet",
)  # fmt: skip
COMMITMENT_MEMBERS = ("amount_cents", "invoice_display_name")
FILTER_MEMBERS = ("invoice_display_name", "properties", "values")
OVERRIDE_MEMBERS = (
    "amount_cents", "amount_currency", "name", "trial_period", "description",
    "invoice_display_name", "usage_thresholds", "fixed_charges",
)  # fmt: skip
CHARGE_OVERRIDE_MEMBERS = (
    "invoice_display_name", "min_amount_cents", "properties", "applied_pricing_unit",
)  # fmt: skip
OUR_OWN_MEMBERS = frozenset(
    {
        *("lago_id", "created_at", "updated_at", "lago_billable_metric_id", "lago_parent_id"),
        *("parent_id", "charge_code"),
    }
)


class NotReadable(ValueError):
    """What Lago answered lacks something that no request can do without."""


def metric_fields(lago: JsonObject) -> JsonObject:
    """Return the request that creates a metric of Lago."""
    return _members(lago, METRIC_MEMBERS)


def reads_what_it_writes(lago: JsonObject) -> bool:
    """Say whether a metric's expression reads the property that it writes.

    Lago overwrites that property when usage comes, so computing again would compute from its own
    result.
    """
    expression, name = lago.get("expression"), lago.get("field_name")
    if not isinstance(expression, str) or not isinstance(name, str):
        return False
    return re.search(rf"event\.properties\.{re.escape(name)}\b", expression) is not None


def plan_fields(lago: JsonObject, metric_ids: Mapping[str, str]) -> JsonObject:
    """Return the request that creates a plan of Lago; `metric_ids` are ours by metric code.

    NotReadable where a charge prices a metric that is not here.
    """
    charges = [charge_fields(charge, metric_ids) for charge in objects(lago, "charges")]
    return {
        **_members(lago, PLAN_MEMBERS),
        "minimum_commitment": _commitment(lago),
        # Without fixed charges it says nothing.
        "bill_fixed_charges_monthly": bool(lago.get("fixed_charges"))
        and lago.get("bill_fixed_charges_monthly"),
        "charges": list(charges),
    }


def charge_fields(lago: JsonObject, metric_ids: Mapping[str, str]) -> JsonObject:
    """Return a charge of that request."""
    code = lago.get("billable_metric_code")
    metric_id = metric_ids.get(str(code))
    if metric_id is None:
        raise NotReadable(f"its metric {code} is not here: see billable_metrics {code}")
    return {
        **_members(lago, CHARGE_MEMBERS),
        "billable_metric_id": metric_id,
        "filters": _filters(lago),
    }


def override_fields(lago: JsonObject, parent: JsonObject, charge_ids: Mapping[str, str]) -> Any:  # noqa: ANN401
    """Return the `plan_overrides` that make a subscription's own plan of its parent's.

    `charge_ids` are those of our plan's charges by code. NotReadable where the subscription has
    other charges than the plan: an override changes prices, it adds and removes nothing.
    """
    codes = {
        str(charge.get("lago_id")): charge.get("code") for charge in objects(parent, "charges")
    }
    own = [
        (str(codes.get(str(charge.get("lago_parent_id")), charge.get("code"))), charge)
        for charge in objects(lago, "charges")
    ]
    if sorted(code for code, _ in own) != sorted(charge_ids):
        raise NotReadable(
            "it has other charges than its plan: give it a plan of its own in Lago, or the charges "
            "of its plan"
        )
    charges: list[JsonValue] = [
        {
            **_members(charge, CHARGE_OVERRIDE_MEMBERS),
            "id": charge_ids[code],
            "filters": _filters(charge),
        }
        for code, charge in own
    ]
    return {
        **_members(lago, OVERRIDE_MEMBERS),
        "minimum_commitment": _commitment(lago),
        "charges": charges,
    }


def compared_plan(shape: Mapping[str, object]) -> dict[str, object]:
    """Return what of a plan's object says what it costs: no ids, no times; charges by code."""
    plan = _without_ids(shape)
    charges = plan.get("charges")
    plan["charges"] = {
        str(charge["code"]): charge for charge in (charges if isinstance(charges, list) else ())
    }
    return plan


def compared_metric(shape: Mapping[str, object]) -> dict[str, object]:
    """Return what of a metric's object says what it counts."""
    return _without_ids(shape)


def objects(lago: JsonObject, name: str) -> list[JsonObject]:
    """Return the objects in a list of an answer; none where there is no list."""
    listed = lago.get(name)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _commitment(lago: JsonObject) -> JsonObject:
    commitment = lago.get("minimum_commitment")
    return _members(commitment, COMMITMENT_MEMBERS) if isinstance(commitment, dict) else {}


def _filters(lago: JsonObject) -> list[JsonValue]:
    return [_members(one, FILTER_MEMBERS) for one in objects(lago, "filters")]


def _members(lago: JsonObject, names: tuple[str, ...]) -> JsonObject:
    return {name: lago[name] for name in names if name in lago}


def _without_ids(shape: Mapping[str, object]) -> dict[str, object]:
    return {name: _plain(value) for name, value in shape.items() if name not in OUR_OWN_MEMBERS}


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return _without_ids(value)
    return [_plain(one) for one in value] if isinstance(value, list) else value
