"""Takes provider cost files into the lake: all rows of a file or none, and each file once."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import polars as pl

from catalog.money import ZERO
from dashboards.focus import TAX, focus_costs
from dashboards.focus_text import RowFault
from storage.lake import Lake
from storage.lake_tables import COST

TIMEZONE = "America/Toronto"


@dataclass(frozen=True, slots=True)
class CostImport:
    """What became of a cost file; with errors nothing was kept, and all totals are empty.

    `effective_cost` holds every row by currency, `tax` the part of it that is no COGS.
    """

    import_id: str
    rows: int
    effective_cost: Mapping[str, Decimal]
    tax: Mapping[str, Decimal]
    cogs_cad: Decimal
    already_imported: bool
    errors: tuple[RowFault, ...]


def import_costs(
    lake: Lake,
    path_or_bytes: Path | bytes,
    rates: Mapping[str, Decimal],
    *,
    timezone: str = TIMEZONE,
) -> CostImport:
    """Append a FOCUS CSV file to the lake, unless the same bytes are in it already.

    The totals are of the rows the lake holds: a second import under other rates changes nothing.
    """
    content = path_or_bytes if isinstance(path_or_bytes, bytes) else path_or_bytes.read_bytes()
    import_id = hashlib.sha256(content).hexdigest()
    read = focus_costs(content, rates=rates, import_id=import_id, timezone=timezone)
    if read.faults:
        return CostImport(import_id, 0, {}, {}, ZERO, already_imported=False, errors=read.faults)
    appended = lake.append_unless(COST, read.costs, column="import_id", value=import_id)
    kept = lake.scan(COST).filter(pl.col("import_id") == import_id).collect()
    return CostImport(
        import_id=import_id,
        rows=kept.height,
        effective_cost=_by_currency(kept),
        tax=_by_currency(kept.filter(pl.col("charge_category") == TAX)),
        cogs_cad=kept.select(pl.col("cogs_cad").sum()).item(),
        already_imported=not appended,
        errors=(),
    )


def _by_currency(costs: pl.DataFrame) -> dict[str, Decimal]:
    totals = costs.group_by("billing_currency").agg(pl.col("effective_cost").sum())
    return dict(totals.sort("billing_currency").iter_rows())
