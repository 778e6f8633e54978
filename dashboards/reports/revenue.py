"""From rated to invoiced revenue: a waterfall to the cent, bar by bar, and service by service."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from catalog.money import amount_of_cents
from dashboards.bar_chart import Bar, cut_of
from dashboards.close.as_closed import invoiced_as_of, rated_as_of
from dashboards.margin import CURRENCY, Basis
from dashboards.margin.bases import NOT_READ
from dashboards.margin.revenue_bridge import (
    CANCELLED,
    PARKED,
    REVENUE_BARS,
    SHADOW,
    UNPOSTED,
    WAITING,
    RevenueBridge,
    revenue_bridge,
)
from dashboards.mart.standing import read_standings, standings_stamp
from dashboards.plots import waterfall_plot
from dashboards.reports.asked import Asked
from dashboards.reports.basis_words import links_on_basis
from dashboards.reports.cells import LOSS
from dashboards.reports.filters import range_words
from dashboards.reports.report import Cell, Column, Empty, Kind, Report, Row, Table
from storage.lake import Lake

PATH = "/revenue"
RATED_COLUMNS = (
    "id", "month", "service", "account_id", "plan_code", "metric_code", "draft_id",
    "amount_cents", "currency", "is_invoiceable",
)  # fmt: skip
LABELS = {
    "invoiced_elsewhere": ("Invoiced in other months", "Its invoice has a date outside these."),
    WAITING: ("Not sent yet", "The draft waits to be sent to Odoo."),
    PARKED: ("Parked", "The draft is set aside until its problem is mended."),
    SHADOW: ("Billed by another system", "Rated in shadow: never sent by us."),
    "not_invoiceable": ("On no invoice", "The charge is rated and not invoiceable."),
    UNPOSTED: ("Drafts not posted", "In Odoo as a draft, which is no revenue yet."),
    CANCELLED: ("Cancelled or deleted", "The invoice was cancelled or deleted in Odoo."),
    "on_the_way": ("On the way here", "Posted in Odoo, its lines are not in the lake yet."),
    "removed": ("Lines taken off", "Removed by hand from an invoice that was posted."),
    "rated_elsewhere": (
        "Rated in other months", "Invoiced in these months for usage and fees of others."
    ),
    "edited": ("Edited by hand", "The amount was changed in Odoo."),
    "rounding": ("Rounding", "A cent of difference on a line of an invoice."),
    "currency": ("Other currency", "Rated in one currency, invoiced in another."),
    "credit_notes": ("Credit notes", "Made in Odoo, posted in these months."),
    "odoo_alone": ("Billed by Odoo alone", "Flat fees and invoices that no draft of ours made."),
    "added": ("Added by hand", "Lines people put on invoices of ours."),
}  # fmt: skip
OF_DRAFTS = (WAITING, PARKED, SHADOW, UNPOSTED, CANCELLED)
OF_LINES = ("rated_elsewhere", "edited", "credit_notes", "odoo_alone", "added")


@dataclass(frozen=True, slots=True)
class Sources:
    """What the bridge is made of: rated lines, posted lines, where drafts stand."""

    rated: pl.DataFrame
    lines: pl.DataFrame
    standings: pl.DataFrame

    def bridge(self, service: str | None = None) -> RevenueBridge:
        """Return the bridge of a service, or of all."""
        if service is None:
            return revenue_bridge(self.rated, self.lines, self.standings)
        own = pl.col("service") == service
        return revenue_bridge(self.rated.filter(own), self.lines.filter(own), self.standings)


def revenue_report(asked: Asked, lake: Lake) -> Report:
    """Return how rated revenue of the window's months becomes what was invoiced in them."""
    words, months = asked.words, asked.window.months
    lead = words.say("{months} · before tax · CAD", months=range_words(months, words))
    report = Report("revenue", words.say("From rated to invoiced revenue"), lead)
    if not asked.ledger.is_read:
        return replace(
            report,
            empty=Empty(
                words.say("Not known on this basis"), words.say(NOT_READ),
                commands=[(words.say("Read what became of our invoices"),
                           "fusion-billing odoo feed")],
            ),
        )  # fmt: skip
    stamp = standings_stamp(asked.state)
    narrowed = asked.filters.query(basis=None, compare=None, sort=None, lang=None)
    question = ("revenue", months, narrowed, asked.ledger, stamp)
    bridges = asked.cube.remembered(question, lambda: _bridges(asked, lake))
    return replace(report, tables=[_bars(asked, bridges[None]), _services(asked, bridges)])


def _bridges(asked: Asked, lake: Lake) -> Mapping[str | None, RevenueBridge]:
    """Return the bridge of all services together and of each."""
    is_here = pl.col("month").is_in(list(asked.window.months))
    rated = rated_as_of(lake, asked.state, asked.filters, RATED_COLUMNS).filter(is_here)
    lines = invoiced_as_of(lake, asked.state, asked.filters).lines.with_columns(is_here=is_here)
    sources = Sources(
        asked.chosen(rated),
        asked.chosen(lines),
        read_standings(asked.state, asked.filters.scope.service),
    )
    here = sources.lines.filter("is_here").get_column("service")
    services = sorted({*sources.rated.get_column("service"), *here})
    return {service: sources.bridge(service) for service in (None, *services)}


def _bars(asked: Asked, bridge: RevenueBridge) -> Table:
    words = asked.words
    title = words.say("Rated to invoiced, {months}", months=range_words(asked.window.months, words))
    rows = [
        ("rated", words.say("Rated revenue"), bridge.rated_cents,
         words.say("By service date, of closed periods.")),
        *((name, words.say(LABELS[name][0]), bridge.bars[name], words.say(LABELS[name][1]))
          for name in REVENUE_BARS),
        ("invoiced", words.say("Invoiced revenue"), bridge.invoiced_cents,
         words.say("By invoice date. The bars add up to the cent.")),
    ]  # fmt: skip
    bars = [_bar(asked, *row[:3]) for row in rows]
    shown = [bar for bar in bars if bar.is_total or bar.amount]
    return Table(
        key="revenue",
        title=title,
        caption=words.say("What lies between rated and invoiced revenue, in CAD; 0.00 is nothing"),
        note=words.say("The axis does not begin at 0.") if cut_of(shown) else "",
        columns=[Column("bar", words.say("What lies between")),
                 Column("amount_cad", words.say("Revenue"), Kind.MONEY),
                 Column("meaning", words.say("Meaning"))],
        rows=[
            Row([Cell(bar.name),
                 Cell(bar.amount, _link(asked, name), tone=LOSS if bar.amount < 0 else ""),
                 Cell(meaning)], depth=0 if bar.is_total else 1)
            for bar, (name, _, _, meaning) in zip(bars, rows, strict=True)
        ],
        chart=waterfall_plot(shown, title=title, identity="revenue"),
    )  # fmt: skip


def _bar(asked: Asked, name: str, label: str, cents: int) -> Bar:
    amount = amount_of_cents(cents, CURRENCY)
    is_total = name in ("rated", "invoiced")
    return Bar(label, amount, asked.words.money(amount), is_total=is_total)


def _link(asked: Asked, name: str) -> str:
    """Return where the rows of a bar are: drafts, or posted lines; none for what has no page."""
    scope = asked.scope(asked.window.months)
    posted: Callable[..., str] = links_on_basis(asked.links, Basis.INVOICED).lines
    if name == "rated":
        return f"{asked.links.home}/trace/revenue{_of_rated(asked)}"
    if name == "invoiced" or name in OF_LINES:
        return posted(scope, metric=asked.filters.metric, plan=asked.filters.plan)
    return asked.links.drafts(asked.filters.scope.service) if name in OF_DRAFTS else ""


def _of_rated(asked: Asked) -> str:
    return asked.filters.query(basis=None, compare=None, sort=None, open=None)


def _services(asked: Asked, bridges: Mapping[str | None, RevenueBridge]) -> Table:
    words, names = asked.words, asked.names()
    figures = [(service, bridge) for service, bridge in bridges.items() if service is not None]
    return Table(
        key="services",
        title=words.say("By service"),
        caption=words.say("{months}, in CAD", months=range_words(asked.window.months, words)),
        columns=[Column("service", words.say("Service")),
                 Column("rated_cad", words.say("Rated"), Kind.MONEY),
                 Column("invoiced_cad", words.say("Invoiced"), Kind.MONEY),
                 Column("difference_cad", words.say("Invoiced less rated"), Kind.MONEY)],
        rows=[
            Row([Cell(names.service(service), asked.page(PATH, service=service)), *_ends(bridge)])
            for service, bridge in figures
        ],
        total=Row([Cell(words.say("Total")), *_ends(bridges[None])]),
    )  # fmt: skip


def _ends(bridge: RevenueBridge) -> list[Cell]:
    difference = bridge.invoiced_cents - bridge.rated_cents
    return [
        Cell(amount_of_cents(bridge.rated_cents, CURRENCY)),
        Cell(amount_of_cents(bridge.invoiced_cents, CURRENCY)),
        Cell(amount_of_cents(difference, CURRENCY), tone=LOSS if difference < 0 else ""),
    ]
