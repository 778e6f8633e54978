"""docs/analysts.md as an analyst follows it: every block runs beside a house that is writing."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

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
from storage.published import publish_catalog, published_path
from tests.fusion_billing.conftest import OPENED_AT, Roof, open_roof
from tests.fusion_billing.makers import a_service
from tests.ingest.makers import an_event
from tests.lifecycle.analyst_page import PAGE, named_block, run_plainly
from tests.lifecycle.documented_examples import blocks_of
from tests.plain_duckdb import plain_duckdb

DOCUMENTED_LAKE = "fusion-data/lake/published.sqlite"
PYTHON = ("attach", "polars-answer", "polars-scan")
ELSEWHERE = ("role", "attach-shared")
MACRO = "usage-effective"
FEBRUARY = datetime(2026, 2, 1, 5, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
# A slow query would draw a bar between the answers.
QUIETLY = "SET enable_progress_bar = false; "
Answer = list[dict[str, Any]]


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
        publish_catalog(house.lake.place.folder, house.lake.place.data_path)
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
        published = publish_catalog(house.lake.place.folder, house.lake.place.data_path)
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


def test_python_examples_run(house: House, tmp_path: Path) -> None:
    """Attached as the page says, polars finds the same rows through DuckDB and in the files."""
    program = "\n".join(named_block(name).text for name in PYTHON)
    program = program.replace(DOCUMENTED_LAKE, str(published_path(house.lake.folder)))
    program += "\nprint(tokens.item(), days['events_count'].sum())"

    printed = run_plainly(program, tmp_path).splitlines()[-1].split()

    assert [int(word) for word in printed] == [4 * len(DAYS), 4 * len(DAYS) - 1 + 2]
