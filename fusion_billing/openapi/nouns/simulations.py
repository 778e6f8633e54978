"""Simulations: history priced under a draft plan."""

from fusion_billing.openapi.nouns.plans import TEAM
from fusion_billing.openapi.operation import Example, Operation
from fusion_billing.openapi.shapes import (
    CENTS,
    COUNT,
    CURRENCY,
    DAY,
    TEXT,
    answered,
    given,
    listed,
    maybe,
    of,
    told,
    under,
)  # fmt: skip

AMOUNTS = dict.fromkeys(("amount_cents_old", "amount_cents_new", "amount_cents_difference"), CENTS)
COUNTS = ("accounts", "subscriptions", "months", "periods_old", "periods_new", "windows")
PAYING = ("accounts_paying_more", "accounts_paying_less", "accounts_paying_the_same")
ROW = {"external_customer_id": TEXT, "currency": CURRENCY, **AMOUNTS}
SHAPES = {
    "SimulationInput": given(
        {"plan": told(of("PlanNew"), "The draft; it is not kept."), "from": DAY,
         "to": told(DAY, "The first day that is not simulated any more.")},
        {"plan_code": told(maybe(TEXT), "Only accounts on this plan; none: all.")},
    ),
    "Simulation": answered({
        "service_code": TEXT, "draft_plan_code": TEXT, "plan_code": maybe(TEXT), "from": DAY,
        "to": DAY, "watermark": TEXT, "counts": answered(dict.fromkeys(COUNTS, COUNT)),
        "totals": listed(
            answered({"currency": CURRENCY, **AMOUNTS, **dict.fromkeys(PAYING, COUNT)})
        ),
        "accounts": listed(answered(ROW)), "rows": listed(answered({**ROW, "month": DAY})),
    }),
}  # fmt: skip
DRAFT = TEAM | {"name": "Team 2026", "code": "team-2026", "amount_cents": 5900}
OPERATIONS = (
    Operation(
        name="POST /simulations", turn=62, refusals=(404,),
        answer=under("simulation", of("Simulation")),
        body=under("simulation", of("SimulationInput")),
        example=Example(
            {"simulation": {"plan": DRAFT, "from": "2026-01-01", "to": "2026-02-01"}}
        ),
    ),
)  # fmt: skip
