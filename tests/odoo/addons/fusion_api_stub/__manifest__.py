{  # noqa: B018 - Odoo reads a manifest as one literal
    "name": "fusion_api: the daily roll-up only, for the tests of Fusion Billing",
    "version": "19.0.1.0.0",
    "summary": "Our own stand-in; the shape that Fusion Billing reads by default.",
    "license": "LGPL-3",
    "depends": ["base"],
    "data": ["security/ir.model.access.csv"],
    "installable": True,
}
