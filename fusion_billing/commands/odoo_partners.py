"""odoo candidates, link: accounts whose partner a person must choose, and the choice."""

from typing import Annotated

import typer

from catalog.accounts import Account
from catalog.store import accounts, services
from fusion_billing.commands.odoo_options import configured_odoo
from fusion_billing.commands.options import AsJson, DataDir, say, settings_of
from fusion_billing.opened_state import opened_state
from odoo_bridge.candidates import OpenAccount, open_accounts, unsent_account_ids
from odoo_bridge.fields import refuse_missing_fields
from odoo_bridge.partner_matches import OdooPartner
from odoo_bridge.partners import link_by_hand
from storage.state import State

NOTHING_OPEN = "No account waits for a choice."


def candidates(
    data_dir: DataDir = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every account, not only those with unsent drafts.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List accounts whose partner a person must settle, and the partners they might be."""
    settings = settings_of(data_dir)
    odoo = configured_odoo(settings)
    refuse_missing_fields(odoo)
    with opened_state(settings) as state:
        found = open_accounts(state, odoo, _accounts(state, every=every))
    text = "\n".join(_text(account) for account in found) or NOTHING_OPEN
    say(as_json, [_data(account) for account in found], text)


def link(
    account: Annotated[str, typer.Argument(help="The account's external id, or our own id.")],
    partner_id: Annotated[int, typer.Argument(help="Number of the partner in Odoo.", min=1)],
    service: Annotated[
        str, typer.Option(help="Service of the account, if several have this external id.")
    ] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Bill an account to this partner of Odoo from now on; nothing is written to Odoo."""
    settings = settings_of(data_dir)
    odoo = configured_odoo(settings)
    with opened_state(settings) as state:
        chosen = _chosen(state, account, service)
        partner = link_by_hand(state, odoo, chosen, partner_id)
    data = {"service": chosen.service_code, "account": chosen.external_id}
    text = (
        f"{chosen.service_code} {chosen.external_id} is billed to {partner}.\n"
        "`fusion-billing odoo sync --parked` sends what was parked."
    )
    say(as_json, data | {"partner_id": partner.partner_id, "partner": partner.name}, text)


def _accounts(state: State, *, every: bool) -> list[Account]:
    with state.read() as connection:
        wanted = None if every else unsent_account_ids(connection)
        return [
            account
            for service in services.services(connection)
            for account in accounts.accounts_by_id(connection, service.code, wanted).values()
        ]


def _chosen(state: State, name: str, service_code: str) -> Account:
    """Return the one account of this name, or say how to name it."""
    found = [account for account in _named(state, name) if account.deleted_at is None]
    if service_code:
        found = [account for account in found if account.service_code == service_code]
    if not found:
        where = f" in {service_code}" if service_code else ""
        raise typer.BadParameter(f"no account {name!r}{where}")
    if len(found) > 1:
        named = " or ".join(f"--service {account.service_code}" for account in found)
        raise typer.BadParameter(f"several services have an account {name!r}: say {named}")
    return found[0]


def _named(state: State, name: str) -> list[Account]:
    with state.read() as connection:
        codes = [service.code for service in services.services(connection)]
        return [
            account
            for code in codes
            for account in (
                accounts.accounts_with_external_id(connection, code, name)
                | accounts.accounts_by_id(connection, code, [name])
            ).values()
        ]


def _data(found: OpenAccount) -> dict[str, object]:
    return {
        "service": found.account.service_code,
        "account": found.account.external_id,
        "problem": found.problem,
        "candidates": [_partner_data(partner) for partner in found.candidates],
    }


def _partner_data(partner: OdooPartner) -> dict[str, object]:
    return {
        "partner_id": partner.partner_id,
        "name": partner.name,
        "email": partner.email,
        "vat": partner.vat,
        "country": partner.country_code,
        "province": partner.province,
        "archived": not partner.is_active,
    }


def _text(found: OpenAccount) -> str:
    lines = [f"{found.account.service_code} {found.account.external_id}: {found.problem}"]
    for partner in found.candidates:
        where = ", ".join(part for part in (partner.province, partner.country_code) if part)
        told = [partner.email, partner.vat, where or "no country"]
        told += [] if partner.is_active else ["archived"]
        lines.append(f"  #{partner.partner_id} {partner.name} ({'; '.join(filter(None, told))})")
    return "\n".join(lines)
