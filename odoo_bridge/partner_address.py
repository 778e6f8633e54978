"""Country and province of an account as Odoo knows them; without them no partner is created."""

from catalog.accounts import Account
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import NeedsHuman
from odoo_bridge.partner_rows import province_is_needed


def country_and_province_ids(odoo: OdooConnection, account: Account) -> tuple[int, int | None]:
    """Return Odoo's ids of an account's country and province; raises NeedsHuman without them."""
    country_id = _country_id(odoo, account)
    return country_id, _province_id(odoo, account, country_id)


def _country_id(odoo: OdooConnection, account: Account) -> int:
    code = (account.country or "").strip().upper()
    found = odoo.call("res.country", "search", [["code", "=", code]]) if code else []
    if not found:
        raise NeedsHuman(_missing(account, "country", "its ISO code, such as CA"))
    return int(found[0])


def _province_id(odoo: OdooConnection, account: Account, country_id: int) -> int | None:
    province = (account.state or "").strip()
    if not province and not province_is_needed(account):
        return None
    domain = [
        *(["country_id", "=", country_id], "|"),
        *(["code", "=ilike", province], ["name", "=ilike", province]),
    ]
    found = odoo.call("res.country.state", "search", domain) if province else []
    if len(found) != 1:
        raise NeedsHuman(_missing(account, "state", "its province, such as ON"))
    return int(found[0])


def _missing(account: Account, name: str, remedy: str) -> str:
    told = getattr(account, name)
    wrong = f"is {told!r}, which Odoo doesn't know" if told else "is empty"
    return (
        f"account {account.external_id} of {account.service_code} has no partner in Odoo yet, and "
        f"its {name} {wrong}: set {name} on the account ({remedy}), then send again"
    )
