"""The words of a line in Canadian French, made of the English that rating wrote. Pure.

Only what `rating.line_text` writes around a name is put into French: fees' days, numbers, kinds of
parts, late usage. Names are the catalogue's, and words of any other form stay as they are.
"""

import re
from dataclasses import replace
from datetime import date
from functools import cache

from babel.dates import format_date, get_month_names

from rating.invoice_draft import InvoiceDraft
from rating.line_text import LOCALE

FRENCH = "fr_CA"
SPACE = "\u00a0"
DAY = r"(?P<{0}_month>[A-Z][a-z]+) (?P<{0}_day>\d\d?), (?P<{0}_year>\d{{4}})"
NUMBER = r"-?\d[\d,]*(?:\.\d+)?"
LATE = re.compile(
    r"(?P<words>.*) \((?P<month>[A-Z][a-z]+) (?P<year>\d{4}), late usage\)", re.DOTALL
)
FEE = re.compile(rf"(?P<name>.*): {DAY.format('first')} to {DAY.format('last')}", re.DOTALL)
CHARGE = re.compile(
    rf"(?P<name>.*): (?P<units>{NUMBER})(?: \((?P<included>{NUMBER}) included\))?", re.DOTALL
)
PART = re.compile(
    r"(?P<name>.*) \((?P<part>minimum amount|minimum commitment|unused days)\)", re.DOTALL
)
PARTS = {
    "minimum amount": "montant minimal",
    "minimum commitment": "engagement minimal",
    "unused days": "jours non utilisés",
}


def draft_in_french(draft: InvoiceDraft) -> InvoiceDraft:
    """Return a draft with its lines' words in French; nothing else of it changes."""
    lines = (replace(line, description=in_french(line.description)) for line in draft.lines)
    return replace(draft, lines=tuple(lines))


def in_french(description: str) -> str:
    """Return a line's words in French: "Jetons : 1 234 567 (100 000 inclus)"."""
    late = LATE.fullmatch(description)
    if late is None or late["month"] not in _months():
        return _billed(description)
    first_day = date(int(late["year"]), _months()[late["month"]], 1)
    month = format_date(first_day, "MMMM y", locale=FRENCH)
    return f"{_billed(late['words'])} ({month}, utilisation tardive)"


def _billed(words: str) -> str:
    fee, charge = FEE.fullmatch(words), CHARGE.fullmatch(words)
    if fee is not None:
        first, last = _day(fee, "first"), _day(fee, "last")
        if first is not None and last is not None:
            return f"{_named(fee['name'])}{SPACE}: du {_written(first)} au {_written(last)}"
    if charge is None:
        return _named(words)
    included = f" ({_grouped(charge['included'])} inclus)" if charge["included"] else ""
    return f"{charge['name']}{SPACE}: {_grouped(charge['units'])}{included}"


def _named(words: str) -> str:
    part = PART.fullmatch(words)
    return words if part is None else f"{part['name']} ({PARTS[part['part']]})"


def _day(fee: re.Match[str], which: str) -> date | None:
    """Return one of a fee's days, or None where the words only look like one."""
    month = _months().get(fee[f"{which}_month"])
    try:
        year, day = int(fee[f"{which}_year"]), int(fee[f"{which}_day"])
        return None if month is None else date(year, month, day)
    except ValueError:
        return None


def _written(day: date) -> str:
    written = format_date(day, "long", locale=FRENCH)
    return f"1er{written.removeprefix('1')}" if day.day == 1 else written


def _grouped(number: str) -> str:
    """Return a number with French grouping, every digit kept: 1 234 567,5."""
    return number.replace(",", SPACE).replace(".", ",")


@cache
def _months() -> dict[str, int]:
    return {name: number for number, name in get_month_names("wide", locale=LOCALE).items()}
