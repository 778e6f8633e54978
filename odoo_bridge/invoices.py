"""Sends waiting drafts to Odoo as draft invoices, exactly once, and reads every one back.

A draft is resolved by its external id before anything is created, so a run may end anywhere. It
counts as sent once it is posted, where its service says so.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from catalog.accounts import Account
from odoo_bridge.cards.card_store import intend_charge
from odoo_bridge.change_feed.changed_by_hand import deleted_by_hand
from odoo_bridge.change_feed.feed_store import remember_sent
from odoo_bridge.checks.provinces import province_fault, provinces_without_position
from odoo_bridge.clock.clock_invoice import ClockInvoice
from odoo_bridge.clock.leaving import Leaving, Split
from odoo_bridge.clock.verifying import unbilled_fees
from odoo_bridge.company import company_of
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import NeedsHuman, OdooFault, OurBug
from odoo_bridge.fields import refuse_missing_fields
from odoo_bridge.making import Held, Making, Ready
from odoo_bridge.move_rows import (
    NET_DAYS_DEFAULT,
    BillingTerms,
    amount_text,
    closing_date,
    is_credit,
    to_odoo_rows,
)
from odoo_bridge.orders.order_store import OdooOrder, order_of
from odoo_bridge.partner_rows import partner_name
from odoo_bridge.partners import (
    found_partner_id,
    linked_partner_ids,
    new_partner,
    partner_id_of,
)
from odoo_bridge.posting import MODEL, post_once
from odoo_bridge.product_rows import ProductKey, product_keys
from odoo_bridge.products import fit_product_ids, product_ids_of
from odoo_bridge.readback import (
    READ_FIELDS,
    MoveState,
    OdooInvoice,
    currency_fault,
    draft_fault,
    from_odoo_move,
    invoice_fault,
    posting_fault,
)
from odoo_bridge.reversals.originals import reversal_of
from odoo_bridge.send_report import DraftReport, Outcome, SendReport
from odoo_bridge.wording.languages import Languages
from rating.draft_store import drafts_waiting, mark_sent, park, waiting_count
from rating.invoice_draft import InvoiceDraft
from storage.fault_points import reached
from storage.state import State

LINE = "sale.order.line"
DRAFTS_MAX_DEFAULT = 1000
BATCH_DRAFTS_MAX = 50
POST_REMEDY = "mend that and run `fusion-billing odoo sync --parked`, or post it in Odoo yourself"

Sound: TypeAlias = tuple[InvoiceDraft, OdooInvoice]


@dataclass(frozen=True, slots=True)
class SendRules:
    """In how many days invoices are due; services whose are posted here, by code.

    Usage of `combined_codes` goes on the invoices of Odoo's own clock, where it has one; a saved
    card is charged for invoices of `charging_codes` once they are posted. What people deleted in
    Odoo is made anew with `recreate` only.
    """

    net_days: int = NET_DAYS_DEFAULT
    posting_codes: frozenset[str] = frozenset()
    combined_codes: frozenset[str] = frozenset()
    charging_codes: frozenset[str] = frozenset()
    recreate: bool = False


RULES_DEFAULT = SendRules()


def send_drafts(
    state: State,
    odoo: OdooConnection,
    account_of: Callable[[str], Account],
    zone_of: Callable[[str], ZoneInfo],
    *,
    now: datetime,
    rules: SendRules = RULES_DEFAULT,
    limit: int = DRAFTS_MAX_DEFAULT,
    dry_run: bool = False,
) -> SendReport:
    """Send the oldest waiting drafts; a fault that would meet every draft ends the run.

    `account_of` takes an account's id, `zone_of` a service's code.
    """
    with state.read() as connection:
        drafts = drafts_waiting(connection, limit)
    sending = _Sending(state, odoo, account_of, rules, now=now, dry_run=dry_run)
    stopped_by: OdooFault | None = None
    problems: list[str] = []
    try:
        if drafts:
            sending.begin()
        for start in range(0, len(drafts), BATCH_DRAFTS_MAX):
            batch = drafts[start : start + BATCH_DRAFTS_MAX]
            sending.send(batch, lambda code: BillingTerms(zone_of(code), rules.net_days))
        problems = [] if dry_run else unbilled_fees(state, odoo, now)
    except OdooFault as fault:
        stopped_by = fault
    with state.read() as connection:
        waiting = waiting_count(connection)
    reports = tuple(sending.reports.values())
    return SendReport(reports, waiting, stopped_by, dry_run, tuple(problems))


class _Sending:
    """One run: what it needs for every draft, what it has looked up, what it reports."""

    def __init__(
        self,
        state: State,
        odoo: OdooConnection,
        account_of: Callable[[str], Account],
        rules: SendRules,
        *,
        now: datetime,
        dry_run: bool,
    ) -> None:
        self.reports: dict[str, DraftReport] = {}
        self._state = state
        self._odoo = odoo
        self._account_of = account_of
        self._rules = rules
        self._now = now
        self._dry_run = dry_run
        self._company_currency = ""
        self._is_posting_noted = True
        self._provinces_without_position: frozenset[int] = frozenset()
        self._partner_ids: dict[str, int] = {}
        self._product_ids: dict[ProductKey, int] = {}
        self._corrected: dict[str, str] = {}
        self._taken: set[str] = set()
        self._orders: dict[str, OdooOrder] = {}
        self._making = Making(odoo, self._parking)
        self._languages = Languages(odoo)
        self._leaving = Leaving(state, odoo, rules.combined_codes, now)

    def begin(self) -> None:
        """Refuse an Odoo that is not ready, before anything is written."""
        refuse_missing_fields(self._odoo)
        company = company_of(self._odoo)
        self._company_currency = company.currency
        self._is_posting_noted = company.keeps_audit_trail
        self._provinces_without_position = provinces_without_position(self._odoo, company)

    def send(self, batch: Sequence[InvoiceDraft], terms_of: Callable[[str], BillingTerms]) -> None:
        """Adopt what Odoo holds already; create the rest, read it back, remember it."""
        batch = self._ours(batch, terms_of)
        self._settle(self._making.held(batch), is_new=False)
        new = [draft for draft in batch if draft.id not in self.reports]
        if self._dry_run:
            self._foresee(new)
            return
        reached("odoo.invoices.resolved")
        unknown = {draft.account_id for draft in new} - self._partner_ids.keys()
        accounts = [self._account_of(account_id) for account_id in sorted(unknown)]
        self._partner_ids |= linked_partner_ids(self._state, self._odoo, accounts)
        self._languages.note(self._partner_ids.values())
        unnamed = {key for draft in new for key in product_keys(draft)} - self._product_ids.keys()
        self._product_ids |= fit_product_ids(self._odoo, unnamed)
        self._orders = self._orders_of(new)
        ready = [ready for draft in new for ready in self._ready(draft, terms_of)]
        self._settle(self._making.created(ready), is_new=True)

    def _ours(
        self, batch: Iterable[InvoiceDraft], terms_of: Callable[[str], BillingTerms]
    ) -> list[InvoiceDraft]:
        """Return what invoices of ours bill of some drafts; Odoo's own clock bills the rest."""
        ours = []
        for draft in batch:
            with self._parking(draft):
                split = self._split(draft, terms_of(draft.service_code))
                if split.own is not None:
                    ours.append(split.own)
                elif split.billed is not None:
                    self._take(draft, split.billed)
                else:
                    self.reports[draft.id] = DraftReport(draft, Outcome.WAITING, split.told)
        return ours

    def _split(self, draft: InvoiceDraft, terms: BillingTerms) -> Split:
        if self._dry_run:
            return Split(self._leaving.foreseen(draft), told="waits for Odoo's own invoice")
        problem = draft_fault(draft) or currency_fault(draft, self._company_currency)
        if problem:
            raise NeedsHuman(problem)
        timezone = self._account_of(draft.account_id).timezone
        zone = ZoneInfo(timezone) if timezone else terms.zone
        return self._leaving.split(draft, closing_date(draft, zone))

    def _take(self, draft: InvoiceDraft, found: ClockInvoice) -> None:
        """Remember the invoice of Odoo's clock that bills a draft; the feed tells differences."""
        self._taken.add(draft.id)
        self._remember(replace(draft, amount_cents=found.expected_cents), found.invoice)
        told = f"{_amount(draft)} is {_named(found.invoice)}, made by Odoo's own clock"
        move_id = found.invoice.move_id
        self.reports[draft.id] = DraftReport(draft, Outcome.SENT, told, move_id)

    def _ready(
        self, draft: InvoiceDraft, terms_of: Callable[[str], BillingTerms]
    ) -> Iterator[Ready]:
        """Yield a draft with its rows, or nothing when it had to be parked."""
        with self._parking(draft):
            self._refuse_unsound(draft)
            if draft.account_id not in self._partner_ids:
                account = self._account_of(draft.account_id)
                partner_id = partner_id_of(self._state, self._odoo, account)
                self._partner_ids[draft.account_id] = partner_id
            self._refuse_untaxable(self._partner_ids[draft.account_id])
            unknown = product_keys(draft) - self._product_ids.keys()
            self._product_ids |= product_ids_of(self._odoo, unknown)
            partner_id = self._partner_ids[draft.account_id]
            terms = terms_of(draft.service_code)
            order = self._orders.get(draft.id)
            corrected = reversal_of(self._state, self._odoo, draft)
            self._corrected[draft.id] = corrected.told
            said = self._languages.worded(draft, partner_id)
            rows = to_odoo_rows(said, partner_id, self._product_ids, terms, order, corrected)
            yield draft, rows

    def _orders_of(self, drafts: Iterable[InvoiceDraft]) -> dict[str, OdooOrder]:
        """Return the orders of drafts' subscriptions that were not deleted, in one call."""
        with self._state.read() as connection:
            known = {
                draft.id: order
                for draft in drafts
                if (order := order_of(connection, self._odoo, draft.subscription_id)) is not None
            }
        asked = sorted({order.note_line_id for order in known.values()})
        there = self._odoo.call(LINE, "search", [["id", "in", asked]]) if asked else []
        return {name: order for name, order in known.items() if order.note_line_id in set(there)}

    def _refuse_unsound(self, draft: InvoiceDraft) -> None:
        problem = draft_fault(draft) or currency_fault(draft, self._company_currency)
        if problem is None and draft.odoo_move_id is not None and not self._rules.recreate:
            problem = deleted_by_hand(draft.odoo_move_id)
        if problem:
            raise NeedsHuman(problem)

    def _refuse_untaxable(self, partner_id: int) -> None:
        problem = province_fault(self._odoo, partner_id, self._provinces_without_position)
        if problem:
            raise NeedsHuman(problem)

    def _settle(self, held: Sequence[Held], *, is_new: bool) -> None:
        """Read invoices back, post them where asked, and remember each or park its draft."""
        invoices = self._read([move_id for _, move_id in held])
        reached("odoo.invoices.read")
        sound: list[Sound] = []
        for draft, move_id in held:
            if move_id not in invoices:
                continue
            problem = invoice_fault(draft, invoices[move_id])
            if problem:
                self._park(draft, problem)
                continue
            sound.append((draft, invoices[move_id]))
        outcome = Outcome.SENT if is_new else Outcome.ALREADY_THERE
        for draft, invoice in sound if self._dry_run else self._posted(sound):
            if not self._dry_run:
                self._remember(draft, invoice)
            told = f"{_amount(draft)} is {_named(invoice)}{self._corrected.get(draft.id, '')}"
            self.reports[draft.id] = DraftReport(draft, outcome, told, invoice.move_id)

    def _read(self, move_ids: Sequence[int]) -> dict[int, OdooInvoice]:
        read = self._odoo.call(MODEL, "read", list(move_ids), READ_FIELDS) if move_ids else []
        return {invoice.move_id: invoice for invoice in map(from_odoo_move, read)}

    def _posted(self, sound: Sequence[Sound]) -> list[Sound]:
        """Post the drafts of services that ask for it; those that Odoo won't post are parked."""
        asked = [
            invoice.move_id
            for draft, invoice in sound
            if invoice.state == MoveState.DRAFT and draft.service_code in self._rules.posting_codes
        ]
        refusals = post_once(self._odoo, asked, noted=self._is_posting_noted)
        invoices = self._read(asked)
        settled: list[Sound] = []
        for draft, before in sound:
            invoice = invoices.get(before.move_id, before)
            problem = refusals.get(before.move_id)
            if before.move_id in invoices and problem is None:
                problem = posting_fault(draft, invoice)
            if problem is None:
                settled.append((draft, invoice))
                continue
            self._park(draft, f"invoice #{before.move_id} was not posted: {problem}; {POST_REMEDY}")
        return settled

    def _remember(self, draft: InvoiceDraft, invoice: OdooInvoice) -> None:
        with self._state.write() as connection:
            mark_sent(connection, draft.id, invoice.move_id, self._now)
            remember_sent(connection, self._odoo.settings.database, draft, invoice, self._now)
            if self._charges_card(draft):
                intend_charge(
                    *(connection, self._odoo.settings.database, draft.id, draft.service_code),
                    *(invoice.move_id, self._now),
                )
            reached("odoo.sent.written")
        reached("odoo.sent.committed")

    def _charges_card(self, draft: InvoiceDraft) -> bool:
        """Say whether a saved card is to be charged; what Odoo's clock made, it charges itself."""
        asks = draft.service_code in self._rules.charging_codes and not is_credit(draft)
        return asks and draft.id not in self._taken

    def _foresee(self, drafts: Iterable[InvoiceDraft]) -> None:
        """Report what sending would do, asking Odoo and writing nothing."""
        for draft in drafts:
            with self._parking(draft):
                self._refuse_unsound(draft)
                account = self._account_of(draft.account_id)
                partner_id = found_partner_id(self._state, self._odoo, account)
                if partner_id is None:
                    new_partner(self._odoo, account)
                else:
                    self._refuse_untaxable(partner_id)
                whom = f"partner #{partner_id}" if partner_id else "a new partner"
                told = f"{_amount(draft)} to {whom} for {partner_name(account)}"
                self.reports[draft.id] = DraftReport(draft, Outcome.SENT, told)

    @contextmanager
    def _parking(self, draft: InvoiceDraft) -> Iterator[None]:
        """Set a draft aside when it is this draft that can't be sent; the others go on."""
        try:
            yield
        except (NeedsHuman, OurBug) as fault:
            self._park(draft, fault.words if isinstance(fault, NeedsHuman) else str(fault))

    def _park(self, draft: InvoiceDraft, problem: str) -> None:
        if not self._dry_run:
            with self._state.write() as connection:
                park(connection, [draft.id], problem)
        self.reports[draft.id] = DraftReport(draft, Outcome.PARKED, problem)


def _amount(draft: InvoiceDraft) -> str:
    return f"{amount_text(draft.amount_cents, draft.currency)} {draft.currency}"


def _named(invoice: OdooInvoice) -> str:
    if invoice.state != MoveState.POSTED:
        return f"invoice #{invoice.move_id}"
    later = ""
    if invoice.is_booked_later:
        later = f", booked on {invoice.accounting_date} since the books are closed on its own date"
    return f"invoice {invoice.name}, posted{later}"
