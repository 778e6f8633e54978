"""What one key of one day cost at a provider; a roll-up again raises its revision."""
# mypy: ignore-errors

from odoo import fields, models


class UsageDaily(models.Model):
    """One row of the daily roll-up, with the field names that are read by default."""

    _name = "fusion.api.usage.daily"
    _description = "Daily provider usage (stub)"

    source_id = fields.Char(required=True)
    day = fields.Date(required=True)
    revision = fields.Integer(required=True, default=1)
    provider = fields.Char(required=True)
    model = fields.Char()
    sku = fields.Char()
    quantity = fields.Float(digits=(16, 6))
    unit = fields.Char()
    unit_price = fields.Float(digits=(16, 12))
    cost = fields.Float(digits=(16, 12))
    currency_id = fields.Many2one("res.currency", required=True)
    service = fields.Char()
    customer_key = fields.Char()
    metric_code = fields.Char()
    category = fields.Char()
    description = fields.Char()

    _day_key = models.Constraint("UNIQUE(source_id, day)", "A key is rolled up once a day.")
