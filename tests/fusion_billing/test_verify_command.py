"""Every billed line is computed again: it matches after every honest change, and after no other."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from catalog.store import services
from fusion_billing.billing import bill_services
from fusion_billing.cli import app
from fusion_billing.house import House
from fusion_billing.retention import erase_account
from rating.verifying.line_difference import Difference
from rating.verifying.verification import verification
from storage.lake_tables import RATED_LINE, REVISION, USAGE, LakeTable
from storage.tables import invoice_draft
from tests.fusion_billing.billed_house import FEBRUARY, MARCH, billed_house, in_house, sell, use
from tests.fusion_billing.conftest import OPENED_AT

runner = CliRunner()
COUNTED = ("january-0", "january-call-0", "january-seat-0", "january-disk-0", "january-peak-0")
OTHER_TEXT = {"explanation": '{"id": "other"}', "filter_values": "{}", "group_values": "{}"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the closed folder of a house that has billed for months."""
    folder = tmp_path_factory.mktemp("billed")
    billed_house(folder)
    return folder


@pytest.fixture(scope="module")
def house(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Give an open copy of it, for harm that is undone."""
    folder = tmp_path_factory.mktemp("harmed") / "house"
    shutil.copytree(whole, folder)
    with in_house(folder, MARCH) as roof:
        yield roof.house


def run(folder: Path, *words: str, exit_code: int = 0) -> dict[str, Any]:
    """Run the verb on a folder and return what it prints for programs."""
    result = runner.invoke(app, ["verify", *words, "--json", "--data-dir", str(folder)])
    assert result.exit_code == exit_code, result.output
    return dict(json.loads(result.stdout))


def found_in(house: House) -> list[Difference]:
    """Return every difference that the house has now."""
    with house.state.read() as connection:
        service = services.find_service(connection, "nexadesk")
    assert service is not None
    every = verification(house.state, house.lake, service).verified()
    return [difference for draft in every for difference in draft.differences]


def file_with(house: House, table: LakeTable, column: str, value: object) -> Path:
    """Return the file of a table that holds a row."""
    for path, _ in house.lake.files(table):
        if value in pl.read_parquet(path, hive_partitioning=False)[column].to_list():
            return Path(path)
    raise AssertionError(f"no file of {table.full_name} has {value}")


def harmed(
    house: House, path: Path, change: Callable[[pl.DataFrame], pl.DataFrame]
) -> list[Difference]:
    """Return the differences while a file's rows are others; the file is as before afterwards."""
    kept = path.read_bytes()
    try:
        change(pl.read_parquet(path, hive_partitioning=False)).write_parquet(path)
        return found_in(house)
    finally:
        path.write_bytes(kept)


def test_everything_billed_is_computed_again(whole: Path, tmp_path: Path) -> None:
    """Plans, corrections, late usage and merged files have changed since, and no line differs."""
    folder = Path(shutil.copytree(whole, tmp_path / "copy"))

    found = run(folder)

    assert found["differences"] == []
    assert (found["drafts"], found["lines"] > 15, found["counted_rows"] > 60) == (2, True, True)
    assert run(folder, "--service", "nexadesk")["drafts"] == 2


def test_one_draft_or_line_may_be_named(whole: Path, tmp_path: Path) -> None:
    """A line is verified with its whole draft; an id that nobody knows is refused."""
    folder = Path(shutil.copytree(whole, tmp_path / "copy"))
    with in_house(folder, MARCH) as roof:
        line = roof.house.lake.scan(RATED_LINE).collect().row(0, named=True)

    assert run(folder, line["id"])["drafts"] == 1
    assert run(folder, line["draft_id"], line["id"])["drafts"] == 1
    refused = runner.invoke(app, ["verify", "nothing", "--data-dir", str(folder)])
    assert refused.exit_code == 1
    assert "nothing is no billed draft" in str(refused.exception)


@pytest.mark.parametrize("column", ["value", "properties", "occurred_at", "transaction_id"])
@pytest.mark.parametrize("name", COUNTED)
def test_a_changed_counted_row_is_found(house: House, name: str, column: str) -> None:
    """A counted row that says anything else differs, also where the amount is the same."""
    others: dict[str, pl.Expr] = {
        "value": pl.col("value").fill_null(0) + 1,
        "properties": pl.col("properties").str.replace("{", '{"more":1,', literal=True),
        "occurred_at": pl.col("occurred_at") + timedelta(microseconds=1),
        "transaction_id": pl.lit("another"),
    }
    chosen = pl.when(pl.col("transaction_id") == name)
    other = chosen.then(others[column].cast(USAGE.polars_schema[column])).otherwise(column)

    found = harmed(
        house,
        file_with(house, USAGE, "transaction_id", name),
        lambda rows: rows.with_columns(other.alias(column)),
    )

    assert found
    assert all(each.cure for each in found)


def test_the_reading_before_a_period_is_checked(house: House) -> None:
    """A reading that two months start and end with is told for the drafts of both."""
    name = "january-meter-5"
    harm = pl.col("properties").str.replace("{", '{"more":1,', literal=True)
    chosen = pl.when(pl.col("transaction_id") == name).then(harm).otherwise("properties")

    found = harmed(
        house,
        file_with(house, REVISION, "transaction_id", name),
        lambda rows: rows.with_columns(chosen.alias("properties")),
    )

    assert {each.what for each in found} == {"counted usage"}
    assert all(name in each.stored for each in found)
    assert len({each.draft_id for each in found}) == 2


def test_every_column_of_a_line_is_compared(house: House) -> None:
    """Whichever column of a stored line is changed, the line differs."""
    line_id = house.lake.scan(RATED_LINE).filter(kind="charge").collect()["id"][0]
    path = file_with(house, RATED_LINE, "id", line_id)
    missed = []
    for column, kind in RATED_LINE.polars_schema.items():
        other = another(column, kind)
        chosen = pl.when(pl.col("id") == line_id).then(other.cast(kind)).otherwise(column)
        harm = chosen.alias(column)
        if not harmed(house, path, lambda rows, harm=harm: rows.with_columns(harm)):  # type: ignore[misc]
            missed.append(column)

    assert missed == []
    assert found_in(house) == []


def another(column: str, kind: pl.DataType) -> pl.Expr:
    """Return another value of a column."""
    if column in OTHER_TEXT:
        return pl.lit(OTHER_TEXT[column])
    if kind == pl.String():
        return pl.lit("other")
    if kind == pl.Boolean():
        return ~pl.col(column)
    if isinstance(kind, pl.Datetime):
        return pl.col(column) + timedelta(microseconds=1)
    return pl.col(column).dt.offset_by("1mo") if kind == pl.Date() else pl.col(column) + 1


@pytest.mark.parametrize("column", ["value", "properties", "occurred_at", "transaction_id"])
def test_a_flipped_byte_is_found(house: House, column: str) -> None:
    """A byte that changed in a counted row's file is found, whether the file can be read or not."""
    path = file_with(house, USAGE, "transaction_id", COUNTED[0])
    kept = path.read_bytes()
    ((offset, size),) = duckdb.sql(
        "SELECT data_page_offset, total_compressed_size FROM "  # noqa: S608 - our own file
        f"parquet_metadata('{path}') WHERE path_in_schema = '{column}' AND row_group_id = 0"
    ).fetchall()
    data = bytearray(kept)
    data[offset + size - 3] ^= 0x10
    try:
        path.write_bytes(data)
        found = found_in(house)
    finally:
        path.write_bytes(kept)

    assert found


def test_erased_usage_verifies_from_its_proof(tmp_path: Path) -> None:
    """The lines of an account whose usage is gone are computed from what its erasure proved."""
    with in_house(tmp_path) as roof:
        sell(roof)
        use(roof, "january", OPENED_AT)
        roof.clock.advance(FEBRUARY - timedelta(days=3))
        roof.client.delete("/api/v1/subscriptions/acme-team", headers=roof.headers)
        roof.clock.advance(FEBRUARY)
        bill_services(roof.house, at=FEBRUARY)
        erase_account(roof.house, "nexadesk", "acme", author="ann", reason="asked")
        assert roof.house.lake.scan(USAGE).collect().is_empty()

    found = run(tmp_path)

    assert (found["drafts"], found["drafts_from_proof"], found["counted_rows"]) == (1, 1, 0)
    assert found["differences"] == []


def test_a_missing_or_doubled_line_is_found(house: House) -> None:
    """A line that is gone from the lake, or there twice, is named."""
    line_id = house.lake.scan(RATED_LINE).filter(kind="plan_fee").collect()["id"][0]
    path = file_with(house, RATED_LINE, "id", line_id)
    is_it = pl.col("id") == line_id

    gone = harmed(house, path, lambda rows: rows.filter(~is_it))
    twice = harmed(house, path, lambda rows: pl.concat([rows, rows.filter(is_it)]))

    assert [(each.line_id, each.stored) for each in gone] == [(line_id, "not in the lake")]
    assert [(each.line_id, each.stored) for each in twice] == [(line_id, "in the lake 2 times")]


def test_a_changed_draft_is_found(house: House) -> None:
    """A draft whose total or lines say anything else than its rated lines is named."""
    with house.state.write() as connection:
        rows = connection.execute(sa.select(invoice_draft).order_by("closing_at")).mappings().all()
    first = rows[0]
    cheaper = json.loads(first["lines"])
    cheaper[0]["amount_cents"] -= 1
    told = []
    for values in ({"amount_cents": first["amount_cents"] + 1}, {"lines": json.dumps(cheaper)}):
        before = {name: first[name] for name in values}
        for change in (values, before):
            with house.state.write() as connection:
                connection.execute(
                    invoice_draft.update().where(invoice_draft.c.id == first["id"]).values(change)
                )
            told.append([each.what for each in found_in(house)])

    assert told == [["draft's amount_cents"], [], ["line of the draft"], []]


def test_a_line_of_no_draft_is_found(whole: Path, tmp_path: Path) -> None:
    """A stored line that names a draft nobody knows makes the verb fail, with what to do."""
    folder = Path(shutil.copytree(whole, tmp_path / "copy"))
    with in_house(folder, MARCH) as roof:
        frame = roof.house.lake.scan(RATED_LINE).head(1).collect()
        loose = frame.with_columns(id=pl.lit("loose"), draft_id=pl.lit("unknown"))
        roof.house.lake.append_unless(RATED_LINE, loose, column="id", value="loose")

    found = run(folder, exit_code=1)["differences"]

    assert [(each["line_id"], each["computed"]) for each in found] == [("loose", "no such draft")]
    assert "restore" in found[0]["cure"]
