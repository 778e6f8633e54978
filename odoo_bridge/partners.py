"""Which partner of Odoo an account bills to: one partner for a client, whatever the service.

What a person wrote on a partner is never changed; a partner is created only where none matches.
"""

from collections.abc import Sequence

from catalog.accounts import Account
from odoo_bridge.connection import OdooConnection
from odoo_bridge.external_ids import client_external_id
from odoo_bridge.faults import NeedsHuman
from odoo_bridge.links import LinkKind, keep_link, linked_id
from odoo_bridge.loading import created_once, resolved_id
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.partner_rows import (
    client_key,
    normalized_email,
    normalized_vat,
    province_is_needed,
    to_odoo_partner,
)
from storage.state import State

MODEL = "res.partner"
MATCHES_MAX = 100


def partner_id_of(state: State, odoo: OdooConnection, account: Account) -> int:
    """Return the partner to bill an account to, linked or created if need be."""
    partner_id = found_partner_id(state, odoo, account)
    if partner_id is None:
        external_id = client_external_id(client_key(account))
        columns, row = new_partner(odoo, account)
        partner_id = created_once(odoo, MODEL, external_id, columns, [row])
    link_account(state, odoo.settings.database, account, partner_id)
    return partner_id


def link_account(state: State, database: str, account: Account, partner_id: int) -> None:
    """Remember the partner of an account and of the client behind it."""
    with state.write() as connection:
        keep_link(connection, database, LinkKind.ACCOUNT, account.id, partner_id)
        keep_link(connection, database, LinkKind.CLIENT, client_key(account), partner_id)


def found_partner_id(state: State, odoo: OdooConnection, account: Account) -> int | None:
    """Return the partner of an account without writing anything; None when there is none yet.

    Links come first, then the partner we created for this client, then the one that matches.
    """
    for partner_id in _linked_ids(state, odoo.settings.database, account):
        if _is_usable(odoo, partner_id):
            return partner_id
    created = resolved_id(odoo, MODEL, client_external_id(client_key(account)))
    if created is not None and _is_usable(odoo, created):
        return created
    return _only_match(odoo, account)


def new_partner(odoo: OdooConnection, account: Account) -> tuple[list[str], list[str]]:
    """Return the columns and the row that would create an account's partner."""
    country_id = _country_id(odoo, account)
    state_id = _province_id(odoo, account, country_id)
    columns, row = to_odoo_partner(account, country_id, state_id)
    return list(columns), list(row)


def _linked_ids(state: State, database: str, account: Account) -> list[int]:
    with state.read() as connection:
        found = (
            linked_id(connection, database, LinkKind.ACCOUNT, account.id),
            linked_id(connection, database, LinkKind.CLIENT, client_key(account)),
        )
    return [partner_id for partner_id in found if partner_id is not None]


def _is_usable(odoo: OdooConnection, partner_id: int) -> bool:
    """Say whether a partner still exists; one that was archived on purpose asks for a person."""
    read = odoo.call(MODEL, "read", [partner_id], ["active", "display_name"])
    if read and not read[0]["active"]:
        raise NeedsHuman(
            f"partner {_named(read[0])} is archived in Odoo: unarchive it, then send again"
        )
    return bool(read)


def _only_match(odoo: OdooConnection, account: Account) -> int | None:
    """Return the one partner with this e-mail or tax number, contacts standing for their company.

    Two candidates are a person's choice, never ours.
    """
    terms = _terms(account)
    if not terms:
        return None
    domain = ["|"] * (len(terms) - 1) + terms
    matches = odoo.call(MODEL, "search_read", domain, ["commercial_partner_id"], limit=MATCHES_MAX)
    commercial_ids = sorted({int(match["commercial_partner_id"][0]) for match in matches})
    read = odoo.call(MODEL, "read", commercial_ids, ["active", "display_name"])
    candidates = [partner for partner in read if partner["active"]]
    if len(candidates) > 1:
        raise NeedsHuman(_ambiguity(account, candidates))
    return int(candidates[0]["id"]) if candidates else None


def _terms(account: Account) -> list[OdooValue]:
    fields = (
        ("email_normalized", normalized_email(account)),
        ("vat", normalized_vat(account)),
    )
    return [[name, "=", value] for name, value in fields if value]


def _ambiguity(account: Account, candidates: Sequence[OdooValue]) -> str:
    named = " and ".join(_named(partner) for partner in candidates)
    return (
        f"account {account.external_id} of {account.service_code} matches {len(candidates)} "
        f"partners in Odoo: {named}; merge them or archive all but one, then send again"
    )


def _named(partner: OdooValue) -> str:
    return f"{partner['display_name']} (#{partner['id']})"


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
