"""The catalogue where Odoo owns it: read at the settings' Odoo, for the scheduler and the verb."""

import uuid
from datetime import datetime

from catalog.store import services
from fusion_billing.settings import Settings
from odoo_bridge.catalogue.reading import ReadingReport, read_catalogue
from odoo_bridge.connection import OdooConnection
from storage.state import State


def new_id() -> str:
    """Return an id for what is new."""
    return str(uuid.uuid4())


def read_from_odoo(
    state: State,
    odoo: OdooConnection,
    *,
    at: datetime,
    service_code: str | None = None,
    dry_run: bool = False,
) -> ReadingReport:
    """Read Odoo's products into the catalogue; repeating it makes no new version."""
    with state.read() as connection:
        known = services.services(connection)
    return read_catalogue(
        state, odoo, known, at=at, new_id=new_id, service_code=service_code, dry_run=dry_run
    )


def is_owned_by_odoo(settings: Settings) -> bool:
    """Say whether products of Odoo are the catalogue."""
    return settings.catalogue_owner == "odoo"
