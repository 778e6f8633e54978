"""Is this Odoo ready for us? Asks only; each finding names its remedy."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from odoo_bridge.company import ROUND_GLOBALLY, company_of
from odoo_bridge.connection import ODOO_VERSION, OdooConnection
from odoo_bridge.faults import OdooFault
from odoo_bridge.fields import SETUP_COMMAND, missing_fields

NEEDED_RIGHTS = (
    ("res.partner", "create", "Contact Creation"),
    ("product.product", "create", "Product Creation"),
    ("account.move", "create", "Invoicing: Billing"),
    ("account.move.line", "create", "Invoicing: Billing"),
)


class Level(StrEnum):
    """How bad a finding is: WARN works with a caveat, FAIL does not work."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; the remedy is empty when there is nothing to do."""

    level: Level
    what: str
    remedy: str = ""


def check(odoo: OdooConnection) -> list[Finding]:
    """Return what was found, in the order of looking; a fault ends the list as a FAIL."""
    findings: list[Finding] = []
    try:
        for look in (_entrance, _rights, _fields, _company):
            findings.extend(look(odoo))
    except OdooFault as fault:
        findings.append(Finding(Level.FAIL, str(fault), "mend this, then check again"))
    return findings


def _entrance(odoo: OdooConnection) -> Iterator[Finding]:
    settings = odoo.settings
    entered = f"user {settings.login} (#{odoo.user_id}) enters {settings.database}"
    yield Finding(Level.OK, f"Odoo {ODOO_VERSION} at {settings.url}: {entered}")


def _rights(odoo: OdooConnection) -> Iterator[Finding]:
    for model, operation, group in NEEDED_RIGHTS:
        told = f"the user may {operation} {model}"
        if odoo.call(model, "has_access", [], operation):
            yield Finding(Level.OK, told)
        else:
            remedy = f"give {odoo.settings.login} the right {group!r} in Odoo's settings"
            yield Finding(Level.FAIL, told.replace("may", "may not"), remedy)


def _fields(odoo: OdooConnection) -> Iterator[Finding]:
    missing = missing_fields(odoo)
    if missing:
        named = ", ".join(f"{needed.model}.{needed.name}" for needed in missing)
        remedy = f"run `{SETUP_COMMAND}` as an administrator"
        yield Finding(Level.FAIL, f"fields are missing: {named}", remedy)
    else:
        yield Finding(Level.OK, "every x_fc_ field is there")


def _company(odoo: OdooConnection) -> Iterator[Finding]:
    company = company_of(odoo)
    yield Finding(Level.OK, f"company {company.name} bills in {company.currency}")
    if company.sale_tax:
        yield Finding(Level.OK, f"default sale tax is {company.sale_tax}")
    else:
        remedy = "choose a default sales tax in the accounting settings"
        yield Finding(Level.WARN, "no default sale tax: invoices would carry no tax", remedy)
    if company.tax_rounding == ROUND_GLOBALLY:
        yield Finding(Level.OK, "tax is rounded once per invoice")
    else:
        remedy = "set tax rounding to 'Round Globally' in the accounting settings"
        yield Finding(Level.WARN, "tax is rounded line by line, unlike our previews", remedy)
