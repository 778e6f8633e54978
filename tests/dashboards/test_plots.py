"""Figures for charts that scripts draw, and the scripts of others: exact, inert, as built."""

import gzip
import hashlib
import json
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.bar_chart import Bar
from dashboards.charts import Segment, Slot
from dashboards.pages import ASSETS, HERE, asset
from dashboards.plots import bars_plot, columns_plot, waterfall_plot

DATA = re.compile(r'<script type="application/json">(.*?)</script>', re.DOTALL)
amounts = st.decimals(-(10**12), 10**12, places=12)
hostile = st.text(alphabet="<>/&\"'\\script!-{}", max_size=20)
LICENCES = {"echarts.js": "Apache License", "htmx.js": "Zero-Clause BSD"}


def figures_of(plot: str) -> dict[str, Any]:
    (found,) = DATA.findall(plot)
    told: dict[str, Any] = json.loads(found)
    return told


@given(st.lists(st.tuples(hostile, amounts), min_size=1, max_size=6))
def test_bars_carry_every_digit(drawn: list[tuple[str, Decimal]]) -> None:
    """Whatever a bar is called and measures, its words and its exact amount arrive."""
    bars = [Bar(name, amount, f"${amount}") for name, amount in drawn]

    told = figures_of(bars_plot(bars, title="<t>", identity="x"))["bars"]

    assert [(bar.name, bar.words) for bar in bars] == [(name, words) for name, words, *_ in told]
    spans = [(Decimal(start), Decimal(end)) for *_, start, end in told]
    assert [abs(bar.amount) for bar in bars] == [end - start for start, end in spans]


@given(amounts, st.lists(amounts, max_size=5))
def test_a_waterfall_goes_on_where_it_stood(first: Decimal, moves: list[Decimal]) -> None:
    """Each bar of a waterfall touches the height the bars before it add up to."""
    bars = [Bar("before", first, "", is_total=True), *(Bar("move", each, "") for each in moves)]
    told = figures_of(waterfall_plot(bars, title="t", identity="x"))
    cut = Decimal(told["cut"])

    height = Decimal(0)
    for bar, (*_, start, end) in zip(bars, told["bars"], strict=True):
        height += bar.amount
        assert max(height, cut) in (Decimal(start), Decimal(end))


def test_columns_come_by_place_in_the_legend() -> None:
    """A month without a part of the legend has nothing there, and no zero."""
    parts = (Segment(1, Decimal("0.000000000001"), "B, Oct: revenue $0.00"),)
    slots = [Slot("Oct", "2026", "50%", is_negative=False, revenue=parts, cogs=())]

    told = figures_of(columns_plot(slots, title="t", description="d", legend=["A", "B"], axis=str))

    assert told["revenue"] == [[None], [["0.000000000001", "B, Oct: revenue $0.00"]]]
    assert told["cogs"] == [[None], [None]]


def test_no_text_ends_its_element() -> None:
    """A name that looks like the end of the element is text inside it."""
    name = "</script><script>alert(1)</script>"

    plot = bars_plot([Bar(name, Decimal(1), "$1.00")], title="t", identity="x")

    assert plot.count("<script") == plot.count("</script>") == 1
    assert figures_of(plot)["bars"][0][0] == name


def test_nothing_is_no_chart() -> None:
    """Without a bar there is neither a drawing nor data."""
    assert bars_plot([], title="t", identity="x") == waterfall_plot([], title="t", identity="x")
    assert bars_plot([], title="t", identity="x") == ""


def test_vendored_scripts_are_as_built() -> None:
    """Every script of others has the SHA-256 its build told, and its licence beside it."""
    static = HERE / "static"
    told = (static / "vendored.sha256").read_text().splitlines()
    pairs = [line.split() for line in told if not line.startswith("#")]
    digests = {name: digest for digest, name in pairs}

    assert digests.keys() == LICENCES.keys()
    for name, digest in digests.items():
        assert hashlib.sha256((static / name).read_bytes()).hexdigest() == digest
        licence = static / name.replace(".js", ".LICENSE.txt")
        assert LICENCES[name] in licence.read_text()
    assert "Apache Software Foundation" in (static / "echarts.NOTICE.txt").read_text()


@pytest.mark.parametrize("name", ASSETS)
def test_an_asset_is_the_same_compressed(name: str) -> None:
    """Whoever accepts gzip gets the same bytes, compressed, and caches keep both apart."""
    plain, compressed = asset(name), asset(name, "br, gzip")

    assert gzip.decompress(bytes(compressed.body)) == plain.body
    assert "content-encoding" not in plain.headers
    assert compressed.headers["content-encoding"] == "gzip"
    assert {each.headers["vary"] for each in (plain, compressed)} == {"Accept-Encoding"}
