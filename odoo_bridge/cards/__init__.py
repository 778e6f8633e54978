"""Charging the card that a client saved in Odoo, once for each posted invoice that asks for it."""
