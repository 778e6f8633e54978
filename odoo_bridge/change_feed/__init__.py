"""What became of our invoices in Odoo: read, told to apps, and mirrored into the lake."""
