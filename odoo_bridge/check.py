"""Is this Odoo ready for us? Asks only; each finding names its remedy."""

from collections.abc import Callable, Iterator
from datetime import datetime

from odoo_bridge.checks.books import look_at_books
from odoo_bridge.checks.entrance import look_at_entrance
from odoo_bridge.checks.finding import Finding, Level, fail
from odoo_bridge.checks.rights import look_at_fields, look_at_rights
from odoo_bridge.checks.subscriptions import look_at_subscriptions
from odoo_bridge.checks.taxes import look_at_taxes
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import OdooFault

__all__ = ["Finding", "Level", "check"]

MEND = "mend this, then check again"


def check(odoo: OdooConnection, now: datetime) -> list[Finding]:
    """Return what was found, in the order of looking; a look that fails is a FAIL of its own.

    Without a way in there is nothing more to look at. `now` is our own clock's instant.
    """
    try:
        _ = odoo.user_id
    except OdooFault as fault:
        return [fail(str(fault), MEND)]
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: look_at_entrance(odoo, now),
        lambda: look_at_rights(odoo),
        lambda: look_at_fields(odoo),
        lambda: look_at_books(odoo, now),
        lambda: look_at_taxes(odoo),
        lambda: look_at_subscriptions(odoo),
    )
    return [finding for look in looks for finding in _found(look())]


def _found(findings: Iterator[Finding]) -> Iterator[Finding]:
    try:
        yield from findings
    except OdooFault as fault:
        yield fail(str(fault), MEND)
