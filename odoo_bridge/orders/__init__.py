"""The order of a subscription in Odoo: one for as long as it lives, whatever its plan."""
