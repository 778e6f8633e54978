"""Takes provider cost files into the lake: all rows of a file or none, and each file once."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl

from catalog.money import ZERO
from dashboards.costs.charges import TAX, TIMEZONE, Charges, Stamp, cost_rows
from dashboards.costs.cost_store import append_costs, costs_in_effect, is_imported
from dashboards.costs.faults import RowFault
from dashboards.costs.focus import focus_charges
from dashboards.costs.fx import FxRates
from storage.lake import Lake

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
Normalise = Callable[[bytes], Charges]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a file is in a series of files.

    Without a `source` each file is a source of its own; with one, rows of a newer revision
    supersede. `is_complete`: what the file lacks of its days is withdrawn.
    """

    source: str | None = None
    revision: int | None = None
    is_complete: bool = False


ALONE = Delivery()


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
    rates: Mapping[str, Decimal] | FxRates,
    *,
    normalise: Normalise = focus_charges,
    delivery: Delivery = ALONE,
    timezone: str = TIMEZONE,
    at: datetime = LONG_AGO,
    dry_run: bool = False,
) -> CostImport:
    """Append a cost file to the lake, unless the same bytes are in it already.

    The totals are of the file's rows that count: other rates change nothing later. A dry run
    tells what would be taken and keeps nothing.
    """
    content = path_or_bytes if isinstance(path_or_bytes, bytes) else path_or_bytes.read_bytes()
    import_id = hashlib.sha256(content).hexdigest()
    if is_imported(lake, import_id):
        return _of_import(lake, import_id, already_imported=True)
    known_rates = rates if isinstance(rates, FxRates) else FxRates(rates)
    source = delivery.source or f"file:{import_id[:16]}"
    stamp = Stamp(source, import_id, at, delivery.revision, timezone)
    read = cost_rows(normalise(content), known_rates, stamp)
    if read.faults:
        return _refused(import_id, read.faults)
    if dry_run:
        return _told(read.costs, import_id, already_imported=False)
    kept = append_costs(lake, read.costs, at=at, is_complete=delivery.is_complete)
    if kept.faults:
        return _refused(import_id, kept.faults)
    return _of_import(lake, import_id, already_imported=not kept.new_count)


def _refused(import_id: str, faults: tuple[RowFault, ...]) -> CostImport:
    return CostImport(import_id, 0, {}, {}, ZERO, already_imported=False, errors=faults)


def _of_import(lake: Lake, import_id: str, *, already_imported: bool) -> CostImport:
    own = costs_in_effect(lake).filter(pl.col("import_id") == import_id)
    kept = own.select("billing_currency", "charge_category", "effective_cost", "cogs_cad").collect()
    return _told(kept, import_id, already_imported=already_imported)


def _told(kept: pl.DataFrame, import_id: str, *, already_imported: bool) -> CostImport:
    return CostImport(
        import_id=import_id,
        rows=kept.height,
        effective_cost=_by_currency(kept),
        tax=_by_currency(kept.filter(pl.col("charge_category") == TAX)),
        cogs_cad=kept.select(pl.col("cogs_cad").sum()).item() or ZERO,
        already_imported=already_imported,
        errors=(),
    )


def _by_currency(costs: pl.DataFrame) -> dict[str, Decimal]:
    totals = costs.group_by("billing_currency").agg(pl.col("effective_cost").sum())
    return dict(totals.sort("billing_currency").iter_rows())
