"""Sums of decimals are right to the last digit, or refused."""

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregation.exact_sums import TOO_LARGE, exact_sum, sum_parts
from catalog.money import MONEY_CONTEXT
from storage.lake_tables import QUANTITY

LARGEST = TOO_LARGE - 1


def value_of(units: int) -> Decimal:
    """Return so many 10**-12 parts."""
    return Decimal(units).scaleb(-12, MONEY_CONTEXT)


@given(st.lists(st.integers(-LARGEST, LARGEST), max_size=6))
def test_a_sum_is_exact_or_refused(units: list[int]) -> None:
    """A way beyond the lake's digits does no harm to a sum; an end there is refused."""
    values = pl.DataFrame({"value": list(map(value_of, units))}, schema={"value": QUANTITY})
    (row,) = values.select(sum_parts(pl.col("value"), "total")).iter_rows(named=True)

    if abs(sum(units)) > LARGEST:
        with pytest.raises(OverflowError, match="more than 26 integer digits"):
            exact_sum(row, "total")
    else:
        assert exact_sum(row, "total") == value_of(sum(units))


@pytest.mark.parametrize("sign", [1, -1])
def test_the_limit_is_the_first_number_with_a_digit_too_many(sign: int) -> None:
    """The largest number of the lake is answered, the next one is refused."""

    def total(units: int) -> Decimal:
        high, low = divmod(sign * units, 10**19)
        return exact_sum({"x_low": low, "x_high": high}, "x")

    assert str(total(LARGEST)).removeprefix("-") == "9" * 26 + "." + "9" * 12
    with pytest.raises(OverflowError, match="correct the values that are too large"):
        total(TOO_LARGE)
