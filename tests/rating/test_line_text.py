"""Words and texts of lines: the same on every machine, digit by digit."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import babel.dates
import pytest

from rating.closing import Closing
from rating.invoice_draft import invoice_draft
from rating.line_text import (
    canonical_digest,
    charge_description,
    grouped,
    late_description,
    part_description,
    plain,
    plan_fee_description,
)
from rating.rated_line import Step
from tests.rating.makers import TORONTO, a_charge_line, a_subscription, used

MAY = date(2026, 5, 1)
LAST = date(2026, 5, 31)
PINNED = "425fad9b9068a6734f6c8ba6731e28d36b16b1d28cba1fe342da7219adcb03c3"


def test_words_do_not_depend_on_the_machine_s_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that speaks German writes the same lines."""
    monkeypatch.setattr(babel.dates, "LC_TIME", "de_DE")

    assert late_description("Tokens: 5", MAY) == "Tokens: 5 (May 2026, late usage)"
    assert plan_fee_description("Team", MAY, LAST) == "Team: May 1, 2026 to May 31, 2026"


def test_a_description_names_part_units_and_quota() -> None:
    """Units are grouped, a quota is told where there is one, parts stand in brackets."""
    assert charge_description("Tokens", Decimal("1234567.50"), Decimal(0)) == "Tokens: 1,234,567.5"
    told = charge_description("Tokens", Decimal(5), Decimal(1000), part=["large", "east"])
    assert told == "Tokens (large, east): 5 (1,000 included)"
    assert part_description("Tokens") == "Tokens"


@pytest.mark.parametrize(
    ("value", "text"),
    [("0E-12", "0"), ("1E+3", "1,000"), ("-1234.5", "-1,234.5"), ("1E-12", "0.000000000001")],
)
def test_digits_are_written_out(value: str, text: str) -> None:
    """No number is shown as a power of ten."""
    assert grouped(Decimal(value)) == text


@pytest.mark.parametrize(
    ("value", "text"), [("0E-12", "0.000000000000"), ("1E+3", "1000"), ("1E-9", "0.000000001")]
)
def test_a_draft_s_quantities_are_written_out(value: str, text: str) -> None:
    """A draft's line shows all digits of its quantity, however the decimal is kept."""
    line = replace(a_charge_line(used(1)), quantity=Decimal(value), amount_cents=1)
    closing = Closing(a_subscription(), datetime(2026, 2, 1, tzinfo=UTC), TORONTO.key)

    draft = invoice_draft(closing, "CAD", [line], line.rated_at)

    assert [each.quantity for each in draft.lines] == [text]


def test_plain_values_are_those_of_json() -> None:
    """Decimals lose their spelling, instants become UTC, dataclasses their fields by name."""
    noon = datetime(2026, 5, 1, 12, tzinfo=TORONTO)
    step = Step("rate", Decimal("1.50"), None, Decimal(0), Decimal(2))

    assert plain({"at": noon, 1: (True, None), "day": MAY, "list": ["é", 2]}) == {
        "at": "2026-05-01T16:00:00Z",
        "1": [True, None],
        "day": "2026-05-01",
        "list": ["é", 2],
    }
    assert plain(step) == {
        "rule": "rate",
        "units": "1.5",
        "unit_amount": None,
        "flat_amount": "0.0",
        "amount": "2.0",
    }


def test_a_digest_is_of_one_canonical_text() -> None:
    """Order and spelling do not count; the text is compact, sorted UTF-8, on every release."""
    one = canonical_digest({"b": Decimal("1.50"), "a": "é"})

    assert one == canonical_digest({"a": "é", "b": Decimal("1.5")})
    assert one == PINNED
    with pytest.raises(TypeError, match="no canonical text for a set"):
        canonical_digest({"a": {1}})
