"""The company's books: currency, default tax, rounding, sales journal, lock dates, PDF."""

from collections.abc import Iterator
from datetime import datetime

from odoo_bridge.checks.finding import Finding, fail, ok, warn
from odoo_bridge.company import LOCK_DATES, ROUND_GLOBALLY, OdooCompany, company_of
from odoo_bridge.connection import OdooConnection

PDF_READY = "ok"


def look_at_books(odoo: OdooConnection, now: datetime) -> Iterator[Finding]:
    """Yield what is found in the company that the user works for."""
    company = company_of(odoo)
    yield ok(f"company {company.name} bills in {company.currency}")
    yield _sale_tax(company)
    yield _rounding(company)
    yield _journal(odoo, company)
    yield from _lock_dates(company, now)
    yield _pdf(odoo)


def _sale_tax(company: OdooCompany) -> Finding:
    if company.sale_tax:
        return ok(f"default sale tax is {company.sale_tax}")
    remedy = "choose a default sales tax in the accounting settings"
    return warn("no default sale tax: invoices would carry no tax", remedy)


def _rounding(company: OdooCompany) -> Finding:
    if company.tax_rounding == ROUND_GLOBALLY:
        return ok("tax is rounded once per invoice")
    remedy = "set tax rounding to 'Round Globally' in the accounting settings"
    return warn("tax is rounded line by line, unlike our previews", remedy)


def _journal(odoo: OdooConnection, company: OdooCompany) -> Finding:
    sales = [["type", "=", "sale"], ["company_id", "=", company.company_id]]
    journals = odoo.call("account.journal", "search_read", sales, ["display_name", "currency_id"])
    if not journals:
        return fail("no sales journal", "make a journal of type Sales in the accounting settings")
    first = journals[0]
    if first["currency_id"] and first["currency_id"][1] != company.currency:
        words = f"invoices go to {first['display_name']}, kept in {first['currency_id'][1]}"
        return fail(words, f"let a sales journal in {company.currency} come first")
    return ok(f"invoices go to the journal {first['display_name']}")


def _lock_dates(company: OdooCompany, now: datetime) -> Iterator[Finding]:
    """Yield the locks that would move this month's invoices to a later accounting date."""
    month_start = now.date().replace(day=1).isoformat()
    late = {name: day for name, day in company.locked_until.items() if day >= month_start}
    for name, day in late.items():
        words = f"{LOCK_DATES[name]} is {day}: Odoo posts invoices of that time at a later date"
        yield warn(words, "post what is due before locking, or set the date back in Accounting")
    if not late:
        yield ok("no lock date reaches into this month")


def _pdf(odoo: OdooConnection) -> Finding:
    state = odoo.call("ir.actions.report", "get_wkhtmltopdf_state")
    if state == PDF_READY:
        return ok("Odoo can print invoices as PDF")
    words = f"Odoo can't print PDF (wkhtmltopdf: {state}), so it can't mail invoices"
    return warn(words, "install wkhtmltopdf 0.12.6 with patched Qt on Odoo's server")
