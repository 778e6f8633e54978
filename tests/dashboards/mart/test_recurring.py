"""Recurring fees are what subscriptions, plan versions and trials say, in Toronto's months."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import pytest

from catalog.plans import PlanInterval
from dashboards.mart.recurring import read_recurring, recurring_stamp
from storage.state import State, open_state
from tests.dashboards.recurring import Fee, begin, follow, local, seed_fees
from tests.dashboards.seed import seed_state


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    """A house whose NexaDesk raises its price, NexaVoice has a trial and NexaCloud bills USD."""
    opened = open_state("", tmp_path_factory.mktemp("recurring"))
    seed_state(opened)
    seed_fees(opened, [
        Fee("nexadesk", 299_00),
        Fee("nexadesk", 349_00, valid_from=local(9, 15), version=2),
        Fee("nexavoice", 1200_00, PlanInterval.YEARLY, trial_days=14),
        Fee("nexacloud", 499_00, currency="USD"),
    ])  # fmt: skip
    begin(opened, "nexadesk", "acct-01", started_at=local(6, 10), created_at=local(6, 10))
    begin(opened, "nexadesk", "acct-02", started_at=local(7, 1), ending_at=local(8, 1),
          created_at=local(7, 15))  # fmt: skip
    begin(opened, "nexavoice", "acct-01", started_at=local(6, 25), status="terminated",
          terminated_at=local(7, 20))  # fmt: skip
    follow(opened, "nexavoice", "acct-01", started_at=local(7, 20), status="active",
           terminated_at=None)  # fmt: skip
    begin(opened, "nexacloud", "acct-01", started_at=local(6, 10))
    yield opened
    opened.close()


def fees_at(state: State, service: str, account: str, instant: datetime) -> list[Decimal]:
    return [
        span.amount
        for span in read_recurring(state).spans
        if (span.service, span.account_id) == (service, account) and span.holds_at(instant)
    ]


def test_a_raised_price_holds_from_its_version_on(state: State) -> None:
    """A month is worth what the version in force at its end asks, never two versions."""
    assert fees_at(state, "nexadesk", "acct-01", local(9, 1)) == [Decimal(299)]
    assert fees_at(state, "nexadesk", "acct-01", local(10, 1)) == [Decimal(349)]
    assert fees_at(state, "nexadesk", "acct-01", local(6, 1)) == []


def test_a_planned_end_ends_the_fee(state: State) -> None:
    """A subscription that ends at midnight is there at that month's end and gone a month later."""
    assert fees_at(state, "nexadesk", "acct-02", local(8, 1)) == [Decimal(299)]
    assert fees_at(state, "nexadesk", "acct-02", local(9, 1)) == []


def test_nothing_is_owed_in_a_trial(state: State) -> None:
    """A trial counts nothing, and a change of plan does not begin it anew."""
    assert fees_at(state, "nexavoice", "acct-01", local(7, 1)) == []
    assert fees_at(state, "nexavoice", "acct-01", local(8, 1)) == [Decimal(100)]


def test_what_never_began_or_is_in_another_currency_is_not_added(state: State) -> None:
    """Pending subscriptions owe nothing; those in another currency are counted, not added."""
    found = read_recurring(state)

    assert fees_at(state, "nexadesk", "acct-03", local(10, 1)) == []
    assert {span.service for span in found.spans} == {"nexadesk", "nexavoice"}
    assert found.foreign == {("nexacloud", "USD"): 1}
    assert found.first_month == date(2026, 6, 1)


def test_the_stamp_changes_with_any_subscription(state: State) -> None:
    """A page is built again when a subscription begins."""
    before = recurring_stamp(state)

    begin(state, "nexadesk", "acct-08", started_at=local(11, 10))

    assert recurring_stamp(state) != before


def test_what_was_made_later_was_not_known(state: State) -> None:
    """A subscription that begins in the past counts from when it was made, as of a time."""
    known = {span.account_id for span in read_recurring(state, local(7, 2)).spans}
    later = {span.account_id for span in read_recurring(state, local(7, 16)).spans}

    assert (known, later) == ({"acct-01"}, {"acct-01", "acct-02"})
