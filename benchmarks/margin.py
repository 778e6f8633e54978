"""Margin: pages over two years of accounts, beside the bare DuckDB query of their figures.

Also the mart: filled from nothing, and brought up to date after one day's change.
"""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import polars as pl
from fastapi import FastAPI
from fastapi.testclient import TestClient

from benchmarks.figures import Figure, Other, Taken, percentile, seconds, taken
from benchmarks.margin_world import (
    MONTHS,
    NOW,
    PROVIDER,
    account_of,
    bill_of,
    costs_of,
    filled,
    line_of,
    service_of,
)
from benchmarks.workload import SEED
from dashboards.mart.reading import read_cube
from dashboards.mart.refresh import refresh_margin
from dashboards.pages import compile_templates
from dashboards.routes import router
from fusion_billing.commands.serving import spare_collections
from storage.lake import Lake
from storage.lake_tables import COST, MARGIN_DAILY
from storage.state import State, open_state

QUESTIONS = (
    "", "/margin", "/margin/customers?sort=-revenue", "/margin/negative", "/bridge", "/cogs",
    "/margin/service?service={service}", "/margin/customer?service={service}&account={account}",
    "/margin/metric?service={service}&metric=tokens", "/margin/metrics", "/margin/days",
    "/cogs/unattributed", "/cogs/prices", "/revenue", "/invoiced", "/mrr", "/close",
    "/margin/table", "/rated_lines", "/costs",
    "/trace/revenue?service={service}&account={account}",
    "/trace/cogs?service={service}&account={account}",
    "/trace/bill?provider={provider}&invoice={bill}", "/trace/invoice?line={line}",
)  # fmt: skip
# Another basis and another time are asked for once beforehand, as the first page of today is.
STATES = ("?basis=invoiced", "?as_of=2026-11-15")
# What the matrix page shows, as an analyst would ask it.
BARE = """
    SELECT service, month, sum(revenue_cents), sum(cogs_cad)
    FROM read_parquet(?) GROUP BY ALL ORDER BY ALL
"""


def margin_figures(folder: Path, accounts_count: int) -> Iterator[Figure | str]:
    """Yield pages a second of new and of repeated questions, and days a second of the mart."""
    lake, state = Lake(folder / "lake"), open_state("", folder)
    filled(lake, state, accounts_count)
    from_nothing = seconds(lambda: refresh_margin(lake, state, at=NOW))
    rows = lake.scan(MARGIN_DAILY).select(pl.len()).collect().item()
    yield f"mart of {rows:,} rows filled from nothing in {from_nothing:,.1f} s"
    lake.append_unless(COST, costs_of(MONTHS[-2], 3, "late", NOW), column="import_id", value="late")
    changed = seconds(lambda: refresh_margin(lake, state, at=NOW))
    yield Figure("one day's change in the mart", "refreshes", 1 / changed, [
        Other("filling it from nothing", 1 / from_nothing),
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
    for state_of_figures in ("", *STATES):
        first = seconds(lambda: client.get(f"/dashboards{state_of_figures}"))  # noqa: B023 - called at once
        yield f"the first page {state_of_figures or 'of today'}: {first * 1000:,.0f} ms"
    compile_templates()
    spare_collections()
    files = [path for path, _ in lake.files(MARGIN_DAILY)]
    with duckdb.connect() as bare:
        bare.execute(BARE, [files]).fetchall()
        theirs = [seconds(lambda: bare.execute(BARE, [files]).fetchall()) for _ in range(5)]
    other = Other("the bare DuckDB query (limit)", 5 / sum(theirs))
    new: dict[str, list[Taken]] = {}
    repeated: dict[str, list[Taken]] = {}
    for address in _addresses(accounts_count):
        page = _page(address)
        new.setdefault(page, []).append(_asked(client, address))
        repeated.setdefault(page, []).append(_asked(client, address))
    for what, by_page in (("a new question", new), ("a question asked before", repeated)):
        for page, times in by_page.items():
            yield f"{page:<34} {what:<24} {_told(times)}"
        every = [each for times in by_page.values() for each in times]
        yield Figure(f"pages, {what}", "pages", _rate(every), [other], _told(every))
    yield Figure("the page of the bare query's figures, new", "pages",
                 _rate(new["/dashboards/margin"]), [other])  # fmt: skip


def _page(address: str) -> str:
    """Return the page of an address; of another basis or time its first page has a name."""
    path, _, query = address.partition("?")
    return path + "".join(state for state in STATES if state[1:] in query.split("&"))


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
        for question in (*QUESTIONS, *STATES):
            place = chance.randrange(accounts_count)
            path = question.format(
                service=service_of(place),
                account=account_of(place),
                line=line_of(place, month),
                provider=PROVIDER,
                bill=bill_of(month),
            )
            yield f"/dashboards{path}{'&' if '?' in path else '?'}month={month:%Y-%m}"


def _asked(client: TestClient, address: str) -> Taken:
    answers: list[int] = []
    time_taken = taken(lambda: answers.append(client.get(address).status_code))
    assert answers == [200], address
    return time_taken
