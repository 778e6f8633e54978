"""Odoo as the settings name it, and what waits for it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache

from catalog.services import CardCharging, InvoiceStyle, Posting, Service
from catalog.store import accounts, services
from fusion_billing.settings import Settings
from odoo_bridge.change_feed.feed_report import FeedReport
from odoo_bridge.change_feed.reading import read_changes
from odoo_bridge.connection import OdooConnection, OdooSettings
from odoo_bridge.invoices import SendRules, send_drafts
from odoo_bridge.send_report import SendReport
from storage.state import State

ANSWER_SECONDS_MAX = 20
ANSWER_ATTEMPTS_MAX = 2


def odoo_of(settings: Settings) -> OdooConnection | None:
    """Return the way to the configured Odoo, unopened; None when none is configured."""
    return _connection_of(_odoo_settings(settings)) if settings.odoo_url else None


def answering_odoo_of(settings: Settings) -> OdooConnection | None:
    """Return another way there, for answers to apps: they wait seconds, not minutes."""
    if not settings.odoo_url:
        return None
    known = _odoo_settings(settings)
    seconds_max = min(known.seconds_max, ANSWER_SECONDS_MAX)
    return OdooConnection(replace(known, seconds_max=seconds_max), attempts_max=ANSWER_ATTEMPTS_MAX)


def _odoo_settings(settings: Settings) -> OdooSettings:
    return OdooSettings(
        url=settings.odoo_url,
        database=settings.odoo_database,
        login=settings.odoo_login,
        password=settings.odoo_password.get_secret_value(),
        seconds_max=settings.odoo_seconds_max,
        transport=settings.odoo_transport,
    )


@cache
def _connection_of(settings: OdooSettings) -> OdooConnection:
    """Return one connection per Odoo, so that one run's failures let the next one wait."""
    return OdooConnection(settings)


def send_waiting(
    state: State,
    odoo: OdooConnection,
    settings: Settings,
    *,
    at: datetime,
    dry_run: bool = False,
    recreate: bool = False,
) -> SendReport:
    """Send waiting drafts, and post them where their service says so; repeating it is harmless."""
    with state.read() as connection:
        known = {service.code: service for service in services.services(connection)}
        account_of = {
            account_id: account
            for code in known
            for account_id, account in accounts.accounts_by_id(connection, code).items()
        }
    rules = SendRules(
        net_days=settings.odoo_net_days,
        posting_codes=_codes(known, lambda one: one.posting is Posting.POST),
        combined_codes=_codes(known, lambda one: one.invoice_style is InvoiceStyle.COMBINED),
        charging_codes=_codes(known, lambda one: one.card_charging is CardCharging.ON),
        recreate=recreate,
    )
    return send_drafts(
        state,
        odoo,
        account_of.__getitem__,
        lambda code: known[code].zone,
        now=at,
        rules=rules,
        limit=settings.odoo_drafts_max,
        dry_run=dry_run,
    )


def _codes(known: Mapping[str, Service], says: Callable[[Service], bool]) -> frozenset[str]:
    return frozenset(code for code, service in known.items() if says(service))


def read_feed(
    state: State, odoo: OdooConnection, *, at: datetime, sweep: bool = False
) -> FeedReport:
    """Read what became of the invoices of all services; repeating it tells nothing twice."""
    with state.read() as connection:
        known = services.services(connection)
    return read_changes(state, odoo, known, at=at, sweep=sweep)
