"""The members that metrics, plans, charges and prices may have, and what absent ones mean. Pure.

A catalogue that is declared says everything: what it does not say is the default, never as it was.
"""

from collections.abc import Mapping

from catalog.exact_json import JsonObject, JsonValue
from odoo_bridge.catalogue.wanted import UnreadableError, refuse_unknown

WEIGHTED_SUM = "weighted_sum_agg"
METRIC_DEFAULTS: JsonObject = {
    "description": None,
    "field_name": None,
    "recurring": False,
    "rounding_function": None,
    "rounding_precision": None,
    "counter_semantics": None,
    "expression": None,
    "filters": [],
}
METRIC_MEMBERS = frozenset({*METRIC_DEFAULTS, *("code", "name", "aggregation_type")})
PLAN_DEFAULTS: JsonObject = {
    "invoice_display_name": None,
    "description": None,
    "trial_period": 0,
    "pay_in_advance": False,
    "bill_charges_monthly": False,
    "minimum_commitment": {},
}
PLAN_MEMBERS = frozenset(
    {*PLAN_DEFAULTS, *("code", "name", "interval", "amount_cents", "amount_currency")}
)
CHARGE_OPTIONS = frozenset(
    {
        *("filters", "invoice_display_name", "invoiceable", "min_amount_cents"),
        *("pay_in_advance", "prorated", "regroup_paid_fees"),
    }
)
CHARGE_MEMBERS = CHARGE_OPTIONS | {"charge_model", "code", "properties"}
FILTER_MEMBERS = frozenset({"invoice_display_name", "properties", "values"})
COMMON_PROPERTIES = frozenset(
    {"grouped_by", "included_quota", "presentation_group_keys", "pricing_group_keys"}
)
PROPERTIES: Mapping[str, frozenset[str]] = {
    "standard": frozenset({"amount"}),
    "package": frozenset({"amount", "free_units", "package_size"}),
    "graduated": frozenset({"graduated_ranges"}),
    "volume": frozenset({"volume_ranges"}),
    "graduated_percentage": frozenset({"graduated_percentage_ranges"}),
    "percentage": frozenset(
        {
            *("fixed_amount", "free_units_per_events", "free_units_per_total_aggregation"),
            *("per_transaction_max_amount", "per_transaction_min_amount", "rate"),
        }
    ),
    "dynamic": frozenset(),
    "custom": frozenset(),
}


def whole_metric(given: JsonObject) -> JsonObject:
    """Return a metric's members with the defaults of those not given."""
    refuse_unknown(given, METRIC_MEMBERS, "the metric")
    is_weighted = given.get("aggregation_type") == WEIGHTED_SUM
    # Lago knows no other interval of a weighted sum.
    interval: JsonObject = {"weighted_interval": "seconds"} if is_weighted else {}
    return {**METRIC_DEFAULTS, **interval, **given}


def whole_plan(given: JsonObject) -> JsonObject:
    """Return a plan's members, charges apart, with the defaults of those not given."""
    refuse_unknown(given, PLAN_MEMBERS, "the plan")
    return {**PLAN_DEFAULTS, **given}


def refuse_unknown_in_charge(given: JsonObject) -> None:
    """Raise UnreadableError when a charge, its price or one of its filters has a slip of the pen.

    What an unknown charge model may have is not judged here.
    """
    refuse_unknown(given, CHARGE_MEMBERS, "the charge")
    model = str(given.get("charge_model"))
    _refuse_unknown_in_price(given.get("properties"), model)
    filters = given.get("filters")
    for one in filters if isinstance(filters, list) else ():
        if not isinstance(one, dict):
            raise UnreadableError("a filter of the charge is no object of values and properties")
        refuse_unknown(one, FILTER_MEMBERS, "a filter of the charge")
        _refuse_unknown_in_price(one.get("properties"), model)


def _refuse_unknown_in_price(properties: JsonValue, model: str) -> None:
    if isinstance(properties, dict) and model in PROPERTIES:
        known = PROPERTIES[model] | COMMON_PROPERTIES
        refuse_unknown(properties, known, f"the price ({model})")
