"""The steps of a price: what was done, on how much, at which rate, giving what, for every model."""

from decimal import Decimal

import pytest

from aggregation.quantity import Quantity
from catalog.charge_terms import (
    ChargeTerms,
    CustomTerms,
    DynamicTerms,
    GraduatedPercentageTerms,
    GraduatedTerms,
    PackageTerms,
    PercentageTerms,
    PercentageTier,
    StandardTerms,
    Tier,
    VolumeTerms,
)
from rating.charge_models import TierShare, model_price, tier_shares
from rating.rated_line import Price, Step
from tests.rating.makers import used

Told = tuple[str, str, str | None, str | None, str]

TWO_TIERS = (
    Tier(Decimal(0), Decimal(10), Decimal(2), Decimal(5)),
    Tier(Decimal(11), None, Decimal(1), Decimal(3)),
)
TWO_RATES = (
    PercentageTier(Decimal(0), Decimal(10), Decimal("1.50"), Decimal(5)),
    PercentageTier(Decimal(11), None, Decimal(4), Decimal(3)),
)
RATE = PercentageTerms(rate=Decimal(10), fixed_amount=Decimal(2))
LIMITED = PercentageTerms(
    rate=Decimal(10),
    fixed_amount=Decimal(2),
    per_transaction_min_amount=Decimal(3),
    per_transaction_max_amount=Decimal(9),
)
OWN = Quantity(Decimal(4), 2, precise_total_amount_cents=Decimal(250))
PRORATED = Quantity(
    units=Decimal(7),
    events_count=2,
    full_units=Decimal(14),
    event_values=(Decimal(8), Decimal(6)),
    event_prorated_values=(Decimal(4), Decimal(3)),
)
TAKEN_BACK = Quantity(
    units=Decimal(13),
    events_count=3,
    full_units=Decimal(8),
    event_values=(Decimal(5), Decimal(-5), Decimal(8)),
    event_prorated_values=(Decimal(5), Decimal(0), Decimal(8)),
)
NOT_A_TIER = (Step("rounded half-up to cents", Decimal(0), None, None, Decimal(0)),)
FREE = ("free units", "4", "0", None, "0")

CASES: dict[str, tuple[ChargeTerms, Quantity, list[Told]]] = {
    "standard": (
        StandardTerms(Decimal("0.5")),
        used(4),
        [("every unit", "4", "0.5", None, "2")],
    ),
    "standard, taken back": (
        StandardTerms(Decimal("0.5")),
        used(-4),
        [("every unit", "0", "0.5", None, "0")],
    ),
    "graduated": (
        GraduatedTerms(TWO_TIERS),
        used(14),
        [("tier 1", "10", "2", "5", "25"), ("tier 2", "4", "1", "3", "7")],
    ),
    "graduated, prorated": (
        GraduatedTerms(TWO_TIERS),
        PRORATED,
        [("tier 1, prorated", "5", "2", "5", "15"), ("tier 2, prorated", "2", "1", "3", "5")],
    ),
    "graduated, prorated, all taken back and used again": (
        GraduatedTerms(TWO_TIERS),
        TAKEN_BACK,
        [("tier 1, prorated", "13", "2", "5", "31")],
    ),
    "graduated percentage": (
        GraduatedPercentageTerms(TWO_RATES),
        used(14),
        [
            ("tier 1 at 1.50 %", "10", "0.015", "5", "5.15"),
            ("tier 2 at 4 %", "4", "0.04", "3", "3.16"),
        ],
    ),
    "volume": (
        VolumeTerms(TWO_TIERS),
        used(14),
        [("all units in tier 2", "14", "1", "3", "17")],
    ),
    "package": (
        PackageTerms(Decimal(7), package_size=5, free_units=4),
        used(15),
        [FREE, ("packages of 5", "3", "7", None, "21")],
    ),
    "package, all free": (
        PackageTerms(Decimal(7), package_size=5, free_units=4),
        used(3),
        [("free units", "3", "0", None, "0"), ("packages of 5", "0", "7", None, "0")],
    ),
    "percentage": (
        RATE,
        used(50, 20, 30),
        [("rate", "50", "0.1", None, "5"), ("fixed amount of each event", "2", "2", None, "4")],
    ),
    "percentage, some free": (
        PercentageTerms(Decimal(10), Decimal(2), free_units_per_events=1),
        used(50, 4, 46),
        [
            FREE,
            ("rate", "46", "0.1", None, "4.6"),
            ("fixed amount of each event", "1", "2", None, "2"),
        ],
    ),
    "percentage, limits": (
        LIMITED,
        used(140, 5, 35, 100),
        [
            ("events by rate and fixed amount", "1", None, None, "5.5"),
            ("events raised to the minimum", "1", "3", None, "3"),
            ("events cut to the maximum", "1", "9", None, "9"),
        ],
    ),
    "percentage, limits and some free": (
        PercentageTerms(
            Decimal(10),
            Decimal(2),
            free_units_per_total_aggregation=Decimal(4),
            per_transaction_min_amount=Decimal(3),
        ),
        used(9, 9),
        [
            FREE,
            ("events by rate and fixed amount", "0", None, None, "0"),
            ("events raised to the minimum", "1", "3", None, "3"),
        ],
    ),
    "percentage, nothing used": (
        RATE,
        used(0, 0),
        [("rate", "0", "0.1", None, "0"), ("fixed amount of each event", "0", "2", None, "0")],
    ),
    "percentage, a minimum for nothing": (
        LIMITED,
        used(0, 0),
        [
            ("events by rate and fixed amount", "0", None, None, "0"),
            ("events raised to the minimum", "1", "3", None, "3"),
        ],
    ),
    "dynamic": (DynamicTerms(), OWN, [("amounts of the events", "4", None, None, "2.5")]),
    "custom": (CustomTerms(), OWN, [("amount of the metric", "4", None, None, "2.5")]),
}


def as_step(told: Told) -> Step:
    """Return a step from its texts."""
    rule, units, unit_amount, flat_amount, amount = told
    return Step(
        rule,
        Decimal(units),
        None if unit_amount is None else Decimal(unit_amount),
        None if flat_amount is None else Decimal(flat_amount),
        Decimal(amount),
    )


@pytest.mark.parametrize("case", CASES)
def test_a_price_tells_each_step(case: str) -> None:
    """Rule, units, rate, flat amount and amount of each step are what was computed, in order."""
    terms, quantity, told = CASES[case]

    price = model_price(terms, quantity, "CAD")

    assert list(price.steps) == [as_step(each) for each in told]
    assert price.amount == sum(step.amount for step in price.steps)


def test_tier_shares_lose_no_digit() -> None:
    """What a tier's units cost is its amount less its flat, at the lake's full length."""
    amount, flat = Decimal("12345678901234567890123456.123456789012"), Decimal("1E-12")
    price = Price(amount, (Step("tier 1", Decimal(3), None, flat, amount), *NOT_A_TIER))

    (share,) = tier_shares(price)

    assert share == TierShare(
        Decimal(3), Decimal("12345678901234567890123456.123456789011"), flat, amount
    )
