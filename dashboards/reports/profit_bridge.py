"""Why gross profit moved: a waterfall from one group of months to another, bar by bar."""

from dataclasses import replace

from dashboards.bar_chart import Bar, cut_of
from dashboards.margin import BARS, Bridge, bridge_between
from dashboards.mart.rates import fx_changes
from dashboards.plots import waterfall_plot
from dashboards.reports.asked import Asked
from dashboards.reports.cells import LOSS
from dashboards.reports.filters import range_words
from dashboards.reports.notices import no_figures, notices_of
from dashboards.reports.report import Cell, Column, Kind, Report, Row, Table
from storage.lake import Lake

LABELS = {
    "new": ("New customers", "Gross profit of accounts without revenue or cost before."),
    "churn": ("Lost customers", "Gross profit of accounts without revenue or cost now."),
    "price": ("Price", "What a unit brings changed, and fees without units."),
    "volume": ("Volume", "More or fewer units, at the metric's average profit before."),
    "mix": ("Mix", "Units moved between customers that pay or cost differently."),
    "provider_price": (
        "Provider price",
        "What a unit costs changed at equal rates, and costs without units.",
    ),
    "fx": ("Exchange rate", "The CAD rate of the provider's currency changed."),
    "allocation": ("Shared cost", "Cost that names no account or no service changed."),
}


def profit_bridge(asked: Asked, lake: Lake) -> Report:
    """Return the bridge of gross profit between the compared months and the window's."""
    words, window = asked.words, asked.window
    before, now = (range_words(months, words) for months in (window.compared, window.months))
    report = Report(
        "bridge", words.say("Why gross profit moved"),
        words.say("From {before} to {months} · CAD", before=before, months=now),
    )  # fmt: skip
    empty = no_figures(asked)
    if empty is not None:
        return replace(report, empty=empty)
    bridge = _remembered(asked, lake)
    return replace(report, notices=notices_of(asked), tables=[_table(asked, bridge, before, now)])


def _remembered(asked: Asked, lake: Lake) -> Bridge:
    """Return the bridge, computed once for each state of the figures and question."""
    window = asked.window

    def bridge() -> Bridge:
        changes = fx_changes(asked.cube, lake, window.compared, window.months)
        return bridge_between(asked.parts(window.compared), asked.parts(window.months), changes)

    question = ("bridge", window, asked.filters.query(lang=None, sort=None, open=None))
    return asked.cube.remembered(question, bridge)


def _table(asked: Asked, bridge: Bridge, before: str, now: str) -> Table:
    words = asked.words
    title = words.say("Gross profit, {before} to {months}", before=before, months=now)
    bars = [
        Bar(before, bridge.before, words.money(bridge.before), is_total=True),
        *(
            Bar(words.say(LABELS[name][0]), bridge.bars[name], words.money(bridge.bars[name]))
            for name in BARS
        ),
        Bar(now, bridge.after, words.money(bridge.after), is_total=True),
    ]
    explained = [
        "", *(words.say(LABELS[name][1]) for name in BARS),
        words.say("The bars add up to the change exactly."),
    ]  # fmt: skip
    return Table(
        key="bridge",
        title=title,
        caption=words.say("What moved gross profit, in CAD"),
        note=words.say("The axis does not begin at 0.") if cut_of(bars) else "",
        columns=[Column("bar", words.say("What changed")),
                 Column("amount_cad", words.say("Gross profit"), Kind.MONEY),
                 Column("meaning", words.say("Meaning"))],
        rows=[
            Row([Cell(bar.name),
                 Cell(bar.amount, tone=LOSS if bar.amount < 0 else ""), Cell(meaning)],
                depth=0 if bar.is_total else 1)
            for bar, meaning in zip(bars, explained, strict=True)
        ],
        chart=waterfall_plot(bars, title=title, identity="bridge"),
    )  # fmt: skip
