"""Every router of what Odoo holds, for the app to mount."""

from odoo_bridge.answers.routes import credit_notes, customers, documents, invoices, payments

ROUTERS = (
    invoices.router,
    credit_notes.router,
    payments.router,
    customers.router,
    documents.router,
)
