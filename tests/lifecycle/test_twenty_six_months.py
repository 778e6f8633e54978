"""Twenty-six months of billing by the clock: no period doubled, none missed, none overlapping."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
import sqlalchemy as sa

from catalog.store.services import find_service
from fusion_billing.billing import bill_services
from rating.closing import Closing, closing_of_text
from rating.price_book_store import read_price_book
from storage.lake_tables import RATED_LINE
from storage.tables import invoice_draft
from tests.fusion_billing.conftest import Roof, fresh_roof

START = datetime(2027, 1, 31, 15, tzinfo=UTC)
END = datetime(2029, 4, 2, 12, tzinfo=UTC)
ONE_DAY = timedelta(days=1)
EVENTS_PER_PUSH = 100
# external id: interval, billing time, timezone, options of the plan, fees due by the end
LIVES: dict[str, tuple[str, str, str, dict[str, Any], int]] = {
    "month-31": ("monthly", "anniversary", "America/Toronto", {}, 26),
    "month": ("monthly", "calendar", "Europe/London", {}, 27),
    "week": ("weekly", "anniversary", "America/Toronto", {}, 113),
    "quarter": ("quarterly", "calendar", "Asia/Tokyo", {}, 9),
    "half": ("semiannual", "anniversary", "America/Vancouver", {"pay_in_advance": True}, 5),
    "year": ("yearly", "calendar", "Pacific/Auckland", {"bill_charges_monthly": True}, 2),
}
FEE_CENTS = 10_000


@pytest.fixture(scope="module")
def billed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roof]:
    """Give a house in which six subscriptions were billed for twenty-six months."""
    folder: Path = tmp_path_factory.mktemp("months")
    with fresh_roof(folder) as roof:
        roof.clock.advance(START)
        open_lives(roof)
        for name in LIVES:
            push_daily(roof, name)
        at = START
        while at < END:
            at += ONE_DAY
            roof.clock.advance(at)
            bill_services(roof.house, at=at)
        yield roof


def open_lives(roof: Roof) -> None:
    metric = {
        "name": "Calls", "code": "calls", "aggregation_type": "sum_agg", "field_name": "n",
    }  # fmt: skip
    metric_id = roof.post("/billable_metrics", {"billable_metric": metric})["billable_metric"]
    for name, (interval, billing_time, timezone, options, _) in LIVES.items():
        charge = {
            "billable_metric_id": metric_id["lago_id"],
            "charge_model": "standard",
            "properties": {"amount": "0.03"},
        }
        plan = {
            "name": name, "code": name, "interval": interval, "amount_cents": FEE_CENTS,
            "amount_currency": "CAD", "charges": [charge], **options,
        }  # fmt: skip
        roof.post("/plans", {"plan": plan})
        roof.post("/customers", {"customer": {"external_id": name, "timezone": timezone}})
        order = {
            "external_customer_id": name, "plan_code": name, "external_id": name,
            "billing_time": billing_time,
        }  # fmt: skip
        roof.post("/subscriptions", {"subscription": order})


def push_daily(roof: Roof, name: str) -> None:
    """Push usage of the day's number once a day, at a time that walks around the clock."""
    events = [
        {
            "transaction_id": f"{name}-{day}",
            "external_subscription_id": name,
            "code": "calls",
            "timestamp": int(instant_of(day).timestamp()),
            "properties": {"n": day % 7 + 1},
        }
        for day in range((END - START).days)
    ]
    for first in range(0, len(events), EVENTS_PER_PUSH):
        roof.post("/events/batch", {"events": events[first : first + EVENTS_PER_PUSH]})


def instant_of(day: int) -> datetime:
    return START + ONE_DAY * day + timedelta(minutes=37 * day % 1440)


def lines(roof: Roof, name: str, kind: str) -> pl.DataFrame:
    every = roof.house.lake.scan(RATED_LINE)
    own = every.filter(pl.col("subscription_id") == name, pl.col("kind") == kind)
    return own.sort("period_start").collect()


def closings_of(roof: Roof, name: str) -> list[Closing]:
    with roof.house.state.read() as connection:
        drafts = connection.execute(
            sa.select(invoice_draft.c.closing_at, invoice_draft.c.periods)
            .where(invoice_draft.c.subscription_external_id == name)
            .order_by(invoice_draft.c.closing_at)
        ).all()
        service = find_service(connection, "nexadesk")
        assert service is not None
        book = read_price_book(connection, service)
    subscription = next(one for one in book.subscriptions if one.external_id == name)
    return [closing_of_text(subscription, row.closing_at, row.periods) for row in drafts]


@pytest.mark.parametrize("name", LIVES)
def test_usage_windows_tile_the_life(billed: Roof, name: str) -> None:
    """Each window of usage begins where the last one ended, from the start on."""
    windows = [closing.usage for closing in closings_of(billed, name) if closing.usage]

    assert windows[0].usage_start == START
    assert [one.usage_end for one in windows[:-1]] == [one.usage_start for one in windows[1:]]


@pytest.mark.parametrize("name", LIVES)
def test_every_event_is_billed_once(billed: Roof, name: str) -> None:
    """The billed units are those of all events up to the last closing, to the unit and cent."""
    until = max(closing.usage.usage_end for closing in closings_of(billed, name) if closing.usage)
    days = [day for day in range((END - START).days) if instant_of(day) < until]
    units = sum(day % 7 + 1 for day in days)
    charges = lines(billed, name, "charge")

    assert charges["quantity"].sum() == Decimal(units)
    assert charges["events_count"].sum() == len(days)
    assert charges["amount_cents"].sum() == 3 * units


@pytest.mark.parametrize("name", LIVES)
def test_every_period_has_one_fee(billed: Roof, name: str) -> None:
    """The fees are those of the periods that ended, or began in advance; the first by its days."""
    fees = lines(billed, name, "plan_fee")

    assert fees.height == LIVES[name][-1]
    assert fees["amount_cents"].to_list()[1:] == [FEE_CENTS] * (fees.height - 1)
    assert fees["period_end"].to_list()[:-1] == fees["period_start"].to_list()[1:]


def test_short_months_clamp_for_themselves_only(billed: Roof) -> None:
    """Periods begun on the 31st end on the last day of shorter months, 29 February included."""
    zone = ZoneInfo("America/Toronto")
    fees = lines(billed, "month-31", "plan_fee")
    starts = [start.astimezone(zone).date() for start in fees["period_start"]]

    assert date(2027, 2, 28) in starts
    assert date(2028, 2, 29) in starts
    assert date(2028, 3, 31) in starts
    assert {start.day for start in starts} == {28, 29, 30, 31}
