"""The second engine over rows of a test, on a plain DuckDB with the lake's tables."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache

import duckdb
import polars as pl
from msgspec import structs

from aggregation.quantity import Quantity, UsageWindow
from aggregation.second_engine_answer import second_answer
from aggregation.second_engine_question import SecondQuestion, second_question
from catalog.billable_metrics import AggregationType
from ingest.watermark import Watermark
from storage.lake_query import _Shown
from storage.lake_tables import REVISION, SQL_TYPES, USAGE, LakeTable
from tests.aggregation.makers import Row, a_metric, a_window, an_event, frame

EVERYTHING_SEEN = Watermark(((0, 10**9),))
DAY = 86_400


@cache
def world() -> duckdb.DuckDBPyConnection:
    """Return a DuckDB with the lake's tables of usage, empty, of the types that the lake gives."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("ATTACH ':memory:' AS lake")
    connection.execute("CREATE SCHEMA lake.raw")
    for table in (USAGE, REVISION):
        columns = ", ".join(f"{each.name} {SQL_TYPES[each.type]}" for each in table.columns)
        connection.execute(f"CREATE TABLE lake.{table.full_name} ({columns})")
    return connection


def by_sql(
    events: Sequence[Row],
    windows: Sequence[UsageWindow],
    facts: Sequence[Row] = (),
    seen: Watermark = EVERYTHING_SEEN,
) -> dict[str, Quantity]:
    """Return what the second engine counts of these rows."""
    _fill(USAGE, events)
    _fill(REVISION, facts)
    asked = second_question(windows, seen)
    return second_answer(windows, pl.DataFrame(_Shown(relation(asked))))


def of_kind(kind: AggregationType, **asked: object) -> UsageWindow:
    """Return the window of 30 days of a metric that counts so."""
    metric = replace(a_metric(kind), recurring=bool(asked.pop("recurring", False)))
    return structs.replace(a_window(metric), **({"period_days": 30} | asked))


def counted(
    rows: Sequence[Row],
    window: UsageWindow,
    facts: Sequence[Row] = (),
    seen: Watermark = EVERYTHING_SEEN,
) -> Quantity:
    """Return what the second engine counts in one window."""
    return by_sql(rows, [window], facts, seen)[window.key]


def told(*numbers: object) -> tuple[object, ...]:
    """Return numbers to be compared with others of whatever kind."""
    return numbers


def levels(*values: int) -> list[Row]:
    """Return an event a day, from the start on."""
    return [an_event(n + 1, n * DAY, Decimal(value)) for n, value in enumerate(values)]


def relation(asked: SecondQuestion, before: str = "") -> duckdb.DuckDBPyRelation:
    """Return the answer of a question as DuckDB has it; `before` stands before the statement."""
    for name, table in asked.tables.items():
        world().register(name, _Shown(table))
    return world().sql(before + asked.sql, params=asked.parameters)


def _fill(table: LakeTable, rows: Sequence[Row]) -> None:
    world().execute(f"DELETE FROM lake.{table.full_name}")  # noqa: S608 - our own name
    if rows:
        world().register("given", _Shown(frame(rows, table).collect()))
        columns = ", ".join(table.polars_schema)
        name = table.full_name
        world().execute(f"INSERT INTO lake.{name} SELECT {columns} FROM given")  # noqa: S608 - ours
