"""Accounts whose partner a person must settle: what is wrong, and whom they might be."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from catalog.accounts import Account
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import NeedsHuman
from odoo_bridge.partner_matches import OdooPartner, matching_partners
from odoo_bridge.partners import found_partner_id, new_partner
from rating.invoice_draft import DraftStatus
from storage.state import State
from storage.tables import invoice_draft


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """An account that can't be billed, why, and the partners it might be."""

    account: Account
    problem: str
    candidates: tuple[OdooPartner, ...]


def open_accounts(
    state: State, odoo: OdooConnection, accounts: Iterable[Account]
) -> list[OpenAccount]:
    """Return those of some accounts that wait for a person; asks Odoo and writes nothing."""
    found = []
    for account in accounts:
        problem = _problem(state, odoo, account)
        if problem:
            candidates = tuple(matching_partners(odoo, account))
            found.append(OpenAccount(account, problem, candidates))
    return found


def unsent_account_ids(connection: sa.Connection) -> list[str]:
    """Return the accounts, by our own ids, whose drafts wait or are parked."""
    is_unsent = invoice_draft.c.status.in_([DraftStatus.DRAFT, DraftStatus.PARKED])
    account_id = invoice_draft.c.account_id
    found = sa.select(account_id).where(is_unsent).distinct().order_by(account_id)
    return list(connection.scalars(found))


def _problem(state: State, odoo: OdooConnection, account: Account) -> str | None:
    try:
        if found_partner_id(state, odoo, account) is None:
            new_partner(odoo, account)
    except NeedsHuman as fault:
        return fault.words
    return None
