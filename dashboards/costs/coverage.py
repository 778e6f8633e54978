"""How much of the cost has an owner. Pure."""

from decimal import Decimal, localcontext

import polars as pl

from catalog.money import MONEY_CONTEXT, QUANTITY_SCALE
from storage.lake_tables import QUANTITY

_SMALLEST = Decimal(1).scaleb(-QUANTITY_SCALE)
COVERAGE_SCHEMA: dict[str, pl.DataType] = {
    "provider": pl.String(),
    "cogs_cad": QUANTITY,
    "attributed_cad": QUANTITY,
    "shared_cad": QUANTITY,
    "unallocated_cad": QUANTITY,
    "estimate_cad": QUANTITY,
    "coverage": QUANTITY,
}


def coverage(attributed: pl.DataFrame) -> pl.DataFrame:
    """Return each provider's COGS by how far it is attributed, and all of them (provider null).

    `attributed_cad` names a service, of which `shared_cad` names no account. `coverage` is what
    names a service ÷ all, counting credits like costs; null where there is no cost.
    """
    has_service = pl.col("service").is_not_null()
    is_shared = has_service & pl.col("account_id").is_null()
    cost, size = pl.col("cogs_cad"), pl.col("cogs_cad").abs()
    figures = {
        "cogs_cad": cost.sum(),
        "attributed_cad": cost.filter(has_service).sum(),
        "shared_cad": cost.filter(is_shared).sum(),
        "unallocated_cad": cost.filter(~has_service).sum(),
        "estimate_cad": cost.filter("is_estimate").sum(),
        "size_named": size.filter(has_service).sum(),
        "size": size.sum(),
    }
    by_provider = attributed.group_by("provider").agg(**figures).sort("provider")
    total = attributed.select(provider=pl.lit(None, pl.String), **figures)
    found = pl.concat([by_provider, total])
    rows = [(*row[:-2], _share(*row[-2:])) for row in found.iter_rows()]
    return pl.DataFrame(rows, schema=COVERAGE_SCHEMA, orient="row")


def _share(named: Decimal, size: Decimal) -> Decimal | None:
    with localcontext(MONEY_CONTEXT):
        return (named / size).quantize(_SMALLEST) if size else None
