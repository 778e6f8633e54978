"""Tests of what is answered about Odoo's records."""
