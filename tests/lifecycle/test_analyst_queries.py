"""docs/analysts.md as an analyst follows it: every block runs beside a house that is writing."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec import Raw

from catalog.store import services
from fusion_billing.billing import bill_services
from fusion_billing.clock import TestClock
from fusion_billing.house import House, opened_house
from fusion_billing.rolling_up import roll_up_usage
from fusion_billing.settings import Settings
from ingest.inbox_body import events_body, revisions_body
from ingest.push import Door, push_of
from ingest.usage_event import UsageRevision
from storage.lake import CompactionRules, Lake, LakePlace
from storage.lake_tables import USAGE
from storage.published import publish_catalog, published_path
from tests.fusion_billing.conftest import OPENED_AT, Roof, open_roof
from tests.fusion_billing.makers import a_service
from tests.ingest.makers import NOW, an_event
from tests.ingest.running_ingest import Ingest
from tests.lifecycle.documented_examples import Block, blocks_of
from tests.plain_duckdb import plain_duckdb
from tests.real_parts import POSTGRES, PostgresServer, require, running_postgres
from tests.real_parts.s3 import S3Server, running_s3
from tests.storage.frames import usage_rows

PAGE = Path(__file__).parents[2] / "docs" / "analysts.md"
DOCUMENTED_LAKE = "fusion-data/lake/published.sqlite"
PYTHON = ("attach", "polars-answer", "polars-scan")
ELSEWHERE = ("role", "attach-shared")
MACRO = "usage-effective"
FEBRUARY = datetime(2026, 2, 1, 5, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECONDS_MAX = 120
# A slow query would draw a bar between the answers.
QUIETLY = "SET enable_progress_bar = false; "
Answer = list[dict[str, Any]]


def named_block(name: str) -> Block:
    """Return the page's block of a name."""
    (block,) = [block for block in blocks_of(PAGE) if block.name == name]
    return block


def queries() -> dict[str, str]:
    """Return the page's questions in SQL, by name."""
    return {
        block.name: block.text.strip()
        for block in blocks_of(PAGE)
        if block.language == "sql" and block.name not in {MACRO, *ELSEWHERE}
    }


def tokens_of(account: int, month: int, day: int) -> int:
    """Return how many tokens an account uses on a day of the world."""
    return 100 * account + 10 * month + 10 * day


def an_use(account: int, month: int, day: int) -> dict[str, object]:
    """Return the push of an account's tokens of a day, at noon in Toronto."""
    at = datetime(2026, month, day, 17, tzinfo=UTC)
    return {
        "transaction_id": f"tokens-{month}-{day}",
        "external_subscription_id": f"{ACCOUNTS[account]}-team",
        "code": "tokens",
        "timestamp": int(at.timestamp()),
        "properties": {"tokens": tokens_of(account, month, day)},
    }


ACCOUNTS = ("acme", "globex")
DAYS = (1, 2, 15, 28)


def tell_catalog(roof: Roof) -> None:
    """Create two metrics, a plan with a quota of 100 tokens, two accounts and subscriptions."""
    sane = {"aggregation_type": "sum_agg"}
    metrics = [
        {"name": "Tokens", "code": "tokens", "field_name": "tokens"},
        {
            "name": "Minutes", "code": "minutes", "field_name": "minutes",
            "counter_semantics": "cumulative",
        },
    ]  # fmt: skip
    ids = [
        roof.post("/billable_metrics", {"billable_metric": sane | metric})["billable_metric"][
            "lago_id"
        ]
        for metric in metrics
    ]
    charge = {
        "billable_metric_id": ids[0], "charge_model": "standard",
        "properties": {"amount": "0.01", "included_quota": "100"},
    }  # fmt: skip
    plan = {
        "name": "Team", "code": "team", "interval": "monthly", "amount_cents": 5_000,
        "amount_currency": "CAD", "charges": [charge],
    }  # fmt: skip
    roof.post("/plans", {"plan": plan})
    for account in ACCOUNTS:
        customer = {"external_id": account, "country": "CA", "state": "ON"}
        roof.post("/customers", {"customer": customer})
        subscription = {
            "external_customer_id": account, "plan_code": "team", "external_id": f"{account}-team",
        }  # fmt: skip
        roof.post("/subscriptions", {"subscription": subscription})


def tell_usage(roof: Roof) -> None:
    """Push two months of tokens; bill them; a late event, faulty ones, counters, a correction."""
    for month, closing in ((1, FEBRUARY), (2, MARCH)):
        roof.clock.advance(closing - HOUR)
        used = [an_use(who, month, day) for who in range(len(ACCOUNTS)) for day in DAYS]
        roof.post("/events/batch", {"events": used})
        roof.clock.advance(closing)
        bill_services(roof.house, at=closing)
    strange = an_use(0, 2, 3) | {"code": "unheard_of"}
    odd = an_use(0, 2, 4) | {"properties": {"tokens": "many"}}
    roof.post("/events/batch", {"events": [strange, odd]})
    for number, value in enumerate(("60", "70", "75")):
        tell_reading(roof, f"first-{number}", "2026-02-10T17:00:00Z", value)
    tell_reading(roof, "second", "2026-02-11T17:00:00Z", "100")
    amended = an_use(0, 1, 1) | {"properties": Raw(b'{"tokens": 1}'), "transaction_id": "mend-1"}
    voided = an_use(0, 1, 2) | {"properties": Raw(b"{}"), "transaction_id": "mend-2"}
    correct(roof, amended, "e:tokens-1-1", is_void=False)
    correct(roof, voided | {"properties": Raw(b'{"tokens": 0}')}, "e:tokens-1-2", is_void=True)


def tell_reading(roof: Roof, name: str, window_end: str, value: str) -> None:
    """Push one reading of acme's minutes."""
    push = {
        "transaction_id": name, "external_subscription_id": "acme-team", "code": "minutes",
        "window_end": window_end, "value": value,
    }  # fmt: skip
    answer = roof.client.put("/api/v1/usage", json={"usage": push}, headers=roof.headers)
    assert answer.status_code == 200, answer.text


def correct(roof: Roof, usage: dict[str, object], fact_id: str, *, is_void: bool) -> None:
    """Push one row of a correction."""
    row = UsageRevision(**usage, fact_id=fact_id, is_void=is_void, correction_id="correction-1")  # type: ignore[arg-type]
    body, second = revisions_body([row]), int(roof.clock().timestamp())
    push = push_of("nexadesk", [row], body, Door.REVISIONS, second)
    asyncio.run(roof.house.intake.take_in(push))


@contextmanager
def somebody_writing(house: House) -> Iterator[None]:
    """Let another service push and flush all the while."""
    stopping = threading.Event()

    def write() -> None:
        for number in count():
            if stopping.is_set():
                return
            event = an_event(f"noise-{number}")
            push = push_of("noise", [event], events_body([event]), Door.EVENTS, 0)
            house.intake.take_in_now(push)
            house.flusher.flush()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        stopping.set()
        writer.join()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Give a house that took in, billed and rolled up two months, and published them."""
    clock = TestClock(OPENED_AT)
    settings = Settings(data_dir=tmp_path_factory.mktemp("analysts"))
    with opened_house(settings, clock) as house:
        with house.state.write() as connection:
            services.add_service(connection, a_service(OPENED_AT))
        with open_roof(house, clock) as roof:
            tell_catalog(roof)
            tell_usage(roof)
        house.flusher.flush()
        roll_up_usage(house, at=clock())
        publish_catalog(house.lake.folder)
        yield house


@pytest.fixture(scope="module")
def answers(house: House) -> dict[str, Answer]:
    """Ask all questions of the page in one plain process, while another service writes."""
    asked = ", ".join(
        f"'{name}': (SELECT list(answer) FROM ({query}) AS answer)"  # noqa: S608 - the page's own
        for name, query in queries().items()
    )
    question = f"{QUIETLY}{named_block(MACRO).text} SELECT to_json({{{asked}}})"
    with somebody_writing(house):
        published = publish_catalog(house.lake.folder)
        answered = plain_duckdb(published, question)
    found: dict[str, Answer] = json.loads(answered, parse_float=Decimal)
    return {
        name: [row for row in rows or [] if row.get("service", "nexadesk") == "nexadesk"]
        for name, rows in found.items()
    }


def used(account: int, month: int) -> int:
    """Return an account's tokens of a month, as they were pushed."""
    return sum(tokens_of(account, month, day) for day in DAYS)


def test_every_block_has_its_use() -> None:
    """Each block of the page is executed below, and ten or more of them are questions."""
    blocks = blocks_of(PAGE)

    assert {block.name for block in blocks} == {*PYTHON, *ELSEWHERE, MACRO, *queries()}
    assert len(queries()) >= 10


def test_daily_usage_adds_up(answers: dict[str, Answer]) -> None:
    """Days hold what was pushed, less what was voided, as corrected; readings are differences."""
    days = {(row["metric_code"], row["day"]): row for row in answers["daily-usage"]}

    assert days["tokens", "2026-01-15"]["quantity"] == sum(tokens_of(who, 1, 15) for who in (0, 1))
    assert days["tokens", "2026-01-01"]["quantity"] == 1 + tokens_of(1, 1, 1)
    assert days["tokens", "2026-01-02"]["quantity"] == tokens_of(1, 1, 2)
    assert [days["minutes", f"2026-02-{day}"]["quantity"] for day in (10, 11)] == [75, 25]
    assert len(days) == 2 * len(DAYS) + 2


def test_months_compare(answers: dict[str, Answer]) -> None:
    """The difference of two months is that of their sums."""
    january = used(0, 1) + used(1, 1) - tokens_of(0, 1, 1) - tokens_of(0, 1, 2) + 1
    rows = [row for row in answers["month-over-month"] if row["metric_code"] == "tokens"]

    assert [row["quantity"] for row in rows] == [january, used(0, 2) + used(1, 2)]
    assert rows[1]["difference"] == rows[1]["quantity"] - january


def test_money_is_what_was_billed(answers: dict[str, Answer]) -> None:
    """Customers, overage and revenue of a unit come to the same cents and units."""
    overage = sum(used(who, month) - 100 for who in (0, 1) for month in (1, 2))
    amounts = {row["account_id"]: row["amount"] for row in answers["top-customers"]}
    (tokens,) = answers["revenue-per-unit"]

    assert sum(row["overage"] for row in answers["overage-share"]) == overage == tokens["cents"]
    assert sum(amounts.values()) * 100 == overage + 4 * 5_000
    assert tokens["units"] == overage + 4 * 100
    assert list(amounts) == ["globex", "acme"]


def test_raw_rows_are_told_apart(answers: dict[str, Answer]) -> None:
    """What came late, what is in quarantine, and what was replaced, is counted row by row."""
    reasons = {row["metric_code"]: row["reason"] for row in answers["quarantine-by-reason"]}
    (replaced,) = answers["counters-replaced"]
    weights = {row["metric_code"]: row["row_count"] for row in answers["heaviest-metrics"]}
    late = {row["metric_code"]: row["events"] for row in answers["late-arrivals"]}

    assert set(reasons) == {"unheard_of", "tokens"}
    assert (replaced["pushes"], replaced["first_value"], replaced["value_now"]) == (3, 60, 75)
    assert weights == {"tokens": 4 * len(DAYS) + 2, "minutes": 4}
    # The last of February was told within the day, by both accounts.
    assert late == {"tokens": 4 * len(DAYS) - 2}
    assert [row["facts"] for row in answers["changed-by-corrections"]] == [2]


def test_a_rated_line_is_reproduced(answers: dict[str, Answer]) -> None:
    """At the line's watermark there were no corrections yet: its quantity is found again."""
    (line,) = answers["reproduce-a-line"]

    assert line["billed"] == line["reproduced"] == used(0, 1)
    assert line["events"] == len(DAYS)


def test_every_table_is_explained(answers: dict[str, Answer]) -> None:
    """Every column that analysts see has its comment, and the page names each table."""
    columns, page = answers["comments"], PAGE.read_text()

    assert [row for row in columns if not row["comment"]] == []
    for row in columns:
        assert f"`{row['schema_name']}.{row['table_name']}`" in page
    assert len(answers["snapshots"]) > 5


def test_effective_usage_in_sql_is_the_roll_up(house: House) -> None:
    """The macro's days, for every metric, are those of mart.usage_daily."""
    by_macro = """
        SELECT metric_code, (occurred_at AT TIME ZONE 'America/Toronto')::DATE AS day,
            count(*) AS events, sum(used) AS quantity
        FROM usage_effective() WHERE service = 'nexadesk' GROUP BY ALL"""
    by_day = """
        SELECT metric_code, day, sum(events_count)::BIGINT, sum(value_sum)
        FROM lake.mart.usage_daily WHERE service = 'nexadesk' GROUP BY ALL"""
    question = f"""{QUIETLY}{named_block(MACRO).text}
        SELECT (SELECT count(*) FROM ({by_day})) || '/' || count(*)
        FROM ({by_macro} INTERSECT {by_day})"""  # noqa: S608 - the page's own

    same, every = plain_duckdb(published_path(house.lake.folder), question).split("/")

    assert same == every == str(2 * len(DAYS) + 2)


def run_plainly(program: str, folder: Path) -> str:
    """Run a program in a plain process and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        cwd=folder,
        env=os.environ | {"HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_python_examples_run(house: House, tmp_path: Path) -> None:
    """Attached as the page says, polars finds the same rows through DuckDB and in the files."""
    program = "\n".join(named_block(name).text for name in PYTHON)
    program = program.replace(DOCUMENTED_LAKE, str(published_path(house.lake.folder)))
    program += "\nprint(tokens.item(), days['events_count'].sum())"

    printed = run_plainly(program, tmp_path).splitlines()[-1].split()

    assert [int(word) for word in printed] == [4 * len(DAYS), 4 * len(DAYS) - 1 + 2]


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
        published = publish_catalog(ingest.lake.folder)
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
    published = publish_catalog(ingest.lake.folder)
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
            publish_catalog(ingest.lake.folder)

    assert reader.wait(SECONDS_MAX) == 0
    assert int(reader.stdout.read()) > 3
    reader.stdout.close()
    ingest.stop()
