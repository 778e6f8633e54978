"""What is wrong with the properties of one charge or filter, in Lago's codes."""

from decimal import Decimal
from typing import TypeVar

from catalog.exact_json import JsonValue
from catalog.lago_shapes.fields import decimal_of_text, whole_number

UNITS_MAX = 10**18
ZERO = Decimal(0)
INVALID_AMOUNT = "invalid_amount"

T = TypeVar("T")


class Faults(list[str]):
    """Lago's codes for what is wrong with one charge's properties, each once."""

    def note(self, code: str) -> None:
        """Add a code."""
        if code not in self:
            self.append(code)

    def amount(self, value: JsonValue, code: str = INVALID_AMOUNT) -> Decimal:
        """Return a price given as text; zero, and a fault, when it is not one."""
        return self.wanted(decimal_of_text(value), ZERO, code)

    def optional_amount(self, value: JsonValue, code: str = INVALID_AMOUNT) -> Decimal | None:
        """Return a price given as text, None when absent or blank."""
        return None if value is None or value == "" else self.amount(value, code)

    def wanted(self, value: T | None, otherwise: T, code: str) -> T:
        """Return a value; when there is none, note the fault and return something harmless."""
        if value is None:
            self.note(code)
            return otherwise
        return value

    def units(self, value: JsonValue, lowest: int, code: str) -> int:
        """Return a whole number of units."""
        number = whole_number(value)
        fits = number is not None and lowest <= number <= UNITS_MAX
        return self.wanted(number if fits else None, lowest, code)


def digits(value: Decimal) -> str:
    """Return a price as it was written, without exponent."""
    return format(value, "f")
