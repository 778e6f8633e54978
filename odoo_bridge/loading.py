"""Creating records in Odoo exactly once: resolve the external id, else `load` under it.

Knows no business noun. `load` raises nothing by itself; its messages become faults here.
"""

from collections.abc import Sequence

from odoo_bridge.connection import ATTEMPTS_MAX, OdooConnection
from odoo_bridge.faults import (
    NeedsHuman,
    OdooFault,
    OurBug,
    OutcomeUnknown,
    Retryable,
    fault_of_messages,
)
from odoo_bridge.odoo_value import OdooValue
from storage.fault_points import reached

NOT_FOUND_WORDS = "External ID not found"


def resolved_id(odoo: OdooConnection, model: str, external_id: str) -> int | None:
    """Return the record that Odoo keeps under our external id, archived or not; None when none."""
    module, name = external_id.split(".")
    try:
        found = odoo.call(
            *("ir.model.data", "check_object_reference", module, name, True),
            context={"active_test": False},
        )
    except OurBug as fault:
        if NOT_FOUND_WORDS not in fault.words:
            raise
        return None
    if found[0] != model:
        raise NeedsHuman(f"{external_id} names a record of {found[0]} in Odoo, not of {model}")
    return int(found[1])


def loaded_ids(
    odoo: OdooConnection,
    model: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    context: OdooValue | None = None,
) -> list[int]:
    """Load records in one transaction and return their ids in order; all of them, or a fault."""
    reached("odoo.load.begun")
    told = {} if context is None else {"context": context}
    answer = odoo.call(model, "load", list(columns), [list(row) for row in rows], **told)
    reached("odoo.load.done")
    if not answer["ids"]:
        raise fault_of_messages([str(told["message"]) for told in answer["messages"]])
    return [int(record_id) for record_id in answer["ids"]]


def created_once(
    odoo: OdooConnection,
    model: str,
    external_id: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    context: OdooValue | None = None,
) -> int:
    """Load one record that was not there, and return its id even when somebody else was faster.

    The loser of a race and a caller whose answer got lost find the record by its external id.
    """
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return loaded_ids(odoo, model, columns, rows, context)[0]
        except (Retryable, OutcomeUnknown, NeedsHuman) as caught:
            fault: OdooFault = caught
        found = resolved_id(odoo, model, external_id)
        if found is not None:
            return found
        if not isinstance(fault, Retryable):
            break
        odoo.pause(attempt)
    raise fault
