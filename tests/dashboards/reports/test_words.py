"""Figures are written as Babel writes them for Canada, and every sentence has its French."""

import ast
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from string import Formatter

import pytest
from babel.numbers import format_currency, format_decimal
from hypothesis import given
from hypothesis import strategies as st

import dashboards.reports
from dashboards.close.french import FRENCH_OF_CLOSE
from dashboards.margin import basis_reason
from dashboards.margin.bases import Basis
from dashboards.margin.figures import NEGATIVE_REVENUE, NO_REVENUE
from dashboards.margin.unit_economics import NO_UNITS
from dashboards.reports.basis_words import LEADS, NAMES, NOTES
from dashboards.reports.french import FRENCH
from dashboards.reports.loss_words import LABELS, SENTENCES
from dashboards.reports.mrr import LABELS as MOVEMENT_LABELS
from dashboards.reports.notices import FOREIGN_INVOICED, FOREIGN_RATED, NOT_KEPT
from dashboards.reports.profit_bridge import LABELS as BARS
from dashboards.reports.revenue import LABELS as BETWEEN
from dashboards.reports.singular import SINGULAR
from dashboards.reports.tie_out import NO_METRIC_IN_ODOO, NOBODY_IN_ODOO, NOT_THEN_IN_ODOO
from dashboards.reports.words import ENGLISH, Words
from dashboards.trace.french import FRENCH_OF_TRACE

FRENCH_WORDS = Words("fr")
ROOM = Path(dashboards.reports.__file__).parent
SAID = re.compile(r"say\(\s*(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)')")
NAMES_IN = re.compile(r"{(\w+)}")
# Said only where there are more rows than a page has.
MANY_OF_MORE = "The first {shown} of {count} rows, in CAD; the files have all."
amounts = st.decimals(-(10**12), 10**12, places=2)


def said_in_code() -> set[str]:
    found = set()
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr == "say" and isinstance(node.args[0], ast.Constant):
                found.add(str(node.args[0].value))
    return found


def said_in_templates() -> set[str]:
    texts = [
        (ROOM.parent / "templates" / name).read_text()
        for name in ("report.html", "report_body.html", "base.html")
    ]
    return {one or other for text in texts for one, other in SAID.findall(text)}


def test_every_sentence_has_its_french() -> None:
    """Whatever a page says in English it can say in French, with the same figures in it."""
    known = {*LABELS.values(), *SENTENCES.values(), NO_REVENUE, NEGATIVE_REVENUE, NO_UNITS,
             *(words for pair in BARS.values() for words in pair),
             *(words for pair in BETWEEN.values() for words in pair), *MOVEMENT_LABELS.values(),
             *NAMES.values(), *LEADS.values(), *NOTES.values(), FOREIGN_RATED, FOREIGN_INVOICED,
             NO_METRIC_IN_ODOO, NOBODY_IN_ODOO, NOT_THEN_IN_ODOO, NOT_KEPT,
             *(basis_reason(basis, is_odoo_read=False) or "n/a" for basis in Basis)}  # fmt: skip
    wanted = said_in_code() | said_in_templates() | known

    assert len(wanted) > 150
    assert wanted - FRENCH.keys() == set()


@pytest.mark.parametrize(("english", "french"), sorted(FRENCH.items()))
def test_a_translation_keeps_its_figures(english: str, french: str) -> None:
    """A French sentence names the same figures as the English one."""
    one, other = ({name for _, name, _, _ in Formatter().parse(text) if name} for text in
                  (english, french))  # fmt: skip

    assert one == other
    assert french.strip() == french


@given(amounts)
def test_money_is_written_as_babel_does(amount: Decimal) -> None:
    """Money in both languages is what Babel writes for en-CA and fr-CA."""
    for words in (ENGLISH, FRENCH_WORDS):
        assert words.money(amount) == format_currency(amount, "CAD", locale=words.locale)
        plain = format_currency(amount, "CAD", "#,##0.00", locale=words.locale)
        assert words.plain(amount) == plain


@given(st.decimals(-(10**12), 10**12, places=6))
def test_quantities_are_written_as_babel_does(value: Decimal) -> None:
    """A quantity with six decimals is what Babel writes, without superfluous zeros."""
    for words in (ENGLISH, FRENCH_WORDS):
        shown = format_decimal(value or Decimal(0), "#,##0.######", locale=words.locale)
        assert words.quantity(value) == shown


@pytest.mark.parametrize(
    ("amount", "english", "french"),
    [
        ("0.0045", "$0.0045", "0,0045 $"),
        ("0.00000123456", "$0.000001235", "0,000001235 $"),
        ("12.5", "$12.50", "12,50 $"),
        ("1234.5678", "$1,234.57", "1 234,57 $"),
        ("-0.0045", "-$0.0045", "-0,0045 $"),
        ("0", "$0.00", "0,00 $"),
    ],
)
def test_a_unit_price_is_told_from_nothing(amount: str, english: str, french: str) -> None:
    """A price of a fraction of a cent keeps four digits, any price at least two decimals."""
    assert ENGLISH.unit_price(Decimal(amount)) == english
    assert FRENCH_WORDS.unit_price(Decimal(amount)) == french.replace(" ", "\N{NO-BREAK SPACE}")


def test_small_words() -> None:
    """Percentages, axes and months are short and in their language."""
    assert ENGLISH.percent(Decimal("0.6245")) == "62.5%"
    assert FRENCH_WORDS.percent(Decimal("-0.6245")) == "-62,5\N{NO-BREAK SPACE}%"
    assert (ENGLISH.axis(Decimal(15000)), ENGLISH.axis(Decimal(-2500000))) == ("$15K", "-$2.5M")
    assert FRENCH_WORDS.axis(Decimal(15000)) == "15\N{NO-BREAK SPACE}k$"
    assert ENGLISH.long_month(date(2026, 10, 1)) == "October 2026"
    assert FRENCH_WORDS.month(date(2026, 8, 1)) == "août 2026"


def test_one_is_said_in_the_singular() -> None:
    """Whatever is counted is said of one in its own words; in French of none, too."""
    every = FRENCH | FRENCH_OF_CLOSE | FRENCH_OF_TRACE
    counted = {text for text in every if "{count}" in text}
    text = "{count} cost rows"

    assert counted - SINGULAR.keys() == {"{count} in {before}", MANY_OF_MORE}
    assert SINGULAR.keys() <= counted
    for many, one in SINGULAR.items():
        for said in one.values():
            assert set(NAMES_IN.findall(said)) == set(NAMES_IN.findall(many))
    assert [ENGLISH.say(text, count=ENGLISH.count(count)) for count in (0, 1, 2)] == [
        "0 cost rows", "1 cost row", "2 cost rows",
    ]  # fmt: skip
    assert [FRENCH_WORDS.say(text, count=str(count)) for count in (0, 1, 2)] == [
        "0 ligne de coût", "1 ligne de coût", "2 lignes de coût",
    ]  # fmt: skip
