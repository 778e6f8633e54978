"""The whole schema of the state database: every module that declares tables, and their metadata."""

from storage import tables
from storage.columns import metadata

TABLE_MODULES = (tables,)

__all__ = ["TABLE_MODULES", "metadata"]
