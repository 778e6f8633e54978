"""Corrections of usage: the difference in money first, then the rows."""

from fusion_billing.openapi.operation import Example, Operation, Taken
from fusion_billing.openapi.shapes import (
    CENTS,
    COUNT,
    CURRENCY,
    DECIMAL,
    FLAG,
    GIVEN_TIME,
    ID,
    IDENTIFIER,
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

AMOUNTS = dict.fromkeys(("amount_cents_before", "amount_cents_after", "amount_cents_delta"), CENTS)
SIGNED = {"author": IDENTIFIER, "reason": IDENTIFIER}
PREVIEW = {"preview": told(maybe(FLAG), "Only show what it would cost; keep nothing.")}
SHAPES = {
    "CorrectionSelection": given({}, {
        "external_subscription_id": told(IDENTIFIER, "Of one event, or of one window."),
        "transaction_id": told(IDENTIFIER, "One event."),
        "fact_id": told(TEXT, "One window of a counter."),
        "timestamp_from": GIVEN_TIME, "timestamp_to": GIVEN_TIME,
        "external_subscription_ids": listed(IDENTIFIER, maxItems=1000), "code": IDENTIFIER,
        "properties": by_key(TEXT),
    }),
    "CorrectionInput": given(
        {"kind": word("void", "amend", "replace"), **SIGNED,
         "selection": of("CorrectionSelection")},
        {"changes": told(maybe(OBJECT), "Of amend: the members to change."),
         "events": told(maybe(listed(of("EventInput"))), "Of replace: what counts instead."),
         **PREVIEW},
    ),
    "CorrectionRevert": given(SIGNED, PREVIEW),
    "Correction": answered({
        "id": ID, "kind": word("void", "amend", "replace", "revert"), "selection": OBJECT,
        "changes": OBJECT, "author": TEXT, "reason": TEXT, "status": TEXT, "rows_total": COUNT,
        "rows_done": COUNT, "reverts_id": maybe(ID), "watermark": maybe(TEXT), "created_at": TIME,
    }),
    "CorrectionPreview": answered({
        "rows_total": COUNT, "totals": listed(answered({"currency": CURRENCY, **AMOUNTS})),
        "periods": listed(answered({
            "lago_subscription_id": ID, "external_subscription_id": TEXT,
            "external_customer_id": TEXT, "plan_code": TEXT, "period_start": TIME,
            "period_end": TIME, "is_open": FLAG, "billed": maybe(TEXT), "currency": CURRENCY,
            **AMOUNTS,
            "charges": listed(answered({
                "lago_charge_id": ID, "charge_code": TEXT, "billable_metric_code": TEXT,
                "units_before": DECIMAL, "units_after": DECIMAL, **AMOUNTS,
            })),
        })),
        "external_subscription_ids_without_subscription": listed(TEXT),
    }),
}  # fmt: skip
ONE = under("correction", of("Correction"))
EITHER = {"oneOf": [ONE, under("correction_preview", of("CorrectionPreview"))]}
MADE = Taken("POST /corrections", ("correction", "id"))
WHY = {"author": "j.doe", "reason": "sent twice by a faulty job"}
OPERATIONS = (
    Operation(
        name="POST /corrections", turn=40, answer=EITHER, refusals=(404, 405),
        body=under("correction", of("CorrectionInput")),
        example=Example(
            {"correction": {
                "kind": "void", "selection": {"external_subscription_id": "acme-team",
                                              "transaction_id": "0192f1c0-2"}, **WHY}}
        ),
    ),
    Operation(name="GET /corrections", query=PAGES, answer=page("corrections", of("Correction"))),
    Operation(
        name="GET /corrections/{correction_id}", refusals=(404,), answer=ONE,
        example=Example(path={"correction_id": MADE}),
    ),
    Operation(
        name="POST /corrections/{correction_id}/revert", turn=41, answer=EITHER,
        refusals=(404, 405),
        body=under("correction", of("CorrectionRevert")),
        example=Example({"correction": WHY | {"preview": True}}, path={"correction_id": MADE}),
    ),
)  # fmt: skip
