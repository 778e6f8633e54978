"""French words hold what the English ones say, whatever the names; others stay as they are."""

from datetime import date
from decimal import Decimal

import pytest
from babel.dates import format_date
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from odoo_bridge.wording.french import draft_in_french, in_french
from rating.line_text import (
    charge_description,
    late_description,
    part_description,
    plan_fee_description,
)
from tests.odoo_bridge.makers import a_draft, an_account

NAMES = st.text(min_size=1, max_size=30)
DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))
UNITS = st.decimals(-(10**12), 10**12, places=6)
SPACE = "\u00a0"


def french(units: Decimal) -> str:
    """Return a number as Babel writes it in Canadian French, every digit kept."""
    return format_decimal(units, "#,##0.######", locale="fr_CA", decimal_quantization=False)


@given(NAMES, UNITS, UNITS)
def test_a_charge_keeps_its_name_and_numbers(name: str, units: Decimal, included: Decimal) -> None:
    """Units and quota are the same numbers, written as in Quebec."""
    quota = f" ({french(included)} inclus)" if included else ""

    told = in_french(charge_description(name, units, included))
    assert told == f"{name}{SPACE}: {french(units)}{quota}"


@given(NAMES, DAYS, DAYS)
def test_a_fee_keeps_its_days(name: str, first: date, last: date) -> None:
    """First and last day are the same days."""
    days = [format_date(day, "long", locale="fr_CA") for day in (first, last)]
    told = in_french(plan_fee_description(f"{name}.", first, last)).replace("1er ", "1 ")

    assert told == f"{name}.{SPACE}: du {days[0]} au {days[1]}".replace("1er ", "1 ")


def test_each_form_of_words_has_its_french() -> None:
    """Parts, unused days, late usage and the first of a month are said as people say them."""
    charge = charge_description("Jetons", Decimal("1234567.5"), Decimal(100_000), ["grand"])
    credit = part_description("Équipe", "unused days")
    first, last = date(2026, 8, 1), date(2026, 8, 31)

    assert in_french(charge) == (
        f"Jetons (grand){SPACE}: 1{SPACE}234{SPACE}567,5 (100{SPACE}000 inclus)"
    )
    assert in_french(
        late_description(charge_description("Jetons", Decimal(5), Decimal(0)), first)
    ) == (f"Jetons{SPACE}: 5 (août 2026, utilisation tardive)")
    assert in_french(plan_fee_description(credit, first, last)) == (
        f"Équipe (jours non utilisés){SPACE}: du 1er août 2026 au 31 août 2026"
    )
    assert in_french(part_description("Appels", "minimum amount")) == "Appels (montant minimal)"
    assert in_french(part_description("Plan", "minimum commitment")) == "Plan (engagement minimal)"


@pytest.mark.parametrize(
    "words",
    [
        *("", "Setup", "A: 5 apples", "A (Smarch 2026, late usage)"),
        "Setup: Smarch 1, 2026 to Smarch 2, 2026",
        "Fee: February 30, 2026 to March 1, 2026",
    ],
)
def test_other_words_stay(words: str) -> None:
    """What rating did not write is nobody's to translate."""
    assert in_french(words) == words


def test_only_the_words_of_a_draft_change() -> None:
    """Amounts, quantities, keys and the number of lines are as they were."""
    draft = a_draft(an_account(), [1234, 66])
    said = draft_in_french(draft)

    assert [line.description for line in said.lines] == [
        f"Tokens {number}{SPACE}: 1{SPACE}234{SPACE}567" for number in (1, 2)
    ]
    assert [line.amount_cents for line in said.lines] == [1234, 66]
    assert (said.id, said.amount_cents) == (draft.id, draft.amount_cents)
