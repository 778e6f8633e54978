"""A product that is billed again in every period."""
# mypy: ignore-errors

from odoo import fields, models


class ProductTemplate(models.Model):
    """Says of a product whether it recurs."""

    _inherit = "product.template"

    recurring_invoice = fields.Boolean()
