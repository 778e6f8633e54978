"""Charges and their filters, one by one: of a plan, and of one subscription."""

from fusion_billing.openapi.nouns.plans import CHARGE_NEEDS, CHARGE_OPTIONS, METRIC_ID
from fusion_billing.openapi.nouns.subscriptions import STATUS
from fusion_billing.openapi.operation import Example, Operation, Taken
from fusion_billing.openapi.shapes import (
    FLAG,
    PAGES,
    TEXT,
    Schema,
    by_key,
    given,
    listed,
    maybe,
    of,
    page,
    told,
    under,
)  # fmt: skip

CASCADE = {
    "cascade_updates": told(maybe(FLAG), "Whether subscriptions with own prices follow."),
}
PRICE = {"invoice_display_name": maybe(TEXT), "properties": of("ChargeProperties")}
SHAPES: dict[str, Schema] = {
    "ChargeNew": given(CHARGE_NEEDS, {**CHARGE_OPTIONS, **CASCADE}),
    "ChargeChange": given({}, {
        "charge_model": of("ChargeModel"), "invoice_display_name": maybe(TEXT),
        "properties": maybe(of("ChargeProperties")), "min_amount_cents": maybe({"type": "integer"}),
        "filters": maybe(listed(of("ChargeFilterInput"))), **CASCADE,
    }),
    "ChargeFilterNew": given({"values": by_key(listed(TEXT))}, {**PRICE, **CASCADE}),
    "ChargeFilterChange": given({}, {**PRICE, **CASCADE}),
}  # fmt: skip
CHARGE, FILTER = under("charge", of("Charge")), under("filter", of("ChargeFilter"))
STORAGE = {
    "billable_metric_id": METRIC_ID, "code": "by_region", "charge_model": "standard",
    "properties": {"amount": "0.03"},
}  # fmt: skip
EU = {"values": {"region": ["eu"]}, "properties": {"amount": "0.04"}}
OF_A_PLAN = "/plans/{code}/charges"
OF_A_SUBSCRIPTION = "/subscriptions/{external_id}/charges"
THE_PLAN, THE_SUBSCRIPTION = {"code": "team"}, {"external_id": "acme-team"}


def _ordered(base: str, turn: int, where: dict[str, str]) -> tuple[Operation, ...]:
    """Return the operations that a plan and a subscription have alike."""
    is_plan = base == OF_A_PLAN
    query = {} if is_plan else STATUS
    one = f"{base}/{{charge_code}}"
    each = f"{one}/filters/{{filter_id}}"
    charge = {**where, "charge_code": "by_region"}
    own = {**charge, "filter_id": Taken(f"POST {one}/filters", ("filter", "lago_id"))}
    refusals = (404,) if is_plan else (404, 405)
    return (
        Operation(
            name=f"GET {base}", turn=turn, refusals=refusals, query={**query, **PAGES},
            answer=page("charges", of("Charge")), example=Example(path=where),
        ),
        Operation(
            name=f"GET {one}", turn=turn, refusals=refusals, query=query, answer=CHARGE,
            example=Example(path=charge),
        ),
        Operation(
            name=f"PUT {one}", turn=turn + 1, refusals=refusals, query=query, answer=CHARGE,
            body=under("charge", of("ChargeChange")),
            example=Example({"charge": {"invoice_display_name": "By region"}}, path=charge),
        ),
        Operation(
            name=f"POST {one}/filters", turn=turn + 1, refusals=refusals, query=query,
            answer=FILTER, body=under("filter", of("ChargeFilterNew")),
            example=Example({"filter": EU}, path=charge),
        ),
        Operation(
            name=f"GET {one}/filters", turn=turn + 2, refusals=refusals,
            query={**query, **PAGES}, answer=page("filters", of("ChargeFilter")),
            example=Example(path=charge),
        ),
        Operation(
            name=f"GET {each}", turn=turn + 2, refusals=refusals, query=query, answer=FILTER,
            example=Example(path=own),
        ),
        Operation(
            name=f"PUT {each}", turn=turn + 2, refusals=refusals, query=query, answer=FILTER,
            body=under("filter", of("ChargeFilterChange")),
            example=Example({"filter": {"properties": {"amount": "0.05"}}}, path=own),
        ),
        Operation(
            name=f"DELETE {each}", turn=turn + 3, refusals=refusals,
            query={**query, **(CASCADE if is_plan else {})}, answer=FILTER,
            example=Example(path=own),
        ),
    )  # fmt: skip


OPERATIONS = (
    Operation(
        name=f"POST {OF_A_PLAN}", turn=50, refusals=(404,), answer=CHARGE,
        body=under("charge", of("ChargeNew")), example=Example({"charge": STORAGE}, path=THE_PLAN),
    ),
    *_ordered(OF_A_PLAN, 51, THE_PLAN),
    *_ordered(OF_A_SUBSCRIPTION, 55, THE_SUBSCRIPTION),
    Operation(
        name=f"DELETE {OF_A_PLAN}/{{charge_code}}", turn=86, refusals=(404,), answer=CHARGE,
        query=CASCADE, example=Example(path={**THE_PLAN, "charge_code": "by_region"}),
    ),
)  # fmt: skip
