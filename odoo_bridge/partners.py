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
from odoo_bridge.partner_address import country_and_province_ids
from odoo_bridge.partner_matches import MODEL, OdooPartner, matching_partners, partners_of_ids
from odoo_bridge.partner_rows import (
    TAXED_BY_PROVINCE_IN_ODOO,
    client_key,
    to_odoo_partner,
)
from storage.fault_points import reached
from storage.state import State

LINK_COMMAND = "fusion-billing odoo link"


def partner_id_of(state: State, odoo: OdooConnection, account: Account) -> int:
    """Return the partner to bill an account to, linked or created if need be."""
    partner_id = found_partner_id(state, odoo, account)
    if partner_id is None:
        external_id = client_external_id(client_key(account))
        columns, row = new_partner(odoo, account)
        partner_id = created_once(odoo, MODEL, external_id, columns, [row])
    database = odoo.settings.database
    if _linked_ids(state, database, account)[:1] != [partner_id]:
        reached("odoo.partner.found")
        link_account(state, database, account, partner_id)
        reached("odoo.partner.linked")
    return partner_id


def linked_partner_ids(
    state: State, odoo: OdooConnection, accounts: Sequence[Account]
) -> dict[str, int]:
    """Return the partners that accounts are linked to and can be billed, by account, in one call.

    All others are for `partner_id_of`, which looks further or says what is wrong.
    """
    database = odoo.settings.database
    with state.read() as connection:
        links = {
            account.id: linked_id(connection, database, LinkKind.ACCOUNT, account.id)
            for account in accounts
        }
    asked = sorted({partner_id for partner_id in links.values() if partner_id is not None})
    fit = {
        partner.partner_id
        for partner in partners_of_ids(odoo, asked)
        if partner.commercial_id == partner.partner_id and partner_fault(partner) is None
    }
    return {
        account_id: partner_id
        for account_id, partner_id in links.items()
        if partner_id is not None and partner_id in fit
    }


def link_account(state: State, database: str, account: Account, partner_id: int) -> None:
    """Remember the partner of an account and of the client behind it."""
    with state.write() as connection:
        keep_link(connection, database, LinkKind.ACCOUNT, account.id, partner_id)
        keep_link(connection, database, LinkKind.CLIENT, client_key(account), partner_id)


def link_by_hand(
    state: State, odoo: OdooConnection, account: Account, partner_id: int
) -> OdooPartner:
    """Link an account to the partner that a person chose, a contact standing for its company.

    Refuses a partner that could not be billed, with the reason.
    """
    billed_id = _billable(odoo, partner_id)
    if billed_id is None:
        raise NeedsHuman(f"Odoo has no partner #{partner_id}")
    link_account(state, odoo.settings.database, account, billed_id)
    return partners_of_ids(odoo, [billed_id])[0]


def found_partner_id(state: State, odoo: OdooConnection, account: Account) -> int | None:
    """Return the partner of an account without writing anything; None when there is none yet.

    Links come first, then the partner we created for this client, then the one its invoices
    lead to (a merge in Odoo takes them along), then the only one that matches.
    """
    linked = _linked_ids(state, odoo.settings.database, account)
    for partner_id in linked:
        billed_id = _billable(odoo, partner_id)
        if billed_id is not None:
            return billed_id
    created = resolved_id(odoo, MODEL, client_external_id(client_key(account)))
    billed_id = _billable(odoo, created) if created is not None else None
    if billed_id is None and linked:
        billed_id = _invoiced_id(odoo, account)
    if billed_id is None:
        billed_id = _only_match(odoo, account)
    if billed_id is None and linked:
        raise NeedsHuman(_gone(account, linked[0]))
    return billed_id


def new_partner(odoo: OdooConnection, account: Account) -> tuple[list[str], list[str]]:
    """Return the columns and the row that would create an account's partner."""
    country_id, state_id = country_and_province_ids(odoo, account)
    columns, row = to_odoo_partner(account, country_id, state_id)
    return list(columns), list(row)


def _linked_ids(state: State, database: str, account: Account) -> list[int]:
    with state.read() as connection:
        found = (
            linked_id(connection, database, LinkKind.ACCOUNT, account.id),
            linked_id(connection, database, LinkKind.CLIENT, client_key(account)),
        )
    return [partner_id for partner_id in found if partner_id is not None]


def _billable(odoo: OdooConnection, partner_id: int) -> int | None:
    """Return the company that a partner stands for, fit to be billed; None when it is gone."""
    found = partners_of_ids(odoo, [partner_id])
    if not found:
        return None
    if found[0].commercial_id != partner_id:
        found = partners_of_ids(odoo, [found[0].commercial_id])
    return _fit_id(found[0])


def _fit_id(partner: OdooPartner) -> int:
    problem = partner_fault(partner)
    if problem:
        raise NeedsHuman(problem)
    return partner.partner_id


def partner_fault(partner: OdooPartner) -> str | None:
    """Return why a partner can't be billed as it stands, or None.

    Odoo finds no fiscal position without country and province, and then taxes like at home.
    """
    if not partner.is_active:
        return f"partner {partner} is archived in Odoo: unarchive it, then send again"
    if partner.has_fiscal_position:
        return None
    if not partner.country_code:
        missing = "country"
    elif partner.country_code in TAXED_BY_PROVINCE_IN_ODOO and not partner.province:
        missing = "province"
    else:
        return None
    return (
        f"partner {partner} has no {missing} in Odoo, which would tax it like a client at home: "
        f"set its {missing} in Odoo, then send again"
    )


def _invoiced_id(odoo: OdooConnection, account: Account) -> int | None:
    """Return the partner that the account's latest invoice in Odoo is for, or None."""
    ours = [
        ["x_fc_account_id", "=", account.external_id],
        ["x_fc_service", "=", account.service_code],
    ]
    found = odoo.call(
        "account.move", "search_read", ours, ["commercial_partner_id"], order="id desc", limit=1
    )
    return _billable(odoo, int(found[0]["commercial_partner_id"][0])) if found else None


def _only_match(odoo: OdooConnection, account: Account) -> int | None:
    """Return the one active partner that matches; two, or archived ones, are a person's choice."""
    matches = matching_partners(odoo, account)
    active = [partner for partner in matches if partner.is_active]
    if len(active) > 1 or (matches and not active):
        raise NeedsHuman(_choice(account, active or matches))
    return _fit_id(active[0]) if active else None


def _choice(account: Account, candidates: list[OdooPartner]) -> str:
    named = " and ".join(str(partner) for partner in candidates)
    told = "several partners" if candidates[0].is_active else "archived partners only"
    return (
        f"account {account.external_id} of {account.service_code} matches {told} in Odoo: "
        f"{named}; {_remedy(account)}"
    )


def _gone(account: Account, partner_id: int) -> str:
    return (
        f"partner #{partner_id}, which account {account.external_id} of {account.service_code} "
        f"was linked to, is gone from Odoo, and no other matches; {_remedy(account)}"
    )


def _remedy(account: Account) -> str:
    command = f"{LINK_COMMAND} {account.external_id} PARTNER_ID --service {account.service_code}"
    return f"choose an active one with `{command}`, then send again"
