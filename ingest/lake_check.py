"""Is the lake whole? Files, positions, keys, tallies and inbox are held against each other.

Reads only. A file that can't be read is named once and left out of the other checks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from ingest.finding import Finding, finding
from ingest.flush import stream_of
from storage.lake import DataFile, Lake, LakeError
from storage.lake_tables import COST, QUARANTINE, RATED_LINE, REVISION, TABLES, USAGE, LakeTable
from storage.lake_tally import TALLIED

RESTORE = "restore the folder from a backup, or ask the senders to push that usage again"
ROWS_PER_PART = 5_000_000
USAGE_TABLES = (USAGE, REVISION, QUARANTINE)
STREAMS_OF_ONE_TABLE = {"rated_line": RATED_LINE, "unless_cost": COST}
POSITION = ("shard", "inbox_id", "sequence")
KEY = ("service", "subscription_id", "transaction_id")
# Polars ends a torn file by a panic of its Rust part, which is no Exception.
UNREADABLE = (Exception, pl.exceptions.PanicException)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a stream has come, and its tally of the rows it ever appended."""

    mark: int
    rows_count: int
    total: int


@dataclass(frozen=True, slots=True)
class LakeView:
    """What the checks look at: marks, what erasures took out, and the files that can be read.

    Rows beyond the marks were appended after the check began, unless they stay beyond them.
    """

    lake: Lake
    marks: Mapping[str, Mark]
    doubled_marks: Sequence[str]
    erased: Mapping[tuple[str, int | None], tuple[int, int]]
    files: dict[str, list[str]] = field(default_factory=dict)

    @property
    def shard_marks(self) -> dict[int, int]:
        """Return the mark of every shard."""
        return {
            int(stream.removeprefix("usage_")): found.mark
            for stream, found in self.marks.items()
            if stream.startswith("usage_") and stream.removeprefix("usage_").isdecimal()
        }

    def scan(self, table: LakeTable) -> pl.LazyFrame:
        """Return the rows of the files that can be read."""
        return self.lake.scan_files(table, self.files.get(table.full_name, []))

    def rows_count(self, *tables: LakeTable) -> int:
        """Return the number of rows in files that can be read."""
        counts = [self.scan(table).select(pl.len()).collect().item() for table in tables]
        return sum(int(count) for count in counts)


def lake_view(lake: Lake) -> LakeView:
    """Return what is to be checked, as of now; its files are not looked at yet."""
    names = lake.query(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake' "
        "AND schema_name = 'ops' AND starts_with(table_name, 'mark_') ORDER BY 1"
    )
    marks, doubled = {}, []
    for name in names["table_name"]:
        stream = name.removeprefix("mark_")
        rows = lake.query(
            f"SELECT mark, rows_count, tally::VARCHAR AS total FROM lake.ops.{name}"  # noqa: S608 - its name
        ).rows()
        if len(rows) != 1:
            doubled.append(f"{stream}: {len(rows)} rows")
        if rows:
            mark, rows_count, total = rows[0]
            marks[stream] = Mark(mark, rows_count, int(total))
    erased = lake.query(
        "SELECT table_name, shard, sum(rows_count)::BIGINT, sum(tally)::VARCHAR "
        "FROM lake.ops.erased_tally GROUP BY ALL"
    )
    gone = {(table, shard): (count, int(total)) for table, shard, count, total in erased.rows()}
    return LakeView(lake, marks, doubled, gone)


def check_files(view: LakeView) -> Finding:
    """Hold every file that the catalogue names against what lies there."""
    holes: list[str] = []
    counts = {"files": 0, "rows": 0}
    for table in TABLES:
        whole = view.files.setdefault(table.full_name, [])
        for named in view.lake.named_files(table):
            counts["files"] += 1
            counts["rows"] += named.rows_count
            if fault := _file_fault(view, table, named):
                holes.append(f"{table.full_name}: {named.path}: {fault}")
            else:
                whole.append(named.path)
    return finding("files", counts, holes=holes, cure=RESTORE)


def check_marks(view: LakeView) -> Finding:
    """See that every stream has one mark, and that no row lies beyond its shard's."""
    holes = [f"mark of {told} instead of one" for told in view.doubled_marks]
    beyond = 0
    for shard, mark in _all_shards(view).items():
        for table in USAGE_TABLES:
            found = view.scan(table).filter(_in_shard(shard), pl.col("inbox_id") > mark)
            count, least, most = found.select(
                pl.len(), pl.min("inbox_id"), pl.max("inbox_id").alias("most")
            ).collect().row(0)  # fmt: skip
            # What a service appended since the check began has moved the mark as well.
            stream = stream_of(shard)
            if count and (stream not in view.marks or view.lake.mark(stream) < most):
                beyond += count
                holes.append(
                    f"{table.full_name}: {count} rows of shard {shard} from position {least} on, "
                    f"beyond the mark {mark}"
                )
    counts = {"streams": len(view.marks), "rows_beyond": beyond}
    cure = "a mark that went back would take usage in twice: do not start the service; " + RESTORE
    return finding("marks", counts, holes=holes, cure=cure)


def check_positions(view: LakeView) -> Finding:
    """See that no two rows of usage, revisions and quarantine have one position."""
    frames = [view.scan(table).select(POSITION) for table in USAGE_TABLES]
    parts = _parts(view.rows_count(*USAGE_TABLES))
    holes = []
    for part in range(parts):
        rows = pl.concat(frames).filter(pl.col("inbox_id") % parts == part)
        for shard, inbox_id, sequence, count in _repeated(rows, POSITION):
            holes.append(f"position {shard}-{inbox_id}-{sequence}: {count} rows")
    counts = {"positions_repeated": len(holes)}
    return finding("positions", counts, holes=holes, cure=f"rows were doubled: {RESTORE}")


def check_keys(view: LakeView) -> Finding:
    """See that no event is usage twice."""
    parts = _parts(view.rows_count(USAGE))
    holes = []
    for part in range(parts):
        # The keys of one part, whatever the hash: it has to be the same within one check only.
        rows = view.scan(USAGE).select(KEY).filter(pl.struct(KEY).hash() % parts == part)
        for service, subscription, transaction, count in _repeated(rows, KEY):
            holes.append(f"{service}, {subscription}, {transaction}: {count} rows of usage")
    cure = "void all but one row of each with a correction, or " + RESTORE
    return finding("keys", {"keys_repeated": len(holes)}, holes=holes, cure=cure)


def check_tallies(view: LakeView) -> Finding:
    """See that every stream has stored what it ever appended, but what was erased."""
    holes = []
    counted = {
        **{stream_of(shard): (USAGE_TABLES, shard) for shard in view.shard_marks},
        **{
            stream: ((table,), None)
            for stream, table in STREAMS_OF_ONE_TABLE.items()
            if stream in view.marks
        },
    }
    total = 0
    for stream, (tables, shard) in sorted(counted.items()):
        mark = view.marks[stream]
        total += mark.rows_count
        rows, digests = mark.rows_count, mark.total
        for table in tables:
            for found, digest in (_stored(view, table, shard), _erased(view, table, shard)):
                rows, digests = rows - found, digests - digest
        if told := _told_difference(rows, digests):
            holes.append(f"{stream}: {told}")
    return finding("tallies", {"rows_appended": total}, holes=holes, cure=RESTORE)


def _file_fault(view: LakeView, table: LakeTable, named: DataFile) -> str:
    """Return what is wrong with a file; nothing when it is whole, as far as its frame tells."""
    try:
        found = view.lake.found_file(named.path)
    except LakeError as error:
        return f"it is gone, or no Parquet: {error}"
    if found.bytes_count != named.bytes_count:
        return f"{found.bytes_count} bytes instead of {named.bytes_count}"
    if found.rows_count != named.rows_count:
        return f"{found.rows_count} rows instead of {named.rows_count}"
    columns = [name for name in (*POSITION, *KEY, _tallied(table)) if name in table.polars_schema]
    try:
        view.lake.scan_files(table, [named.path]).select(set(columns)).collect()
    except UNREADABLE as error:
        return f"its rows can't be read: {str(error).splitlines()[0]}"
    return ""


def _tallied(table: LakeTable) -> str:
    return TALLIED.get(table.full_name, "month")


def _all_shards(view: LakeView) -> dict[int, int]:
    """Return the mark of every shard that has one, or rows."""
    frames = [view.scan(table).select("shard") for table in USAGE_TABLES]
    found = pl.concat(frames).select(pl.col("shard").fill_null(0).unique()).collect()
    return dict.fromkeys(sorted(found["shard"]), 0) | view.shard_marks


def _in_shard(shard: int) -> pl.Expr:
    return pl.col("shard").fill_null(0) == shard


def _repeated(rows: pl.LazyFrame, by: Sequence[str]) -> Iterator[tuple[object, ...]]:
    found = rows.group_by(*by).len("count").filter(pl.col("count") > 1).sort(*by).collect()
    yield from found.rows()


def _parts(rows_count: int) -> int:
    return 1 + rows_count // ROWS_PER_PART


def _stored(view: LakeView, table: LakeTable, shard: int | None) -> tuple[int, int]:
    """Return rows and sum of a table's stored rows, up to the mark of their shard."""
    rows = view.scan(table)
    if shard is not None:
        upto = view.shard_marks[shard]
        rows = rows.filter(_in_shard(shard), pl.col("inbox_id").fill_null(0) <= upto)
    count, total = (
        rows.select(pl.len(), pl.col(_tallied(table)).cast(pl.Int128).sum()).collect().row(0)
    )
    return int(count), int(total)


def _erased(view: LakeView, table: LakeTable, shard: int | None) -> tuple[int, int]:
    gone = [
        told
        for (name, its), told in view.erased.items()
        if name == table.full_name and (shard is None or (its or 0) == shard)
    ]
    return sum(count for count, _ in gone), sum(total for _, total in gone)


def _told_difference(rows: int, digests: int) -> str:
    """Return in words what the lake lacks; nothing when it lacks nothing."""
    if rows > 0:
        which = f" (of digest {digests})" if rows == 1 else ""
        return f"{rows} rows are missing{which}"
    if rows < 0:
        return f"{-rows} rows are too many"
    return "rows are not what was appended: their sums differ" if digests else ""
