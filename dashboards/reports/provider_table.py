"""COGS by provider and what it was for."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from dashboards.margin import margin_total
from dashboards.reports.asked import Asked
from dashboards.reports.cells import named, ratio_of
from dashboards.reports.filters import range_words
from dashboards.reports.report import Cell, Column, Kind, Row, Table
from dashboards.scope import Scope


def provider_table(asked: Asked, *, title: str) -> Table:
    """Return COGS by provider and provider's service, the largest first."""
    words, window = asked.words, asked.window
    keys = ("provider", "provider_service")
    sums = asked.sums(*keys, months=window.months).filter(pl.col("costs_count") > 0)
    total = margin_total(sums).cogs_cad
    ordered = sums.sort(["cogs_cad", *keys], descending=[True, False, False])
    scope = asked.scope(window.months)
    return Table(
        key="providers",
        title=title,
        caption=words.say("{months}, in CAD", months=range_words(window.months, words)),
        columns=[
            Column("provider", words.say("Provider")),
            Column("provider_service", words.say("For")),
            Column("cogs_cad", words.say("COGS"), Kind.MONEY),
            Column("share", words.say("Share"), Kind.RATIO),
            Column("estimated_cogs_cad", words.say("Of it estimated"), Kind.MONEY),
        ],
        rows=[
            Row([
                Cell(row["provider"] or words.say("Unknown")), Cell(row["provider_service"]),
                Cell(row["cogs_cad"], traced_cogs(asked, scope, row)), _share(asked, row, total),
                Cell(row["estimated_cogs_cad"]),
            ])
            for row in ordered.iter_rows(named=True)
        ],
        total=Row([Cell(words.say("Total")), Cell(), Cell(total, asked.links.cogs(scope)), Cell(),
                   Cell(sums.select(pl.col("estimated_cogs_cad").sum()).item())]),
        empty=words.say("No cost in these months."),
    )  # fmt: skip


def traced_cogs(asked: Asked, scope: Scope, row: Mapping[str, Any]) -> str:
    """Return the trace of what a provider charged for one of its services."""
    provider = named("provider", row["provider"])
    which = named("provider_service", row["provider_service"])
    return asked.links.cogs(scope, **provider, **which)


def _share(asked: Asked, row: Mapping[str, Any], total: Any) -> Cell:  # noqa: ANN401 - a Decimal
    share = ratio_of(row["cogs_cad"], total)
    return Cell(share, reason="" if share is not None else asked.words.say("no cost"))
