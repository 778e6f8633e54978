"""Embedded ClickHouse beside ours: the same rows in typed columns, one grouped query a question.

chDB is kept out of our environment: another Python, which has it, runs `clickhouse_worker`.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal, localcontext
from pathlib import Path
from typing import IO

from benchmarks.workload import MONTH_END, MONTH_SECONDS, MONTH_START, SERVICE
from catalog.billable_metrics import AggregationType

WORKER = Path(__file__).with_name("clickhouse_worker.py")
NATIVE, TEXT = "Native", "JSONCompact"
MICROSECONDS = 10**6
STEP = Decimal(1).scaleb(-20)
COLUMNS = {
    "service": "LowCardinality(String)",
    "metric_code": "LowCardinality(String)",
    "subscription_id": "String",
    "occurred_at": "DateTime64(6, 'UTC')",
    "value": "Nullable(Decimal(38, 12))",
    "value_text": "Nullable(String)",
    "operation_type": "Nullable(String)",
    "content_digest": "Int64",
    "inbox_id": "Int64",
    "sequence": "Int64",
}
LATEST = "(occurred_at, inbox_id, sequence)"
LASTS = (
    f"({int(MONTH_END.timestamp()) * MICROSECONDS} "
    "- toUnixTimestamp64Micro(assumeNotNull(occurred_at)))"
)
NUMBERS: Mapping[AggregationType, str] = {
    AggregationType.COUNT: "count()",
    AggregationType.SUM: "sum(value), count()",
    AggregationType.MAX: "max(value), count()",
    AggregationType.LATEST: f"argMax(value, {LATEST}), count()",
    AggregationType.WEIGHTED_SUM: (
        f"sum(CAST(value AS Decimal(76, 12)) * {LASTS}), sum(value), count()"
    ),
}
DIGESTS = "groupArray(content_digest)"
# By way of hexadecimal digits, for joining texts of a fixed length drops the zeros at their ends.
SHA256 = (
    ", hex(SHA256(unhex(arrayStringConcat(arrayMap("
    "each -> hex(reinterpretAsFixedString(each)), arraySort({digests}))))))"
)


@dataclass(frozen=True, slots=True)
class ClickHouse:
    """A running worker that holds a month of usage."""

    process: "subprocess.Popen[str]"

    def ask(self, kind: AggregationType, *, is_proven: bool) -> None:
        """Count a metric of every subscription; the answer stays with the worker."""
        self._answer(_question(kind, is_proven=is_proven), NATIVE)

    def units(self, kind: AggregationType) -> dict[str, tuple[Decimal, str]]:
        """Return the units of every subscription, and the digest of the rows counted."""
        told = self._answer(_question(kind, is_proven=True), TEXT)
        return {
            row[0]: (_units(kind, Decimal(row[1])), row[-1].lower())
            for row in json.loads(told)["data"]
        }

    def load(self, files: Sequence[str]) -> None:
        """Read the lake's files into a table of its own, sorted as the lake is."""
        columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        self.run(
            f"CREATE TABLE usage ({columns}) ENGINE = MergeTree "
            "ORDER BY (service, metric_code, subscription_id, occurred_at)"
        )
        names = ", ".join(COLUMNS)
        for file in files:
            self.run(f"INSERT INTO usage SELECT {names} FROM file('{file}', Parquet)")  # noqa: S608 - ours
        self.run("OPTIMIZE TABLE usage FINAL")

    def run(self, sql: str) -> None:
        """Do what a statement says."""
        self._answer(sql, NATIVE)

    def _answer(self, sql: str, form: str) -> str:
        _pipe(self.process.stdin).write(json.dumps({"sql": sql, "format": form}) + "\n")
        _pipe(self.process.stdin).flush()
        told = _pipe(self.process.stdout).readline()
        assert told, "chDB gave up: see what it printed"
        return str(json.loads(told).get("text", ""))


@contextmanager
def running_clickhouse(
    python: Path | None, folder: Path, files: Sequence[str]
) -> Iterator[ClickHouse | None]:
    """Give ClickHouse with the rows of these files; None where no Python that has it is named."""
    if python is None:
        yield None
        return
    command = [str(python), "-I", str(WORKER), str(folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        clickhouse = ClickHouse(process)
        clickhouse.load(files)
        clickhouse.run("SET output_format_json_quote_decimals = 1")
        yield clickhouse
        _pipe(process.stdin).close()


def _question(kind: AggregationType, *, is_proven: bool) -> str:
    rows = (
        f"FROM usage WHERE service = '{SERVICE}' AND metric_code = '{kind}' "
        f"AND occurred_at >= '{_instant(MONTH_START)}' AND occurred_at < '{_instant(MONTH_END)}'"
    )
    if kind is AggregationType.UNIQUE_COUNT:
        digests = f", {DIGESTS} AS digests" if is_proven else ""
        proof = SHA256.format(digests="groupArrayArray(digests)") if is_proven else ""
        rows = (
            "FROM (SELECT subscription_id, value_text, "
            f"argMax(ifNull(operation_type, 'remove'), {LATEST}) AS operation{digests} "
            f"{rows} GROUP BY subscription_id, value_text)"
        )
        return f"SELECT subscription_id, countIf(operation = 'add'){proof} {rows} GROUP BY 1"
    proof = SHA256.format(digests=DIGESTS) if is_proven else ""
    return f"SELECT subscription_id, {NUMBERS[kind]}{proof} {rows} GROUP BY 1"


def _units(kind: AggregationType, number: Decimal) -> Decimal:
    """Return the units; a weighted sum is a share of the month, rounded up at 20 decimals."""
    if kind is not AggregationType.WEIGHTED_SUM:
        return number
    with localcontext(prec=90):
        return (number / (MONTH_SECONDS * MICROSECONDS)).quantize(STEP, ROUND_CEILING)


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
