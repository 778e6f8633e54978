"""An API key of Odoo's own making, without a browser: a server action hands it over.

Odoo's pages need a package that the test installation has not; the key is the same.
"""

from dataclasses import replace

from tests.real_parts import OdooDatabase

DAYS_MAX = 90
CODE = """
ends_at = datetime.datetime.now() + datetime.timedelta(hours={hours})
keys = env['res.users.apikeys'].with_user({user_id})
action = {{'key': keys._generate(None, 'Fusion Billing', ends_at)}}
"""


def with_api_key(
    admin: OdooDatabase, user: OdooDatabase, hours: int = (DAYS_MAX - 1) * 24
) -> OdooDatabase:
    """Return a user entering with a new API key that lasts for some hours."""
    models = admin.call("ir.model", "search", [["model", "=", "res.users"]])
    action = {
        "name": "make an API key",
        "model_id": models[0],
        "state": "code",
        "code": CODE.format(hours=hours, user_id=user.user_id),
    }
    action_id = admin.call("ir.actions.server", "create", action)
    made = admin.call("ir.actions.server", "run", [action_id])
    admin.call("ir.actions.server", "unlink", [action_id])
    return replace(user, password=made["key"])
