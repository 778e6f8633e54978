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
    days = told_days(batch) if is_complete else None
    found = new_of_part(kept, batch, days, at=at)
    if found.faults or days is None:
        return found
    rows = pl.concat([found.rows, whole_day_marks(kept, days)])
    return NewRows(rows, found.known_count, ())


def new_of_part(
    kept: pl.DataFrame, part: pl.DataFrame, days: pl.DataFrame | None, *, at: datetime
) -> NewRows:
    """Return what is new of a part of a batch that has all rows of its keys, as `kept` has.

    `days` are the days that the batch tells whole, None where it does not.
    """
    faults = (*_doubled(part), *_contradicted(kept, part))
    if faults:
        return NewRows(part.clear(), 0, faults)
    fresh = pl.concat([_revised(kept, part), _automatic(kept, part, at)])
    known_count = part.height - fresh.height
    if days is not None:
        fresh = pl.concat([fresh, _withdrawn(kept, part, days, at)])
    return NewRows(fresh, known_count, ())


def told_days(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the days that rows are of, those with and those without a revision apart."""
    return summed_days(rows.with_columns(is_automatic=pl.col("revision").is_null()))


def summed_days(days: pl.DataFrame) -> pl.DataFrame:
    """Return days that several pieces of a batch told, each once."""
    told = days.group_by("source", "day", "is_automatic", maintain_order=True)
    return told.agg(pl.col("month", "revision", "import_id", "recorded_at").max())


def whole_day_marks(kept: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Return a mark for each day told with a revision: it ends all older rows of the day.

    Such a mark holds in whatever order the batches come.
    """
    named = days.filter(~pl.col("is_automatic"))
    content = [
        pl.lit(None, kind).alias(name)
        for name, kind in COST.polars_schema.items()
        if name not in named.columns
    ]
    marks = named.with_columns(content).with_columns(
        source_key=pl.lit(WHOLE_DAY),
        is_withdrawn=pl.lit(value=True),
        row_number=pl.lit(0, pl.Int64),
    )
    return _revised(kept, marks.select(COST.polars_schema.keys()))


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


def _withdrawn(
    kept: pl.DataFrame, batch: pl.DataFrame, days: pl.DataFrame, at: datetime
) -> pl.DataFrame:
    """Return the end of each row that counts and that a batch without revisions lacks."""
    told = days.filter("is_automatic").select("source", "day", "import_id", "recorded_at")
    gone = (
        _newest(kept)
        .filter(~pl.col("is_withdrawn"))
        .join(batch, on=list(KEY), how="anti")
        .drop("import_id", "recorded_at")
        .join(told, on=["source", "day"], how="inner")
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
