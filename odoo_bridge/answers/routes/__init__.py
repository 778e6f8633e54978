"""The HTTP routes of what Odoo holds."""
