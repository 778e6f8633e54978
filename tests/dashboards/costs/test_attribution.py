"""Parts of a cost always sum to it, whoever gets them and by whatever rule."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.costs.allocation import parts_of
from dashboards.costs.attribution import USAGE_SCHEMA, attributed, divided, with_rules
from dashboards.costs.coverage import coverage
from dashboards.costs.rules import CostRule, RuleKind, Target, target_from_text
from tests.dashboards.costs.charge_rows import DAY, a_batch, a_charge

LONG_AGO = date(2020, 1, 1)
CLOUD = {"provider": "Example Cloud"}
costs = st.decimals(-(10**9), 10**9, places=12)
weights = st.decimals(Decimal("0.000001"), 10**9, places=6)


def a_rule(kind: RuleKind, rule_id: str = "rule", **changed: Any) -> CostRule:  # noqa: ANN401
    values = {"id": rule_id, "kind": kind, "match": CLOUD, "valid_from": LONG_AGO, **changed}
    return CostRule(**values)


def used(*rows: tuple[object, ...]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=USAGE_SCHEMA, orient="row")


USED = used(
    (DAY, "desk", "a", "tokens", Decimal(1)),
    (DAY, "desk", "b", "tokens", Decimal(2)),
    (DAY, "voice", "a", "tokens", Decimal(4)),
    (DAY + timedelta(days=1), "desk", "a", "tokens", Decimal(9)),
)
rules = st.sampled_from(
    [
        a_rule(RuleKind.DIRECT, "r1", targets=(Target("desk", "a"),)),
        a_rule(RuleKind.PROPORTIONAL, "r2", metric_code="tokens"),
        a_rule(RuleKind.PROPORTIONAL, "r3", metric_code="unheard_of"),
        a_rule(RuleKind.EVEN, "r4", targets=(Target("desk"), Target("voice"), Target("cloud"))),
        a_rule(RuleKind.FIXED, "r5", targets=(Target("desk", share=Decimal("0.3")),)),
        a_rule(RuleKind.FIXED, "r6", targets=(Target("voice", "a", Decimal("0.7")),), position=1),
    ]
)
charges = st.builds(
    lambda cost, day, days, provider, service: a_charge(
        cost, day=DAY + timedelta(days=day), days=days, provider=provider, service=service
    ),
    costs,
    st.integers(0, 2),
    st.integers(1, 3),
    st.sampled_from(["Example Cloud", "Example Voice"]),
    st.sampled_from([None, "desk"]),
)


@given(costs, st.lists(weights, min_size=1, max_size=12))
def test_parts_sum_to_the_whole(total: Decimal, given_weights: list[Decimal]) -> None:
    """No unit is lost or made; no part is further than a unit from its exact share."""
    parts = parts_of(total, given_weights)

    assert sum(parts) == total
    whole, unit = sum(given_weights), Decimal("1e-12")
    for part, weight in zip(parts, given_weights, strict=True):
        assert abs(part * whole - total * weight) < unit * whole


def test_the_largest_remainder_gets_the_rest() -> None:
    """A unit that can't be divided goes to the largest remainder, the first of equal ones."""
    unit = Decimal("0.000000000001")

    assert parts_of(unit, [Decimal(1), Decimal(2)]) == [0, unit]
    assert parts_of(-unit, [Decimal(1), Decimal(1)]) == [-unit, 0]


@given(st.lists(charges, min_size=1, max_size=6), st.lists(rules, unique_by=lambda r: r.id))
def test_every_day_sums_to_the_bill(
    drawn: list[dict[str, object]], drawn_rules: list[CostRule]
) -> None:
    """For each provider and day the parts sum to what its rows cost, by any rules."""
    batch = a_batch(*drawn)

    found = attributed(batch, drawn_rules, USED)

    by = ["provider", "day"]
    sums = [
        frame.group_by(by).agg(pl.col("cogs_cad").sum()).sort(by).rows() for frame in (batch, found)
    ]
    assert sums[0] == sums[1]


@given(st.lists(charges, min_size=1, max_size=6), st.lists(rules, unique_by=lambda r: r.id))
def test_each_division_is_its_rows(
    drawn: list[dict[str, object]], drawn_rules: list[CostRule]
) -> None:
    """For each rule, day and provider's service, the parts made sum to the rows it met."""
    ruled = with_rules(a_batch(*drawn), drawn_rules)
    by = ["rule_id", "day", "provider", "provider_service"]

    sums = [
        frame.filter(pl.col("rule_id").is_not_null())
        .group_by(by).agg(pl.col("cogs_cad").sum()).sort(by, nulls_last=True).rows()
        for frame in (ruled, divided(ruled, drawn_rules, USED))
    ]  # fmt: skip

    assert sums[0] == sums[1]


def owners(found: pl.DataFrame) -> list[tuple[object, ...]]:
    return found.select("service", "account_id", "cogs_cad", "rule_id").rows()


def test_what_names_its_owner_needs_no_rule() -> None:
    """A row that names its account is final, whatever rule would meet it."""
    batch = a_batch(a_charge(service="desk", account_id="z"))
    rule = a_rule(RuleKind.DIRECT, targets=(Target("voice"),))

    assert owners(attributed(batch, [rule], USED)) == [("desk", "z", Decimal(1), None)]


def test_a_service_s_shared_cost_is_divided_only_when_named() -> None:
    """A row with a service and no account is met by rules that name the service."""
    batch = a_batch(a_charge("3", service="desk"))
    general = a_rule(RuleKind.DIRECT, "general", targets=(Target("voice"),), position=1)
    named = a_rule(RuleKind.PROPORTIONAL, "named", match={"service": "desk"}, metric_code="tokens")

    assert owners(attributed(batch, [general, named], USED)) == [
        ("desk", "a", Decimal(1), "named"), ("desk", "b", Decimal(2), "named"),
    ]  # fmt: skip


def test_a_charge_of_days_is_divided_by_the_usage_of_its_days() -> None:
    """A charge for two days is divided by what was used in both."""
    batch = a_batch(a_charge("12", days=2))
    rule = a_rule(RuleKind.PROPORTIONAL, metric_code="tokens", targets=(Target("desk"),))

    assert owners(attributed(batch, [rule], USED)) == [
        ("desk", "a", Decimal(10), "rule"), ("desk", "b", Decimal(2), "rule"),
    ]  # fmt: skip


def test_what_is_left_is_shown() -> None:
    """Shares below 1, and a metric nobody used, leave an unallocated row with the rule's name."""
    batch = a_batch(a_charge("10"))
    some = a_rule(RuleKind.FIXED, targets=(Target("desk", share=Decimal("0.3")),))
    none = a_rule(RuleKind.PROPORTIONAL, metric_code="unheard_of")

    assert owners(attributed(batch, [some], USED)) == [
        ("desk", None, Decimal(3), "rule"), (None, None, Decimal(7), "rule"),
    ]  # fmt: skip
    assert owners(attributed(batch, [none], USED)) == [(None, None, Decimal(10), "rule")]


def test_rules_hold_for_their_days() -> None:
    """A rule holds from its first day up to, and without, its last."""
    days = [a_charge(day=DAY + timedelta(days=place)) for place in (-1, 0, 1)]
    rule = a_rule(
        RuleKind.DIRECT,
        valid_from=DAY,
        valid_until=DAY + timedelta(days=1),
        targets=(Target("desk"),),
    )

    found = attributed(a_batch(*days), [rule], USED)

    assert found["service"].to_list() == [None, "desk", None]


def test_tags_are_matched() -> None:
    """A rule may ask for a key of Tags, odd tags included."""
    tagged = [a_charge(tags=text) for text in ('{"team": "desk"}', '{"team": 5}', "[]", None)]
    rule = a_rule(RuleKind.DIRECT, match={"tag:team": "desk"}, targets=(Target("desk"),))

    found = attributed(a_batch(*tagged), [rule], USED)

    assert dict(found.select("service", "cogs_cad").iter_rows()) == {"desk": 1, None: 3}


def test_coverage_counts_credits_as_costs() -> None:
    """What names a service is held against all, so that a credit does not hide a gap."""
    batch = a_batch(a_charge("9", service="desk"), a_charge("-1"))

    found = coverage(attributed(batch, [], USED))

    assert found["provider"].to_list() == ["Example Cloud", None]
    assert found["coverage"].to_list() == [Decimal("0.9"), Decimal("0.9")]
    assert found["unallocated_cad"].to_list() == [-1, -1]


@pytest.mark.parametrize(
    ("kind", "changed", "word"),
    [
        (RuleKind.DIRECT, {"match": {}}, "match something"),
        (RuleKind.DIRECT, {"match": {"colour": "red"}}, "can't be matched"),
        (RuleKind.DIRECT, {"match": {"tag:": "red"}}, "can't be matched"),
        (RuleKind.DIRECT, {}, "one target"),
        (RuleKind.DIRECT, {"targets": (Target("No Code"),)}, "no code"),
        (RuleKind.PROPORTIONAL, {}, "metric"),
        (RuleKind.PROPORTIONAL, {"metric_code": "m", "targets": (Target("a", "b"),)}, "services"),
        (RuleKind.EVEN, {"targets": (Target("a"), Target("a"))}, "twice"),
        (RuleKind.EVEN, {}, "targets"),
        (RuleKind.FIXED, {"targets": (Target("a", share=Decimal("1.1")),)}, "at most"),
        (RuleKind.FIXED, {"targets": (Target("a", share=Decimal(0)),)}, "over 0"),
        (RuleKind.EVEN, {"targets": (Target("a"),), "valid_until": date(2019, 1, 1)}, "begins"),
    ],
)
def test_senseless_rules(kind: RuleKind, changed: dict[str, Any], word: str) -> None:
    """A rule that can't mean anything is refused when it is written."""
    with pytest.raises(ValueError, match=word):
        a_rule(kind, **changed)


def test_targets_are_written_shortly() -> None:
    """A target is a service, a slash and an account, an equals sign and a share."""
    assert target_from_text("desk") == Target("desk")
    assert target_from_text("desk/a=0.25") == Target("desk", "a", Decimal("0.25"))
