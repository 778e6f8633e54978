"""Which orders there should be: one for all subscriptions that followed each other."""

from dataclasses import replace
from datetime import date
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest

from catalog.plans import PlanInterval
from catalog.subscriptions import Subscription, SubscriptionStatus
from odoo_bridge.external_ids import order_external_id
from odoo_bridge.faults import NeedsHuman
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.orders.order_rows import to_odoo_order, to_odoo_order_line, to_odoo_plan_product
from odoo_bridge.orders.plan_product import product_fault
from odoo_bridge.orders.settling import order_fault
from odoo_bridge.orders.wanted_order import RECURRENCES, start_date, successions
from tests.odoo_bridge.orders.makers import (
    AT,
    COMMUNITY,
    ENDED,
    ENTERPRISE,
    a_line,
    a_plan,
    a_subscription,
    an_order,
    wanted,
)

CHAIN = (
    a_subscription("c", status=ENDED),
    a_subscription("a", "c", status=ENDED, plan_code="pro"),
    a_subscription("b", "a", plan_code="team"),
)


@pytest.mark.parametrize("order", list(permutations(CHAIN)))
def test_what_followed_each_other_is_one_order(order: tuple[Subscription, ...]) -> None:
    """However the rows come and whatever their ids, the first names the order, the last runs."""
    (found,) = successions(order)

    assert [one.id for one in found.members] == ["c", "a", "b"]
    assert (found.first.id, found.current.id, found.is_closed) == ("c", "b", False)


def test_a_subscription_begun_again_is_another_order() -> None:
    """Under the same external id, but following none, a subscription has an order of its own."""
    found = successions([a_subscription("one", status=ENDED), a_subscription("two")])

    assert [one.is_closed for one in found] == [True, False]


@pytest.mark.parametrize("status", [SubscriptionStatus.PENDING, SubscriptionStatus.CANCELED])
def test_what_has_not_started_has_no_order(status: SubscriptionStatus) -> None:
    """A pending subscription waits, alone or as a successor."""
    alone = successions([a_subscription("one", status=status)])
    (followed,) = successions([a_subscription("one"), a_subscription("two", "one", status=status)])

    assert alone == []
    assert [one.id for one in followed.members] == ["one"]


def test_every_interval_has_a_recurrence() -> None:
    """No plan's interval is without its length in Odoo, and no two have the same."""
    assert set(RECURRENCES) == set(PlanInterval)
    assert len(set(RECURRENCES.values())) == len(PlanInterval)


@pytest.mark.parametrize(
    "changed",
    [
        {"amount_cents": 4901},
        {"interval": PlanInterval.YEARLY},
        {"amount_currency": "USD"},
        {"name": "Other"},
        {"id": "plan-other"},
    ],
)
def test_what_the_order_shows_unsettles_it(changed: dict[str, OdooValue]) -> None:
    """A changed price, interval, currency, name or plan is to be told; nothing else is."""
    now = wanted().settled_as

    assert wanted(plan=a_plan(**changed)).settled_as != now
    assert wanted(plan=a_plan(version=2, description="x")).settled_as == now
    assert wanted(a_subscription("one", status=ENDED)).settled_as != now


def test_amounts_are_texts_of_the_currency() -> None:
    """The fee crosses as exact text, with the decimals of its currency."""
    yen = a_plan(amount_currency="JPY", amount_cents=5000)

    assert to_odoo_order_line(wanted(), 5, 6)["price_unit"] == "49.00"
    assert to_odoo_order_line(wanted(plan=yen), 5, 6)["price_unit"] == "5000"


def test_the_order_is_named_by_the_first_subscription() -> None:
    """The same order is found after every change of plan; only Enterprise has a recurrence."""
    after = wanted(*CHAIN)
    community, enterprise = (to_odoo_order(after, 3, each) for each in (None, 7))

    assert community["id"] == order_external_id("c") == enterprise["id"]
    own = {"plan_id/.id", "start_date", "next_invoice_date"}
    assert enterprise.keys() - community.keys() == own
    assert (community["require_payment"], community["require_signature"]) == ("0", "0")


def test_the_first_day_is_local() -> None:
    """A subscription begun at noon in Toronto begins on the next day in Auckland."""
    (one,) = successions([replace(a_subscription("one"), started_at=AT)])

    assert start_date(one, ZoneInfo("America/Toronto")) == date(2026, 11, 10)
    assert start_date(one, ZoneInfo("Pacific/Auckland")) == date(2026, 11, 11)


def test_a_missing_recurrence_is_told() -> None:
    """Community needs none; Enterprise without one of that length names what to create."""
    assert COMMUNITY.recurrence_id(PlanInterval.WEEKLY) is None
    assert ENTERPRISE.recurrence_id(PlanInterval.QUARTERLY) == 8
    with pytest.raises(NeedsHuman, match="no recurrence of 1 week"):
        ENTERPRISE.recurrence_id(PlanInterval.WEEKLY)


@pytest.mark.parametrize(
    ("product", "is_recurring", "words"),
    [
        ({"active": False}, False, "archived"),
        ({"invoice_policy": "order"}, False, "a second time"),
        ({"recurring_invoice": False}, True, "no subscription product"),
        ({"recurring_invoice": False}, False, None),
        ({}, True, None),
    ],
)
def test_a_product_that_would_bill_is_refused(
    product: dict[str, object], *, is_recurring: bool, words: str | None
) -> None:
    """By ordered quantities Odoo would bill the fee that our invoices have already."""
    sane = {"active": True, "invoice_policy": "delivery", "recurring_invoice": True}
    told = product_fault(sane | product, is_recurring=is_recurring)

    assert (told is None) if words is None else (told is not None and words in told)


def test_our_own_product_passes() -> None:
    """The product that we make for a plan is one that we would take."""
    cells = to_odoo_plan_product(a_plan(), is_recurring=True)
    product = cells | {"active": True}

    assert product_fault(product, is_recurring=True) is None
    assert "x_fc_plan_code" not in cells


def test_a_differing_order_is_told_with_both_sides() -> None:
    """Whatever Odoo changed on its own is named with what is there and what is wanted."""
    lines = {"one": a_line(0.0), "old": a_line(10.0)}
    order = an_order(state="draft", currency_id=[1, "USD"], is_subscription=False)
    told = order_fault(order, lines, wanted(), ENTERPRISE)

    assert order_fault(an_order(), {"one": a_line()}, wanted(), ENTERPRISE) is None
    assert told is not None
    for words in ("draft", "USD", "price: Odoo has 0.0, wanted is 49.00", "earlier plans", "False"):
        assert words in told
    assert order_fault(an_order(), {}, wanted(), COMMUNITY) is not None
