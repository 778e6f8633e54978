{  # noqa: B018 - Odoo reads a manifest as one literal
    "name": "Subscriptions: the public shape only, for the tests of Fusion Billing",
    "version": "19.0.1.0.0",
    "summary": "Our own stand-in on Community; it says nothing about how Enterprise behaves.",
    "license": "LGPL-3",
    "depends": ["sale_management", "account"],
    "data": [
        "security/ir.model.access.csv",
        "data/plans.xml",
        "data/crons.xml",
    ],
    "installable": True,
}
