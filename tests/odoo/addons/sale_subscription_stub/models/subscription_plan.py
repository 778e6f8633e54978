"""What recurs how often, and why a subscription was closed."""
# mypy: ignore-errors

from datetime import date

from dateutil.relativedelta import relativedelta
from odoo import fields, models


class SaleSubscriptionPlan(models.Model):
    """A recurrence; without prices, which are the products'."""

    _name = "sale.subscription.plan"
    _description = "Subscription plan (stub)"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company")
    billing_period_value = fields.Integer(required=True, default=1)
    billing_period_unit = fields.Selection(
        [("week", "Weeks"), ("month", "Months"), ("year", "Years")], required=True, default="month"
    )
    auto_close_limit = fields.Integer(default=15)
    user_closable = fields.Boolean()

    def _period_after(self, day: date) -> date:
        """Return the first day of the period that follows the one beginning on a day."""
        unit = f"{self.billing_period_unit}s"
        return day + relativedelta(**{unit: self.billing_period_value})


class SaleOrderCloseReason(models.Model):
    """Why a subscription ended."""

    _name = "sale.order.close.reason"
    _description = "Close reason (stub)"

    name = fields.Char(required=True, translate=True)
