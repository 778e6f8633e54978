"""The whole bill against a reader who goes day by day and row by row, in fractions."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.billable_metrics import AggregationType
from catalog.charge_terms import ChargeModel, GraduatedTerms
from tests.laws import LAW
from tests.rating.laws.billing import bills, cents_by_part, known_at
from tests.rating.laws.oracle import Part, Reader
from tests.rating.laws.price_lists import EVERY_MODEL
from tests.rating.laws.worlds import World, worlds


def readers(world: World) -> Iterator[Reader]:
    """Yield a reader for each subscription of a world, who knows what its last run does."""
    for subscription in world.book.subscriptions:
        (plan,) = world.book.plans[subscription.plan_id]
        yield Reader(
            known_at(subscription, world.runs[-1]),
            plan,
            {key: versions[0] for key, versions in world.book.metrics.items()},
            world.events,
            world.facts,
            world.book.service.timezone,
        )


def is_readable(world: World) -> bool:
    """Say whether no charge weighs single events of a unique count, which no reader does here."""
    return not any(
        charge.is_prorated
        and (charge.is_pay_in_advance or isinstance(charge.terms, GraduatedTerms))
        and world.book.metrics[charge.metric_id][0].aggregation_type is not AggregationType.SUM
        for charge in world.charges
    )


@pytest.mark.parametrize("model", EVERY_MODEL)
@LAW
@given(data=st.data())
def test_the_whole_bill_is_what_a_reader_bills(model: ChargeModel, data: st.DataObject) -> None:
    """Fees, charges and minimum amounts of every period are the oracle's, to the cent."""
    world = data.draw(worlds(models=(model,), parts=False).filter(is_readable))
    expected: dict[Part, int] = {}
    for reader in readers(world):
        expected |= reader.bill(world.runs[-1])

    assert cents_by_part(bills(world)) == expected
