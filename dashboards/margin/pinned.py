"""Rows in the month where they stand once months are closed: changes stand in a later month. Pure.

A close takes what changed since the one before it, the next open month what changed since the last.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import polars as pl

# By service, when each closed month's figures were kept; the months are a run without gaps.
Pinned = Mapping[str, Mapping[date, datetime]]
INSTANT = pl.Datetime("us", "UTC")
EVER = datetime(9999, 1, 1, tzinfo=UTC)
KEYS = ("service", "month")
TURN = {"service": pl.String(), "month": pl.Date(), "shown": pl.Date(), "at": INSTANT,
        "before": INSTANT}  # fmt: skip
NOT_CONTENT = ("known_from", "known_until", "revision", "seen_at")


def rows_as_closed(rows: pl.DataFrame, pinned: Pinned, cents: str) -> pl.DataFrame:
    """Return rows as months were closed; `cents` is negative where a row is taken back.

    Rows have service, month, `known_from` and `known_until` (null: still). All rows of a service
    sum to those of now; a closed month's rows never change.
    """
    turns = _turns(pinned)
    own, later = (
        turns.filter(pl.col("before").is_null()),
        turns.filter(pl.col("before").is_not_null()),
    )
    still = rows.join(own, on=KEYS, how="anti").filter(pl.col("known_until").is_null())
    closed = rows.join(own.drop("shown", "before"), on=KEYS)
    kept = closed.filter(_is_known("at"))
    changed = closed.filter(~_is_known("at") | pl.col("known_until").is_not_null()).drop("at")
    return pl.concat(
        [frame.select(rows.columns) for frame in (still, kept, _moved(changed, later, cents))]
    ).drop("known_from", "known_until")


def _moved(rows: pl.DataFrame, later: pl.DataFrame, cents: str) -> pl.DataFrame:
    """Return what later closes, and the open month, take of rows that changed."""
    found = rows.join(later, on=KEYS).with_columns(
        sign=_is_known("at").cast(pl.Int64) - _is_known("before").cast(pl.Int64)
    )
    # A line that a new revision left as it was is taken back and told again: it has not moved.
    same = [name for name in rows.columns if name not in NOT_CONTENT]
    late = [name for name in NOT_CONTENT if name in rows.columns]
    sums = found.filter(pl.col("sign") != 0).group_by(*same, "shown").agg(
        pl.col("sign").sum(), pl.col(late).last()
    )  # fmt: skip
    changes = sums.filter(pl.col("sign") != 0)
    return changes.with_columns(pl.col(cents) * pl.col("sign"), month="shown")


def _turns(pinned: Pinned) -> pl.DataFrame:
    """Return every closed month with the months that tell of it, from when to when."""
    found: list[tuple[object, ...]] = []
    for service, kept in pinned.items():
        closes = sorted(kept.items())
        after = (closes[-1][0] + timedelta(days=31)).replace(day=1) if closes else None
        closes = [*closes, (after, EVER)] if after else []
        for place, (month, at) in enumerate(closes[:-1]):
            found.append((service, month, month, at, None))
            found += [
                (service, month, shown, later, before)
                for (_, before), (shown, later) in zip(
                    closes[place:-1], closes[place + 1 :], strict=True
                )
            ]
    return pl.DataFrame(found, schema=TURN, orient="row")


def _is_known(moment: str) -> pl.Expr:
    at = pl.col(moment)
    return (pl.col("known_from") <= at) & (pl.col("known_until") > at).fill_null(value=True)
