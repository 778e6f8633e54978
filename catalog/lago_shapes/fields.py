"""Reads the members of a request object; keeps every fault and reports them all at once.

Decides Lago's codes for faulty values (reference section 1); knows no resource.
"""

import re
from collections.abc import Collection
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import TypeVar
from zoneinfo import available_timezones

from catalog.errors import NOT_SUPPORTED_YET, Details, ValidationFailed
from catalog.exact_json import JsonObject, JsonValue
from catalog.money import exact_decimal, is_currency

MANDATORY = "value_is_mandatory"
INVALID = "value_is_invalid"
TOO_LONG = "value_is_too_long"
INVALID_DATE = "invalid_date"
ALREADY_EXISTS = "value_already_exist"
USED_BY_A_SUBSCRIPTION = "used_by_a_subscription"

IDENTIFIER_CHARACTERS_MAX = 255
TEXT_CHARACTERS_MAX = 4096
YEAR_MIN = 2000
YEAR_MAX = 2200
DECIMAL_TEXT = re.compile(r"[0-9]+(\.[0-9]+)?")
# Neither official client encodes ids in paths, so these would break a later GET.
UNFIT_FOR_PATHS = re.compile(r"[/?#\x00-\x1f\x7f]")

E = TypeVar("E", bound=StrEnum)


class Fields:
    """The members of one request object and what is wrong with them.

    An absent member keeps what was; null clears it.
    """

    def __init__(self, given: JsonObject) -> None:
        self.given = given
        self.faults: dict[str, list[str]] = {}

    def fault(self, name: str, code: str) -> None:
        """Note that a member is wrong."""
        codes = self.faults.setdefault(name, [])
        if code not in codes:
            codes.append(code)

    def check(self, more: Details | None = None) -> None:
        """Raise ValidationFailed with all faults, if there are any."""
        if self.faults or more:
            raise ValidationFailed({**self.faults, **(more or {})})

    def require(self, *names: str) -> None:
        """Note each member that is absent, null or blank."""
        for name in names:
            value = self.given.get(name)
            if value is None or (isinstance(value, str) and not value.strip()):
                self.fault(name, MANDATORY)

    def refuse(self, name: str, *neutral: JsonValue) -> None:
        """Note a member that asks for what can't be done exactly yet; empty values ask nothing."""
        value = self.given.get(name)
        if value and value not in neutral:
            self.fault(name, NOT_SUPPORTED_YET)

    def text(
        self, name: str, kept: str | None = None, characters_max: int = TEXT_CHARACTERS_MAX
    ) -> str | None:
        """Return optional text; whole numbers are taken as their digits, as Rails does."""
        if name not in self.given:
            return kept
        value = self.given[name]
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is not None and not isinstance(value, str):
            self.fault(name, INVALID)
        elif value is not None and len(value) > characters_max:
            self.fault(name, TOO_LONG)
        else:
            return value
        return kept

    def mandatory_text(self, name: str, kept: str = "") -> str:
        """Return text that must not be blank."""
        if name in self.given:
            self.require(name)
        return self.text(name, kept, IDENTIFIER_CHARACTERS_MAX) or ""

    def identifier(self, name: str, kept: str = "") -> str:
        """Return text fit to stand in a path of the official clients."""
        value = self.mandatory_text(name, kept)
        if value != kept and (UNFIT_FOR_PATHS.search(value) or value in (".", "..")):
            self.fault(name, INVALID)
        return value

    def flag(self, name: str, *, kept: bool = False) -> bool:
        """Return a boolean; null means what was."""
        value = self.given.get(name)
        if value is not None and not isinstance(value, bool):
            self.fault(name, INVALID)
        return value if isinstance(value, bool) else kept

    def choice(
        self, name: str, choices: type[E], kept: E | None, not_yet: Collection[str] = ()
    ) -> E | None:
        """Return one of the choices; `not_yet` are Lago's that can't be done exactly yet."""
        if name not in self.given:
            return kept
        value = self.given[name]
        if value is None:
            return None
        try:
            return choices(value if isinstance(value, str) else "")
        except ValueError:
            self.fault(name, NOT_SUPPORTED_YET if value in not_yet else INVALID)
            return kept

    def integer(
        self, name: str, kept: int | None, bounds: tuple[int, int], code: str = INVALID
    ) -> int | None:
        """Return a whole number within bounds, both included."""
        if name not in self.given:
            return kept
        value = self.given[name]
        if value is None:
            return None
        number = whole_number(value)
        if number is None or not bounds[0] <= number <= bounds[1]:
            self.fault(name, code)
            return kept
        return number

    def instant(self, name: str, kept: datetime | None = None) -> datetime | None:
        """Return an ISO 8601 instant or date in UTC; a time without zone is UTC."""
        if name not in self.given:
            return kept
        value = self.given[name]
        if value is None or value == "":
            return None
        try:
            instant = datetime.fromisoformat(value if isinstance(value, str) else "")
            zoned = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
            if not YEAR_MIN < instant.year < YEAR_MAX:
                raise ValueError(name)
            return zoned.astimezone(UTC)
        except ValueError:
            self.fault(name, INVALID_DATE)
            return kept

    def currency(self, name: str, kept: str | None = None) -> str | None:
        """Return an ISO 4217 code."""
        value = self.text(name, kept)
        if value is not None and not is_currency(value):
            self.fault(name, INVALID)
        return value

    def timezone(self, name: str, kept: str | None = None) -> str | None:
        """Return a timezone of the IANA database."""
        value = self.text(name, kept)
        if value and value not in timezones():
            self.fault(name, "invalid_timezone")
        return value or None


def whole_number(value: JsonValue) -> int | None:
    """Return a JSON number without fraction as int, else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return value if isinstance(value, int) else None


def decimal_of_text(value: JsonValue) -> Decimal | None:
    """Return exact non-negative decimal *text* as Decimal; None for anything else.

    A JSON number is refused: a client's float has lost digits before it came here (section 0).
    """
    if not isinstance(value, str) or not DECIMAL_TEXT.fullmatch(value):
        return None
    try:
        return exact_decimal(value)
    except ValueError:
        return None


def decimal_of_number_or_text(value: JsonValue) -> Decimal | None:
    """Return a non-negative number, or decimal text, as Decimal; None for anything else."""
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return decimal_of_text(format(value, "f") if is_number else value)


@cache
def timezones() -> frozenset[str]:
    """Return the names of the IANA database."""
    return frozenset(available_timezones())
