"""An account as a partner's row for `load`, and what tells one client from another. Pure."""

import re
from email.utils import getaddresses

from catalog.accounts import Account
from odoo_bridge.external_ids import client_external_id, digest

# Where the tax depends on the province, a partner without one would be taxed by accident.
TAXED_BY_PROVINCE = {"CA", "US"}
# Odoo's Canadian books tell provinces apart, and take every other country as one.
TAXED_BY_PROVINCE_IN_ODOO = {"CA"}
# A Canadian GST/HST number: nine digits, the programme, four digits.
GST_NUMBER = re.compile(r"(\d{9})(RT)(\d{4})")


def client_key(account: Account) -> str:
    """Return what identifies the client behind an account: e-mail, else tax number, else itself."""
    email, vat = normalized_email(account), normalized_vat(account)
    if email:
        return digest("email", email)
    return digest("vat", vat) if vat else account.id


def normalized_email(account: Account) -> str | None:
    """Return the first e-mail address of an account as Odoo normalizes it, or None."""
    found = getaddresses([(account.email or "").replace(";", ",")])
    addresses = [address.strip().lower() for _, address in found if "@" in address]
    return addresses[0] if addresses else None


def normalized_vat(account: Account) -> str | None:
    """Return an account's tax number in capitals and without any space, or None."""
    return "".join((account.tax_identification_number or "").split()).upper() or None


def vat_spellings(account: Account) -> list[str]:
    """Return the ways in which people may have written an account's tax number in Odoo."""
    compact = normalized_vat(account)
    if compact is None:
        return []
    typed = (account.tax_identification_number or "").strip()
    parts = GST_NUMBER.fullmatch(compact)
    spaced = [" ".join(parts.groups()), f"{parts[1]} {parts[2]}{parts[3]}"] if parts else []
    return sorted({compact, typed, *spaced})


def province_is_needed(account: Account) -> bool:
    """Say whether an account's country taxes by province."""
    return (account.country or "").strip().upper() in TAXED_BY_PROVINCE


def partner_name(account: Account) -> str:
    """Return the name to print on an account's invoices."""
    person = " ".join(part for part in (account.firstname, account.lastname) if part)
    return account.legal_name or account.name or person or account.external_id


def to_odoo_partner(
    account: Account, country_id: int, state_id: int | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns and the row that create an account's partner; empty cells are left out."""
    is_company = bool(account.legal_name or account.name)
    cells = {
        "id": client_external_id(client_key(account)),
        "name": partner_name(account),
        "is_company": str(is_company),
        "email": account.email,
        "phone": account.phone,
        "website": account.url,
        "street": account.address_line1,
        "street2": account.address_line2,
        "city": account.city,
        "zip": account.zipcode,
        "state_id/.id": str(state_id) if state_id else None,
        "country_id/.id": str(country_id),
        "vat": (account.tax_identification_number or "").strip(),
        "company_registry": account.legal_number,
        "x_fc_account_id": f"{account.service_code} {account.external_id}",
    }
    kept = {name: value for name, value in cells.items() if value}
    return tuple(kept), tuple(kept.values())
