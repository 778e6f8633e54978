"""Makers of what the bridge takes: a state database with rows, accounts, drafts, a connection."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from catalog.accounts import Account
from odoo_bridge.connection import OdooConnection, OdooSettings
from odoo_bridge.invoices import RULES_DEFAULT, SendRules, send_drafts
from odoo_bridge.send_report import SendReport
from rating.draft_store import draft_of_id
from rating.invoice_draft import DraftLine, DraftStatus, InvoiceDraft, draft_id
from storage import tables
from storage.state import State
from tests.real_parts import OdooDatabase

TORONTO = ZoneInfo("America/Toronto")
# The first instant of 2026-12-01 in Toronto.
CLOSING_AT = datetime(2026, 12, 1, 5, tzinfo=UTC)
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
SERVICES = ("nexacloud", "nexadesk")


def an_id(name: str) -> str:
    """Return the same UUID for the same name."""
    return str(uuid5(NAMESPACE_URL, name))


def an_account(
    external_id: str = "acct-1",
    service_code: str = "nexadesk",
    email: str | None = "billing@acme.example",
    country: str | None = "CA",
    state: str | None = "ON",
    name: str | None = "Acme Ltd",
    vat: str | None = None,
) -> Account:
    return Account(
        id=an_id(f"{service_code} {external_id}"),
        service_code=service_code,
        external_id=external_id,
        created_at=NOW,
        updated_at=NOW,
        name=name,
        email=email,
        country=country,
        state=state,
        tax_identification_number=vat,
        sequential_id=1,
    )


def a_line(
    amount_cents: int = 1234, number: int = 1, charge_code: str | None = "tokens"
) -> DraftLine:
    return DraftLine(
        rated_line_id=an_id(f"line {number}"),
        kind="charge" if charge_code else "plan_fee",
        description=f"Tokens {number}: 1,234,567",
        amount_cents=amount_cents,
        charge_code=charge_code,
        metric_code="tokens" if charge_code else None,
        quantity="1234567.000000000001",
    )


def a_draft(
    account: Account,
    amounts_cents: Sequence[int] = (1234,),
    closing_at: datetime = CLOSING_AT,
    currency: str = "CAD",
    lines: Sequence[DraftLine] | None = None,
    amount_cents: int | None = None,
) -> InvoiceDraft:
    made = [a_line(cents, number) for number, cents in enumerate(amounts_cents, 1)]
    kept = tuple(made if lines is None else lines)
    subscription_id = an_id(f"subscription of {account.id}")
    total = sum(line.amount_cents for line in kept)
    return InvoiceDraft(
        id=draft_id(subscription_id, closing_at),
        service_code=account.service_code,
        account_id=account.id,
        account_external_id=account.external_id,
        subscription_id=subscription_id,
        subscription_external_id=f"sub-{account.external_id}",
        closing_at=closing_at,
        status=DraftStatus.DRAFT,
        currency=currency,
        amount_cents=total if amount_cents is None else amount_cents,
        lines=kept,
        rated_at=NOW,
    )


class Books:
    """A state database with two services, and the drafts and accounts that a test puts in."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.state = State(url or f"sqlite:///{folder / 'state.sqlite'}")
        self.accounts: dict[str, Account] = {}
        with self.state.write() as connection:
            for code in SERVICES:
                _add_service(connection, code)

    def add(self, account: Account, draft: InvoiceDraft) -> InvoiceDraft:
        """Keep an account (once) and a draft of it."""
        with self.state.write() as connection:
            if account.id not in self.accounts:
                _add_account(connection, account, draft)
            _add_draft(connection, draft)
        self.accounts[account.id] = account
        return draft

    def send(
        self,
        odoo: OdooConnection,
        *,
        dry_run: bool = False,
        limit: int = 1000,
        rules: SendRules = RULES_DEFAULT,
    ) -> SendReport:
        """Send what waits."""
        return send_drafts(
            *(self.state, odoo, self.accounts.__getitem__, lambda _code: TORONTO),
            now=NOW,
            dry_run=dry_run,
            limit=limit,
            rules=rules,
        )

    def kept(self, draft: InvoiceDraft) -> InvoiceDraft:
        """Return a draft as the state database has it now."""
        with self.state.read() as connection:
            found = draft_of_id(connection, draft.id)
        assert found is not None
        return found


def entered(
    database: OdooDatabase,
    port: int = 0,
    seconds_max: int = 60,
    sleep: Callable[[float], None] | None = None,
    transport: str = "jsonrpc",
) -> OdooConnection:
    """Return the bridge's connection to a database; another port goes through a proxy."""
    url = f"http://{database.host}:{port or database.port}"
    entry = (url, database.database, database.login, database.password)
    settings = OdooSettings(*entry, seconds_max, transport)
    return OdooConnection(settings, sleep=sleep) if sleep else OdooConnection(settings)


def _add_service(connection: sa.Connection, code: str) -> None:
    service = {"id": an_id(code), "code": code, "name": code, "created_at": NOW}
    service |= {"timezone": "America/Toronto", "currency": "CAD"}
    connection.execute(sa.insert(tables.service).values(service))
    plan = {"id": an_id(f"plan {code}"), "service_code": code, "code": "pro", "created_at": NOW}
    connection.execute(sa.insert(tables.plan).values(plan))
    run = {"id": an_id(f"run {code}"), "service_code": code, "cutoff_at": NOW}
    run |= {"watermark": "", "started_at": NOW, "drafts_count": 0}
    connection.execute(sa.insert(tables.billing_run).values(run))


def _add_account(connection: sa.Connection, account: Account, draft: InvoiceDraft) -> None:
    connection.execute(sa.insert(tables.account).values(asdict(account)))
    subscription = {
        "id": draft.subscription_id,
        "service_code": account.service_code,
        "external_id": draft.subscription_external_id,
        "account_id": account.id,
        "account_external_id": account.external_id,
        "plan_id": an_id(f"plan {account.service_code}"),
        "plan_code": "pro",
        "status": "active",
        "billing_time": "calendar",
        "subscription_at": NOW,
        "created_at": NOW,
    }
    connection.execute(sa.insert(tables.subscription).values(subscription))


def _add_draft(connection: sa.Connection, draft: InvoiceDraft) -> None:
    values = {name: getattr(draft, name) for name in InvoiceDraft.__slots__}
    values["lines"] = msgspec.json.encode(draft.lines).decode()
    values["billing_run_id"] = an_id(f"run {draft.service_code}")
    connection.execute(sa.insert(tables.invoice_draft).values(values))
