"""A line of a subscription: recurring, or billed once with the next invoice."""
# mypy: ignore-errors

from datetime import date, timedelta
from typing import Any

from odoo import fields, models


class SaleOrderLine(models.Model):
    """Knows what it bills in one period."""

    _inherit = "sale.order.line"

    recurring_invoice = fields.Boolean(related="product_template_id.recurring_invoice")

    def _period_quantity(self) -> float:
        """Return what is billed now: the whole quantity again when recurring, else the rest."""
        if not self.recurring_invoice:
            return self.qty_to_invoice
        is_delivered = self.product_id.invoice_policy == "delivery"
        return self.qty_delivered if is_delivered else self.product_uom_qty

    def _period_line(self, start: date, following: date) -> dict[str, Any]:
        """Return the values of the invoice line for one period."""
        values = self._prepare_invoice_line(quantity=self._period_quantity())
        values["subscription_id"] = self.order_id.id
        if self.recurring_invoice:
            values["deferred_start_date"] = start
            values["deferred_end_date"] = following - timedelta(days=1)
        return values
