"""Odoo as the settings name it, and what waits for it."""

from datetime import datetime
from functools import cache

from catalog.store import accounts, services
from fusion_billing.settings import Settings
from odoo_bridge.connection import OdooConnection, OdooSettings
from odoo_bridge.invoices import send_drafts
from odoo_bridge.send_report import SendReport
from storage.state import State


def odoo_of(settings: Settings) -> OdooConnection | None:
    """Return the way to the configured Odoo, unopened; None when none is configured."""
    if not settings.odoo_url:
        return None
    return _connection_of(
        OdooSettings(
            url=settings.odoo_url,
            database=settings.odoo_database,
            login=settings.odoo_login,
            password=settings.odoo_password.get_secret_value(),
            seconds_max=settings.odoo_seconds_max,
            transport=settings.odoo_transport,
        )
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
) -> SendReport:
    """Send waiting drafts as draft invoices; repeating it creates nothing twice."""
    with state.read() as connection:
        known = {service.code: service for service in services.services(connection)}
        account_of = {
            account_id: account
            for code in known
            for account_id, account in accounts.accounts_by_id(connection, code).items()
        }
    return send_drafts(
        state,
        odoo,
        account_of.__getitem__,
        lambda code: known[code].zone,
        now=at,
        limit=settings.odoo_drafts_max,
        net_days=settings.odoo_net_days,
        dry_run=dry_run,
    )
