"""A losing customer is found, and its cause is the one a reader would find by hand."""

from datetime import date
from decimal import Decimal

import pytest

from dashboards.margin import losses
from dashboards.margin.causes import Cause
from tests.dashboards.margin.frames import Drawn, parts_of

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
NOBODY = parts_of(OCTOBER, [])
PEER: Drawn = ("a", "peer", "tokens", 10_000, "40", "1000")


@pytest.mark.parametrize(
    ("own", "cause"),
    [
        (("a", "x", "tokens", 0, "4", "100"), Cause.NO_REVENUE),
        (("a", "x", "tokens", 100, "4", "100"), Cause.PRICE),
        (("a", "x", "tokens", 1_000, "40", "100"), Cause.UNIT_COST),
        (("a", "x", None, 1_000, "40", "0"), Cause.COST_WITHOUT_USAGE),
    ],
)
def test_the_cause_is_what_differs_most(own: Drawn, cause: Cause) -> None:
    """Beside a customer that earns, the loser's cause is where it differs most in its favour."""
    (loss,) = losses(parts_of(NOVEMBER, [PEER, own]), NOBODY)

    assert (loss.service, loss.account_id, loss.cause) == ("a", "x", cause)


def test_the_quota_is_a_cause() -> None:
    """A low price because most units are included is told as that."""
    quota = parts_of(NOVEMBER, [("a", "x", "tokens", 100, "4", "100")], included="90")

    (loss,) = losses(parts_of(NOVEMBER, [PEER]).vstack(quota), NOBODY)

    assert (loss.cause, loss.included_share) == (Cause.INCLUDED, Decimal("0.9"))
    assert loss.break_even_price == Decimal("0.4")


def test_a_provider_that_grew_dearer_is_the_cause() -> None:
    """Where all customers' units cost more than before, it is the provider's price."""
    then = parts_of(OCTOBER, [("a", "x", "tokens", 1_000, "1", "100")])
    now = parts_of(
        NOVEMBER,
        [("a", "x", "tokens", 1_000, "20", "100"), ("a", "y", "tokens", 1_100, "20", "100")],
    )

    assert {loss.cause for loss in losses(now, then)} == {Cause.PROVIDER_PRICE}


def test_alone_it_is_below_cost() -> None:
    """Without anybody to compare with, all that can be said is that price is below cost."""
    (loss,) = losses(parts_of(NOVEMBER, [("a", "x", "tokens", 100, "4", "100")]), NOBODY)

    assert (loss.cause, loss.price, loss.cost) == (
        Cause.BELOW_COST, Decimal("0.01"), Decimal("0.04"),
    )  # fmt: skip


def test_the_break_even_price_breaks_even() -> None:
    """At the break-even price the customer's profit is 0, its fees counted in."""
    rows: list[Drawn] = [("a", "x", "tokens", 100, "9", "100"), ("a", "x", None, 200, "0", "0")]
    (loss,) = losses(parts_of(NOVEMBER, rows), NOBODY)

    assert loss.break_even_price == Decimal("0.07")
    assert Decimal(2) + loss.break_even_price * 100 - loss.margin.cogs_cad == 0


def test_the_largest_loss_comes_first_and_shared_cost_is_nobodys() -> None:
    """Losers are in order of their loss, earners and shared cost are not among them."""
    rows: list[Drawn] = [
        PEER, ("a", "x", "tokens", 0, "4", "1"), ("a", "y", "tokens", 0, "8", "1"),
        ("a", None, None, 0, "99", "0"), (None, None, None, 0, "99", "0"),
    ]  # fmt: skip
    parts = parts_of(NOVEMBER, rows)

    assert [loss.account_id for loss in losses(parts, NOBODY)] == ["y", "x"]
    assert [loss.account_id for loss in losses(parts, NOBODY, limit=1)] == ["y"]
