"""What a currency was worth in CAD on a day: the newest rate of that day or before it.

Odoo's rule of `res.currency.rate`. Without a rate there is no amount, never a rate of 1.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from catalog.money import ZERO, fits_quantity

HOME_CURRENCY = "CAD"
GIVEN = "given"
FX_RATE_MAX = Decimal(1_000_000)
# Ledgers take rates at least once a month; an older rate is a rate that somebody forgot.
AGE_MAX = timedelta(days=35)


@dataclass(frozen=True, slots=True)
class FxRate:
    """CAD for one unit of a currency; a rate given for everything has no day."""

    rate: Decimal
    day: date | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class DatedRate:
    """A rate that holds from a day on."""

    currency: str
    day: date
    rate: Decimal
    source: str


HOME = FxRate(Decimal(1))


@dataclass(frozen=True, slots=True)
class FxRates:
    """Rates given for everything, and dated ones; a given rate wins."""

    given: Mapping[str, Decimal] = field(default_factory=dict)
    dated: tuple[DatedRate, ...] = ()

    def __post_init__(self) -> None:
        """Refuse with ValueError what is no rate."""
        for currency, rate in self.given.items():
            refuse_no_rate(currency, rate)
        for each in self.dated:
            refuse_no_rate(each.currency, each.rate)

    def on(self, currency: str, day: date | None) -> FxRate | None:
        """Return the rate of a day (None: a day that can't be read); None without one."""
        if currency == HOME_CURRENCY:
            return HOME
        if (given := self.given.get(currency)) is not None:
            return FxRate(given, source=GIVEN)
        days, rates = _by_currency(self.dated).get(currency, ((), ()))
        place = bisect_right(days, day) if day is not None else 0
        if place == 0 or day is None or day - days[place - 1] > AGE_MAX:
            return None
        found = rates[place - 1]
        return FxRate(found.rate, found.day, found.source)


def refuse_no_rate(currency: str, rate: Decimal) -> None:
    """Raise ValueError unless a rate is over 0, below a million and of at most 12 decimals."""
    if not (rate.is_finite() and ZERO < rate < FX_RATE_MAX and fits_quantity(rate)):
        raise ValueError(f"{currency}: {rate} is no rate (CAD per {currency}, over 0)")
    if currency == HOME_CURRENCY and rate != 1:
        raise ValueError("CAD: the rate of CAD in CAD is 1")


@lru_cache(maxsize=8)
def _by_currency(
    dated: tuple[DatedRate, ...],
) -> dict[str, tuple[tuple[date, ...], tuple[DatedRate, ...]]]:
    found: dict[str, list[DatedRate]] = {}
    for each in sorted(dated, key=lambda rate: rate.day):
        found.setdefault(each.currency, []).append(each)
    return {
        currency: (tuple(rate.day for rate in rates), tuple(rates))
        for currency, rates in found.items()
    }


def newest_of_each_day(rates: Iterable[DatedRate]) -> tuple[DatedRate, ...]:
    """Return the last one told of each currency and day, from rates in the order of telling."""
    return tuple({(rate.currency, rate.day): rate for rate in rates}.values())
