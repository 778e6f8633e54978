"""Answers about usage: of the open period, of billed ones, and since the beginning."""

from fusion_billing.openapi.nouns.metrics import AGGREGATIONS
from fusion_billing.openapi.nouns.plans import MODELS
from fusion_billing.openapi.operation import Example, Operation
from fusion_billing.openapi.shapes import (
    CENTS,
    COUNT,
    CURRENCY,
    DAY,
    DECIMAL,
    ID,
    NOTHING,
    PAGES,
    TEXT,
    TIME,
    Schema,
    answered,
    by_key,
    listed,
    maybe,
    of,
    page,
    told,
    under,
)  # fmt: skip

BREAKDOWNS = listed(answered({"presentation_by": by_key(maybe(TEXT)), "units": DECIMAL}))
COUNTED = {
    "units": DECIMAL, "total_aggregated_units": DECIMAL, "events_count": COUNT,
    "amount_cents": CENTS, "pricing_unit_details": NOTHING,
}  # fmt: skip
PROJECTED = {
    "units": DECIMAL, "events_count": COUNT, "amount_cents": CENTS,
    "pricing_unit_details": NOTHING, "projected_units": DECIMAL, "projected_amount_cents": CENTS,
}  # fmt: skip
SHOWN = {"presentation_breakdowns": BREAKDOWNS}
SHOWN_PROJECTED = {**SHOWN, "projected_presentation_breakdowns": BREAKDOWNS}
PERIOD = {
    "from_datetime": TIME, "to_datetime": told(TIME, "The last second of it."),
    "issuing_date": DAY, "currency": CURRENCY, "amount_cents": CENTS,
    "taxes_amount_cents": CENTS, "total_amount_cents": CENTS, "lago_invoice_id": maybe(TEXT),
}  # fmt: skip
CHARGE = answered({
    "lago_id": ID, "code": TEXT, "charge_model": MODELS, "invoice_display_name": maybe(TEXT),
})  # fmt: skip
METRIC = answered({
    "lago_id": ID, "name": TEXT, "code": TEXT, "aggregation_type": AGGREGATIONS,
})  # fmt: skip


def _charge(numbers: dict[str, Schema], shown: dict[str, Schema]) -> Schema:
    """Return the schema of a charge's usage, with its filters and groups."""
    of_filter = answered({
        **numbers, "invoice_display_name": maybe(TEXT), "values": maybe(by_key(listed(TEXT))),
        **shown,
    })  # fmt: skip
    of_group = answered({
        **numbers, "grouped_by": by_key(maybe(TEXT)), "filters": listed(of_filter), **shown,
    })  # fmt: skip
    return answered({
        **numbers, "amount_currency": CURRENCY, "charge": CHARGE, "billable_metric": METRIC,
        "filters": listed(of_filter), "grouped_usage": listed(of_group), **shown,
    })  # fmt: skip


SHAPES = {
    "ChargeUsage": _charge(COUNTED, SHOWN),
    "ProjectedChargeUsage": _charge(PROJECTED, SHOWN_PROJECTED),
    "CustomerUsage": answered({**PERIOD, "charges_usage": listed(of("ChargeUsage"))}),
    "CustomerProjectedUsage": answered({
        **PERIOD, "projected_amount_cents": CENTS,
        "charges_usage": listed(of("ProjectedChargeUsage")),
    }),
    "LifetimeUsage": answered({
        "lago_id": ID, "lago_subscription_id": ID, "external_subscription_id": TEXT,
        "external_historical_usage_amount_cents": CENTS, "invoiced_usage_amount_cents": CENTS,
        "current_usage_amount_cents": CENTS, "from_datetime": TIME, "to_datetime": TIME,
    }),
}  # fmt: skip
ASKED = {"external_subscription_id": TEXT}
NARROWING = {
    "charge_id": TEXT, "charge_code": TEXT, "billable_metric_code": TEXT,
    "group": told(TEXT, "A JSON object of texts; or `group[key]=value`, several times."),
    "filter_by_presentation": TEXT, "skip_grouping": TEXT, "full_usage": TEXT,
    "apply_taxes": TEXT,
}  # fmt: skip
ACME = {"external_customer_id": "acme"}
TEAM = {"external_subscription_id": "acme-team"}
CUSTOMER = "GET /customers/{external_customer_id}"
OPERATIONS = (
    Operation(
        name=f"{CUSTOMER}/current_usage", refusals=(404, 405), query={**ASKED, **NARROWING},
        answer=under("customer_usage", of("CustomerUsage")), example=Example(path=ACME, query=TEAM),
    ),
    Operation(
        name=f"{CUSTOMER}/projected_usage", refusals=(404, 405),
        query={**ASKED, "apply_taxes": TEXT},
        answer=under("customer_projected_usage", of("CustomerProjectedUsage")),
        example=Example(path=ACME, query=TEAM),
    ),
    Operation(
        name=f"{CUSTOMER}/past_usage", turn=60, refusals=(404, 405),
        answer=page("usage_periods", of("CustomerUsage")), example=Example(path=ACME, query=TEAM),
        query={**ASKED, "billable_metric_code": TEXT, "periods_count": TEXT, **PAGES},
    ),
    Operation(
        name="GET /subscriptions/{external_id}/lifetime_usage", refusals=(404, 405),
        answer=under("lifetime_usage", of("LifetimeUsage")),
        example=Example(path={"external_id": "acme-team"}),
    ),
)  # fmt: skip
