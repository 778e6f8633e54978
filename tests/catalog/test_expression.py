"""Metric expressions: Lago's grammar and numbers, exact, and never more than they may be."""

import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.exact_json import JsonValue
from catalog.expression import (
    TEXT_CHARACTERS_MAX,
    ExpressionError,
    ExpressionEvent,
    evaluated,
    parsed,
)
from catalog.expression_syntax import EXPRESSION_CHARACTERS_MAX, EXPRESSION_DEPTH_MAX
from tests.shared_files import shared_file

PROPERTIES: dict[str, JsonValue] = {
    "seconds": "90",
    "price": Decimal("1.230"),
    "tiny": ".5",
    "thousand": "1e3",
    "plan": "pro",
    "flag": True,
    "nothing": None,
    "list": [1, "a"],
    "long_number": "1" * 101,
    "huge": "1e100",
    "zero": "0.00",
}
EVENT = ExpressionEvent("calls", 1_741_000_000, PROPERTIES)


def worth(expression: str, event: ExpressionEvent = EVENT) -> str:
    return evaluated(parsed(expression), event)


def refused(expression: str, event: ExpressionEvent = EVENT) -> str:
    with pytest.raises(ExpressionError) as error:
        worth(expression, event)
    return error.value.code


def vectors() -> list[dict[str, Any]]:
    """Return Lago's own expressions with their values."""
    text = shared_file("vectors/lago_vectors.json").read_bytes()
    whole = msgspec.json.Decoder(float_hook=Decimal).decode(text)
    return [each for each in whole["vectors"] if each["kind"] == "expression"]


def test_lagos_own_expressions_have_lagos_values() -> None:
    """Every vector of kind expression gives its value, numbers compared as decimals."""
    told = vectors()
    for each in told:
        event = ExpressionEvent(**each["event"])
        expected = each["expected"]
        if "error" in expected:
            assert refused(each["expression"], event) == expected["error"], each["id"]
        elif expected["value"][:1].isdigit():
            assert Decimal(worth(each["expression"], event)) == Decimal(expected["value"])
        else:
            assert worth(each["expression"], event) == expected["value"], each["id"]

    assert told


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("12", "12.0"),
        ("1 + 3", "4.0"),
        ("2+3*4-6/3", "12.0"),
        ("(2 + 3) * 4", "20.0"),
        ("10 - 4 - 3", "3.0"),
        ("16 / 4 / 2", "2.0"),
        ("-2 * -3", "6.0"),
        ("1 - -1", "2.0"),
        ("-(-2)", "2.0"),
        (" - 1 ", "-1.0"),
        ("0 * -1", "0.0"),
        ("event.code", "calls"),
        ("event.timestamp", "1741000000.0"),
        ("event.properties.seconds / 60", "1.5"),
        ("event.properties.price", "1.23"),
        ("event.properties.tiny + event.properties.thousand", "1000.5"),
        ("event.properties.plan", "pro"),
        ("'it is, (1 + 2) event.code'", "it is, (1 + 2) event.code"),
        ("''", ""),
        ("round(0.5)", "1.0"),
        ("round(-0.5)", "-1.0"),
        ("round(12.345, 2)", "12.35"),
        ("ROUND(1250, -2)", "1300.0"),
        ("Round(12.34, 0.9)", "12.0"),
        ("round(4, -1)", "0.0"),
        ("ceil(12.341, 2)", "12.35"),
        ("ceil(-0.5)", "0.0"),
        ("floor(-0.5)", "-1.0"),
        ("floor (19, -1)", "10.0"),
        ("least(3, 1, 2)", "1.0"),
        ("Greatest(event.properties.seconds, 5)", "90.0"),
        ("concat('a')", "a"),
        ("concat(event.properties.plan, '-', round(123))", "pro-123"),
        ("concat(event.properties.price, 'x')", "1.230x"),
        ("concat(round(1234, -2), event.properties.nothing, event.properties.flag)", "1200true"),
        ("concat(event.properties.list)", '[1,"a"]'),
        ("concat(event.properties.long_number)", "1" * 101),
        ("0.1 + 0.2", "0.3"),
        ("12345678901234567890.123456789012345 * 10", "123456789012345678901.23456789012345"),
        ("2 / 3", "0." + "6" * 99 + "7"),
    ],
)
def test_an_expression_has_its_exact_value(expression: str, value: str) -> None:
    """Usual precedence, left to right, decimals of any precision, text as it stands."""
    assert worth(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "", " ", "1 +", "+1", "--1", "1 2", "1.", ".5", "1.1.1", "1,2", "()", "(1", "1)", "a",
        "event", "event.", "event.codes", "event.id", "event.properties", "event.properties.",
        "event.properties.1a", "event.properties._a", "event.properties.a.b", "event. code",
        "event .code", "'a", "'a''b'", '"a"', "round()", "round(1,)", "round(1, 2, 3)", "concat()",
        "cOncat('a')", "sum(1)", "round 1", "('a', 'b')", "1 % 2", "2 ** 3", "1\t+ 1", "1 +\n1",
        "1e3", "٣", "__import__('os')", "event.properties.__class__",
    ],
)  # fmt: skip
def test_what_is_not_in_the_grammar_is_no_expression(expression: str) -> None:
    """One code for all: invalid_expression."""
    assert refused(expression) == "invalid_expression"


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("'5' + 1", "not_a_number"),
        ("-event.properties.plan", "not_a_number"),
        ("event.code * 2", "not_a_number"),
        ("round('a')", "not_a_number"),
        ("round(1, 'a')", "not_a_number"),
        ("least(1, 'a')", "not_a_number"),
        ("event.properties.nothing + 1", "not_a_number"),
        ("event.properties.flag + 1", "not_a_number"),
        ("event.properties.list + 1", "not_a_number"),
        ("event.properties.long_number + 1", "not_a_number"),
        ("event.properties.huge + 1", "not_a_number"),
        ("event.properties.unknown", "missing_property:unknown"),
        ("concat('a', event.properties.unknown)", "missing_property:unknown"),
        ("1 / 0", "division_by_zero"),
        ("0 / event.properties.zero", "division_by_zero"),
        ("round(1, 401)", "value_has_too_many_digits"),
        ("round(1, -401)", "value_has_too_many_digits"),
        ("round(1, 400)", "value_has_too_many_digits"),
        ("1" * 400 + "+ 0.1", "value_has_too_many_digits"),
        ("1" * 250 + "*" + "1" * 250, "value_has_too_many_digits"),
    ],
)
def test_a_value_that_cannot_be_had_says_why(expression: str, code: str) -> None:
    """Arithmetic on text, a missing property, a division by zero and endless digits are told."""
    assert refused(expression) == code


def test_digits_with_underscores_are_text() -> None:
    """Nobody means a number by them, though Ruby reads one."""
    event = ExpressionEvent("calls", 0, {"units": "1_000"})

    assert worth("event.properties.units", event) == "1_000"
    assert refused("event.properties.units + 1", event) == "not_a_number"


def test_four_hundred_digits_are_kept_exactly() -> None:
    """The last digit at the limit is there; one more fails instead of being cut."""
    assert worth("1" * 399 + "+ 0.1") == "1" * 399 + ".1"
    assert refused("1" * 399 + "+ 0.11") == "value_has_too_many_digits"


def test_an_expression_has_at_most_4096_characters() -> None:
    """The limit holds exactly; a long sum is no deep one."""
    longest = "1" + "+1" * ((EXPRESSION_CHARACTERS_MAX - 1) // 2) + " "

    assert len(longest) == EXPRESSION_CHARACTERS_MAX
    assert worth(longest) == "2048.0"
    assert refused(longest + " ") == "invalid_expression"


@pytest.mark.parametrize("opened", ["(", "-(", "round(", "concat("])
def test_parentheses_are_at_most_32_deep(opened: str) -> None:
    """The limit holds exactly, for groups and for calls."""
    deepest = opened * EXPRESSION_DEPTH_MAX + "1" + ")" * EXPRESSION_DEPTH_MAX

    assert worth(deepest) in ("1.0", "1")
    assert refused(f"({deepest})") == "invalid_expression"


@pytest.mark.parametrize("text", ["(", ")", "1+", "-", "'", " ", "round(", "event.properties."])
def test_a_million_hostile_characters_are_a_clear_error(text: str) -> None:
    """Neither nesting nor length breaks anything."""
    assert refused(text * (1_000_000 // len(text))) == "invalid_expression"


def test_a_text_grows_to_10000_characters() -> None:
    """The limit holds exactly."""
    event = ExpressionEvent("c", 0, {"a": "a" * (TEXT_CHARACTERS_MAX - 1)})

    assert len(worth("concat(event.properties.a, 'b')", event)) == TEXT_CHARACTERS_MAX
    assert refused("concat(event.properties.a, 'bc')", event) == "value_is_too_long"


def test_who_asks_for_a_time_must_have_been_told_one() -> None:
    """A missing timestamp is the caller's fault, never a guess."""
    timeless = ExpressionEvent("c", None, {})
    with pytest.raises(ValueError, match="say when the event happened"):
        worth("event.timestamp", timeless)

    assert worth("1", timeless) == "1.0"


NUMBERS = st.decimals(-(10**9), 10**9, allow_nan=False, places=6)
SIGNS = st.sampled_from(["+", "-", "*"])


@given(NUMBERS, st.lists(st.tuples(SIGNS, NUMBERS), max_size=6))
def test_sums_and_products_are_pythons_exact_ones(
    first: Decimal, rest: list[tuple[str, Decimal]]
) -> None:
    """Precedence and digits are those of exact fractions, whatever stands in a row."""
    written = f"({first:f})" + "".join(f" {sign} ({number:f})" for sign, number in rest)
    products = [Fraction(first)]
    for sign, number in rest:
        if sign == "*":
            products[-1] *= Fraction(number)
        else:
            products.append(Fraction(number) if sign == "+" else -Fraction(number))

    assert Fraction(worth(written)) == sum(products)


@given(st.text(alphabet="1.5+-*/(), 'aevnt.codpriscl", max_size=40))
def test_any_text_has_a_value_or_a_code(text: str) -> None:
    """Nothing but an ExpressionError ever leaves."""
    try:
        assert isinstance(worth(text), str)
    except ExpressionError as error:
        assert error.code  # noqa: PT017 # a value is as good


ROW = re.compile(r"\| `(.+?)` \| `(\{.*?\})` \| `(.+?)` \|")
FAILURES = {"missing_property:seconds", "not_a_number", "division_by_zero"}
PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


@pytest.mark.parametrize(("expression", "properties", "shown"), ROW.findall(PAGE.read_text()))
def test_the_page_shows_values_of_today(expression: str, properties: str, shown: str) -> None:
    """Each row of docs/metrics.md is what the code answers."""
    told = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode(properties)
    event = ExpressionEvent("code", 0, told)

    if shown in FAILURES:
        assert refused(expression, event) == shown
    else:
        assert worth(expression, event) == shown
