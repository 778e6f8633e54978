"""Sums of decimals that are right or refused: polars lets a sum of 38 digits wrap around.

Pure. A value is summed in two parts, which can't overflow, and put together as a Python integer;
so no order of rows matters, however large the sums on the way.
"""

from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from catalog.money import MONEY_CONTEXT, QUANTITY_INTEGER_DIGITS, QUANTITY_SCALE

PART = 10**19
TOO_LARGE = 10 ** (QUANTITY_INTEGER_DIGITS + QUANTITY_SCALE)
WIDE = pl.Int128()


def sum_parts(value: pl.Expr, name: str) -> list[pl.Expr]:
    """Return the sum of a DECIMAL(38,12) in two columns, `<name>_low` and `<name>_high`."""
    units = unscaled(value)
    return [
        (units % PART).sum().alias(f"{name}_low"),
        (units // PART).sum().alias(f"{name}_high"),
    ]


def exact_sum(row: Mapping[str, int], name: str) -> Decimal:
    """Return a sum from its parts; OverflowError when the lake's columns can't hold it."""
    total = row[f"{name}_low"] + row[f"{name}_high"] * PART
    if abs(total) >= TOO_LARGE:
        raise OverflowError(
            f"a sum overflows: it has more than {QUANTITY_INTEGER_DIGITS} integer digits;"
            " correct the values that are too large"
        )
    return Decimal(total).scaleb(-QUANTITY_SCALE, MONEY_CONTEXT)


def unscaled(value: pl.Expr) -> pl.Expr:
    """Return a DECIMAL(38,12) as the integer of its 10**-12 parts."""
    return value.to_physical().cast(WIDE)
