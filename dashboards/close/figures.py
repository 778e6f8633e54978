"""The figures that a close keeps: exact rows, the text they are kept as, and its SHA-256. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache

import polars as pl

from catalog.money import decimal_text
from dashboards.margin import MEASURES
from storage.lake_tables import MARGIN_DAILY, QUANTITY

OWNERS = ("account_id", "plan_code", "metric_code", "provider", "provider_service")
# The month whose revenue or cost it is: the close's own, or an earlier one that it adjusts.
KEYS = ("of_month", *OWNERS)
COLUMNS = (*KEYS, *MEASURES)
SCHEMA: dict[str, pl.DataType] = {
    "of_month": pl.Date(),
    **{name: MARGIN_DAILY.polars_schema[name] for name in (*OWNERS, *MEASURES)},
}
NO_FIGURES = pl.DataFrame(schema=SCHEMA)
TEXTS_REMEMBERED = 64


class DamagedFigures(ValueError):
    """Kept figures are not what was kept; the message says of which month."""


def figures_of_months(parts: pl.DataFrame, service: str, months: Iterable[date]) -> pl.DataFrame:
    """Return a service's figures of some months, as they are in the cube's parts."""
    wanted = pl.col("month").is_in(list(months)) & (pl.col("service") == service)
    return figures_summed([parts.filter(wanted).rename({"month": "of_month"})])


def figures_summed(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return figures added up by month and owner, without rows that say nothing, in order."""
    every = pl.concat([NO_FIGURES, *(frame.select(COLUMNS) for frame in frames)])
    sums = every.group_by(KEYS).agg(pl.col(name).sum() for name in MEASURES)
    says_something = pl.any_horizontal(pl.col(name) != 0 for name in MEASURES)
    return sums.filter(says_something).sort(KEYS, nulls_last=True).cast(SCHEMA)  # type: ignore[arg-type]


def figures_less(now: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """Return what has to be added to kept figures to get those of now, exactly."""
    return figures_summed([now, kept.with_columns(-pl.col(name) for name in MEASURES)])


def figures_text(about: Mapping[str, str], figures: pl.DataFrame) -> str:
    """Return figures as text: what they are about, their columns, then a JSON line a row."""
    rows = [_line(row) for row in figures.select(COLUMNS).iter_rows()]
    head = json.dumps({**about, "columns": COLUMNS}, sort_keys=True, ensure_ascii=False)
    return "\n".join([head, *sorted(rows)]) + "\n"


def figures_digest(text: str) -> str:
    """Return the SHA-256 of kept figures."""
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=TEXTS_REMEMBERED)
def figures_of_text(text: str, digest: str) -> pl.DataFrame:
    """Return the figures of a text; DamagedFigures unless it has the digest it was kept with."""
    if figures_digest(text) != digest:
        raise DamagedFigures(
            f"kept figures do not have their SHA-256 {digest[:12]} any more: they were changed "
            "in the database; restore month_close_figures from a backup"
        )
    rows = [_row(json.loads(line)) for line in text.splitlines()[1:]]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _line(row: Sequence[object]) -> str:
    told = [decimal_text(each) if isinstance(each, Decimal) else each for each in row]
    return json.dumps(told, default=str, ensure_ascii=False, separators=(",", ":"))


def _row(told: Sequence[str | int | None]) -> list[object]:
    read: list[object] = []
    for value, (name, kind) in zip(told, SCHEMA.items(), strict=True):
        if name == "of_month":
            read.append(date.fromisoformat(str(value)))
        else:
            read.append(Decimal(str(value)) if kind == QUANTITY else value)
    return read
