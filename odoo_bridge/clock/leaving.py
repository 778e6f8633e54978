"""Splits a draft between Odoo's clock and an invoice of ours, exactly once through any crash.

What is decided is kept before Odoo hears of it; every step looks first and may be begun again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from odoo_bridge.checks.subscriptions import has_subscriptions
from odoo_bridge.clock.clock_invoice import ClockInvoice, clock_invoice, mark, mark_lines
from odoo_bridge.clock.one_time_lines import (
    OneTimeLine,
    place,
    placed_lines,
    to_odoo_one_time_lines,
    withdraw,
)
from odoo_bridge.clock.order_clock import ORDER, OrderClock, order_clock
from odoo_bridge.clock.share import ClockShare, ShareStatus, decided_share, own_part
from odoo_bridge.clock.share_store import intend_share, keep_share, shares_of
from odoo_bridge.connection import OdooConnection
from odoo_bridge.external_ids import order_external_id
from odoo_bridge.faults import NeedsHuman
from odoo_bridge.loading import resolved_id
from odoo_bridge.orders.order_store import KeptOrder, hold_order, kept_order_of
from odoo_bridge.product_rows import ProductKey, product_keys
from odoo_bridge.products import product_ids_of
from odoo_bridge.wording.languages import worded_for_order
from rating.invoice_draft import InvoiceDraft
from storage.fault_points import reached
from storage.state import State

IN_HAND = (
    "waits for its order, which is being made or changed: `fusion-billing odoo orders` ends that"
)


class _OrderInHandError(Exception):
    """A run makes or changes the order just now: what its clock will bill is not known."""


@dataclass(frozen=True, slots=True)
class Split:
    """What becomes of a draft now: our invoice bills `own`, or the clock's is `billed`.

    With neither, the clock's invoice is waited for, as `told` says.
    """

    own: InvoiceDraft | None = None
    billed: ClockInvoice | None = None
    told: str = ""


class Leaving:
    """One run of sending: which fees Odoo's clock bills, and which usage goes with them."""

    def __init__(
        self, state: State, odoo: OdooConnection, combined_codes: frozenset[str], at: datetime
    ) -> None:
        self._state = state
        self._odoo = odoo
        self._combined_codes = combined_codes
        self._at = at
        self._has_clock: bool | None = None
        self._product_ids: dict[ProductKey, int] = {}

    def foreseen(self, draft: InvoiceDraft) -> InvoiceDraft | None:
        """Return what our invoice would bill as far as it was decided; asks nothing."""
        share = self._kept(draft)
        if share is None:
            return draft
        return own_part(draft, share.fee_cents, share.day) if _is_ours(share) else None

    def split(self, draft: InvoiceDraft, day: date) -> Split:
        """Return what becomes of a draft whose closing is on a day; decides it the first time."""
        try:
            share = self._kept(draft) or self._decided(draft, day)
        except _OrderInHandError:
            return Split(told=IN_HAND)
        if share is None:
            return Split(own=draft)
        if share.status is ShareStatus.OURS:
            return Split(own=own_part(draft, share.fee_cents, share.day))
        return self._left(draft, share)

    def _kept(self, draft: InvoiceDraft) -> ClockShare | None:
        with self._state.read() as connection:
            known = shares_of(connection, self._odoo.settings.database, [draft.id])
        return known.get(draft.id)

    def _kept_order(self, draft: InvoiceDraft) -> tuple[str, KeptOrder] | None:
        with self._state.read() as connection:
            return kept_order_of(connection, self._odoo, draft.subscription_id)

    def _decided(self, draft: InvoiceDraft, day: date) -> ClockShare | None:
        """Decide and keep; None without a fee, and where Odoo has no clock or not the order."""
        found = None if draft.fee_until is None else self._kept_order(draft)
        if found is None or not self._clock_is_there():
            return None
        key, order = found
        if order.is_in_hand:
            raise _OrderInHandError
        order_id = self._order_id(key, order)
        if order_id is None:
            return None
        decided = self._share_of(draft, order_id, day)
        database = self._odoo.settings.database
        with self._state.write() as connection:
            held = hold_order(connection, database, key)
            if held is not None and held.is_in_hand:
                raise _OrderInHandError
            kept = intend_share(connection, database, decided, self._at)
        reached("odoo.clock.decided")
        return kept

    def _order_id(self, key: str, order: KeptOrder) -> int | None:
        if order.order is not None:
            return order.order.order_id
        return resolved_id(self._odoo, ORDER, order_external_id(key))

    def _share_of(self, draft: InvoiceDraft, order_id: int, day: date) -> ClockShare:
        clock = order_clock(self._odoo, order_id, day, draft.currency)
        if clock.problem and clock.due_cents:
            raise NeedsHuman(clock.problem)
        own = own_part(draft, clock.fee_cents, day)
        wants = draft.service_code in self._combined_codes and not clock.problem
        # A credit can't be a line of an invoice that it makes negative: it gets its own move.
        is_left = wants and clock.is_due and own.amount_cents >= 0
        return decided_share(draft, order_id, day, clock.fee_cents, is_left=is_left)

    def _clock_is_there(self) -> bool:
        if self._has_clock is None:
            self._has_clock = has_subscriptions(self._odoo)
        return self._has_clock

    def _left(self, draft: InvoiceDraft, share: ClockShare) -> Split:
        """Put the lines on the order, wait for the invoice, take it; late ones are ours again."""
        own = own_part(draft, share.fee_cents, share.day)
        clock = order_clock(self._odoo, share.order_id, share.day, draft.currency)
        lines = placed_lines(self._odoo, own)
        invoiced = [line.is_invoiced for line in lines]
        if any(invoiced) or (not own.lines and clock.billed.move_id is not None):
            return self._billed(draft, share, lines, clock)
        if clock.problem:
            raise NeedsHuman(clock.problem)
        if not clock.is_due:
            return self._late(draft, share, clock, is_placed=bool(lines))
        if own.lines and not lines:
            said = worded_for_order(self._odoo, own, share.order_id)
            rows = to_odoo_one_time_lines(said, share.order_id, self._products(own))
            place(self._odoo, rows)
            reached("odoo.clock.placed")
        return Split(told=f"waits for Odoo's own invoice of {share.day} on order {clock.name}")

    def _products(self, own: InvoiceDraft) -> Mapping[ProductKey, int]:
        unknown = product_keys(own) - self._product_ids.keys()
        self._product_ids |= product_ids_of(self._odoo, unknown)
        return self._product_ids

    def _late(
        self, draft: InvoiceDraft, share: ClockShare, clock: OrderClock, *, is_placed: bool
    ) -> Split:
        """Bill by an invoice of ours what the clock went past, taking it off the order first."""
        own = own_part(draft, share.fee_cents, share.day)
        if is_placed and not withdraw(self._odoo, own):
            return Split(
                told=f"order {clock.name} was invoiced just now: looked at in the next run"
            )
        reached("odoo.clock.withdrawn")
        ours = decided_share(draft, share.order_id, share.day, clock.fee_cents, is_left=False)
        self._keep(ours)
        return Split(own=own_part(draft, ours.fee_cents, ours.day))

    def _billed(
        self,
        draft: InvoiceDraft,
        share: ClockShare,
        lines: list[OneTimeLine],
        clock: OrderClock,
    ) -> Split:
        own = own_part(draft, share.fee_cents, share.day)
        found = clock_invoice(self._odoo, draft, lines, clock.billed)
        move_id = found.invoice.move_id
        if share.status is not ShareStatus.BILLED:
            mark_lines(self._odoo, own, lines)
            mark(self._odoo, draft, move_id, stands_for_draft=True)
            reached("odoo.clock.marked")
            self._keep(
                replace(
                    share,
                    status=ShareStatus.BILLED,
                    own_cents=found.expected_cents,
                    own_lines_count=found.invoice.lines_count,
                    clock_move_id=move_id,
                )
            )
        return Split(billed=found)

    def _keep(self, share: ClockShare) -> None:
        with self._state.write() as connection:
            keep_share(connection, self._odoo.settings.database, share, self._at)


def _is_ours(share: ClockShare) -> bool:
    return share.status is ShareStatus.OURS
