"""A plain reader of usage, corrections and counters, row by row: what the engines must equal."""

from collections.abc import Sequence
from decimal import Decimal

from catalog.billable_metrics import AggregationType, CounterSemantics
from tests.aggregation.makers import START, Row, at

PERIOD_SECONDS = 30 * 86_400
FED = {
    CounterSemantics.DELTA: AggregationType.SUM,
    CounterSemantics.CUMULATIVE: AggregationType.SUM,
    CounterSemantics.GAUGE: AggregationType.LATEST,
    CounterSemantics.WINDOW: AggregationType.COUNT,
}


def effective(events: Sequence[Row], facts: Sequence[Row]) -> list[Row]:
    """Return the rows that count, row by row: the newest of each fact, unless it is void."""
    newest: dict[object, Row] = {f"e:{row['transaction_id']}": row for row in events}
    for row in sorted(facts, key=lambda row: (row["inbox_id"], row["sequence"])):
        newest[row["fact_id"]] = row
    return [row for row in newest.values() if not row.get("is_void")]


def with_differences(rows: Sequence[Row]) -> list[Row]:
    """Return readings as what was used since the reading before; a fall is a reset."""
    used: list[Row] = []
    last: dict[str, Decimal] = {}
    for row in sorted(rows, key=lambda row: row["occurred_at"]):  # type: ignore[arg-type, return-value]
        value = row["value"]
        assert isinstance(value, Decimal)
        if row.get("window_end") is not None:
            series = str(row["fact_id"]).split(":", 3)[3]
            before = last.get(series, Decimal(0))
            last[series] = value
            value = value - before if value >= before else value
        used.append(row | {"value": value})
    return used


def plain_quantity(
    events: Sequence[Row], facts: Sequence[Row], semantics: CounterSemantics
) -> tuple[Decimal, int]:
    """Return units and events count of the period, one row at a time."""
    rows = effective(events, facts)
    if semantics is CounterSemantics.CUMULATIVE:
        rows = with_differences(rows)
    inside = [row for row in rows if START <= row["occurred_at"] < at(PERIOD_SECONDS)]  # type: ignore[operator]
    ordered = sorted(inside, key=lambda row: (row["occurred_at"], row["inbox_id"]))
    values = [Decimal(str(row["value"])) for row in ordered]
    match FED[semantics]:
        case AggregationType.COUNT:
            counted = [
                value if row.get("window_end") else Decimal(1)
                for row, value in zip(ordered, values, strict=True)
            ]
            return sum(counted, Decimal(0)), int(sum(counted))
        case AggregationType.LATEST:
            return (values[-1] if values else Decimal(0)), len(values)
        case _:
            return sum(values, Decimal(0)), len(values)
