"""COGS: what the providers charged, by month and for whom, and what could not be attributed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from catalog.money import MONEY_CONTEXT
from dashboards.bar_chart import Bar
from dashboards.margin import margin_total
from dashboards.plots import bars_plot
from dashboards.reports.asked import Asked
from dashboards.reports.cells import named, ratio_of
from dashboards.reports.filters import range_words
from dashboards.reports.headlines import movement
from dashboards.reports.matrix import with_recent_months
from dashboards.reports.notices import no_figures
from dashboards.reports.provider_table import provider_table, traced_cogs
from dashboards.reports.report import Cell, Column, Kind, Notice, Report, Row, Table, Tile

TARGET = Decimal("0.99")
UNATTRIBUTED = pl.col("service").is_null() | pl.col("account_id").is_null()


def cogs(asked: Asked) -> Report:
    """Return COGS by provider and month, and how much of it names its customer."""
    words = asked.words
    report = Report("cogs", words.say("COGS"), _lead(asked))
    empty = no_figures(asked)
    if empty is not None:
        return replace(report, empty=empty)
    return replace(
        report,
        tiles=_tiles(asked),
        tables=[
            provider_table(asked, title=words.say("COGS by provider")),
            _by_month(with_recent_months(asked)),
        ],
    )


def unattributed(asked: Asked) -> Report:
    """Return the costs that name no service or no account, the largest first."""
    words, window = asked.words, asked.window
    crumbs = [(words.say("COGS"), asked.page("/cogs", service=None))]
    report = Report("unattributed", words.say("Unattributed COGS"), _lead(asked), crumbs=crumbs)
    empty = no_figures(asked)
    if empty is not None:
        return replace(report, empty=empty)
    keys = ("service", "provider", "provider_service")
    found = asked.parts(window.months).filter(UNATTRIBUTED & (pl.col("costs_count") > 0))
    sums = found.group_by(keys).agg(pl.col("cogs_cad", "costs_count").sum())
    rows = sums.sort(["cogs_cad", *keys], descending=[True, False, False, False])
    names = asked.names()
    count = rows.select(pl.col("costs_count").sum()).item()
    total: Decimal = rows.select(pl.col("cogs_cad").sum()).item()
    table = Table(
        key="unattributed",
        title=words.say("Costs that name no customer"),
        caption=words.say("{months}, in CAD", months=range_words(window.months, words)),
        columns=[
            Column("service", words.say("Service")), Column("provider", words.say("Provider")),
            Column("provider_service", words.say("For")),
            Column("cost_rows", words.say("Cost rows"), Kind.COUNT),
            Column("cogs_cad", words.say("COGS"), Kind.MONEY),
        ],
        rows=[_unattributed_row(asked, row, names.service(row["service"] or ""))
              for row in rows.iter_rows(named=True)],
        total=Row([Cell(words.say("Total")), Cell(), Cell(), Cell(count),
                   Cell(total)]),
        empty=words.say("Every cost names its service and its account."),
    )  # fmt: skip
    return replace(report, tiles=_tiles(asked), tables=[table], notices=[_advice(asked)])


def _lead(asked: Asked) -> str:
    words = asked.words
    months = range_words(asked.window.months, words)
    return words.say("{months} · effective cost without taxes · CAD", months=months)


def _advice(asked: Asked) -> Notice:
    words = asked.words
    return Notice(
        words.say("A cost names its owner by its tags, by its subaccount, or by a rule of "
                  "attribution; new rules apply to old costs too."),
        link=asked.links.costs(asked.scope(asked.window.months, service=None, unallocated=True)),
        link_words=words.say("Show the cost rows without a service"),
    )  # fmt: skip


def _tiles(asked: Asked) -> list[Tile]:
    words, window = asked.words, asked.window
    now, then = (asked.sums("service", "account_id", months=months) for months in
                 (window.months, window.compared))  # fmt: skip
    against = range_words(window.compared, words)
    total, before = (margin_total(each).cogs_cad for each in (now, then))
    nobody = margin_total(now.filter(UNATTRIBUTED)).cogs_cad
    estimated: Decimal = now.select(pl.col("estimated_cogs_cad").sum()).item()
    named = ratio_of(MONEY_CONTEXT.subtract(total, nobody), total)
    share = ratio_of(estimated, total)
    none = words.say("no cost")
    return [
        Tile(words.say("COGS"), words.money(total), movement(words, before, total, against),
             asked.links.cogs(asked.scope(window.months))),
        Tile(words.say("Names its customer"), words.say("n/a") if named is None
             else words.percent(named),
             words.say("target: {share} or more", share=words.whole_percent(TARGET)),
             asked.page("/cogs/unattributed"), is_bad=named is not None and named < TARGET,
             reason=none if named is None else ""),
        Tile(words.say("Names no customer"), words.money(nobody),
             words.say("shared or unallocated"), asked.page("/cogs/unattributed")),
        Tile(words.say("Estimated"), words.say("n/a") if share is None else words.percent(share),
             words.say("by price list, before the provider's bill"), asked.page("/cogs/prices"),
             reason=none if share is None else ""),
    ]  # fmt: skip


def _by_month(asked: Asked) -> Table:
    words, months = asked.words, asked.window.months[-24:]
    sums = asked.sums("provider", "month", months=months).filter(pl.col("costs_count") > 0)
    by_provider: dict[str | None, dict[Any, Decimal]] = {}
    for provider, month, amount in sums.select("provider", "month", "cogs_cad").iter_rows():
        by_provider.setdefault(provider, {})[month] = amount
    monthly = {month: sum((own.get(month, Decimal(0)) for own in by_provider.values()), Decimal(0))
               for month in months}  # fmt: skip
    title = words.say("COGS by month")
    bars = [Bar(words.month(month), monthly[month], words.money(monthly[month]), is_total=True)
            for month in months]  # fmt: skip
    return Table(
        key="months",
        title=title,
        caption=words.say("COGS by provider and month, in CAD"),
        columns=[Column("provider", words.say("Provider")),
                 *(Column(f"{month:%Y-%m}", words.month(month), Kind.MONEY) for month in months)],
        rows=[
            Row([Cell(provider or words.say("Unknown")),
                 *(Cell(own.get(month), _traced(asked, provider, month)) for month in months)])
            for provider, own in sorted(by_provider.items(), key=lambda each: each[0] or "")
        ],
        total=Row([Cell(words.say("Total")), *(Cell(monthly[month]) for month in months)]),
        chart=bars_plot(bars, title=title, identity="cogs"),
        is_matrix=True,
    )  # fmt: skip


def _traced(asked: Asked, provider: str | None, month: date) -> str:
    return asked.links.cogs(asked.scope([month]), **named("provider", provider))


def _unattributed_row(asked: Asked, row: Mapping[str, Any], service_name: str) -> Row:
    words, service = asked.words, row["service"]
    scope = asked.scope(
        asked.window.months, service=service, unallocated=service is None,
        shared=service is not None,
    )  # fmt: skip
    link = traced_cogs(asked, scope, row)
    return Row([
        Cell(words.say("Unallocated") if service is None else service_name, link),
        Cell(row["provider"] or words.say("Unknown")), Cell(row["provider_service"]),
        Cell(row["costs_count"]), Cell(row["cogs_cad"], link),
    ])  # fmt: skip
