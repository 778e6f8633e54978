"""Takes provider cost files into the lake: all rows of a file or none, and each file once."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

import polars as pl

from catalog.money import MONEY_CONTEXT, ZERO
from dashboards.costs.charges import TAX, Pricing, Stamp
from dashboards.costs.cost_store import append_staged, imported_costs, is_imported
from dashboards.costs.faults import RowFault, by_row
from dashboards.costs.focus import FAULTS_MAX, focus_pieces
from dashboards.costs.fx import FxRates
from dashboards.costs.sources.formats import Reader
from dashboards.costs.staging import StagedCosts, parts_of_bytes, staging_folder
from storage.lake import Lake

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
ROWS_MAX = 1_000_000


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


@dataclass(slots=True)
class Totals:
    """Sums of cost rows by currency, exact, taken some rows at a time."""

    rows: int = 0
    effective_cost: dict[str, Decimal] = field(default_factory=dict)
    tax: dict[str, Decimal] = field(default_factory=dict)
    cogs_cad: Decimal = ZERO

    def add(self, costs: pl.DataFrame) -> None:
        """Add rows of the cost table."""
        self.rows += costs.height
        cogs: Decimal | None = costs.select(pl.col("cogs_cad").sum()).item()
        self.cogs_cad = MONEY_CONTEXT.add(self.cogs_cad, cogs or ZERO)
        _add_by_currency(self.effective_cost, costs)
        _add_by_currency(self.tax, costs.filter(pl.col("charge_category") == TAX))


def _add_by_currency(totals: dict[str, Decimal], costs: pl.DataFrame) -> None:
    found = costs.group_by("billing_currency").agg(pl.col("effective_cost").sum())
    for currency, cost in found.iter_rows():
        totals[currency] = MONEY_CONTEXT.add(totals.get(currency, ZERO), cost)


def import_costs(
    lake: Lake,
    path_or_bytes: Path | bytes,
    rates: Mapping[str, Decimal] | FxRates,
    *,
    reader: Reader = focus_pieces,
    delivery: Delivery = ALONE,
    at: datetime = LONG_AGO,
    dry_run: bool = False,
    rows_max: int = ROWS_MAX,
) -> CostImport:
    """Append a cost file to the lake, unless the same bytes are in it already.

    The file is read in pieces, which wait on disk until all are known to be sound. The totals
    are of the file's rows that count: other rates change nothing later. A dry run tells what
    would be taken and keeps nothing.
    """
    with _opened(path_or_bytes) as file, staging_folder(lake) as folder:
        import_id = hashlib.file_digest(file, "sha256").hexdigest()
        if is_imported(lake, import_id):
            return _of_import(lake, import_id, already_imported=True)
        source = delivery.source or f"file:{import_id[:16]}"
        stamp = Stamp(source, import_id, at, delivery.revision)
        known_rates = rates if isinstance(rates, FxRates) else FxRates(rates)
        batch = StagedCosts(folder / "rows", parts_of_bytes(file.tell()))
        totals = Totals()
        faults = _read(reader, file, Pricing(known_rates, stamp), batch, totals, rows_max)
        if faults:
            return _refused(import_id, faults)
        if dry_run:
            return _told(totals, import_id, already_imported=False)
        kept = append_staged(lake, batch, at=at, is_complete=delivery.is_complete)
        if kept.faults:
            return _refused(import_id, kept.faults)
        return _of_import(lake, import_id, already_imported=not kept.new_count)


def _opened(path_or_bytes: Path | bytes) -> io.BytesIO | io.BufferedReader:
    if isinstance(path_or_bytes, bytes):
        return io.BytesIO(path_or_bytes)
    return path_or_bytes.open("rb")


def _read(
    reader: Reader, file: BinaryIO, pricing: Pricing, batch: StagedCosts, totals: Totals,
    rows_max: int,
) -> tuple[RowFault, ...]:  # fmt: skip
    """Put a file's rows on disk, or return what is wrong with it: at most so many faults."""
    faults: list[RowFault] = []
    file.seek(0)
    for charges in reader(file):
        priced = pricing.priced(charges, is_checked_only=bool(faults))
        too_many = _beyond(charges.frame, rows_max)
        faults += sorted((*charges.faults, *priced.faults, *too_many), key=by_row)
        if too_many or len(faults) > FAULTS_MAX:
            break
        if not faults:
            batch.add(priced.costs)
            totals.add(priced.costs)
    return tuple(faults[: FAULTS_MAX + 1])


def _beyond(charges: pl.DataFrame, rows_max: int) -> list[RowFault]:
    """Return the fault of a file's first row too many."""
    over = charges.filter(pl.col("row_number") > rows_max).head(1)
    return [
        RowFault(row, f"more than {rows_max} rows: split the file", line_number=line or 0)
        for row, line in over.select("row_number", "line_number").iter_rows()
    ]


def _refused(import_id: str, faults: tuple[RowFault, ...]) -> CostImport:
    return CostImport(import_id, 0, {}, {}, ZERO, already_imported=False, errors=faults)


def _of_import(lake: Lake, import_id: str, *, already_imported: bool) -> CostImport:
    totals = Totals()
    for rows in imported_costs(lake, import_id):
        totals.add(rows)
    return _told(totals, import_id, already_imported=already_imported)


def _told(totals: Totals, import_id: str, *, already_imported: bool) -> CostImport:
    return CostImport(
        import_id=import_id,
        rows=totals.rows,
        effective_cost=dict(sorted(totals.effective_cost.items())),
        tax=dict(sorted(totals.tax.items())),
        cogs_cad=totals.cogs_cad,
        already_imported=already_imported,
        errors=(),
    )
