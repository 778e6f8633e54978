"""Facts as a correction finds them: what counts, or what counted before another correction.

Pure polars over the frames of USAGE and REVISION, as of a watermark. A big answer comes in parts:
a part holds all rows of its facts, so each is decided alone and memory stays bounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from ingest.corrections.revisions import CONTENT_COLUMNS, as_first_said
from ingest.corrections.selection import (
    EVENT_FACT,
    Selection,
    has_properties,
    revision_rows,
    usage_rows,
)
from storage.lake_tables import INSTANT

PART_ROWS = 50_000
FACT = ("subscription_id", "fact_id")
ORDER = ("inbox_id", "sequence")
IS_EARLIER = (pl.col("inbox_id") < pl.col("first_inbox_id")) | (
    (pl.col("inbox_id") == pl.col("first_inbox_id"))
    & (pl.col("sequence") < pl.col("first_sequence"))
)


@dataclass(frozen=True, slots=True)
class History:
    """A service's rows as of a watermark: plain events, and the revisions if there are any."""

    usage: pl.LazyFrame
    revision: pl.LazyFrame | None


def history(
    usage: pl.LazyFrame, revision: pl.LazyFrame | None, seen: pl.Expr, service_code: str
) -> History:
    """Return what a watermark lets see of a service; `seen` is its filter."""
    own = pl.col("service") == service_code
    plain = usage.filter(seen, own)
    if revision is None:
        return History(plain, None)
    return History(plain, as_first_said(revision.filter(seen, own)))


def effective_facts(
    known: History, selection: Selection, service_code: str
) -> Iterator[pl.DataFrame]:
    """Yield the facts selected that count, in parts; the columns are CONTENT_COLUMNS."""
    usage = known.usage.filter(usage_rows(selection, service_code))
    touched = None
    if known.revision is not None:
        touched = known.revision.filter(revision_rows(selection, service_code))
    parts = _parts_count(usage, touched)
    for part in range(parts):
        own = _plain_facts(usage, part, parts)
        if touched is not None and known.revision is not None:
            found = _newest(known.revision, touched, part, parts)
            holding = found.filter(~pl.col("is_void")).lazy()
            selected = holding.filter(revision_rows(selection, service_code)).select(
                CONTENT_COLUMNS
            )
            own = pl.concat([_without_revised(own, known.revision), selected.collect()])
        if selection.properties and own.height:
            has_them = has_properties(selection)
            own = own.filter(pl.Series([has_them(text) for text in own["properties"]]))
        yield own.sort(ORDER)


def unselected_facts(
    known: History, keys: pl.DataFrame, selection: Selection, service_code: str
) -> pl.DataFrame:
    """Return which of some facts (FACT) count and are not selected."""
    counting = _plain_rows(known.usage, keys)
    if known.revision is not None:
        rows = known.revision.join(keys.lazy(), on=FACT, how="semi").select(CONTENT_COLUMNS)
        newest = rows.collect(engine="streaming").sort(ORDER).unique(FACT, keep="last")
        untouched = counting.join(newest, on=FACT, how="anti")
        counting = pl.concat([untouched, newest.filter(~pl.col("is_void"))])
    has_them = has_properties(selection)
    is_selected = revision_rows(selection, service_code)
    selected = counting.with_columns(
        service=pl.lit(service_code),
        has_properties=pl.Series(
            [has_them(text) for text in counting["properties"]], dtype=pl.Boolean
        ),
    ).filter(is_selected, "has_properties")
    return counting.join(selected, on=FACT, how="anti").select(FACT)


def facts_before(known: History, correction_id: str) -> Iterator[pl.DataFrame]:
    """Yield what counted before a correction, fact by fact; what was pushed anew since is left out.

    The columns are CONTENT_COLUMNS, `restores` (the digest of the row there was before; where there
    was none it is None, and the row void), `in_the_way` (the later correction, if there is one),
    and what the fact says now: `metric_code_now` and `occurred_at_now`.
    """
    if known.revision is None:
        return
    written = known.revision.filter(pl.col("correction_id") == correction_id)
    parts = _parts_count(written, None)
    for part in range(parts):
        own = _in_part(written.select(*FACT, *ORDER, "content_digest"), part, parts)
        yield _before(known.usage, known.revision, own.collect(engine="streaming").sort(ORDER))


def _before(usage: pl.LazyFrame, revision: pl.LazyFrame, own: pl.DataFrame) -> pl.DataFrame:
    first = own.unique(FACT, keep="first", maintain_order=True)
    first = first.select(*FACT, first_inbox_id="inbox_id", first_sequence="sequence")
    rows = (
        revision.join(first.lazy(), on=FACT, how="inner")
        .select(*CONTENT_COLUMNS, "correction_id", "first_inbox_id", "first_sequence")
        .collect(engine="streaming")
        .sort(ORDER)
    )
    # A counter pushed anew after the correction counts anyway: there is nothing to restore.
    newest = rows.unique(FACT, keep="last", maintain_order=True).filter(
        pl.col("correction_id").is_not_null()
    )
    earlier = rows.filter(IS_EARLIER).unique(FACT, keep="last", maintain_order=True)
    plain = _plain_rows(usage, newest.join(earlier, on=FACT, how="anti"))
    was = pl.concat([earlier.select(CONTENT_COLUMNS), plain])
    nothing = newest.join(was, on=FACT, how="anti").with_columns(is_void=True)
    before = pl.concat(
        [
            was.with_columns(restores="content_digest"),
            nothing.select(*CONTENT_COLUMNS, restores=pl.lit(None, pl.Int64)),
        ]
    )
    return before.join(_now(newest, own), on=FACT, how="inner").sort(ORDER)


def _now(newest: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """Return each fact with what it says now, and the correction that changed it since, if any.

    Where a later correction was itself reverted, what this one said is said again.
    """
    said = own.select(*FACT, "content_digest").unique().with_columns(is_said=True)
    return newest.join(said, on=[*FACT, "content_digest"], how="left").select(
        *FACT,
        in_the_way=pl.when(pl.col("is_said").is_null()).then("correction_id"),
        metric_code_now="metric_code",
        occurred_at_now="occurred_at",
    )


def _plain_rows(usage: pl.LazyFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Return the plain events behind facts, as facts."""
    events = facts.filter(pl.col("fact_id").str.starts_with(EVENT_FACT)).select(
        "subscription_id", transaction_id=pl.col("fact_id").str.slice(len(EVENT_FACT))
    )
    found = usage.join(events.lazy(), on=["subscription_id", "transaction_id"], how="semi")
    return _as_facts(found).collect(engine="streaming")


def _plain_facts(usage: pl.LazyFrame, part: int, parts: int) -> pl.DataFrame:
    return _in_part(_as_facts(usage), part, parts).collect(engine="streaming")


def _as_facts(usage: pl.LazyFrame) -> pl.LazyFrame:
    return usage.with_columns(
        fact_id=pl.concat_str(pl.lit(EVENT_FACT), "transaction_id"),
        window_start=pl.lit(None, INSTANT),
        window_end=pl.lit(None, INSTANT),
        is_void=pl.lit(value=False),
    ).select(CONTENT_COLUMNS)


def _newest(revision: pl.LazyFrame, touched: pl.LazyFrame, part: int, parts: int) -> pl.DataFrame:
    """Return the newest row of each fact of which any row was selected."""
    facts = _in_part(touched.select(FACT), part, parts).unique().collect(engine="streaming")
    rows = revision.join(facts.lazy(), on=FACT, how="semi").collect(engine="streaming")
    return rows.sort(ORDER).unique(FACT, keep="last", maintain_order=True)


def _without_revised(facts: pl.DataFrame, revision: pl.LazyFrame) -> pl.DataFrame:
    revised = (
        revision.select(FACT)
        .join(facts.lazy().select(FACT), on=FACT, how="semi")
        .unique()
        .collect(engine="streaming")
    )
    return facts.join(revised, on=FACT, how="anti")


def _parts_count(one: pl.LazyFrame, other: pl.LazyFrame | None) -> int:
    counts = [frame.select(pl.len()) for frame in (one, other) if frame is not None]
    rows = sum(int(frame.item()) for frame in pl.collect_all(counts))
    return max(1, -(-rows // PART_ROWS))


def _in_part(facts: pl.LazyFrame, part: int, parts: int) -> pl.LazyFrame:
    if parts == 1:
        return facts
    return facts.filter(pl.col("fact_id").hash() % parts == part)
