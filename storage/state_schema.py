"""The whole schema of the state database: every module that declares tables, and their metadata."""

from storage import (
    alert_tables,
    close_tables,
    cost_tables,
    feed_tables,
    margin_tables,
    odoo_billing_tables,
    odoo_tables,
    request_tables,
    tables,
)
from storage.columns import metadata

TABLE_MODULES = (
    *(tables, request_tables, odoo_tables, cost_tables, alert_tables, margin_tables),
    feed_tables,
    close_tables,
    odoo_billing_tables,
)

__all__ = ["TABLE_MODULES", "metadata"]
