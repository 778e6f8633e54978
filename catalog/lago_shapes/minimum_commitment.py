"""The minimum commitment of a plan in Lago's words: what fee and usage of a period come to."""

import uuid
from dataclasses import replace

from catalog.lago_shapes.fields import INVALID, Fields, whole_number
from catalog.lago_shapes.times import iso_seconds
from catalog.plans import Plan

AMOUNT_CENTS_MAX = 10**15
OUT_OF_RANGE = "value_is_out_of_range"


def with_minimum_commitment(fields: Fields, kept: Plan) -> Plan:
    """Return a plan with the commitment given; an empty one or one of 0 cents is none.

    Taxes of a commitment belong to Odoo, as all taxes do.
    """
    given = fields.given.get("minimum_commitment")
    if given is None:
        return kept
    if not isinstance(given, dict):
        fields.fault("minimum_commitment", INVALID)
        return kept
    if not given:
        return replace(kept, minimum_commitment_cents=0, minimum_commitment_display_name=None)
    own = Fields(given)
    name = own.text("invoice_display_name", kept.minimum_commitment_display_name)
    for code in own.faults.get("invoice_display_name", ()):
        fields.fault("invoice_display_name", code)
    cents = whole_number(given.get("amount_cents", kept.minimum_commitment_cents))
    if cents is None or not 0 <= cents <= AMOUNT_CENTS_MAX:
        fields.fault("amount_cents", INVALID if cents is None else OUT_OF_RANGE)
        return kept
    return replace(
        kept,
        minimum_commitment_cents=cents,
        minimum_commitment_display_name=name if cents else None,
    )


def to_lago_minimum_commitment(plan: Plan) -> dict[str, object]:
    """Return the member that Lago's plan object has when a commitment is agreed."""
    if not plan.minimum_commitment_cents:
        return {}
    return {
        "minimum_commitment": {
            "lago_id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{plan.id}/minimum_commitment")),
            "plan_code": plan.code,
            "invoice_display_name": plan.minimum_commitment_display_name,
            "amount_cents": plan.minimum_commitment_cents,
            "interval": plan.interval.value,
            "created_at": iso_seconds(plan.created_at),
            "updated_at": iso_seconds(plan.valid_from),
            "taxes": [],
        }
    }
