"""How rated revenue of some months becomes what Odoo has invoiced in them, to the cent.

Each rated line is either invoiced here, and differs by something, or is not, for one reason; each
invoiced line bills one of these rated lines or is something else. So the bars leave nothing over.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from dashboards.margin.figures import CURRENCY
from dashboards.margin.invoiced import cents_of
from odoo_bridge.answers.move import CREDIT_NOTE

# Where a rated line's draft stands, as the shell that reads it says.
WAITING, PARKED, SHADOW, UNPOSTED = "waiting", "parked", "shadow", "unposted"
CANCELLED, POSTED = "cancelled", "posted"
STANDINGS = (WAITING, PARKED, SHADOW, UNPOSTED, CANCELLED, POSTED)
REVENUE_BARS = (
    "invoiced_elsewhere", WAITING, PARKED, SHADOW, "not_invoiceable", UNPOSTED, CANCELLED,
    "on_the_way", "removed", "rated_elsewhere", "edited", "rounding", "currency", "credit_notes",
    "odoo_alone", "added",
)  # fmt: skip
ROUNDING_CENTS_MAX = 1
_IS_CAD = pl.col("currency") == CURRENCY
_COUNT = ("here_cents", "away_cents", "here_count", "away_count", "foreign_count")


@dataclass(frozen=True, slots=True)
class RevenueBridge:
    """Rated and invoiced revenue in cents of CAD, and by how much each bar leads on."""

    rated_cents: int
    invoiced_cents: int
    bars: Mapping[str, int]


def revenue_bridge(
    rated: pl.DataFrame, lines: pl.DataFrame, standings: pl.DataFrame
) -> RevenueBridge:
    """Return the bridge from rated lines to the posted lines that are `is_here`.

    `rated` has id, draft_id, amount_cents, currency, is_invoiceable; `lines` are known lines of
    all months with `is_here`; `standings` has draft_id and standing.
    """
    here = lines.filter(pl.col("is_here") & _IS_CAD)
    moves = pl.concat([_of_rated(rated, lines, standings), _of_others(here, rated)])
    sums = dict(moves.group_by("bar").agg(pl.col("cents").sum()).iter_rows())
    return RevenueBridge(
        rated_cents=cents_of(rated.filter(_IS_CAD), "amount_cents"),
        invoiced_cents=cents_of(here, "untaxed_cents"),
        bars={bar: sums.get(bar, 0) for bar in REVENUE_BARS},
    )


def _of_rated(rated: pl.DataFrame, lines: pl.DataFrame, standings: pl.DataFrame) -> pl.DataFrame:
    """Return what each rated line moves: that it is not invoiced here, or how it differs."""
    drafts = lines.select("draft_id", has_lines=pl.lit(value=True)).drop_nulls().unique()
    found = (
        rated.join(_billed(lines), left_on="id", right_on="rated_line_id", how="left")
        .join(standings, on="draft_id", how="left")
        .join(drafts, on="draft_id", how="left")
        .with_columns(pl.col(_COUNT).fill_null(0))
        .with_columns(own=pl.when(_IS_CAD).then("amount_cents").otherwise(0))
    )
    is_here, is_away = pl.col("here_count") > 0, pl.col("away_count") > 0
    billed = pl.col("here_cents") + pl.col("away_cents")
    missing = found.select(
        bar=pl.when(is_away).then(pl.lit("invoiced_elsewhere")).otherwise(_reason()),
        cents=pl.when(is_here).then(-pl.col("away_cents")).otherwise(-pl.col("own")),
    )
    differing = found.filter(is_here).select(
        bar=_difference(billed - pl.col("own")), cents=billed - pl.col("own")
    )
    return pl.concat([missing, differing])


def _billed(lines: pl.DataFrame) -> pl.DataFrame:
    """Return what was posted for each rated line, in these months (`here`) and in others."""
    here, cents = pl.col("is_here"), pl.when(_IS_CAD).then("untaxed_cents").otherwise(0)
    named = lines.filter(pl.col("rated_line_id").is_not_null())
    return named.group_by("rated_line_id").agg(
        here_cents=cents.filter(here).sum(),
        away_cents=cents.filter(~here).sum(),
        here_count=here.sum().cast(pl.Int64),
        away_count=(~here).sum().cast(pl.Int64),
        foreign_count=(~_IS_CAD).sum().cast(pl.Int64),
    )


def _reason() -> pl.Expr:
    """Return why a rated line is on no posted invoice."""
    is_posted = pl.col("standing") == POSTED
    return (
        pl.when(pl.col("is_invoiceable").not_().fill_null(value=False))
        .then(pl.lit("not_invoiceable"))
        .when(is_posted & pl.col("has_lines").is_not_null())
        .then(pl.lit("removed"))
        .when(is_posted)
        .then(pl.lit("on_the_way"))
        .otherwise(pl.col("standing").fill_null(WAITING))
    )


def _difference(cents: pl.Expr) -> pl.Expr:
    """Return why an invoiced line's amount is not the rated one."""
    return (
        pl.when(~_IS_CAD | (pl.col("foreign_count") > 0))
        .then(pl.lit("currency"))
        .when(cents.abs() <= ROUNDING_CENTS_MAX)
        .then(pl.lit("rounding"))
        .otherwise(pl.lit("edited"))
    )


def _of_others(here: pl.DataFrame, rated: pl.DataFrame) -> pl.DataFrame:
    """Return what posted lines add that bill none of these rated lines."""
    others = here.join(rated, left_on="rated_line_id", right_on="id", how="anti")
    bar = (
        pl.when("is_ours")
        .then(pl.lit("rated_elsewhere"))
        .when(pl.col("move_type") == CREDIT_NOTE)
        .then(pl.lit("credit_notes"))
        .when(pl.col("draft_id").is_null())
        .then(pl.lit("odoo_alone"))
        .otherwise(pl.lit("added"))
    )
    return others.select(bar=bar, cents="untaxed_cents")
