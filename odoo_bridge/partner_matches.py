"""Which partners of Odoo might be the client behind an account: same e-mail or tax number.

Archived ones are told too, and contacts stand for their company. Asks only; chooses nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.accounts import Account
from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.partner_rows import normalized_email, vat_spellings

MODEL = "res.partner"
MATCHES_MAX = 100
READ_FIELDS = [
    *("active", "display_name", "email", "vat", "country_code", "state_id"),
    *("commercial_partner_id", "property_account_position_id"),
]


@dataclass(frozen=True, slots=True)
class OdooPartner:
    """What matters to billing of one partner; empty texts stand for what Odoo leaves empty."""

    partner_id: int
    name: str
    is_active: bool
    commercial_id: int
    email: str
    vat: str
    country_code: str
    province: str
    has_fiscal_position: bool

    def __str__(self) -> str:
        return f"{self.name} (#{self.partner_id})"


def partners_of_ids(odoo: OdooConnection, partner_ids: Sequence[int]) -> list[OdooPartner]:
    """Return the partners that still exist among some ids."""
    if not partner_ids:
        return []
    return [from_odoo_partner(read) for read in odoo.call(MODEL, "read", partner_ids, READ_FIELDS)]


def matching_partners(odoo: OdooConnection, account: Account) -> list[OdooPartner]:
    """Return the clients with an account's e-mail or tax number, archived ones too, by id."""
    terms = _terms(account)
    if not terms:
        return []
    found = odoo.call(
        *(MODEL, "search_read", ["|"] * (len(terms) - 1) + terms, ["commercial_partner_id"]),
        limit=MATCHES_MAX,
        context={"active_test": False},
    )
    commercial_ids = sorted({int(match["commercial_partner_id"][0]) for match in found})
    return partners_of_ids(odoo, commercial_ids)


def from_odoo_partner(read: OdooValue) -> OdooPartner:
    """Return a partner from what Odoo reads of it."""
    return OdooPartner(
        partner_id=int(read["id"]),
        name=str(read["display_name"]),
        is_active=bool(read["active"]),
        commercial_id=int(read["commercial_partner_id"][0]),
        email=str(read["email"] or ""),
        vat=str(read["vat"] or ""),
        country_code=str(read["country_code"] or ""),
        province=str(read["state_id"][1]) if read["state_id"] else "",
        has_fiscal_position=bool(read["property_account_position_id"]),
    )


def _terms(account: Account) -> list[OdooValue]:
    email, spellings = normalized_email(account), vat_spellings(account)
    terms: list[OdooValue] = [["email_normalized", "=", email]] if email else []
    return [*terms, ["vat", "in", spellings]] if spellings else terms
