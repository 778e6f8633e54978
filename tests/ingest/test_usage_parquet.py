"""Usage in Parquet is read with every digit, or refused by the column that would lose one."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

import polars as pl
import pytest

from ingest.files.file_row import ROW_BYTES_MAX
from tests.ingest.usage_files import parquet, problem_of, rows_of


def test_parquet_keeps_every_digit(tmp_path: Path) -> None:
    """Decimals, integers, text and instants are exact; a decimal's filling zeros are no digits."""
    digits = Decimal("12345678901234567890.123456789012")
    path = parquet(
        tmp_path,
        code=["tokens"] * 3,
        timestamp=pl.Series([datetime(2026, 11, 5, 12, 0, 0, 100_000, UTC)] * 2 + [None]),
        properties=['{"a": 0.10}', None, None],
        properties__n=pl.Series([digits, Decimal(700), None], dtype=pl.Decimal(38, 12)),
        properties__i=[2**62, None, None],
        properties__t=["007.10", "", None],
        properties__b=[True, None, None],
    )

    assert [row.raw for row in rows_of(path)] == [
        {
            "code": "tokens",
            "timestamp": "1793880000.1",
            "properties": {
                "a": Decimal("0.10"),
                "n": digits,
                "i": 2**62,
                "t": "007.10",
                "b": True,
            },
        },
        {"code": "tokens", "timestamp": "1793880000.1", "properties": {"n": 700}},
        {"code": "tokens"},
    ]


@pytest.mark.parametrize(
    ("unit", "ticks", "expected"),
    [
        ("ms", -1, "-0.001"),
        ("us", -1, "-0.000001"),
        ("ns", -1, "-0.000001"),
        ("ns", 1_999, "0.000001"),
        ("ms", 2**63 - 1, "9223372036854775.807"),
    ],
)
def test_instants_are_cut_to_the_microsecond(
    tmp_path: Path, unit: Literal["ms", "us", "ns"], ticks: int, expected: str
) -> None:
    """An instant of any precision is cut toward the past, and never overflows."""
    instants = pl.Series([ticks], dtype=pl.Int64).cast(pl.Datetime(unit, "UTC"))

    (row,) = rows_of(parquet(tmp_path, timestamp=instants))
    assert row.raw == {"code": "tokens", "timestamp": expected}


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        (pl.Series([0.1]), "column_is_float"),
        (pl.Series([0.1], dtype=pl.Float32), "column_is_float"),
        (pl.Series([[0.1]]), "column_has_another_type"),
        (pl.Series([{"x": 1}]), "column_has_another_type"),
        (pl.Series([b"x"]), "column_has_another_type"),
    ],
)
def test_columns_that_lose_digits_are_refused(
    tmp_path: Path, column: pl.Series, problem: str
) -> None:
    """A float column refuses the file and says what to write instead."""
    path = parquet(tmp_path, properties__n=column)

    assert problem_of(path) == problem


def test_a_local_time_is_refused(tmp_path: Path) -> None:
    """A timestamp column without timezone could mean any hour."""
    path = parquet(tmp_path, timestamp=[datetime(2026, 11, 5, 12)])  # noqa: DTZ001

    assert problem_of(path) == "column_has_no_timezone"


def test_long_text_in_parquet_costs_its_row(tmp_path: Path) -> None:
    """A row with more text than the limit is refused, the next one is read."""
    texts = ["x" * (ROW_BYTES_MAX - 6), "x" * (ROW_BYTES_MAX - 5), "y"]
    path = parquet(tmp_path, code=["tokens"] * 3, properties__t=texts)

    read = rows_of(path)
    assert [row.codes for row in read] == [None, {"row": ["row_is_too_long"]}, None]
