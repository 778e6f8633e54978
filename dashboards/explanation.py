"""The explanation of a rated line and the lines of a draft, read from their JSON text.

Reads what it knows and shows the rest; never fails on a form written by a later version.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation, localcontext

from catalog.money import MONEY_CONTEXT, ZERO
from dashboards.formats import quantity
from rating.rated_line import RatedLine

DIGITS_MAX = 26
LINE_KEYS = {field.name for field in fields(RatedLine)}
STEP_KEYS = ("rule", "units", "unit_amount", "flat_amount", "amount")


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One step as shown; `notes` are its further keys."""

    rule: str
    units: str
    unit_amount: str
    flat_amount: str
    amount: str
    notes: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Steps, their total (None where one has no amount) and keys no column of the line tells.

    `unread` is the raw text when it is not of that form.
    """

    steps: tuple[ExplainedStep, ...]
    total: Decimal | None
    notes: tuple[tuple[str, str], ...]
    unread: str


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One line of an invoice draft as shown."""

    description: str
    amount_cents: int
    kind: str
    metric_code: str
    charge_code: str
    quantity: str
    rated_line_id: str


def explanation_of(text: str | None) -> Explanation:
    """Return the explanation a JSON text holds."""
    found = _read(text)
    if not isinstance(found, dict) or not isinstance(found.get("steps"), list):
        return Explanation((), None, (), text or "")
    steps = tuple(_step(step) for step in found["steps"])
    notes = tuple((key, _shown(value)) for key, value in found.items() if key not in LINE_KEYS)
    return Explanation(steps, _total(found["steps"]), notes, "")


def draft_lines_of(text: str | None) -> tuple[DraftLine, ...]:
    """Return the lines a draft's JSON text holds, as far as they are objects."""
    found = _read(text)
    lines = found if isinstance(found, list) else []
    return tuple(_draft_line(line) for line in lines if isinstance(line, dict))


def number_shown(value: object) -> str:
    """Return a number text in en-CA digits, any other text as it is, nothing for null."""
    if value is None:
        return ""
    number = number_from(value)
    return str(value) if number is None else quantity(number)


def number_from(value: object) -> Decimal | None:
    """Return a decimal of a size that is shown as plain digits, or None."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < DIGITS_MAX else None


def _read(text: str | None) -> object:
    try:
        found: object = json.loads(text or "null", parse_float=str)
    except (ValueError, RecursionError):
        return None
    return found


def _step(step: object) -> ExplainedStep:
    if not isinstance(step, dict):
        return ExplainedStep(_shown(step), "", "", "", "", "")
    rule, *numbers = (step.get(key) for key in STEP_KEYS)
    units, unit_amount, flat_amount, amount = (number_shown(number) for number in numbers)
    words = "" if rule is None else _shown(rule)
    return ExplainedStep(words, units, unit_amount, flat_amount, amount, "; ".join(_notes(step)))


def _draft_line(line: dict[str, object]) -> DraftLine:
    cents = line.get("amount_cents")
    return DraftLine(
        description=str(line.get("description") or "Line"),
        amount_cents=cents if isinstance(cents, int) else 0,
        kind=str(line.get("kind") or ""),
        metric_code=str(line.get("metric_code") or ""),
        charge_code=str(line.get("charge_code") or ""),
        quantity=number_shown(line.get("quantity")),
        rated_line_id=str(line.get("rated_line_id") or ""),
    )


def _total(steps: list[object]) -> Decimal | None:
    amounts = [number_from(step.get("amount")) for step in steps if isinstance(step, dict)]
    known = [amount for amount in amounts if amount is not None]
    if not known or len(known) < len(steps):
        return None
    with localcontext(MONEY_CONTEXT):
        return sum(known, ZERO)


def _notes(step: dict[str, object]) -> Iterator[str]:
    for key, value in step.items():
        if key not in STEP_KEYS and value not in (None, ""):
            yield f"{key}: {_shown(value)}"


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
