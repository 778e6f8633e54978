"""The table of charge models is complete, and so are the cases taken from Lago."""

from decimal import Decimal

import pytest

from aggregation.quantity import Quantity
from catalog.charge_terms import (
    CHARGE_MODEL_OF,
    ChargeModel,
    CustomTerms,
    DynamicTerms,
    GraduatedTerms,
    PackageTerms,
    PercentageTerms,
    StandardTerms,
    Tier,
    VolumeTerms,
)
from rating.charge_models import CHARGE_MODELS, model_price, wants_event_values
from tests.lago_vectors.comparison import mismatches
from tests.lago_vectors.runner import computed
from tests.rating.lago_cases import Case, lago_cases

ONE_TIER = (Tier(Decimal(0), None, Decimal(1), Decimal(0)),)


def test_every_charge_model_has_its_function() -> None:
    """Each charge model that a plan can name is priced by exactly one function."""
    assert set(ChargeModel) == set(CHARGE_MODELS)
    assert len(set(CHARGE_MODELS.values())) == len(ChargeModel)


def test_every_charge_model_has_its_terms() -> None:
    """Each charge model has one kind of terms, and each kind of terms one model."""
    assert sorted(ChargeModel) == sorted(CHARGE_MODEL_OF.values())


@pytest.mark.parametrize("case", lago_cases("charge_model"))
def test_lago_charges_the_same(case: Case) -> None:
    """Every case of a charge model gives Lago's amount, unit amount and tiers: none is left out."""
    assert not mismatches(case["expected"], computed(case))


@pytest.mark.parametrize("terms", [DynamicTerms(), CustomTerms()])
@pytest.mark.parametrize(
    ("currency", "amount"), [("CAD", "12.345"), ("JPY", "1234.5"), ("KWD", "1.2345")]
)
def test_prices_brought_by_usage_are_in_the_currency_s_cents(
    terms: DynamicTerms | CustomTerms, currency: str, amount: str
) -> None:
    """What usage brings in cents is divided by the currency's own hundred, thousand or one."""
    quantity = Quantity(Decimal(1), 1, precise_total_amount_cents=Decimal("1234.5"))

    assert model_price(terms, quantity, currency).amount == Decimal(amount)


@pytest.mark.parametrize("terms", [DynamicTerms(), CustomTerms()])
def test_a_price_brought_by_usage_is_not_guessed(terms: DynamicTerms | CustomTerms) -> None:
    """Without a currency such a price is refused, for a guess could be wrong a hundredfold."""
    quantity = Quantity(Decimal(1), 1, precise_total_amount_cents=Decimal(5))

    with pytest.raises(ValueError, match="exponent must be given"):
        CHARGE_MODELS[CHARGE_MODEL_OF[type(terms)]](terms, quantity)


def test_the_currency_changes_no_other_price() -> None:
    """A model whose prices are in currency units gives the same amount in every currency."""
    terms, quantity = StandardTerms(Decimal("0.5")), Quantity(Decimal(3), 1)

    assert model_price(terms, quantity, "CAD") == model_price(terms, quantity, "JPY")


def test_what_is_paid_in_advance_needs_every_event() -> None:
    """A fee for each event needs each event, whatever the model."""
    for terms in (StandardTerms(Decimal(1)), PackageTerms(Decimal(1), 1), GraduatedTerms(ONE_TIER)):
        assert wants_event_values(terms, is_pay_in_advance=True)
        assert not wants_event_values(terms)


def test_only_the_level_of_a_prorated_ladder_needs_every_event() -> None:
    """Of prorated charges, only graduated asks in which tier each event's units were."""
    assert wants_event_values(GraduatedTerms(ONE_TIER), is_prorated=True)
    assert not wants_event_values(VolumeTerms(ONE_TIER), is_prorated=True)
    assert not wants_event_values(StandardTerms(Decimal(1)), is_prorated=True)


@pytest.mark.parametrize(
    "terms",
    [
        PercentageTerms(Decimal(1), free_units_per_events=1),
        PercentageTerms(Decimal(1), free_units_per_total_aggregation=Decimal(1)),
        PercentageTerms(Decimal(1), per_transaction_min_amount=Decimal(0)),
        PercentageTerms(Decimal(1), per_transaction_max_amount=Decimal(1)),
    ],
)
def test_a_percentage_of_single_events_needs_them(terms: PercentageTerms) -> None:
    """What is free and what has limits is told event by event."""
    assert wants_event_values(terms)
    assert not wants_event_values(PercentageTerms(Decimal(1), Decimal(2)))


def test_a_quota_makes_a_fixed_amount_depend_on_each_event() -> None:
    """An included quota covers whole events, so which events are left must be known."""
    quota = Decimal(1)

    assert wants_event_values(PercentageTerms(Decimal(1), Decimal(2)), quota)
    assert not wants_event_values(PercentageTerms(Decimal(1)), quota)
