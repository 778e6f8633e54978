"""Odoo's records in Lago's words."""
