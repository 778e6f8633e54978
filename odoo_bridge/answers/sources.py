"""Where answers about invoices come from, and what is answered while Odoo gives none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar

from catalog.accounts import Account
from catalog.errors import MethodNotAllowed, NotFound
from catalog.services import Service
from catalog.store.accounts import accounts_with_external_id
from odoo_bridge.answers.domains import Scope
from odoo_bridge.answers.own_drafts import draft_ids_of_account
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import OdooFault
from rating.answers.current_usage import UsageSources

T = TypeVar("T")
NOT_CONFIGURED = "odoo_not_configured"


@dataclass(frozen=True, slots=True)
class OdooAnswers:
    """The way to Odoo for answers, None where none is configured.

    `net_days` is when invoices fall due; `secret` signs our links to documents.
    """

    odoo: OdooConnection | None
    net_days: int
    secret: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of one service: at which instant, with all that may be asked to answer it."""

    usage: UsageSources
    answers: OdooAnswers
    service: Service
    at: datetime

    @property
    def today(self) -> date:
        """Return the service's local day."""
        return self.at.astimezone(self.service.zone).date()

    @property
    def database(self) -> str:
        """Return the name of Odoo's database, which ids of its records are made from."""
        return self.answers.odoo.settings.database if self.answers.odoo else ""

    @property
    def required_odoo(self) -> OdooConnection:
        """Return the way to Odoo; MethodNotAllowed where none is configured."""
        if self.answers.odoo is None:
            raise MethodNotAllowed(NOT_CONFIGURED)
        return self.answers.odoo


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A page and the number of all; with a fault, only what is known without Odoo."""

    items: Sequence[T]
    total: int
    fault: OdooFault | None = None


def require_account(asked: Asked, external_id: str) -> Account:
    """Return the kept account of an external id; NotFound for an unknown one."""
    known = known_scope(asked, external_id)
    if known is None or known[0] is None:
        raise NotFound("customer")
    return known[0]


def known_scope(asked: Asked, external_id: str | None) -> tuple[Account | None, Scope] | None:
    """Return the account of an external id and what it may see; None for an unknown one.

    Without an external id, the whole service.
    """
    code = asked.service.code
    if external_id is None:
        return None, Scope(code)
    with asked.usage.state.read() as connection:
        namesakes = accounts_with_external_id(connection, code, external_id)
        kept = [account for account in namesakes.values() if account.deleted_at is None]
        if not kept:
            return None
        if len(namesakes) == 1:
            return kept[0], Scope(code, external_id)
        ids = draft_ids_of_account(connection, code, kept[0].id)
    return kept[0], Scope(code, external_id, tuple(ids))
