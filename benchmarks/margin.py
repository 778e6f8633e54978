"""Margin: pages over two years of accounts, beside the bare DuckDB query of their figures.

Also the mart: filled from nothing, and brought up to date after one day's change.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
from fastapi import FastAPI
from fastapi.testclient import TestClient

from benchmarks.figures import Figure, Other, Taken, percentile, seconds, taken
from benchmarks.workload import SEED
from dashboards.mart.reading import read_cube
from dashboards.mart.refresh import refresh_margin
from dashboards.routes import router
from storage.lake import Lake
from storage.lake_tables import COST, MARGIN_DAILY, RATED_LINE
from storage.state import State, open_state

NOW = datetime(2026, 12, 2, tzinfo=UTC)
MONTHS = [date(2024, 12, 1), *(date(2025 + place // 12, place % 12 + 1, 1) for place in range(23))]
METRICS = ("tokens", "minutes", "messages", "pages", "searches", "seats")
METRICS_USED = 2
SERVICES = ("nexacloud", "nexadesk", "nexavoice")
QUESTIONS = (
    "", "/margin", "/margin/customers?sort=-revenue", "/margin/negative", "/bridge", "/cogs",
    "/margin/service?service={service}", "/margin/customer?service={service}&account={account}",
    "/margin/metric?service={service}&metric=tokens", "/cogs/prices",
    "/trace/revenue?service={service}&account={account}",
    "/trace/cogs?service={service}&account={account}",
)  # fmt: skip
# What the matrix page shows, as an analyst would ask it.
BARE = """
    SELECT service, month, sum(revenue_cents), sum(cogs_cad)
    FROM read_parquet(?) GROUP BY ALL ORDER BY ALL
"""


def margin_figures(folder: Path, accounts_count: int) -> Iterator[Figure | str]:
    """Yield pages a second of new and of repeated questions, and days a second of the mart."""
    lake, state = Lake(folder / "lake"), open_state("", folder)
    _fill(lake, accounts_count)
    filled = seconds(lambda: refresh_margin(lake, state, at=NOW))
    rows = lake.scan(MARGIN_DAILY).select(pl.len()).collect().item()
    yield f"mart of {rows:,} rows filled from nothing in {filled:,.1f} s"
    lake.append_unless(COST, _costs(MONTHS[-2], 3, "late"), column="import_id", value="late")
    changed = seconds(lambda: refresh_margin(lake, state, at=NOW))
    yield Figure("one day's change in the mart", "refreshes", 1 / changed, [
        Other("filling it from nothing", 1 / filled),
    ])  # fmt: skip
    yield from _pages(lake, state, accounts_count)
    state.close()
    lake.close()


def _pages(lake: Lake, state: State, accounts_count: int) -> Iterator[Figure | str]:
    cold = seconds(lambda: read_cube(lake, state))
    yield f"a process that starts reads the mart in {cold * 1000:,.0f} ms"
    app = FastAPI()
    app.state.lake, app.state.state, app.state.clock = lake, state, lambda: NOW
    app.include_router(router)
    client = TestClient(app)
    client.get("/dashboards")
    files = [path for path, _ in lake.files(MARGIN_DAILY)]
    with duckdb.connect() as bare:
        bare.execute(BARE, [files]).fetchall()
        theirs = [seconds(lambda: bare.execute(BARE, [files]).fetchall()) for _ in range(5)]
    other = Other("the bare DuckDB query (limit)", 5 / sum(theirs))
    new: dict[str, list[Taken]] = {}
    repeated: dict[str, list[Taken]] = {}
    for address in _addresses(accounts_count):
        page = address.partition("?")[0]
        new.setdefault(page, []).append(_asked(client, address))
        repeated.setdefault(page, []).append(_asked(client, address))
    for what, by_page in (("a new question", new), ("a question asked before", repeated)):
        for page, times in by_page.items():
            yield f"{page:<30} {what:<24} {_told(times)}"
        every = [each for times in by_page.values() for each in times]
        yield Figure(f"pages, {what}", "pages", _rate(every), [other], _told(every))
    yield Figure("the page of the bare query's figures, new", "pages",
                 _rate(new["/dashboards/margin"]), [other])  # fmt: skip


def _rate(times: Sequence[Taken]) -> float:
    return len(times) / sum(each.seconds for each in times)


def _told(times: Sequence[Taken]) -> str:
    return ", ".join(
        f"p{part * 100:.0f} {percentile([each.seconds for each in times], part) * 1000:,.1f} "
        f"ms (CPU {percentile([each.cpu_seconds for each in times], part) * 1000:,.1f} ms)"
        for part in (0.5, 0.95)
    )


def _addresses(accounts_count: int) -> Iterator[str]:
    chance = random.Random(SEED)
    for month in MONTHS[-12:]:
        for question in QUESTIONS:
            service = chance.choice(SERVICES)
            account = _account(chance.randrange(accounts_count))
            path = question.format(service=service, account=account)
            yield f"/dashboards{path}{'&' if '?' in path else '?'}month={month:%Y-%m}"


def _asked(client: TestClient, address: str) -> Taken:
    answers: list[int] = []
    time_taken = taken(lambda: answers.append(client.get(address).status_code))
    assert answers == [200], address
    return time_taken


def _fill(lake: Lake, accounts_count: int) -> None:
    places = pl.DataFrame({"place": range(accounts_count * METRICS_USED)})
    lines = pl.concat([_lines(places, month) for month in MONTHS])
    lake.append_unless(RATED_LINE, lines, column="id", value="none")
    costs = pl.concat([_costs(month, accounts_count * METRICS_USED, "first") for month in MONTHS])
    lake.append_unless(COST, costs, column="import_id", value="first")


def _owned(places: pl.DataFrame, month: date) -> pl.DataFrame:
    account = pl.col("place") // METRICS_USED
    index = (account + pl.col("place") % METRICS_USED) % len(METRICS)
    return places.select(
        month=pl.lit(month),
        account_id=pl.format("account-{}", account),
        service=(account % len(SERVICES)).replace_strict(dict(enumerate(SERVICES))),
        metric_code=index.replace_strict(dict(enumerate(METRICS))),
        units=(pl.col("place") * 7919 + month.month * 131) % 9973 + 1,
    )


def _lines(places: pl.DataFrame, month: date) -> pl.DataFrame:
    start = datetime(month.year, month.month, 1, 5, tzinfo=UTC)
    end = datetime(month.year + month.month // 12, month.month % 12 + 1, 1, 5, tzinfo=UTC)
    known = _owned(places, month).with_columns(
        id=pl.format("line-{}-{}-{}", "account_id", "metric_code", pl.lit(str(month))),
        kind=pl.lit("charge"), plan_code=pl.lit("pro"), currency=pl.lit("CAD"),
        period_start=pl.lit(start), period_end=pl.lit(end), quantity="units",
        quantity_included=pl.lit(0), amount_cents=pl.col("units") * 3, rated_at=pl.lit(NOW),
        watermark=pl.lit("usage_0:1"),
    )  # fmt: skip
    return _typed(known, RATED_LINE.polars_schema)


def _costs(month: date, count: int, import_id: str) -> pl.DataFrame:
    places = pl.DataFrame({"place": range(count)})
    start = datetime(month.year, month.month, 1, 5, tzinfo=UTC)
    known = _owned(places, month).with_columns(
        day=pl.lit(month), last_day=pl.lit(month), charge_period_start=pl.lit(start),
        charge_period_end=pl.lit(start), provider=pl.lit("Example Cloud"),
        provider_service=pl.lit("Compute"), charge_category=pl.lit("Usage"),
        billing_currency=pl.lit("CAD"), fx_rate=pl.lit(Decimal(1)), import_id=pl.lit(import_id),
        effective_cost=pl.col("units").cast(pl.Decimal(38, 12)) / 50,
        cogs_cad=pl.col("units").cast(pl.Decimal(38, 12)) / 50,
        billed_cost=pl.col("units").cast(pl.Decimal(38, 12)) / 50,
        row_number=pl.int_range(1, pl.len() + 1), source=pl.lit("bench"), revision=pl.lit(1),
        source_key=pl.format("{}-{}-{}", pl.lit(import_id), "account_id", "metric_code"),
        is_withdrawn=pl.lit(value=False), recorded_at=pl.lit(NOW),
    )  # fmt: skip
    return _typed(known, COST.polars_schema)


def _typed(known: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    absent = [pl.lit(None).alias(name) for name in schema if name not in known.columns]
    return known.with_columns(absent).select(
        pl.col(name).cast(kind) for name, kind in schema.items()
    )


def _account(place: int) -> str:
    return f"account-{place}"
