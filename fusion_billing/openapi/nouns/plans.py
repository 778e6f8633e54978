"""Plans and their charges: what usage costs."""

from fusion_billing.openapi.operation import Example, Operation, Taken
from fusion_billing.openapi.shapes import (
    CENTS,
    CODES,
    COUNT,
    CURRENCY,
    FLAG,
    GIVEN_DECIMAL,
    ID,
    IDENTIFIER,
    NOTHING,
    OBJECT,
    PAGES,
    TEXT,
    TIME,
    answered,
    by_key,
    given,
    listed,
    maybe,
    of,
    page,
    told,
    under,
    word,
)  # fmt: skip

INTERVALS = word("weekly", "monthly", "quarterly", "semiannual", "yearly")
MODELS = word(
    "standard", "graduated", "package", "percentage", "volume", "graduated_percentage", "dynamic",
    "custom",
)  # fmt: skip
GIVEN_CENTS = {"type": "integer", "minimum": 0, "maximum": 10**15}
METRIC_ID = Taken("POST /billable_metrics", ("billable_metric", "lago_id"))
BOUNDS = dict.fromkeys(("from_value", "to_value", "flat_amount"), maybe(GIVEN_DECIMAL))
RANGE = given({}, {**BOUNDS, "per_unit_amount": maybe(GIVEN_DECIMAL)})
RATE_RANGE = given({}, {**BOUNDS, "rate": maybe(GIVEN_DECIMAL)})
SHOWN_KEY = given({"value": TEXT}, {"options": given({}, {"display_in_invoice": FLAG})})
CHARGE_NEEDS = {"billable_metric_id": TEXT, "charge_model": MODELS}
CHARGE_OPTIONS = {
    "id": told(ID, "Of a charge that is kept, when a plan is changed."),
    "code": maybe(TEXT), "invoice_display_name": maybe(TEXT), "pay_in_advance": maybe(FLAG),
    "invoiceable": maybe(FLAG), "regroup_paid_fees": maybe(word("invoice")),
    "prorated": maybe(FLAG), "min_amount_cents": maybe(GIVEN_CENTS),
    "properties": maybe(of("ChargeProperties")),
    "filters": maybe(listed(of("ChargeFilterInput"))),
}  # fmt: skip
SHAPES = {
    "ChargeModel": MODELS,
    "ChargeProperties": told(
        given({}, {
            "amount": maybe(GIVEN_DECIMAL), "rate": maybe(GIVEN_DECIMAL),
            "package_size": maybe(GIVEN_DECIMAL), "free_units": maybe(GIVEN_DECIMAL),
            "fixed_amount": maybe(GIVEN_DECIMAL),
            "free_units_per_events": maybe(GIVEN_DECIMAL),
            "free_units_per_total_aggregation": maybe(GIVEN_DECIMAL),
            "per_transaction_min_amount": maybe(GIVEN_DECIMAL),
            "per_transaction_max_amount": maybe(GIVEN_DECIMAL),
            "included_quota": told(maybe(GIVEN_DECIMAL), "Ours: units the plan covers."),
            "graduated_ranges": maybe(listed(RANGE)), "volume_ranges": maybe(listed(RANGE)),
            "graduated_percentage_ranges": maybe(listed(RATE_RANGE)),
            "pricing_group_keys": maybe(listed(TEXT)), "grouped_by": maybe(listed(TEXT)),
            "presentation_group_keys": maybe(listed(SHOWN_KEY)),
        }),
        "What the charge model reads; which members count, docs/charge_models.md says.",
    ),
    "ChargeFilterInput": given({"values": by_key(listed(TEXT))}, {
        "invoice_display_name": maybe(TEXT), "properties": of("ChargeProperties"),
    }),
    "ChargeInput": given(CHARGE_NEEDS, CHARGE_OPTIONS),
    "ChargeFilter": answered({
        "lago_id": ID, "charge_code": TEXT, "invoice_display_name": maybe(TEXT),
        "properties": of("ChargeProperties"), "values": by_key(listed(TEXT)),
    }),
    "Charge": answered({
        "lago_id": ID, "lago_billable_metric_id": ID, "code": TEXT,
        "invoice_display_name": maybe(TEXT), "billable_metric_code": TEXT, "created_at": TIME,
        "charge_model": MODELS, "invoiceable": FLAG,
        "regroup_paid_fees": maybe(word("invoice")),
        "pay_in_advance": FLAG, "prorated": FLAG, "min_amount_cents": CENTS,
        "accepts_target_wallet": NOTHING, "properties": of("ChargeProperties"),
        "applied_pricing_unit": NOTHING,
        "lago_parent_id": maybe(ID), "filters": listed(of("ChargeFilter")),
        "taxes": listed(OBJECT),
    }),
    "MinimumCommitment": answered({
        "lago_id": ID, "plan_code": TEXT, "invoice_display_name": maybe(TEXT),
        "interval": INTERVALS, "amount_cents": CENTS, "created_at": TIME, "updated_at": TIME,
        "taxes": listed(OBJECT),
    }),
    "Plan": answered({
        "lago_id": ID, "name": TEXT, "invoice_display_name": maybe(TEXT), "created_at": TIME,
        "code": TEXT, "interval": INTERVALS, "description": maybe(TEXT), "amount_cents": CENTS,
        "amount_currency": CURRENCY, "trial_period": told(
            {"type": ["integer", "string"]}, "Days; a fraction of a day as text."),
        "pay_in_advance": FLAG, "bill_charges_monthly": maybe(FLAG),
        "bill_fixed_charges_monthly": NOTHING, "customers_count": COUNT,
        "active_subscriptions_count": COUNT, "draft_invoices_count": COUNT,
        "parent_id": maybe(ID), "pending_deletion": FLAG, "charges": listed(of("Charge")),
        "fixed_charges": listed(OBJECT), "entitlements": listed(OBJECT),
        "usage_thresholds": listed(OBJECT), "applicable_usage_thresholds": listed(OBJECT),
        "taxes": listed(OBJECT),
    }, minimum_commitment=of("MinimumCommitment")),
}  # fmt: skip
NAMED = {
    "name": IDENTIFIER, "code": IDENTIFIER, "interval": INTERVALS, "amount_cents": GIVEN_CENTS,
    "amount_currency": CURRENCY,
}  # fmt: skip
SETTABLE = {
    "invoice_display_name": maybe(TEXT), "description": maybe(TEXT),
    "trial_period": maybe(GIVEN_DECIMAL), "pay_in_advance": maybe(FLAG),
    "bill_charges_monthly": maybe(FLAG), "charges": maybe(listed(of("ChargeInput"), maxItems=500)),
    "minimum_commitment": maybe(given({}, {
        "amount_cents": maybe(GIVEN_CENTS), "invoice_display_name": maybe(TEXT),
        "tax_codes": maybe(CODES),
    })),
}  # fmt: skip
SHAPES["PlanNew"] = given(NAMED, SETTABLE)
SHAPES["PlanChange"] = given({}, {**NAMED, **SETTABLE})
ONE = under("plan", of("Plan"))
CHARGE = {
    "billable_metric_id": METRIC_ID, "charge_model": "graduated", "properties": {
        "included_quota": "1000", "graduated_ranges": [
            {"from_value": 0, "to_value": 10_000, "per_unit_amount": "0.02", "flat_amount": "0"},
            {"from_value": 10_001, "to_value": None, "per_unit_amount": "0.01",
             "flat_amount": "5"},
        ],
    },
}  # fmt: skip
TEAM = {
    "name": "Team", "code": "team", "interval": "monthly", "amount_cents": 4900,
    "amount_currency": "CAD", "charges": [CHARGE],
}  # fmt: skip
OPERATIONS = (
    Operation(
        name="POST /plans", turn=11, answer=ONE, refusals=(404,),
        body=under("plan", of("PlanNew")), example=Example({"plan": TEAM}),
    ),
    Operation(name="GET /plans", query=PAGES, answer=page("plans", of("Plan"))),
    Operation(
        name="GET /plans/{code}", refusals=(404,), answer=ONE,
        example=Example(path={"code": "team"}),
    ),
    Operation(
        name="PUT /plans/{code}", answer=ONE, refusals=(404,),
        body=under("plan", of("PlanChange")),
        example=Example({"plan": {"description": "For small teams"}}, path={"code": "team"}),
    ),
    Operation(
        name="DELETE /plans/{code}", turn=89, refusals=(404,), answer=ONE,
        example=Example(path={"code": "team"}),
    ),
)  # fmt: skip
