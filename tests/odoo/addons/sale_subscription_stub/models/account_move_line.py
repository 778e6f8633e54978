"""An invoice line remembers its subscription and the period it bills."""
# mypy: ignore-errors

from odoo import fields, models


class AccountMoveLine(models.Model):
    """Carries the period of a recurring line."""

    _inherit = "account.move.line"

    subscription_id = fields.Many2one("sale.order", index=True)
    deferred_start_date = fields.Date()
    deferred_end_date = fields.Date()
