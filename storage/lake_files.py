"""What the catalogue says of Parquet files, and what lies there."""

from dataclasses import dataclass

import duckdb

from storage.lake_connection import LakeConnection
from storage.lake_errors import LakeError
from storage.lake_tables import LakeTable


@dataclass(frozen=True, slots=True)
class DataFile:
    """A Parquet file: where it lies, how large it is and how many rows it holds."""

    path: str
    bytes_count: int
    rows_count: int


def named_files(lake: LakeConnection, table: LakeTable) -> list[DataFile]:
    """Return the table's current files as the catalogue names them."""
    rows = lake.rows(
        f"""
        SELECT l.data_file, l.data_file_size_bytes, f.record_count
        FROM ducklake_list_files('lake', ?, schema => ?) l
        JOIN {lake.metadata}.ducklake_data_file f ON ends_with(l.data_file, f.path)
        ORDER BY 1
        """,
        [table.name, table.schema],
    )
    return [DataFile(*row) for row in rows]


def found_file(lake: LakeConnection, path: str) -> DataFile:
    """Return the file as it lies there; LakeError when it is gone or is no Parquet any more."""
    try:
        sizes = lake.rows("SELECT size FROM read_blob(?)", [path])
        if not sizes:
            raise LakeError("no such file")
        ((rows_count,),) = lake.rows("SELECT num_rows FROM parquet_file_metadata(?)", [path])
    except duckdb.Error as error:
        raise LakeError(str(error).splitlines()[0]) from error
    return DataFile(path, sizes[0][0], rows_count)
