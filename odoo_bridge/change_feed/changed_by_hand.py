"""How an invoice in Odoo came to differ from what we proposed, and what to do then. Pure."""

from dataclasses import dataclass

from catalog.money import amount_of_cents
from odoo_bridge.change_feed.seen_move import CANCELLED, DELETED, POSTED, SeenMove

ACCEPT = "fusion-billing odoo accept"
RECREATE = "fusion-billing odoo sync --recreate"


@dataclass(frozen=True, slots=True)
class DraftOfMove:
    """What a move is held against, and whose it is; `charge_codes` are by rated line."""

    id: str
    service_code: str
    account_id: str
    amount_cents: int
    currency: str
    subscription_external_id: str
    plan_code: str
    status: str
    problem: str | None
    lines_count: int
    charge_codes: dict[str, str | None]


def changed_by_hand(seen: SeenMove, draft: DraftOfMove) -> str | None:
    """Return how the invoice of a draft differs from it, with the remedy; None while it agrees.

    A cancelled invoice was cancelled on purpose, and is told to the app.
    """
    if seen.state in (CANCELLED, DELETED) or seen.accepted_cents == seen.untaxed_cents:
        return None
    proposed = abs(draft.amount_cents)
    differences = [
        f"{name}: Odoo has {found}, the draft {expected}"
        for name, found, expected in (
            ("amount", _text(seen.untaxed_cents, seen), _text(proposed, seen)),
            ("currency", seen.currency, draft.currency),
            ("lines", seen.lines_count, draft.lines_count),
        )
        if found != expected
    ]
    if not differences:
        return None
    mend = (
        "credit or bill the difference in Odoo"
        if seen.state == POSTED
        else "correct the draft in Odoo"
    )
    return (
        f"invoice #{seen.move_id} was changed in Odoo ({'; '.join(differences)}): {mend}, or take "
        f"it as it is with `{ACCEPT} {draft.id}`"
    )


def deleted_by_hand(move_id: int, name: str = "") -> str:
    """Return that an invoice is gone, and what to do about it."""
    called = f" {name}" if name else ""
    return (
        f"invoice #{move_id}{called} was deleted in Odoo: nothing bills this draft now; make it "
        f"anew with `{RECREATE}`, or leave the draft parked if it is not to be billed"
    )


def _text(cents: int, seen: SeenMove) -> str:
    return format(amount_of_cents(cents, seen.currency), "f")
