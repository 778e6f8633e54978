"""Plans that apps write where Odoo owns the catalogue: products there, read back as versions."""
