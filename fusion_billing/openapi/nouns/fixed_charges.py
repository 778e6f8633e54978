"""Fixed charges: recurring lines of the sale order in Odoo, so that there are none here."""

from fusion_billing.openapi.nouns.subscriptions import STATUS
from fusion_billing.openapi.operation import Example, Operation
from fusion_billing.openapi.shapes import OBJECT, PAGES, Schema, answered, listed, of, under

SHAPES: dict[str, Schema] = {}
NONE = answered({"fixed_charges": listed(OBJECT, maxItems=0), "meta": of("PageMeta")})
ASKED = under("fixed_charge", OBJECT)
SEATS = {"fixed_charge": {"code": "seats", "units": "10"}}
OF_A_PLAN, OF_A_SUBSCRIPTION = "/plans/{code}", "/subscriptions/{external_id}"
PLAN, SUBSCRIPTION = {"code": "team"}, {"external_id": "acme-team"}
CODE = {"fixed_charge_code": "seats"}


def _refused(name: str, path: dict[str, str], status: int) -> Operation:
    """Return an operation that is never done here."""
    is_written = name.startswith(("POST", "PUT"))
    return Operation(
        name=name, answer=of("Refusal"), status=status, refusals=(404, 405),
        body=ASKED if is_written else None, is_body_optional=True,
        query=STATUS if OF_A_SUBSCRIPTION in name else {},
        example=Example(SEATS if is_written else None, path=path),
    )  # fmt: skip


OPERATIONS = (
    Operation(
        name=f"GET {OF_A_PLAN}/fixed_charges", answer=NONE, refusals=(404,), query=PAGES,
        example=Example(path=PLAN),
    ),
    Operation(
        name=f"GET {OF_A_SUBSCRIPTION}/fixed_charges", answer=NONE, refusals=(404,),
        query={**STATUS, **PAGES}, example=Example(path=SUBSCRIPTION),
    ),
    _refused(f"GET {OF_A_PLAN}/fixed_charges/{{fixed_charge_code}}", {**PLAN, **CODE}, 404),
    _refused(
        f"GET {OF_A_SUBSCRIPTION}/fixed_charges/{{fixed_charge_code}}",
        {**SUBSCRIPTION, **CODE}, 404,
    ),
    _refused(f"POST {OF_A_PLAN}/fixed_charges", PLAN, 405),
    _refused(f"PUT {OF_A_PLAN}/fixed_charges/{{fixed_charge_code}}", {**PLAN, **CODE}, 405),
    _refused(f"DELETE {OF_A_PLAN}/fixed_charges/{{fixed_charge_code}}", {**PLAN, **CODE}, 405),
    _refused(
        f"PUT {OF_A_SUBSCRIPTION}/fixed_charges/{{fixed_charge_code}}",
        {**SUBSCRIPTION, **CODE}, 405,
    ),
)  # fmt: skip
