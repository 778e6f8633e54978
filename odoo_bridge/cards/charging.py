"""Charges saved cards for invoices that are posted, each once; what is refused waits for a person.

That a card is about to be charged is kept before Odoo is asked; after that Odoo is only looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from odoo_bridge.cards.card_store import (
    CardCharge,
    ChargeStatus,
    end_charge,
    open_charges,
    take_charge,
)
from odoo_bridge.cards.odoo_cards import (
    CANCELLED,
    CHARGED_STATES,
    POSTED,
    UNPAID,
    card_of,
    charge,
    invoice_of,
    payment_of,
    refusal_of,
    wizard_of,
)
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import Misconfigured, NeedsHuman, OdooFault, OurBug
from odoo_bridge.odoo_value import OdooValue
from storage.fault_points import reached
from storage.state import State

CHARGES_MAX = 500
# Longer than Odoo lets a request live: what did not begin to show by then, will not.
PATIENCE = timedelta(minutes=15)
AGAIN = "`fusion-billing odoo charge --again`"


@dataclass(frozen=True, slots=True)
class ChargesReport:
    """Charges that ended in this run, each with its words; `stopped_by` is why it ended early."""

    charges: tuple[CardCharge, ...]
    stopped_by: OdooFault | None

    @property
    def has_problems(self) -> bool:
        """Say whether a person must look."""
        parked = any(one.status is ChargeStatus.PARKED for one in self.charges)
        return parked or self.stopped_by is not None


def charge_cards(state: State, odoo: OdooConnection, at: datetime) -> ChargesReport:
    """Charge what waits and is posted; a charge that broke off is looked for, never repeated."""
    database = odoo.settings.database
    with state.read() as connection:
        waiting = open_charges(connection, database, CHARGES_MAX)
    ended: list[CardCharge] = []
    stopped_by: OdooFault | None = None
    try:
        for one in waiting:
            ended.extend(_ended(state, odoo, one, at))
    except OdooFault as fault:
        stopped_by = fault
    return ChargesReport(tuple(ended), stopped_by)


def memo_of(charged: CardCharge, move: OdooValue) -> str:
    """Return the words under which a charge's payment is found again."""
    return f"{move['name']} {charged.draft_id}"


def _ended(
    state: State, odoo: OdooConnection, one: CardCharge, at: datetime
) -> Iterator[CardCharge]:
    """Yield a charge that came to its end, if it did."""
    try:
        end = _end(state, odoo, one, at)
    except (NeedsHuman, OurBug) as fault:
        end = _parked(one, fault.words)
    if end is not None:
        with state.write() as connection:
            end_charge(connection, odoo.settings.database, end, at)
        reached("odoo.card.ended")
        yield end


def _end(state: State, odoo: OdooConnection, one: CardCharge, at: datetime) -> CardCharge | None:
    move = invoice_of(odoo, one.move_id)
    if move is None or move["state"] == CANCELLED:
        return replace(
            one, status=ChargeStatus.NEEDLESS, problem="the invoice is not open any more"
        )
    if one.status is ChargeStatus.ASKED:
        return _found(odoo, one, move, at)
    if move["state"] != POSTED:
        return None
    if move["payment_state"] not in UNPAID:
        return replace(one, status=ChargeStatus.NEEDLESS, problem=None)
    return _charged(state, odoo, one, move, at)


def _charged(
    state: State, odoo: OdooConnection, one: CardCharge, move: OdooValue, at: datetime
) -> CardCharge | None:
    card = card_of(odoo, move)
    if card is None:
        return replace(one, status=ChargeStatus.NEEDLESS, problem="the client has saved no card")
    memo = memo_of(one, move)
    wizard_id = wizard_of(odoo, one.move_id, card, memo)
    with state.write() as connection:
        is_mine = take_charge(connection, odoo.settings.database, one, at)
    if not is_mine:
        return None
    reached("odoo.card.asked")
    try:
        charge(odoo, one.move_id, wizard_id)
    except (NeedsHuman, OurBug, Misconfigured):
        # Odoo took back what it did, but a provider may have been asked: it is looked at.
        reached("odoo.card.refused")
    reached("odoo.card.charged")
    return _found(odoo, replace(one, updated_at=at), move, at)


def _found(
    odoo: OdooConnection, one: CardCharge, move: OdooValue, at: datetime
) -> CardCharge | None:
    """Return how a charge ended that Odoo was asked for; None while that may still show."""
    payment = payment_of(odoo, memo_of(one, move), one.payment_id or 0)
    if payment is not None:
        known = replace(one, payment_id=int(payment["id"]))
        if payment["state"] in CHARGED_STATES:
            return replace(known, status=ChargeStatus.CHARGED, problem=None)
        words = refusal_of(odoo, payment) or "without words"
        return _parked(known, f"the card was refused for {move['name']}: {words}")
    if at - one.updated_at < PATIENCE:
        return None
    return _parked(
        one,
        f"whether the card was charged for {move['name']} is not known: look at the provider's own "
        "list first",
    )


def _parked(one: CardCharge, words: str) -> CardCharge:
    remedy = f"register the payment in Odoo, or try once more with {AGAIN}"
    return replace(one, status=ChargeStatus.PARKED, problem=f"{words}; {remedy}")
