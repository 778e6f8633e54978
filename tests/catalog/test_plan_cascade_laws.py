"""Cascades over any change of a plan: who followed still follows, who set a price keeps it."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.charge_filters import filter_key
from catalog.charge_terms import StandardTerms
from catalog.plan_cascade import cascaded_plan
from catalog.plan_overrides import overriding_plan
from catalog.plans import Charge, ChargeFilter, Plan, PlanInterval

AT = datetime(2026, 8, 10, tzinfo=UTC)
OWN = StandardTerms(Decimal(99))
NUMBERS = count()

prices = st.sampled_from([StandardTerms(Decimal(amount)) for amount in (1, 2, 3)])
groups = st.sampled_from([(), ("team",), ("team", "user")])
names = st.lists(st.sampled_from("abcd"), unique=True, max_size=3)


def new_id() -> str:
    return f"new-{next(NUMBERS)}"


@st.composite
def filters_of(draw: st.DrawFn) -> tuple[ChargeFilter, ...]:
    clouds = draw(st.lists(st.sampled_from(["aws", "gcp", "ibm"]), unique=True))
    return tuple(
        ChargeFilter(cloud, (("cloud", (cloud,)),), draw(prices), pricing_group_keys=draw(groups))
        for cloud in clouds
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    charges = tuple(
        Charge(
            name, name, "metric", "messages", draw(prices), AT,
            filters=draw(filters_of()), pricing_group_keys=draw(groups),
        )
        for name in draw(names)
    )  # fmt: skip
    cents = draw(st.integers(0, 3))
    monthly = PlanInterval.MONTHLY
    return Plan("p", "nexadesk", "team", "Team", monthly, cents, "CAD", AT, AT, charges=charges)


def content(plan: Plan) -> tuple[object, ...]:
    """Return what a plan charges, whatever its ids and the order of its parts."""
    charges = {
        charge.code: (
            charge.terms,
            charge.pricing_group_keys,
            {filter_key(one): (one.terms, one.pricing_group_keys) for one in charge.filters},
        )
        for charge in plan.charges
    }
    return plan.amount_cents, charges


def ids_of(plan: Plan) -> set[str]:
    filters = {one.id for charge in plan.charges for one in charge.filters}
    return {charge.id for charge in plan.charges} | filters


def copy_of(plan: Plan) -> Plan:
    return overriding_plan(plan, AT, new_id, is_running=True)


@given(plans(), plans())
def test_a_copy_that_set_nothing_becomes_the_plan(before: Plan, after: Plan) -> None:
    """Fee, charges and filters are what the changed plan's are, under ids of the override."""
    override = copy_of(before)
    follows = cascaded_plan(override, before, after, AT, new_id)

    assert content(follows) == content(after)
    assert (follows.id, follows.version) == (override.id, override.version)
    assert {charge.parent_id for charge in follows.charges} == {
        charge.id for charge in after.charges
    }
    assert ids_of(follows).isdisjoint(ids_of(after))


@given(plans(), plans())
def test_prices_of_ones_own_stay(before: Plan, after: Plan) -> None:
    """A charge that is still on the plan costs what the override says; groups are the plan's."""
    copy = copy_of(before)
    override = replace(
        copy,
        amount_cents=99,
        charges=tuple(
            replace(
                charge,
                terms=OWN,
                filters=tuple(replace(one, terms=OWN) for one in charge.filters),
            )
            for charge in copy.charges
        ),
    )
    follows = cascaded_plan(override, before, after, AT, new_id)
    kept = {charge.id: charge for charge in before.charges}

    assert follows.amount_cents == 99
    for charge in follows.charges:
        parent = next(each for each in after.charges if each.id == charge.parent_id)
        assert charge.pricing_group_keys == parent.pricing_group_keys
        assert (charge.terms == OWN) == (parent.id in kept)
        known = {filter_key(one) for one in kept[parent.id].filters} if parent.id in kept else set()
        for one in charge.filters:
            assert (one.terms == OWN) == (filter_key(one) in known)


@given(plans(), plans())
def test_no_change_changes_nothing(plan: Plan, other: Plan) -> None:
    """Whatever an override is, a plan saved as it was leaves it as it was."""
    override = replace(copy_of(plan), charges=copy_of(other).charges, amount_cents=7)

    assert cascaded_plan(override, plan, plan, AT, new_id) == override


@pytest.mark.parametrize(
    "change",
    [{"metric_id": "other"}, {"is_prorated": True}, {"is_pay_in_advance": True}],
    ids=["metric", "prorated", "paid"],
)
def test_a_price_of_another_kind_is_not_passed_on(change: dict[str, Any]) -> None:
    """A charge that counts another metric, or is paid or prorated otherwise, is left as it was."""
    one, two = (StandardTerms(Decimal(amount)) for amount in (1, 2))
    monthly = PlanInterval.MONTHLY
    charge = Charge("a", "a", "metric", "messages", one, AT)
    before = Plan("p", "nexadesk", "team", "Team", monthly, 1, "CAD", AT, AT, charges=(charge,))
    dearer = replace(charge, terms=two)
    override = copy_of(before)

    follows, stays = (
        cascaded_plan(override, before, replace(before, charges=(each,)), AT, new_id)
        for each in (dearer, replace(dearer, **change))
    )
    assert [each.terms for each in follows.charges] == [two]
    assert stays == override
