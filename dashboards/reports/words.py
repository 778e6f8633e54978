"""Figures and sentences as Canadian readers write them, in English or in French.

Rounds for display only, half-up and last. A sentence is known by its English text.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from babel.dates import format_date, format_datetime, get_timezone

from catalog.money import MONEY_CONTEXT
from dashboards.close.french import FRENCH_OF_CLOSE
from dashboards.formats import TIMEZONE
from dashboards.margin.figures import CENTS_EXPONENT
from dashboards.reports.french import FRENCH
from dashboards.reports.singular import SINGULAR
from dashboards.trace.french import FRENCH_OF_TRACE

LANGUAGES = {"en": "en_CA", "fr": "fr_CA"}
THIN = "\N{NO-BREAK SPACE}"
# A unit price keeps what two cents would hide: four significant digits, at most 12 decimals.
UNIT_DIGITS, UNIT_DECIMALS_MIN, UNIT_DECIMALS_MAX = 4, 2, 12
QUANTITY_DECIMALS_MAX = 6
_FRENCH = FRENCH | FRENCH_OF_CLOSE | FRENCH_OF_TRACE
_SINGULAR_COUNTS = {"en": ("1",), "fr": ("0", "1")}
_STEPS = ((9, "B", "G"), (6, "M", "M"), (3, "K", "k"))


@dataclass(frozen=True, slots=True)
class Words:
    """One language of the pages."""

    language: str = "en"

    @property
    def locale(self) -> str:
        """Return the locale's name for Babel: en_CA."""
        return LANGUAGES[self.language]

    @property
    def tag(self) -> str:
        """Return the language tag of a page: en-CA."""
        return self.locale.replace("_", "-")

    def say(self, text: str, /, **figures: object) -> str:
        """Return a sentence in this language, its {figures} filled in, for one of a {count}."""
        said = _FRENCH.get(text, text) if self.language == "fr" else text
        if str(figures.get("count")) in _SINGULAR_COUNTS[self.language] and text in SINGULAR:
            said = SINGULAR[text][self.language]
        return said.format(**figures) if figures else said

    def plain(self, amount: Decimal) -> str:
        """Return CAD without a sign of currency, half-up to the cent: 1,234.50."""
        return self._localised(f"{_rounded(amount, CENTS_EXPONENT):,.2f}")

    def money(self, amount: Decimal) -> str:
        """Return CAD with its sign of currency, half-up to the cent: $1,234.50."""
        return self._dollars(self.plain(amount))

    def unit_price(self, amount: Decimal) -> str:
        """Return the price of one unit with enough decimals to be told from 0: $0.0045."""
        return self._dollars(self.plain_unit_price(amount))

    def plain_unit_price(self, amount: Decimal) -> str:
        """Return the price of one unit without a sign of currency."""
        wanted = UNIT_DIGITS - 1 - amount.adjusted() if amount else UNIT_DECIMALS_MIN
        decimals = min(max(wanted, UNIT_DECIMALS_MIN), UNIT_DECIMALS_MAX)
        text = f"{_rounded(amount, decimals):,.{decimals}f}"
        shortest = len(text) - decimals + UNIT_DECIMALS_MIN
        return self._localised(text[:shortest] + text[shortest:].rstrip("0"))

    def percent(self, ratio: Decimal) -> str:
        """Return a ratio as a percentage with one decimal, half-up: 62.5%."""
        return self._percentage(ratio, 1)

    def whole_percent(self, ratio: Decimal) -> str:
        """Return a ratio as a whole percentage, where there is little room."""
        return self._percentage(ratio, 0)

    def points(self, value: Decimal) -> str:
        """Return a change of percentage points with one decimal: -0.1."""
        return self._localised(f"{_rounded(value, 1):,.1f}")

    def quantity(self, value: Decimal) -> str:
        """Return a quantity with at most six decimals and no superfluous zero."""
        text = f"{_rounded(value, QUANTITY_DECIMALS_MAX):,f}"
        return self._localised(text.rstrip("0").rstrip(".") if "." in text else text)

    def count(self, value: int) -> str:
        """Return a whole number with its thousands apart."""
        return self._localised(f"{value:,d}")

    def axis(self, amount: Decimal) -> str:
        """Return a round amount in a few characters, for the axis of a chart: $20K."""
        for digits, english, french in _STEPS:
            if abs(amount).adjusted() >= digits:
                short = self._localised(f"{amount.scaleb(-digits).normalize():f}")
                if self.language == "fr":
                    return f"{short}{THIN}{french}$"
                return self._dollars(short) + english
        return self._dollars(self._localised(f"{amount.normalize():f}"))

    def month(self, first_day: date) -> str:
        """Return a month: Oct 2026."""
        return _date(first_day, "MMM y", self.locale)

    def long_month(self, first_day: date) -> str:
        """Return a month in full: October 2026."""
        return _date(first_day, "MMMM y", self.locale)

    def short_month(self, first_day: date) -> str:
        """Return a month without its year: Oct."""
        return _date(first_day, "MMM", self.locale)

    def instant(self, moment: datetime | None) -> str:
        """Return an instant to the minute, in Toronto."""
        if moment is None:
            return ""
        zone = get_timezone(TIMEZONE)
        return format_datetime(moment, "d MMM y, HH:mm z", tzinfo=zone, locale=self.locale)

    def _percentage(self, ratio: Decimal, decimals: int) -> str:
        shown = _rounded(MONEY_CONTEXT.scaleb(ratio, 2), decimals)
        text = self._localised(f"{shown:,.{decimals}f}")
        return f"{text}{THIN}%" if self.language == "fr" else f"{text}%"

    def _dollars(self, plain: str) -> str:
        if self.language == "fr":
            return f"{plain}{THIN}$"
        return f"-${plain[1:]}" if plain.startswith("-") else f"${plain}"

    def _localised(self, text: str) -> str:
        if self.language == "fr":
            return text.replace(",", THIN).replace(".", ",")
        return text


@lru_cache(maxsize=2048)
def _date(day: date, form: str, locale: str) -> str:
    return format_date(day, form, locale=locale)


def _rounded(value: Decimal, decimals: int) -> Decimal:
    """Return a value half-up at some decimals, without a negative zero."""
    return value.quantize(Decimal(1).scaleb(-decimals), context=MONEY_CONTEXT) or Decimal(0)


ENGLISH = Words("en")
