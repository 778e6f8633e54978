"""Which of the rows of one key counts, and what of a new batch is new. Pure polars.

Rows older than revisions have no source: each counts for ever.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from dashboards.costs.charges import TIMEZONE, day_columns, epoch_milliseconds
from dashboards.costs.faults import RowFault
from storage.lake_tables import COST

KEY = ("source", "day", "source_key")
IDENTITY = (*KEY, "revision")
# No row is called so: it marks that a revision told all rows of its source and day.
WHOLE_DAY = ""
# What may differ between two tellings of one revision: how and when it got here.
ABOUT_THE_TELLING = (
    *("row_number", "import_id", "recorded_at", "fx_rate", "fx_date", "fx_source", "cogs_cad"),
    *IDENTITY,
)
CONTENT = tuple(name for name in COST.polars_schema if name not in ABOUT_THE_TELLING)


@dataclass(frozen=True, slots=True)
class NewRows:
    """What of a batch is to be appended; with faults nothing is."""

    rows: pl.DataFrame
    known_count: int
    faults: tuple[RowFault, ...]


def in_effect(costs: pl.LazyFrame, as_of: datetime | None = None) -> pl.LazyFrame:
    """Return the rows that count, as they were known at a time; every day is filled in."""
    if as_of is not None:
        costs = costs.filter(pl.col("recorded_at").is_null() | (pl.col("recorded_at") <= as_of))
    day, last_day = day_columns(TIMEZONE)
    dated = costs.with_columns(
        day=pl.coalesce("day", day), last_day=pl.coalesce("last_day", last_day)
    )
    is_newest = pl.col("revision") == pl.col("revision").max().over(KEY)
    told_whole = pl.when(pl.col("source_key") == WHOLE_DAY).then("revision").max()
    is_after = pl.col("revision") >= told_whole.over("source", "day").fill_null(0)
    counts = pl.col("source").is_null() | (is_newest & is_after & ~pl.col("is_withdrawn"))
    return dated.filter(counts).select(list(COST.polars_schema))


def new_rows(
    kept: pl.DataFrame, batch: pl.DataFrame, *, is_complete: bool, at: datetime
) -> NewRows:
    """Return what of a batch of one source is new beside the rows kept of its days.

    `is_complete`: the batch has every row of its days, so that what it lacks is withdrawn.
    """
    faults = (*_doubled(batch), *_contradicted(kept, batch))
    if faults:
        return NewRows(batch.clear(), 0, faults)
    fresh = pl.concat([_revised(kept, batch), _automatic(kept, batch, at)])
    known_count = batch.height - fresh.height
    if is_complete:
        marks, gone = _revised(kept, _whole_days(batch)), _withdrawn(kept, batch, at)
        fresh = pl.concat([fresh, marks, gone])
    return NewRows(fresh, known_count, ())


def _doubled(batch: pl.DataFrame) -> list[RowFault]:
    found = batch.filter(~pl.struct(IDENTITY).is_first_distinct())
    return [
        RowFault(row, f"{key} of {day} is told twice in one batch", "source_key")
        for row, day, key in found.select("row_number", "day", "source_key").iter_rows()
    ]


def _contradicted(kept: pl.DataFrame, batch: pl.DataFrame) -> list[RowFault]:
    """Return a fault for each row whose revision is there with other content."""
    both = batch.filter(pl.col("revision").is_not_null()).join(
        kept, on=list(IDENTITY), how="inner", suffix="_kept"
    )
    found = both.filter(_differs()).select("row_number", *IDENTITY)
    return [
        RowFault(
            row,
            f"revision {revision} of {key} ({day}) is there with other content: "
            "send it with a higher revision",
            "revision",
        )
        for row, _, day, key, revision in found.iter_rows()
    ]


def _revised(kept: pl.DataFrame, batch: pl.DataFrame) -> pl.DataFrame:
    named = batch.filter(pl.col("revision").is_not_null())
    return named.join(kept, on=list(IDENTITY), how="anti")


def _automatic(kept: pl.DataFrame, batch: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Return the rows without a revision that differ from what counts, one revision higher."""
    newest = _newest(kept)
    joined = batch.filter(pl.col("revision").is_null()).join(
        newest, on=list(KEY), how="left", suffix="_kept"
    )
    changed = joined.filter(pl.col("revision_kept").is_null() | _differs())
    return changed.with_columns(revision=_next_revision("revision_kept", at)).select(batch.columns)


def _whole_days(batch: pl.DataFrame) -> pl.DataFrame:
    """Return a mark for each day of a batch with revisions: it ends all older ones of the day.

    Such a mark holds in whatever order the batches come.
    """
    named = batch.filter(pl.col("revision").is_not_null())
    days = named.group_by("source", "day", maintain_order=True).agg(
        pl.col("month", "revision", "import_id", "recorded_at").max()
    )
    content = [
        pl.lit(None, kind).alias(name)
        for name, kind in COST.polars_schema.items()
        if name not in days.columns
    ]
    return (
        days.with_columns(content)
        .with_columns(
            source_key=pl.lit(WHOLE_DAY),
            is_withdrawn=pl.lit(value=True),
            row_number=pl.lit(0, pl.Int64),
        )
        .select(batch.columns)
    )


def _withdrawn(kept: pl.DataFrame, batch: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Return the end of each row that counts and that a batch without revisions lacks."""
    told = batch.filter(pl.col("revision").is_null())
    of_days = told.select("source", "day", "import_id", "recorded_at").unique(["source", "day"])
    gone = (
        _newest(kept)
        .filter(~pl.col("is_withdrawn"))
        .join(batch, on=list(KEY), how="anti")
        .drop("import_id", "recorded_at")
        .join(of_days, on=["source", "day"], how="inner")
    )
    return gone.with_columns(
        revision=_next_revision("revision", at), is_withdrawn=pl.lit(value=True)
    ).select(batch.columns)


def _newest(kept: pl.DataFrame) -> pl.DataFrame:
    return kept.filter(pl.col("revision") == pl.col("revision").max().over(KEY))


def _next_revision(column: str, at: datetime) -> pl.Expr:
    now = pl.lit(epoch_milliseconds(at), pl.Int64)
    return pl.max_horizontal(now, pl.col(column).fill_null(0) + 1)


def _differs() -> pl.Expr:
    return pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_kept")) for name in CONTENT)
