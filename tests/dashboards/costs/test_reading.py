"""Providers' interfaces over HTTP: each page once, every digit, nothing of a broken answer."""

import json
import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from dashboards.costs.cost_cursor import cursor_position
from dashboards.costs.cost_store import costs_in_effect
from dashboards.costs.fx import DatedRate
from dashboards.costs.fx_store import add_rates
from dashboards.costs.provider_http import ProviderError, ProviderHttp
from dashboards.costs.reading import Reading, read_source
from dashboards.costs.sources.anthropic import ANTHROPIC
from dashboards.costs.sources.buckets import BucketedCosts
from dashboards.costs.sources.openai import OPENAI, PATH, USAGE_PATH
from dashboards.costs.sources.source import CostSource
from dashboards.costs.sources.twilio import TwilioCosts
from storage.lake import Lake
from storage.lake_tables import COST
from storage.state import State, open_state
from tests.dashboards.costs.scripted_provider import Answer, ScriptedProvider, scripted_provider

AT = datetime(2026, 10, 4, 9, tzinfo=UTC)
SINCE = date(2026, 10, 1)
KEY = "sk-admin-never-shown"
DIGITS = "0.13080438340307526316"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = open_state("", tmp_path)
    with opened.write() as connection:
        rate = DatedRate("USD", date(2026, 9, 28), Decimal("1.4"), "test")
        add_rates(connection, [rate], AT)
    yield opened
    opened.close()


def way_to(provider: ScriptedProvider, waited: list[float] | None = None) -> ProviderHttp:
    slept = [] if waited is None else waited
    headers = {"Authorization": f"Bearer {KEY}"}
    return ProviderHttp(provider.url, "FUSION_COSTS_KEY", headers, lambda: AT, slept.append)


def openai_page(
    *costs: tuple[int, str, str], page: str | None = None, currency: str = "usd"
) -> Answer:
    """Return a page of costs: (day of October, project, the digits of the amount)."""
    buckets = [
        f'{{"start_time": {_seconds(day)}, "end_time": {_seconds(day + 1)}, "results": ['
        f'{{"amount": {{"value": {digits}, "currency": "{currency}"}}, '
        f'"line_item": "gpt", "project_id": "{project}"}}]}}'
        for day, project, digits in costs
    ]
    following = "null" if page is None else f'"{page}"'
    more = "false" if page is None else "true"
    return Answer(
        f'{{"object": "page", "data": [{", ".join(buckets)}], "has_more": {more}, '
        f'"next_page": {following}}}'.encode()
    )


def usage_page(day: int, tokens: int) -> Answer:
    result = {
        "object": "organization.usage.completions.result", "input_tokens": tokens,
        "output_tokens": 1, "num_model_requests": 2, "project_id": "p", "model": "gpt",
        "user_id": None, "api_key_id": "key_1", "batch": False,
    }  # fmt: skip
    bucket = {"start_time": _seconds(day), "end_time": _seconds(day + 1), "results": [result]}
    return Answer(json.dumps({"data": [bucket], "has_more": False}).encode())


def _seconds(day: int) -> int:
    return int(datetime(2026, 10, day, tzinfo=UTC).timestamp())


def read(lake: Lake, state: State, source: CostSource, *, dry_run: bool = False) -> Reading:
    return read_source(lake, state, source, at=AT, since=SINCE, dry_run=dry_run)


def openai(provider: ScriptedProvider, waited: list[float] | None = None) -> BucketedCosts:
    return BucketedCosts(way_to(provider, waited), OPENAI)


def counted(lake: Lake) -> list[tuple[str | None, Decimal]]:
    rows = costs_in_effect(lake).sort("day", "sub_account_id").collect()
    return list(rows.select("sub_account_id", "effective_cost").iter_rows())


def test_costs_and_usage_are_read_page_by_page(lake: Lake, state: State) -> None:
    """Pages are followed in both reports, digits are kept, and the key is in the header only."""
    answers = (
        openai_page((1, "a", DIGITS), page="p2"), openai_page((2, "b", "3")), usage_page(1, 120)
    )  # fmt: skip
    with scripted_provider(*answers) as provider:
        done = read(lake, state, openai(provider))

    assert (done.rows, done.new_count, done.faults) == (3, 3, ())
    assert provider.paths == [PATH, PATH, USAGE_PATH]
    assert ("page", "p2") in provider.asked[1][1]
    assert [value for name, value in provider.asked[0][1] if name == "group_by[]"] == [
        "project_id", "line_item",
    ]  # fmt: skip
    assert all(headers["Authorization"] == f"Bearer {KEY}" for _, _, headers in provider.asked)
    rows = costs_in_effect(lake).collect()
    assert DIGITS in rows["cost_as_sent"].to_list()
    assert Decimal(121) in rows["consumed_quantity"].to_list()


def test_a_second_reading_adds_nothing(lake: Lake, state: State) -> None:
    """The same answer again is known; another amount is a newer revision, a lost row withdrawn."""
    none = Answer(b'{"data": [], "has_more": false}')
    first, later = openai_page((1, "a", "1"), (1, "b", "2")), openai_page((1, "a", "5"))
    with scripted_provider(first, none, first, none, later, none) as provider:
        counts = [read(lake, state, openai(provider)).new_count for _ in range(3)]

    assert counts == [2, 0, 1]
    assert counted(lake) == [("a", Decimal(5))]


def test_it_goes_on_where_it_was(lake: Lake, state: State) -> None:
    """A reading cut off keeps the windows it had, and the next asks only from a little before."""
    none = Answer(b'{"data": [], "has_more": false}')
    with scripted_provider(openai_page((1, "a", "1")), none) as provider:
        source = openai(provider)
        with pytest.raises(ProviderError, match="5 attempts"):
            read_source(lake, state, source, at=AT.replace(month=12), since=SINCE)
    with state.read() as connection:
        assert cursor_position(connection, "openai") == "2026-11-01"
    assert counted(lake) == [("a", Decimal(1))]

    with scripted_provider(none, none, none, none) as provider:
        read_source(lake, state, openai(provider), at=AT.replace(month=12))

    asked = dict(provider.asked[0][1])["start_time"]
    assert asked == str(int(datetime(2026, 10, 27, tzinfo=UTC).timestamp()))


def test_a_busy_provider_is_waited_for(lake: Lake, state: State) -> None:
    """Retry-After is obeyed in seconds and as a date, and a failing server is asked again."""
    date_asked = "Sun, 04 Oct 2026 09:00:30 GMT"
    answers = (
        Answer(b"", 429, {"Retry-After": "7"}), Answer(b"", 429, {"Retry-After": date_asked}),
        Answer(b"", 429, {"Retry-After": "86400"}), Answer(b"oops", 500),
        openai_page((1, "a", "1")), usage_page(1, 1),
    )  # fmt: skip
    waited: list[float] = []
    with scripted_provider(*answers) as provider:
        assert read(lake, state, openai(provider, waited)).rows == 2

    assert waited == [7.0, 30.0, 120.0, 8.0]


@pytest.mark.parametrize(
    "broken",
    [Answer(b'{"data": [{"start_time": 17', cut=40), Answer(b'{"data": [{"start_time": 17')],
)
def test_half_an_answer_is_none(lake: Lake, state: State, broken: Answer) -> None:
    """JSON that ends too early is asked for again, and never taken in part."""
    whole = openai_page((1, "a", "1"), page="p2")
    refused = pytest.raises(ProviderError, match=r"half an answer|Remote")
    with scripted_provider(whole, *[broken] * 5) as provider, refused:
        read(lake, state, openai(provider))
    assert lake.scan(COST).collect().is_empty()

    with scripted_provider(whole, broken, openai_page((2, "b", "1")), usage_page(2, 1)) as provider:
        assert read(lake, state, openai(provider)).rows == 3


def test_a_key_that_is_refused(lake: Lake, state: State, caplog: pytest.LogCaptureFixture) -> None:
    """A refused key is told once, by the name of its setting, and is in no message or log."""
    caplog.set_level(logging.DEBUG)
    with scripted_provider(Answer(b'{"error": "no"}', 401)) as provider:
        source = openai(provider)
        with pytest.raises(ProviderError, match="FUSION_COSTS_KEY") as caught:
            read(lake, state, source)

    assert len(provider.asked) == 1
    assert KEY not in f"{caught.value!r} {source!r} {caplog.text}"


def test_a_redirect_is_not_followed(lake: Lake, state: State) -> None:
    """A provider that sends elsewhere is refused, so that the key goes nowhere else."""
    elsewhere = Answer(b"", 302, {"Location": "http://127.0.0.1:9/"})
    with scripted_provider(elsewhere) as provider, pytest.raises(ProviderError, match="302"):
        read(lake, state, openai(provider))


@pytest.mark.parametrize("currency", ["dollars", "eur"])
def test_a_wrong_currency_keeps_the_window_out(lake: Lake, state: State, currency: str) -> None:
    """A currency that is none, or has no rate, is a fault of its row, and nothing is taken."""
    pages = openai_page((1, "a", "1")), openai_page((2, "b", "1"), currency=currency)
    first = Answer(pages[0].body.replace(b'false, "next_page": null', b'true, "next_page": "2"'))
    with scripted_provider(first, pages[1], usage_page(1, 1)) as provider:
        done = read(lake, state, openai(provider))

    assert [fault.row_number for fault in done.faults] == [2]
    assert "currency" in done.faults[0].column.lower()
    assert lake.scan(COST).collect().is_empty()
    with state.read() as connection:
        assert cursor_position(connection, "openai") is None


def test_a_dry_run_keeps_nothing(lake: Lake, state: State) -> None:
    """A dry run counts rows and COGS and changes neither lake nor cursor."""
    with scripted_provider(openai_page((1, "a", "2")), usage_page(1, 1)) as provider:
        done = read(lake, state, openai(provider), dry_run=True)

    assert (done.rows, done.new_count, done.cogs_cad) == (2, 0, Decimal("2.8"))
    assert lake.scan(COST).collect().is_empty()
    with state.read() as connection:
        assert cursor_position(connection, "openai") is None


def test_days_nobody_asked_for_are_refused(lake: Lake, state: State) -> None:
    """A bucket outside the window is a fault: the day is not over, or was not asked for."""
    with scripted_provider(openai_page((4, "a", "1")), usage_page(1, 1)) as provider:
        assert "not asked for" in read(lake, state, openai(provider)).faults[0].reason


def test_anthropic_s_report(lake: Lake, state: State) -> None:
    """The cost report is asked for by workspace and description, and its cents are dollars."""
    page = {
        "data": [{
            "starting_at": "2026-10-01T00:00:00Z", "ending_at": "2026-10-02T00:00:00Z",
            "results": [{"currency": "USD", "amount": "123.45", "workspace_id": "wrk",
                         "description": "Claude Usage", "model": "claude"}],
        }],
        "has_more": False, "next_page": None,
    }  # fmt: skip
    with scripted_provider(Answer(json.dumps(page).encode())) as provider:
        read(lake, state, BucketedCosts(way_to(provider), ANTHROPIC))

    asked = provider.asked[0][1]
    assert [value for name, value in asked if name == "group_by[]"] == [
        "workspace_id", "description",
    ]  # fmt: skip
    assert counted(lake) == [("wrk", Decimal("1.2345"))]


def test_a_page_elsewhere_is_not_asked_for(lake: Lake, state: State) -> None:
    """A following page on another server is refused, so that the key goes nowhere else."""
    accounts = {"accounts": [], "next_page_uri": "https://elsewhere.example/2010-04-01/Accounts"}
    with scripted_provider(Answer(json.dumps(accounts).encode())) as provider:
        with pytest.raises(ValueError, match="another server"):
            read(lake, state, TwilioCosts(way_to(provider), "AC1"))
        assert len(provider.asked) == 1


def test_twilio_s_subaccounts_are_told_apart(lake: Lake, state: State) -> None:
    """Leaves of each account are read, over pages, and must make the account's own total."""
    accounts = {"accounts": [{"sid": "AC1"}, {"sid": "AC2"}], "next_page_uri": None}
    following = "/2010-04-01/Accounts/AC1/Usage/Records/Daily.json?Page=1&PageToken=PAx"
    pages = [
        accounts,
        twilio_page("AC1", ("totalprice", "0.30"), ("calls", "0.10"), following=following),
        twilio_page("AC1", ("calls-inbound-local", "0.10"), ("sms-outbound-longcode", "0.20")),
        twilio_page("AC2", ("totalprice", "1"), ("calls-inbound-local", "1")),
    ]
    answers = [Answer(json.dumps(page).encode()) for page in pages]
    with scripted_provider(*answers) as provider:
        done = read(lake, state, TwilioCosts(way_to(provider), "AC1"))

    assert done.faults == ()
    assert ("PageToken", "PAx") in provider.asked[2][1]
    assert ("IncludeSubaccounts", "false") in provider.asked[1][1]
    rows = costs_in_effect(lake).collect().group_by("sub_account_id")
    sums = {key[0]: frame["effective_cost"].sum() for key, frame in rows}
    assert sums == {"AC1": Decimal("0.30"), "AC2": Decimal(1)}


def twilio_page(
    account: str, *records: tuple[str, str], following: str | None = None
) -> dict[str, Sequence[object] | str | None]:
    told = [
        {"account_sid": account, "category": category, "price": price, "price_unit": "usd",
         "start_date": "2026-10-01", "end_date": "2026-10-01", "usage": "3", "description": ""}
        for category, price in records
    ]  # fmt: skip
    return {"usage_records": told, "next_page_uri": following}
