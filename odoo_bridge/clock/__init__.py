"""Odoo's own clock, which bills the fee of a subscription: what it bills, what we do."""
