"""Who may only read can read the lake, and nothing else, while the house is writing."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from storage.lake import CompactionRules, Lake, LakePlace
from storage.lake_tables import USAGE
from storage.published import publish_catalog
from tests.ingest.makers import NOW, an_event
from tests.ingest.running_ingest import Ingest
from tests.lifecycle.analyst_page import SECONDS_MAX, named_block, run_plainly
from tests.real_parts import POSTGRES, PostgresServer, require, running_postgres
from tests.real_parts.s3 import S3Server, running_s3
from tests.storage.frames import usage_rows

UNPRIVILEGED = """
import os, duckdb, duckdb_extensions, importlib.readers
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
for name in ("ducklake", "sqlite_scanner"):
    duckdb_extensions.import_extension(name)

def answer(words):
    db = duckdb.connect()
    db.execute("SET enable_progress_bar = false")
    try:
        db.execute("ATTACH 'ducklake:sqlite:" + words)
        found = db.sql("SELECT count(*) FROM lake.raw.usage").fetchone()[0]
        db.execute("DELETE FROM lake.raw.usage")
    except duckdb.Error as error:
        return found if "read-only" in str(error) or "readonly" in str(error) else str(error)
    return "deleted"
"""


def test_who_may_only_read_can_read() -> None:
    """An account that may write nothing reads the copy, also at another path, and deletes none."""
    folder = Path(tempfile.mkdtemp(prefix="analysts-"))
    home, moved = folder / "home", folder / "moved"
    try:
        ingest = Ingest.start(folder / "house")
        ingest.push(an_event("1"))
        ingest.flusher.flush()
        published = publish_catalog(ingest.lake.place.folder, ingest.lake.place.data_path)
        ingest.stop()
        shutil.copytree(ingest.lake.folder, moved)
        (moved / "data" / "elsewhere").mkdir()
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        folder.chmod(0o755)
        home.mkdir()
        home.chmod(0o777)
        elsewhere = f"{moved}/published.sqlite' AS lake (READ_ONLY, DATA_PATH '{moved}/data/', "
        asked = [
            f"{published}' AS lake (READ_ONLY)",
            f"{published}' AS lake",
            f"{elsewhere} OVERRIDE_DATA_PATH true)",
        ]
        program = f"{UNPRIVILEGED}\nprint([answer(words) for words in {asked!r}])"

        assert run_plainly(program, home).strip() == "[1, 1, 1]"
    finally:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755)
        shutil.rmtree(folder)


def test_a_role_that_may_only_select_reads_the_shared_lake(tmp_path: Path) -> None:
    """The role and the attachment of the page read catalogue and bucket, and delete nothing."""
    with running_postgres(require(POSTGRES)) as server, running_s3() as s3:
        server.create_database("analysts")
        s3.create_bucket("usage")
        url = server.url("analysts")
        place = LakePlace(
            tmp_path, catalog=url, data="s3://usage/data", s3_endpoint=s3.url,
            s3_key_id=s3.key_id, s3_secret=s3.secret,
        )  # fmt: skip
        lake = Lake(place)
        lake.append_once("usage_0", 0, 1, {USAGE: usage_rows("a")})
        with psycopg.connect(url, autocommit=True) as connection:
            role = named_block("role").text
            connection.execute(role.replace("FOR ROLE fusion", f"FOR ROLE {server.user}"))
        # A stream of its own makes a table that the catalogue did not have before.
        lake.append_once("usage_1", 0, 1, {USAGE: usage_rows("b", shard=1)})
        program = program_of_an_analyst(server, s3)

        printed = run_plainly(program, tmp_path).splitlines()

        assert printed[-2:] == ["2 1 1", "refused"]
        lake.close()


def program_of_an_analyst(server: PostgresServer, s3: S3Server) -> str:
    """Return the page's attachment with the addresses of these servers, and what is asked then."""
    address = f"host={server.host} port={server.port} dbname=analysts"
    program = named_block("attach-shared").text
    for written, real in (
        ("'key id', SECRET 'secret'", f"'{s3.key_id}', SECRET '{s3.secret}'"),
        ("'ca-central-1'", f"'us-east-1', ENDPOINT '{s3.url[7:]}', URL_STYLE 'path', USE_SSL 0"),
        ("host=db.example.com dbname=fusion", address),
        ("password=secret", "password=''a password''"),
    ):
        assert written in program
        program = program.replace(written, real)
    return program + REFUSED.replace("ADDRESS", f"{address} user=analyst password=''a password''")


REFUSED = """
print(*[db.sql(f"SELECT count(*) FROM lake.{name}").fetchone()[0]
        for name in ("raw.usage", "ops.mark_usage_0", "ops.mark_usage_1")])
db.execute("ATTACH 'postgres:ADDRESS' AS direct")
try:
    db.execute("DELETE FROM direct.lake.ducklake_snapshot")
except duckdb.Error as error:
    assert "permission denied" in str(error), error
    print("refused")
"""
READER = """
import sys, time, duckdb, duckdb_extensions
for name in ("ducklake", "sqlite_scanner"):
    duckdb_extensions.import_extension(name)

def attached():
    db = duckdb.connect()
    db.execute("SET enable_progress_bar = false")
    db.execute(f"ATTACH 'ducklake:sqlite:{sys.argv[1]}' AS lake (READ_ONLY)")
    return db

def events(db):
    count, total = db.sql("SELECT count(*), sum(value) FROM lake.raw.usage").fetchone()
    assert total == 7 * count, (count, total)
    return count

patient = attached()
last, reads = events(patient), 0
print("reading", flush=True)
while last < int(sys.argv[2]):
    with attached() as fresh:
        seen = [events(fresh), events(patient)]
    assert last <= min(seen), (last, seen)
    last, reads = min(seen), reads + 1
    time.sleep(0.5)
print(reads)
"""


@pytest.mark.parametrize("flushes", [40, pytest.param(200, marks=pytest.mark.nightly)])
def test_the_copy_is_readable_while_all_goes_on(tmp_path: Path, flushes: int) -> None:
    """During many flushes, with merges and publications, every read is of whole commits."""
    ingest = Ingest.start(tmp_path)
    ingest.push(an_event("0"))
    ingest.flusher.flush()
    published = publish_catalog(ingest.lake.place.folder, ingest.lake.place.data_path)
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(published), str(flushes + 1)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == "reading\n"
    for number in range(1, flushes + 1):
        ingest.push(an_event(str(number)))
        ingest.flusher.flush()
        if number % 10 == 0:
            ingest.lake.compact(NOW, CompactionRules(files_min=4))
            publish_catalog(ingest.lake.place.folder, ingest.lake.place.data_path)

    assert reader.wait(SECONDS_MAX) == 0
    assert int(reader.stdout.read()) > 3
    reader.stdout.close()
    ingest.stop()
