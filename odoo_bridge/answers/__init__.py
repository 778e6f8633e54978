"""What Odoo holds of a service, in Lago's shape: invoices, credit notes, payments, taxes."""
