"""Numbers, money, months and times as Canadian finance reads them, by Babel for en-CA.

Rounds for display only, half-up and last; nothing computed comes back from here.
"""

from datetime import date, datetime
from decimal import Decimal, localcontext
from functools import lru_cache

from babel.dates import format_date, format_datetime, get_timezone
from babel.numbers import format_currency, format_decimal, format_percent

from catalog.money import MONEY_CONTEXT, ZERO, amount_of_cents, rounded_cents

LOCALE = "en_CA"
TIMEZONE = "America/Toronto"
DECIMALS_SHOWN_MAX = 24
# Values that are equal are written alike, so what was written of late is remembered.
WRITTEN_MAX = 8192
NOT_APPLICABLE = "n/a"
UNALLOCATED = "Unallocated"
SHARED = "Shared"
_THOUSAND = Decimal(1000)
_PERCENT = Decimal("0.01")
_TENTH_OF_PERCENT = Decimal("0.001")


def money(amount: Decimal, currency: str = "CAD") -> str:
    """Return an amount with its sign of currency, half-up to the cent: $1,234.50."""
    return _currency(amount, currency, None)


def plain_money(amount: Decimal, currency: str = "CAD") -> str:
    """Return an amount for a table column, without the sign of currency: 1,234.50."""
    return _currency(amount, currency, "#,##0.00")


def cents_money(amount_cents: int, currency: str = "CAD") -> str:
    """Return integer cents with the sign of currency."""
    return money(amount_of_cents(amount_cents, currency), currency)


def cents_plain(amount_cents: int, currency: str = "CAD") -> str:
    """Return integer cents for a table column, without the sign of currency."""
    return plain_money(amount_of_cents(amount_cents, currency), currency)


def axis_money(amount: Decimal) -> str:
    """Return a round amount in a few characters, for the axis of a chart: $20K."""
    for divisor, suffix in ((_THOUSAND**3, "B"), (_THOUSAND**2, "M"), (_THOUSAND, "K")):
        if abs(amount) >= divisor:
            return f"{_dollars(amount / divisor)}{suffix}"
    return _dollars(amount)


def percent(ratio: Decimal | None) -> str:
    """Return a ratio as a percentage with one decimal, half-up, or n/a."""
    return _percent(ratio, _TENTH_OF_PERCENT, "#,##0.0%")


def whole_percent(ratio: Decimal | None) -> str:
    """Return a ratio as a whole percentage, where there is little room."""
    return _percent(ratio, _PERCENT, "#,##0%")


def quantity(value: Decimal | None) -> str:
    """Return a quantity with all its decimals and no superfluous zero."""
    # A negative zero, which equals zero, is zero.
    return "" if value is None else _quantity(value or ZERO)


def count(value: int) -> str:
    """Return a whole number with its thousands apart."""
    return str(format_decimal(value, locale=LOCALE))


def month(first_day: date) -> str:
    """Return a month: Oct 2026."""
    return format_date(first_day, "MMM y", locale=LOCALE)


def short_month(first_day: date) -> str:
    """Return a month without its year: Oct."""
    return format_date(first_day, "MMM", locale=LOCALE)


def instant(moment: datetime | None) -> str:
    """Return an instant to the minute, in Toronto."""
    return "" if moment is None else _instant(moment)


def service_label(service: str | None) -> str:
    """Return the name a row without service goes by, or the service's code."""
    return UNALLOCATED if service is None else service


def account_label(account: str | None) -> str:
    """Return the name a row without account goes by, or the account's id."""
    return SHARED if account is None else account


@lru_cache(maxsize=WRITTEN_MAX)
def _quantity(value: Decimal) -> str:
    with localcontext(MONEY_CONTEXT):
        return str(format_decimal(value, "#,##0." + "#" * DECIMALS_SHOWN_MAX, locale=LOCALE))


@lru_cache(maxsize=WRITTEN_MAX)
def _instant(moment: datetime) -> str:
    return format_datetime(moment, "d MMM y, HH:mm z", tzinfo=get_timezone(TIMEZONE), locale=LOCALE)


@lru_cache(maxsize=WRITTEN_MAX)
def _currency(amount: Decimal, currency: str, pattern: str | None) -> str:
    shown = amount_of_cents(rounded_cents(amount, currency), currency)
    # Babel rounds in the current context, whose 28 digits a lake column can exceed.
    with localcontext(MONEY_CONTEXT):
        return str(format_currency(shown, currency, pattern, locale=LOCALE))


def _percent(ratio: Decimal | None, step: Decimal, pattern: str) -> str:
    if ratio is None:
        return NOT_APPLICABLE
    with localcontext(MONEY_CONTEXT):
        shown = ratio.quantize(step) or Decimal(0)
        return str(format_percent(shown, pattern, locale=LOCALE))


def _dollars(amount: Decimal) -> str:
    pattern = "¤#,##0.####;-¤#,##0.####"
    return str(format_currency(amount, "CAD", pattern, locale=LOCALE, currency_digits=False))
