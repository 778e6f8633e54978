"""What the verbs of odoo share: the way to the configured Odoo, or the word that there is none."""

import typer

from fusion_billing.odoo import odoo_of
from fusion_billing.settings import Settings
from odoo_bridge.connection import OdooConnection

NOT_CONFIGURED = (
    "no Odoo is configured: set FUSION_ODOO_URL, FUSION_ODOO_DATABASE, FUSION_ODOO_LOGIN and "
    "FUSION_ODOO_PASSWORD"
)


def configured_odoo(settings: Settings) -> OdooConnection:
    """Return the way to the configured Odoo; a wrong use of the verb when none is."""
    odoo = odoo_of(settings)
    if odoo is None:
        raise typer.BadParameter(NOT_CONFIGURED)
    return odoo
