"""Rates to CAD from a file or from Odoo's `res.currency.rate`."""

import csv
import io
from datetime import date
from decimal import Decimal

from catalog.money import MONEY_CONTEXT, QUANTITY_SCALE, exact_decimal, is_currency
from dashboards.costs.fx import HOME_CURRENCY, DatedRate, refuse_no_rate
from odoo_bridge.company import company_of
from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import from_odoo_amount

HEADER = ["currency", "date", "rate"]
RATES_MAX = 200_000
_SMALLEST = Decimal(1).scaleb(-QUANTITY_SCALE)


def rates_of_file(content: bytes, source: str) -> list[DatedRate]:
    """Return the rates of a CSV file: currency, date, rate (CAD for one unit).

    ValueError names the first line that is no rate; nothing of the file is taken then.
    """
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{source} is no CSV file in UTF-8: {error}") from error
    if not rows or [name.strip().lower() for name in rows[0]] != HEADER:
        raise ValueError(f"{source}: the first line must be {','.join(HEADER)}")
    found = [_rate(row, source, line) for line, row in enumerate(rows[1 : RATES_MAX + 2], 2) if row]
    if len(found) > RATES_MAX:
        raise ValueError(f"{source} has more than {RATES_MAX} rates: split the file")
    days = [(rate.currency, rate.day) for rate in found]
    if len(set(days)) < len(days):
        raise ValueError(f"{source} has two rates of one currency and day")
    return found


def rates_of_odoo(odoo: OdooConnection) -> list[DatedRate]:
    """Return every rate of the entered user's company, as CAD for one unit of the currency.

    ValueError when the company's own currency is not CAD.
    """
    company = company_of(odoo)
    if company.currency != HOME_CURRENCY:
        raise ValueError(f"{company.name} keeps its books in {company.currency}, not CAD")
    domain = [["company_id", "in", [False, company.company_id]]]
    names = ["name", "currency_id", "inverse_company_rate"]
    found = odoo.call("res.currency.rate", "search_read", domain, names, order="name asc, id asc")
    return [
        DatedRate(
            currency=str(read["currency_id"][1]),
            day=date.fromisoformat(str(read["name"])),
            rate=from_odoo_amount(read["inverse_company_rate"]).quantize(
                _SMALLEST, context=MONEY_CONTEXT
            ),
            source="odoo",
        )
        for read in found
        if str(read["currency_id"][1]) != HOME_CURRENCY
    ]


def _rate(row: list[str], source: str, line: int) -> DatedRate:
    try:
        currency, day, rate = (cell.strip() for cell in row)
        if not is_currency(currency):
            raise ValueError(f"{currency!r} is no currency")
        found = DatedRate(currency, date.fromisoformat(day), exact_decimal(rate), source)
        refuse_no_rate(found.currency, found.rate)
    except ValueError as error:
        raise ValueError(f"{source}, line {line}: {error}") from error
    return found
