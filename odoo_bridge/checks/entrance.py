"""How we get in: version and user, how long the API key lasts, whether the clocks agree."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from odoo_bridge.checks.finding import Finding, fail, ok, warn
from odoo_bridge.connection import ODOO_VERSION, OdooConnection
from odoo_bridge.odoo_value import from_odoo_instant

KEY_DAYS_MIN = 14
SKEW_SECONDS_MAX = 60
RENEW = (
    "make a new API key in Odoo (the user's preferences, Security) and set it as "
    "FUSION_ODOO_PASSWORD"
)


def look_at_entrance(odoo: OdooConnection, now: datetime) -> Iterator[Finding]:
    """Yield what is found at the door; `now` is our own clock's instant."""
    settings = odoo.settings
    login = odoo.call("res.users", "read", [odoo.user_id], ["login"])[0]["login"]
    entered = f"user {login} (#{odoo.user_id}) enters {settings.database}"
    yield ok(f"Odoo {ODOO_VERSION} at {settings.url} ({settings.transport}): {entered}")
    if login != settings.login:
        words = f"the API key is of user {login}, the settings name {settings.login}"
        yield warn(words, "set FUSION_ODOO_LOGIN and FUSION_ODOO_PASSWORD of one user")
    yield _api_key(odoo, now)
    yield _clock(odoo, now)


def api_key_ends_at(odoo: OdooConnection) -> datetime | None:
    """Return when the first of the user's API keys ends; None without one that ends.

    Odoo does not tell which of its keys a call came with, so the first one to end counts.
    """
    if not odoo.settings.has_api_key:
        return None
    mine = [["user_id", "=", odoo.user_id], ["expiration_date", "!=", False]]
    keys = odoo.call("res.users.apikeys", "search_read", mine, ["expiration_date"])
    return min((from_odoo_instant(key["expiration_date"]) for key in keys), default=None)


def _clock(odoo: OdooConnection, now: datetime) -> Finding:
    told = odoo.call("sale.order", "default_get", ["date_order"])["date_order"]
    seconds = abs((from_odoo_instant(told) - now).total_seconds())
    if seconds <= SKEW_SECONDS_MAX:
        return ok("our clock and Odoo's agree")
    words = f"our clock ({now:%Y-%m-%d %H:%M:%S} UTC) and Odoo's ({told} UTC) are apart"
    return warn(words, "let both machines keep time by NTP")


def _api_key(odoo: OdooConnection, now: datetime) -> Finding:
    if not odoo.settings.has_api_key:
        words = "the user enters with a password, which any person may use to log in, too"
        return warn(words, RENEW)
    ends_at = api_key_ends_at(odoo)
    if ends_at is None:
        return ok("the API key has no end")
    if ends_at - now > timedelta(days=KEY_DAYS_MIN):
        return ok(f"no API key of the user ends before {ends_at:%Y-%m-%d}")
    words = f"an API key of the user ends at {ends_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if ends_at <= now:
        return fail(words, RENEW)
    return warn(words, RENEW + "; delete keys that nobody uses")
