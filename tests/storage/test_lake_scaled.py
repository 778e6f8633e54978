"""A lake on PostgreSQL and S3 takes many writers, and keeps every row exactly once."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import duckdb
import psycopg
import pytest
from psycopg import sql

from storage import lake as lake_module
from storage.lake import CompactionRules, Lake, LakePlace, LakeUnreachableError, StaleMarkError
from storage.lake_place import ATTACH_ATTEMPTS_MAX, METADATA_SCHEMA, attached
from storage.lake_tables import COST, USAGE
from storage.patience import PATIENCE
from tests.real_parts.s3 import S3Server, running_s3
from tests.storage.cut_line import Cut, cut_line
from tests.storage.frames import append_stretch, usage_rows

IN_MARCH = datetime(2026, 3, 20, tzinfo=UTC)
OFTEN = CompactionRules(files_min=3, mark_moves_kept=1, housekeeping_every=timedelta(0))
ROWS = 8


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    """Give a running S3 server."""
    with running_s3() as server:
        yield server


@pytest.fixture
def place(database_url: str, s3: S3Server, tmp_path: Path) -> LakePlace:
    """Give a place with an empty catalogue and an empty bucket of its own."""
    bucket = f"lake-{secrets.token_hex(4)}"
    s3.create_bucket(bucket)
    return LakePlace(
        tmp_path,
        catalog=database_url,
        data=f"s3://{bucket}/data",
        s3_endpoint=s3.url,
        s3_key_id=s3.key_id,
        s3_secret=s3.secret,
    )


@pytest.fixture
def lake(place: LakePlace) -> Iterator[Lake]:
    """Give an open lake there."""
    lake = Lake(place)
    yield lake
    lake.close()


def transaction_ids(lake: Lake) -> list[str]:
    """Return what polars and DuckDB both find, sorted."""
    by_polars = sorted(lake.scan(USAGE).collect()["transaction_id"])
    by_duckdb = lake.query("SELECT transaction_id FROM lake.raw.usage ORDER BY ALL")
    assert by_polars == sorted(by_duckdb["transaction_id"])
    return by_polars


@pytest.mark.parametrize("shards", [(0, 7), (0, 0)], ids=["two shards", "one shard"])
def test_two_processes_append_exactly_once(place: LakePlace, shards: tuple[int, int]) -> None:
    """Two processes that fill a new lake at once, even with the same rows, leave each row once."""
    processes = [
        get_context("spawn").Process(target=append_stretch, args=(place, shard, ROWS))
        for shard in shards
    ]
    for process in processes:
        process.start()
    lake = Lake(place)
    while any(process.is_alive() for process in processes):
        lake.compact(IN_MARCH, OFTEN)
    for process in processes:
        process.join()
    lake.compact(IN_MARCH, OFTEN)

    assert [process.exitcode for process in processes] == [0, 0]
    assert transaction_ids(lake) == sorted(f"{n}/{i + 1}" for n in set(shards) for i in range(ROWS))
    assert [lake.mark(f"usage_{shard}") for shard in shards] == [ROWS, ROWS]
    assert len(lake.files(USAGE)) == 1
    lake.close()


def test_two_workers_on_one_shard_fence_each_other(
    place: LakePlace, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two appends of one stretch that run at once, one is told that it is stale."""
    other = Lake(place)
    passed: list[str] = []

    def reached(name: str) -> None:
        passed.append(name)
        if passed.count("lake.append.inserted") == 1 and name == "lake.append.inserted":
            other.append_once("usage_0", 0, 5, {USAGE: usage_rows("other")})

    monkeypatch.setattr(lake_module, "reached", reached)

    with pytest.raises(StaleMarkError, match="not at 0"):
        lake.append_once("usage_0", 0, 5, {USAGE: usage_rows("mine")})
    assert transaction_ids(lake) == ["other"]
    assert lake.mark("usage_0") == 5
    other.close()


def test_a_clean_up_of_marks_disturbs_no_append(
    place: LakePlace, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An append that meets the clean-up of its own mark is kept, once."""
    other = Lake(place)
    passed: list[str] = []
    for mark in range(5):
        lake.append_once("usage_0", mark, mark + 1, {})

    def reached(name: str) -> None:
        passed.append(name)
        if name == "lake.append.inserted" and passed.count(name) == 1:
            other.compact(IN_MARCH, OFTEN)

    monkeypatch.setattr(lake_module, "reached", reached)

    lake.append_once("usage_0", 5, 6, {USAGE: usage_rows("mine")})

    assert passed.count("lake.append.committed") == 1
    assert transaction_ids(lake) == ["mine"]
    assert (lake.mark("usage_0"), other.mark("usage_0")) == (6, 6)
    other.close()


def test_one_file_is_imported_once_by_two_processes(
    place: LakePlace, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two imports of the same file that run at once leave one of them."""
    other = Lake(place)
    passed: list[str] = []
    row = usage_rows("a")

    def reached(name: str) -> None:
        passed.append(name)
        if name == "lake.append.inserted" and passed.count(name) == 1:
            assert other.append_unless(USAGE, row, column="transaction_id", value="a")

    monkeypatch.setattr(lake_module, "reached", reached)

    assert not lake.append_unless(USAGE, row, column="transaction_id", value="a")
    assert transaction_ids(lake) == ["a"]
    other.close()


def test_an_erasure_empties_s3(place: LakePlace, lake: Lake, s3: S3Server) -> None:
    """Erased rows leave no file behind that holds them, and the others are still there."""
    for mark, subscription in enumerate(["kept", "gone", "gone"]):
        frame = usage_rows(str(mark), subscription_id=subscription)
        lake.append_once("usage_0", mark, mark + 1, {USAGE: frame})
    lake.compact(IN_MARCH)

    counts = lake.erase([USAGE, COST], {"service": "nexadesk"})
    assert counts == {"raw.usage": 3, "raw.cost": 0}
    assert transaction_ids(lake) == []
    assert "/raw/usage/" not in s3.objects(urlsplit(place.data).netloc)


def test_a_reading_role_reads_and_cannot_write(
    place: LakePlace, lake: Lake, database_url: str
) -> None:
    """PostgreSQL itself lets an analyst's SELECT-only role query, and refuses its writing."""
    lake.append_once("usage_0", 0, 1, {USAGE: usage_rows("a", "b")})
    with psycopg.connect(database_url, autocommit=True) as connection:
        role = sql.Identifier(f"analyst_{secrets.token_hex(4)}")
        schema = sql.Identifier(METADATA_SCHEMA)
        for grant in (
            sql.SQL("CREATE ROLE {role} LOGIN PASSWORD 'read'"),
            sql.SQL("GRANT USAGE ON SCHEMA {schema} TO {role}"),
            sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}"),
        ):
            connection.execute(grant.format(role=role, schema=schema))
    parts = urlsplit(database_url)
    reading = f"{role.as_string(None).strip(chr(34))}:read@{parts.hostname}:{parts.port}"
    analyst = attached(
        LakePlace(
            place.folder,
            catalog=urlunsplit(parts._replace(netloc=reading)),
            data=place.data,
            s3_endpoint=place.s3_endpoint,
            s3_key_id=place.s3_key_id,
            s3_secret=place.s3_secret,
        )
    )

    assert analyst.sql("SELECT count(*) FROM lake.raw.usage").fetchone() == (2,)
    with pytest.raises(duckdb.Error, match="permission denied"):
        analyst.execute("DELETE FROM lake.raw.usage")
    with pytest.raises(duckdb.Error, match="permission denied"):
        analyst.execute("INSERT INTO lake.raw.usage (transaction_id) VALUES ('c')")
    assert transaction_ids(lake) == ["a", "b"]
    analyst.close()


def test_no_secret_is_shown(place: LakePlace, lake: Lake, database_url: str) -> None:
    """Neither a question to the lake nor a failure to reach it tells a password."""
    password = urlsplit(database_url).password or ""
    asked = ("SELECT * FROM duckdb_databases()", "SELECT * FROM duckdb_secrets()")
    shown = " ".join(str(lake.query(question).rows()) for question in asked)

    assert password not in shown
    assert place.s3_secret not in shown
    wrong = LakePlace(place.folder, catalog=database_url.replace(password, "hunter2"))
    with pytest.raises(LakeUnreachableError) as refused:
        Lake(wrong)
    assert "hunter2" not in f"{refused.value!r} {refused.value.__cause__!r}"
    with pytest.raises(ValueError, match="libpq") as unread:
        Lake(LakePlace(place.folder, catalog="postgres:password=hunter2 and more"))
    assert "hunter2" not in str(unread.value)


def test_the_catalogue_may_be_in_postgresql_alone(database_url: str, tmp_path: Path) -> None:
    """With data on this machine, two lakes at one place see each other's rows."""
    place = LakePlace(tmp_path, catalog=f"postgres:{database_url}")
    first, second = Lake(place), Lake(place)

    first.append_once("usage_0", 0, 1, {USAGE: usage_rows("a")})
    second.append_once("usage_1", 0, 1, {USAGE: usage_rows("b", shard=1)})

    assert transaction_ids(first) == transaction_ids(second) == ["a", "b"]
    assert [str(tmp_path) in path for path, _ in first.files(USAGE)] == [True, True]
    first.close()
    second.close()


def test_an_embedded_lake_may_keep_its_data_in_s3(place: LakePlace) -> None:
    """A catalogue in the folder and data in S3 go together."""
    lake = Lake(
        LakePlace(
            place.folder,
            data=place.data,
            s3_endpoint=place.s3_endpoint,
            s3_key_id=place.s3_key_id,
            s3_secret=place.s3_secret,
        )
    )

    lake.append_once("usage_0", 0, 1, {USAGE: usage_rows("a")})

    assert transaction_ids(lake) == ["a"]
    lake.close()


@pytest.mark.parametrize("cuts_count", [1, ATTACH_ATTEMPTS_MAX - 1, ATTACH_ATTEMPTS_MAX])
def test_a_catalogue_that_is_slow_to_answer_is_asked_again(
    place: LakePlace, lake: Lake, monkeypatch: pytest.MonkeyPatch, cuts_count: int
) -> None:
    """Fewer silences than the limit are waited out; at the limit the last one is told."""
    monkeypatch.setitem(PATIENCE, "connect_timeout", "2")
    server = urlsplit(place.catalog)
    with cut_line((str(server.hostname), int(server.port or 0)), b"user", Cut.MUTE) as line:
        line.cuts_max = cuts_count
        account = f"{server.username}:{server.password}"
        slow = replace(
            place, catalog=urlunsplit(server._replace(netloc=f"{account}@127.0.0.1:{line.port}"))
        )
        if cuts_count < ATTACH_ATTEMPTS_MAX:
            attached(slow).close()
        else:
            with pytest.raises(LakeUnreachableError, match="timeout expired"):
                attached(slow)

    assert line.cuts_count == cuts_count
