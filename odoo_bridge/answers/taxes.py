"""The sale taxes of Odoo's company: the same for every service."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from catalog.errors import NotFound
from odoo_bridge.answers.lago_ids import odoo_lago_id
from odoo_bridge.answers.lago_shapes.parts import TAX_MODEL, tax_code
from odoo_bridge.company import OdooCompany, company_of
from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue, from_odoo_instant

RESOURCE = "tax"
TAX_FIELDS = ["name", "amount", "amount_type", "description", "children_tax_ids", "create_date"]
GROUP = "group"


@dataclass(frozen=True, slots=True)
class Tax:
    """One tax: its rate in percent, that of a group being the sum of its parts."""

    lago_id: str
    code: str
    name: str
    description: str | None
    rate: Decimal
    is_default: bool
    created_at: datetime


def taxes_page(odoo: OdooConnection, *, limit: int, offset: int) -> tuple[list[Tax], int]:
    """Return a page of the active taxes on sales in percent, and their number."""
    company = company_of(odoo)
    domain = _domain(company)
    total = int(odoo.call(TAX_MODEL, "search_count", domain))
    read = odoo.call(
        *(TAX_MODEL, "search_read", domain, TAX_FIELDS),
        order="sequence, id",
        limit=limit,
        offset=offset,
    )
    parts = _parts(odoo, read)
    return [from_odoo_tax(one, parts, company, odoo.settings.database) for one in read], total


def tax_of_code(odoo: OdooConnection, code: str) -> Tax:
    """Return a tax by its code, which ends with its id; NotFound when there is none such."""
    number = code.rpartition("_")[2]
    company = company_of(odoo)
    # Odoo's ids have 31 bits.
    if number.isascii() and number.isdigit() and int(number) < 1 << 31:
        domain = [*_domain(company), ["id", "=", int(number)]]
        read = odoo.call(TAX_MODEL, "search_read", domain, TAX_FIELDS)
        if read and tax_code(str(read[0]["name"]), int(number)) == code:
            return from_odoo_tax(read[0], _parts(odoo, read), company, odoo.settings.database)
    raise NotFound(RESOURCE)


def from_odoo_tax(
    read: OdooValue, parts: Mapping[int, Decimal], company: OdooCompany, database: str
) -> Tax:
    """Return a tax from what Odoo reads for TAX_FIELDS and the rates of the parts of groups."""
    tax_id, name = int(read["id"]), str(read["name"])
    is_group = read["amount_type"] == GROUP
    own = [parts[part] for part in read["children_tax_ids"]] if is_group else []
    return Tax(
        lago_id=odoo_lago_id(database, TAX_MODEL, tax_id),
        code=tax_code(name, tax_id),
        name=name,
        description=str(read["description"]) if read["description"] else None,
        rate=sum(own, Decimal(0)) if is_group else Decimal(repr(read["amount"])),
        is_default=tax_id == company.sale_tax_id,
        created_at=from_odoo_instant(read["create_date"]),
    )


def _domain(company: OdooCompany) -> list[OdooValue]:
    return [
        *(["type_tax_use", "=", "sale"], ["amount_type", "in", ["percent", GROUP]]),
        ["company_id", "=", company.company_id],
    ]


def _parts(odoo: OdooConnection, read: OdooValue) -> dict[int, Decimal]:
    """Return the rates of the taxes that groups are made of, by id."""
    ids = sorted({part for one in read for part in one["children_tax_ids"]})
    if not ids:
        return {}
    found = odoo.call(TAX_MODEL, "read", ids, ["amount"])
    return {int(part["id"]): Decimal(repr(part["amount"])) for part in found}
