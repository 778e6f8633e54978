"""A question to the lake in SQL, asked beside its writer.

Each question has a DuckDB of its own: what it needs of memory and disk takes nothing from the
flush, and one read-only transaction shows it one snapshot. Knows nothing of what is asked.
"""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import duckdb
import polars as pl

from storage.lake_errors import LakeError, NoAnswerError
from storage.lake_place import LakePlace, attached, discreet
from storage.memory_amount import check_memory_amount

MEMORY_LIMIT = "2GB"
# A statement joins in the order that it says: to think of a better one took longer than to answer a
# small question, and found none for a large one (10 million rows).
NOT_PLANNED = "join_order,statistics_propagation"


class _Table(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class _Shown:
    """Shows one side's table to the other as a plain Arrow stream, which needs no pyarrow."""

    def __init__(self, table: _Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


def lake_answer(
    place: LakePlace,
    sql: str,
    *,
    frames: Mapping[str, pl.DataFrame] | None = None,
    parameters: Mapping[str, object] | None = None,
    memory_limit: str = MEMORY_LIMIT,
) -> pl.DataFrame:
    """Return what one statement reads of an existing lake (tables as lake.schema.table).

    `frames` are tables by name beside it, `parameters` its values by `$name`. NoAnswerError when
    it needs more than `memory_limit` ("2GB") and can't put it on disk, or a sum goes beyond 38
    digits; LakeError when the lake can't be asked.
    """
    check_memory_amount(memory_limit)
    with TemporaryDirectory(prefix="query-", dir=place.folder) as spill, discreet(place):
        connection = attached(place)
        try:
            _limit(connection, memory_limit, Path(spill))
            return _answer(connection, sql, frames or {}, dict(parameters or {}))
        except duckdb.OutOfMemoryException as error:
            raise NoAnswerError(
                f"a question to the lake needs more than {memory_limit} of memory: ask less at "
                "once, or allow more"
            ) from error
        except duckdb.OutOfRangeException as error:
            raise NoAnswerError(f"a number of the answer is too large: {error}") from error
        except duckdb.Error as error:
            raise LakeError(f"the lake has no answer to a question: {error}") from error
        finally:
            connection.close()


def _limit(connection: duckdb.DuckDBPyConnection, memory_limit: str, spill: Path) -> None:
    """Give a connection's DuckDB bounds of its own: two must not share a folder to spill in."""
    quoted = str(spill).replace("'", "''")
    connection.execute(f"SET GLOBAL temp_directory = '{quoted}'")
    connection.execute(f"SET GLOBAL memory_limit = '{memory_limit}'")
    connection.execute(f"SET disabled_optimizers = '{NOT_PLANNED}'")


def _answer(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    frames: Mapping[str, pl.DataFrame],
    parameters: dict[str, Any],
) -> pl.DataFrame:
    for name, frame in frames.items():
        connection.register(name, _Shown(frame))
    connection.execute("BEGIN TRANSACTION READ ONLY")
    return pl.DataFrame(_Shown(connection.sql(sql, params=parameters)))
