"""The lake's superseding rows, as every computation of quantities reads them."""

import polars as pl

from ingest.corrections.revisions import as_first_said
from storage.lake import Lake
from storage.lake_tables import REVISION


def revisions_of(lake: Lake) -> pl.LazyFrame | None:
    """Return all superseding rows, None when there is none: then nothing needs to be joined."""
    if not lake.files(REVISION):
        return None
    return as_first_said(lake.scan(REVISION))
