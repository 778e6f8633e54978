"""Erasing usage: what is to go, what is known of it afterwards, and the way it goes.

The keys are kept first, then the rows go; either step may be repeated. Who may ask for it and
what is proved beforehand is decided above.
"""

import hashlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import polars as pl

from ingest.keys.erased_keys import Kind, key_digests
from storage.fault_points import reached
from storage.lake import Lake, StaleMarkError
from storage.lake_tables import (
    ERASED_KEY,
    INSTANT,
    QUARANTINE,
    REVISION,
    USAGE,
    USAGE_DAILY,
    LakeTable,
)

KEYS_STREAM = "erased_key"
USAGE_TABLES = (USAGE, REVISION, QUARANTINE)
KEYS_PER_STEP = 1_000_000
SUMMED = ("subscription_id", "metric_code", "month", "occurred_at", "value", "content_digest")
WINDOW_SCHEMA: dict[str, pl.DataType] = {
    "key": pl.String(),
    "subscription_id": pl.String(),
    "metric_code": pl.String(),
    "start": INSTANT,
    "end": INSTANT,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to go: all usage of some subscriptions of a service, or all of some months."""

    service_code: str
    subscriptions: tuple[str, ...] = ()
    months: tuple[date, ...] = ()

    @property
    def kind(self) -> Kind:
        """Say why it goes."""
        return Kind.RETENTION if self.months else Kind.ACCOUNT

    @property
    def condition(self) -> pl.Expr:
        """Return the filter on frames of the usage tables."""
        chosen = (
            pl.col("month").is_in(list(self.months))
            if self.months
            else pl.col("subscription_id").is_in(list(self.subscriptions))
        )
        return (pl.col("service") == self.service_code) & chosen

    @property
    def tables(self) -> Sequence[LakeTable]:
        """Return the tables it is taken out of; daily sums outlive a month's rows."""
        return USAGE_TABLES if self.months else (*USAGE_TABLES, USAGE_DAILY)

    @property
    def wheres(self) -> Sequence[Mapping[str, str]]:
        """Return what the lake is asked to erase, one after the other."""
        service = {"service": self.service_code}
        if self.months:
            return [{**service, "month": month.isoformat()} for month in self.months]
        return [{**service, "subscription_id": each} for each in self.subscriptions]


@dataclass(frozen=True, slots=True)
class ErasedPart:
    """What is known of a part of the erased rows: of one window, or of one month outside of all.

    `digest` is a SHA-256 over the sorted content digests of its rows.
    """

    part: str
    subscription: str | None
    metric_code: str
    month: date | None
    window_key: str | None
    rows_count: int
    value_sum: Decimal | None
    digest: str


def erased_parts(lake: Lake, scope: Scope, windows: pl.DataFrame) -> list[ErasedPart]:
    """Return what the rows of a scope add up to: by window, and by month where none covers them.

    `windows` has the columns of WINDOW_SCHEMA. Flush first.
    """
    kept = pl.concat(
        [lake.scan(table).filter(scope.condition).select(SUMMED) for table in (USAGE, REVISION)]
    ).collect()
    aside = lake.scan(QUARANTINE).filter(scope.condition).select(SUMMED).collect()
    numbered = kept.with_row_index("place")
    inside = numbered.join(windows, on=["subscription_id", "metric_code"]).filter(
        pl.col("occurred_at") >= pl.col("start"), pl.col("occurred_at") < pl.col("end")
    )
    outside = numbered.join(inside, on="place", how="anti")
    return [
        *_parts("window", inside, "key"),
        *_parts("usage", outside, "month"),
        *_parts("quarantine", aside, "month"),
    ]


def quarantine_row_ids(lake: Lake, scope: Scope) -> list[str]:
    """Return the ids of the quarantined rows of a scope, as decisions about them name them."""
    rows = lake.scan(QUARANTINE).filter(scope.condition)
    id_ = pl.concat_str("shard", "inbox_id", "sequence", separator="-")
    return sorted(rows.select(id_).collect().to_series())


def keep_keys(lake: Lake, secret: bytes, erasure_id: str, scope: Scope) -> int:
    """Keep the keys of a scope's rows that are not kept yet, and return their number."""
    kept = 0
    for table in USAGE_TABLES:
        start = 0
        rows = lake.scan(table).filter(scope.condition)
        while (frame := rows.slice(start, KEYS_PER_STEP).collect()).height:
            kept += _keep(lake, _key_rows(frame, secret, erasure_id, scope.kind))
            start += KEYS_PER_STEP
    reached("erasing.keys_kept")
    return kept


def erase_rows(lake: Lake, scope: Scope) -> int:
    """Take a scope's rows out of the lake for good, and return how many there still were."""
    count = 0
    for where in scope.wheres:
        count += sum(lake.erase(scope.tables, where).values())
        reached("erasing.part_erased")
    return count


def _parts(part: str, rows: pl.DataFrame, by: str) -> list[ErasedPart]:
    sums = (
        rows.group_by("subscription_id", "metric_code", by)
        .agg(pl.len(), pl.col("value").sum(), pl.col("content_digest").sort())
        .sort("subscription_id", "metric_code", by)
    )
    return [
        ErasedPart(
            part=part,
            subscription=subscription,
            metric_code=metric_code,
            month=found if by == "month" else None,
            window_key=found if by == "key" else None,
            rows_count=count,
            value_sum=total,
            digest=hashlib.sha256(array("q", digests).tobytes()).hexdigest(),
        )
        for subscription, metric_code, found, count, total, digests in sums.iter_rows()
    ]


def _key_rows(rows: pl.DataFrame, secret: bytes, erasure_id: str, kind: Kind) -> pl.DataFrame:
    subscription = pl.col("subscription_id").fill_null("")
    named = rows.select("month", "service", subscription, "transaction_id", "received_at")
    texts = named.select(
        pl.concat_str("service", "subscription_id", "transaction_id", separator="\0")
    ).to_series()
    digests = key_digests(secret, [text.encode() for text in texts])
    return named.with_columns(
        key_digest=pl.Series(digests, dtype=pl.String),
        kind=pl.lit(kind.value),
        erasure_id=pl.lit(erasure_id),
    ).select(list(ERASED_KEY.polars_schema))


def _keep(lake: Lake, rows: pl.DataFrame) -> int:
    """Append the keys that are not there; whoever appends meanwhile lets us look again."""
    of_erasure = pl.col("erasure_id") == rows["erasure_id"][0]
    first = rows.sort("received_at").unique("key_digest", keep="first", maintain_order=True)
    while True:
        mark = lake.mark(KEYS_STREAM)
        known = lake.scan(ERASED_KEY).filter(of_erasure).select("key_digest").collect()
        fresh = first.join(known, on="key_digest", how="anti")
        if fresh.is_empty():
            return 0
        try:
            lake.append_once(KEYS_STREAM, mark, mark + 1, {ERASED_KEY: fresh})
        except StaleMarkError:
            continue
        return fresh.height
