"""Money: exact decimals, and the one place where they are rounded to cents.

Decides precision, rounding rule and currency exponents; knows no price and no period.
"""

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache

import babel.numbers

MONEY_DIGITS = 60
MONEY_CONTEXT = Context(prec=MONEY_DIGITS, rounding=ROUND_HALF_UP)
QUANTITY_SCALE = 12
QUANTITY_INTEGER_DIGITS = 26
ZERO = Decimal(0)
ONE_CENT = Decimal(1)
CURRENCY_CODE = re.compile(r"[A-Z]{3}")
PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,200}(\.[0-9]{1,200})?")


@cache
def currency_exponent(currency: str) -> int:
    """Return the number of decimals of an ISO 4217 currency: 2 for CAD, 0 for JPY."""
    return babel.numbers.get_currency_precision(currency)


def is_currency(code: str) -> bool:
    """Say whether a text is the ISO 4217 code of a currency."""
    return bool(CURRENCY_CODE.fullmatch(code)) and babel.numbers.is_currency(code)


def rounded_cents(amount: Decimal, currency: str) -> int:
    """Return `amount` (currency units) as integer cents, rounded half-up once (Lago's rule)."""
    cents = amount.scaleb(currency_exponent(currency), MONEY_CONTEXT)
    return int(cents.quantize(ONE_CENT, ROUND_HALF_UP, MONEY_CONTEXT))


def amount_of_cents(amount_cents: int, currency: str) -> Decimal:
    """Return integer cents as an amount in currency units: 12345 CAD cents are 123.45."""
    return Decimal(amount_cents).scaleb(-currency_exponent(currency), MONEY_CONTEXT)


def decimal_text(value: Decimal) -> str:
    """Return plain digits without exponent or superfluous zeros, at least one decimal ("10.0").

    Lago writes quantities and precise amounts this way in its JSON.
    """
    text = format(value, "f")
    whole, _, fraction = text.partition(".")
    if whole in ("-0", "-") and not fraction.strip("0"):
        whole = "0"
    return f"{whole}.{fraction.rstrip('0') or '0'}"


def exact_decimal(text: str) -> Decimal:
    """Parse plain decimal text ("-12.50"); ValueError when it is not, or has too many digits.

    At most 26 integer digits and 12 decimals, which a lake column DECIMAL(38,12) can hold.
    """
    if not PLAIN_DECIMAL.fullmatch(text):
        raise ValueError(f"not a plain decimal number: {text[:40]!r}")
    value = Decimal(text)
    if not fits_quantity(value):
        raise ValueError(f"more digits than DECIMAL(38,12) holds: {text[:40]!r}")
    return value


def fits_quantity(value: Decimal) -> bool:
    """Say whether a finite decimal fits DECIMAL(38,12) without losing a digit."""
    if not value:
        return True
    sign, digits, exponent = value.normalize(MONEY_CONTEXT).as_tuple()
    del sign
    if not isinstance(exponent, int):
        return False
    return exponent >= -QUANTITY_SCALE and len(digits) + exponent <= QUANTITY_INTEGER_DIGITS
