"""Charts, scopes, explanations and formats: small pure parts, each with its law."""

import json
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards import formats
from dashboards.charts import Segment, Slot, _ticks, column_chart, sparkline
from dashboards.explanation import draft_lines_of, explanation_of
from dashboards.scope import Scope, ScopeFault, scope_from, scope_query
from dashboards.trend import months_between

SVG_HEIGHT = 330
amounts = st.decimals(-(10**9), 10**9, places=2)
words = st.text(min_size=1, max_size=12).filter(lambda text: text == text.strip())
months = st.dates(date(2000, 1, 1), date(2099, 12, 1)).map(lambda day: day.replace(day=1))


def a_slot(revenue: Decimal, cogs: Decimal) -> Slot:
    return Slot("Oct", "2026", "50%", is_negative=False,
                revenue=(Segment(0, revenue, "<revenue> & more"),),
                cogs=(Segment(0, cogs, "COGS"),))  # fmt: skip


@given(st.lists(st.tuples(amounts, amounts), max_size=6))
def test_any_chart_is_sound_xml_inside_its_box(drawn: list[tuple[Decimal, Decimal]]) -> None:
    """Whatever the amounts, every column lies inside the drawing and has no negative height."""
    slots = [a_slot(*pair) for pair in drawn]

    chart = ET.fromstring(column_chart(slots, title="<t>", description="d & d", series=1))  # noqa: S314 - our own text

    rects = [rect for group in chart.findall("g") for rect in group.findall("rect")]
    assert len(rects) == 2 * len(slots)
    for rect in rects:
        top, height = float(rect.attrib["y"]), float(rect.attrib["height"])
        assert height >= 0
        assert 0 <= top <= top + height <= SVG_HEIGHT
    assert (chart.findtext("title"), chart.findtext("desc")) == ("<t>", "d & d")


@given(amounts, amounts)
def test_ticks_enclose_and_are_few(one: Decimal, other: Decimal) -> None:
    """The ticks of an axis enclose the amounts, rise, and are at most seven."""
    low, high = min(one, other, Decimal(0)), max(one, other, Decimal(0))

    ticks = _ticks(low, high)

    assert ticks[0] <= low <= high <= ticks[-1]
    assert list(ticks) == sorted(set(ticks))
    assert 2 <= len(ticks) <= 7


def test_a_missing_value_breaks_the_sparkline() -> None:
    """Where a month has no margin the line has a gap instead of a zero."""
    whole = sparkline([Decimal(1), Decimal(2), Decimal(3)], title="x")
    broken = sparkline([Decimal(1), None, Decimal(3), Decimal(4)], title="x")

    assert (whole.count("<line"), broken.count("<line")) == (2, 1)
    assert sparkline([Decimal(1)], title="x") == ""


@given(
    service=st.none() | words,
    account=st.none() | words,
    first=st.none() | months,
    last=st.none() | months,
)
def test_a_scope_survives_its_address(
    service: str | None, account: str | None, first: date | None, last: date | None
) -> None:
    """A scope written into an address is read back as itself."""
    scope = Scope(service, service is None, account, account is None, first, last)
    pairs = dict(_pairs(scope_query(scope)))

    assert scope_from(pairs) == scope


def _pairs(query: str) -> list[tuple[str, str]]:
    from urllib.parse import parse_qsl  # noqa: PLC0415 - reads one address

    return parse_qsl(query.removeprefix("?"), keep_blank_values=True)


@pytest.mark.parametrize(
    "month", ["2026-00", "2026-1", "0000-01", "2026-10-02", "'; DROP", "२०२६-10"]
)
def test_a_month_is_a_month(month: str) -> None:
    """What is no month is refused with an example."""
    with pytest.raises(ScopeFault, match="month=2026-10"):
        scope_from({"month": month})


def test_months_in_between_have_no_gap() -> None:
    """The months of a trend go over the new year without a gap."""
    assert months_between(date(2026, 11, 1), date(2027, 2, 1)) == tuple(
        date(year, month, 1) for year, month in [(2026, 11), (2026, 12), (2027, 1), (2027, 2)]
    )


def test_an_explanation_of_a_later_version_is_shown() -> None:
    """Further keys of a step and of the whole are shown beside those that are known."""
    text = json.dumps({"steps": [{"rule": "tier 1", "units": "1000", "amount": "1.50",
                                  "tier": "0-1000"}], "policy": {"late": True}})  # fmt: skip

    found = explanation_of(text)

    assert (found.steps[0].units, found.steps[0].notes) == ("1,000", "tier: 0-1000")
    assert (found.total, found.notes) == (Decimal("1.50"), (("policy", '{"late": true}'),))


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"steps": 5}', "{broken", "[" * 99_999])
def test_an_unknown_explanation_is_shown_raw(text: str) -> None:
    """An explanation that can't be read is shown as it is kept, and a draft then has no line."""
    assert explanation_of(text).unread == text
    assert draft_lines_of(text) == ()


def test_steps_of_any_form_are_steps() -> None:
    """A step that is no object, or has odd values, never breaks the page."""
    odd = [None, 5, "x", {"amount": "NaN"}, {"units": [1], "amount": 1e400, "rule": {"a": 1}}]

    found = explanation_of(json.dumps({"steps": odd}))

    assert len(found.steps) == 5
    assert found.total is None


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("1234.565", "$1,234.57"), ("-1234.565", "-$1,234.57"), ("-0.004", "$0.00"), ("0", "$0.00"),
     ("99999999999999999999999999.994", "$99,999,999,999,999,999,999,999,999.99")],
)  # fmt: skip
def test_money_is_rounded_half_up_for_display(amount: str, shown: str) -> None:
    """Money is shown half-up to the cent, whatever its size, without a negative zero."""
    assert formats.money(Decimal(amount)) == shown


def test_quantities_keep_every_digit() -> None:
    """A quantity is shown with all its decimals."""
    assert formats.quantity(Decimal("1234567.000000000001")) == "1,234,567.000000000001"


def test_percentages_are_half_up() -> None:
    """A ratio is shown with one decimal, half-up, or n/a."""
    shown = [formats.percent(ratio) for ratio in (Decimal("0.6245"), Decimal("-0.0001"), None)]

    assert shown == ["62.5%", "0.0%", "n/a"]
