"""Posting draft invoices in Odoo: each once, however often it is asked for or broken off."""

from collections.abc import Mapping, Sequence

from odoo_bridge.connection import ATTEMPTS_MAX, OdooConnection
from odoo_bridge.faults import NeedsHuman, OurBug, OutcomeUnknown, Retryable
from odoo_bridge.odoo_value import OdooValue
from storage.fault_points import reached

MODEL = "account.move"
DRAFT = "draft"
# Odoo's own switch for those who write much; a tenth of the time of a run goes into these notes.
UNNOTED: OdooValue = {"tracking_disable": True}


def post_once(
    odoo: OdooConnection, move_ids: Sequence[int], *, noted: bool = True
) -> dict[int, str]:
    """Post the drafts among some moves; return Odoo's words for those that it won't post.

    Odoo posts a call's moves together or not at all, and never a posted one again. Where `noted`,
    Odoo notes on each who posted it, when and under which number: an audit trail needs that.
    """
    told = {} if noted else {"context": UNNOTED}
    drafts = _still_drafts(odoo, move_ids)
    if not drafts:
        return {}
    reached("odoo.post.begun")
    try:
        odoo.call(MODEL, "action_post", drafts, **told)
    except OutcomeUnknown as fault:
        lost = fault
    except (Retryable, NeedsHuman, OurBug):
        return _posted_singly(odoo, drafts, told)
    else:
        reached("odoo.post.done")
        return {}
    _await_posted(odoo, drafts, lost)
    return {}


def _posted_singly(
    odoo: OdooConnection, move_ids: Sequence[int], told: Mapping[str, OdooValue]
) -> dict[int, str]:
    refusals: dict[int, str] = {}
    for move_id in move_ids:
        try:
            odoo.call(MODEL, "action_post", [move_id], **told)
        except OutcomeUnknown as fault:
            _await_posted(odoo, [move_id], fault)
        except (NeedsHuman, OurBug) as fault:
            # Somebody else may have been faster.
            if _still_drafts(odoo, [move_id]):
                refusals[move_id] = fault.words
    return refusals


def _await_posted(odoo: OdooConnection, move_ids: Sequence[int], lost: OutcomeUnknown) -> None:
    """Look whether a call that was broken off has posted; still unknown, it ends the run."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        if not _still_drafts(odoo, move_ids):
            return
        odoo.pause(attempt)
    raise lost


def _still_drafts(odoo: OdooConnection, move_ids: Sequence[int]) -> list[int]:
    if not move_ids:
        return []
    read = odoo.call(MODEL, "read", list(move_ids), ["state"])
    return [int(one["id"]) for one in read if one["state"] == DRAFT]
