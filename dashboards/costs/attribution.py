"""Whose each cost is: as it says itself, else by the first rule that meets it, else nobody's.

Parts of a provider's day sum to its bill exactly; what no rule gives away is shown without a
service. Pure polars over what was read.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import polars as pl

from catalog.money import ZERO
from dashboards.costs.allocation import parts_of
from dashboards.costs.rules import MATCHABLE, TAG, CostRule, RuleKind
from storage.lake_tables import QUANTITY

ATTRIBUTED_SCHEMA: dict[str, pl.DataType] = {
    "day": pl.Date(),
    "provider": pl.String(),
    "provider_service": pl.String(),
    "service": pl.String(),
    "account_id": pl.String(),
    "metric_code": pl.String(),
    "cogs_cad": QUANTITY,
    "is_estimate": pl.Boolean(),
    "rule_id": pl.String(),
}
USAGE_SCHEMA: dict[str, pl.DataType] = {
    "day": pl.Date(),
    "service": pl.String(),
    "account_id": pl.String(),
    "metric_code": pl.String(),
    "quantity": QUANTITY,
}
KEYS = tuple(name for name in ATTRIBUTED_SCHEMA if name != "cogs_cad")


class Share(NamedTuple):
    """One receiver of a part, and its weight."""

    service: str | None
    account_id: str | None
    metric_code: str | None
    weight: Decimal


class Pool(NamedTuple):
    """Cost of one rule that is divided at once."""

    rule_id: str
    day: date
    last_day: date
    provider: str
    provider_service: str | None
    service: str | None
    metric_code: str | None
    cogs_cad: Decimal


def attributed(costs: pl.DataFrame, rules: Sequence[CostRule], usage: pl.DataFrame) -> pl.DataFrame:
    """Return the costs that count by day, provider, owner and rule; sums are exact.

    `usage` has the quantities of the metrics by which rules divide.
    """
    ruled = with_rules(costs, rules)
    own = ruled.filter(pl.col("rule_id").is_null()).with_columns(is_estimate=pl.lit(value=False))
    return summed(pl.concat([own.select(list(ATTRIBUTED_SCHEMA)), divided(ruled, rules, usage)]))


def with_rules(costs: pl.DataFrame, rules: Sequence[CostRule]) -> pl.DataFrame:
    """Return each cost row with the `rule_id` of the first rule that meets it, null for none."""
    return _with_rule(costs, sorted(rules, key=lambda rule: (rule.position, rule.id)))


def divided(ruled: pl.DataFrame, rules: Sequence[CostRule], usage: pl.DataFrame) -> pl.DataFrame:
    """Return the parts of the rows that a rule met; of each rule and day they sum to its rows."""
    by_id = {rule.id: rule for rule in rules}
    parts = [part for pool in _pools(ruled) for part in _divided(pool, by_id[pool.rule_id], usage)]
    return pl.DataFrame(parts, schema=ATTRIBUTED_SCHEMA, orient="row")


def summed(parts: pl.DataFrame) -> pl.DataFrame:
    """Return the parts added up by all but the amount, in a fixed order."""
    added = parts.group_by(KEYS).agg(pl.col("cogs_cad").sum())
    return added.sort(KEYS, nulls_last=True).select(list(ATTRIBUTED_SCHEMA))


def _with_rule(costs: pl.DataFrame, rules: Sequence[CostRule]) -> pl.DataFrame:
    tags = sorted({tag for rule in rules for tag in rule.tags})
    tagged = costs.with_columns(_tag_column(costs["tags"], tag) for tag in tags)
    choices = [pl.when(_meets(rule)).then(pl.lit(rule.id)) for rule in rules]
    chosen = pl.coalesce(*choices, pl.lit(None, pl.String))
    return tagged.with_columns(rule_id=chosen).drop(TAG + tag for tag in tags)


def _meets(rule: CostRule) -> pl.Expr:
    """Return whether a charge is the rule's: one with a service only when the rule names it."""
    day = pl.col("day")
    met = pl.col("account_id").is_null() & (day >= rule.valid_from)
    if rule.valid_until is not None:
        met &= day < rule.valid_until
    if "service" not in rule.match:
        met &= pl.col("service").is_null()
    for key, value in rule.match.items():
        met &= pl.col(MATCHABLE.get(key, key)).eq_missing(pl.lit(value))
    return met


def _tag_column(texts: pl.Series, tag: str) -> pl.Series:
    known = {text: _tag_value(text, tag) for text in texts.unique().to_list()}
    return pl.Series(TAG + tag, [known[text] for text in texts.to_list()], pl.String)


def _tag_value(text: str | None, tag: str) -> str | None:
    keys = None if text is None else json.loads(text)
    value = keys.get(tag) if isinstance(keys, dict) else None
    return value if isinstance(value, str) else None


def _pools(ruled: pl.DataFrame) -> Iterator[Pool]:
    names = Pool._fields[:-1]
    with_rule = ruled.filter(pl.col("rule_id").is_not_null())
    pools = with_rule.group_by(names).agg(pl.col("cogs_cad").sum()).sort(names, nulls_last=True)
    yield from (Pool(*row) for row in pools.select(Pool._fields).iter_rows())


def _divided(pool: Pool, rule: CostRule, usage: pl.DataFrame) -> Iterator[tuple[object, ...]]:
    shares = _shares(pool, rule, usage)
    # What has no receiver stays where it was, under the name of the rule that should divide it.
    given = shares or [Share(pool.service, None, pool.metric_code, Decimal(1))]
    parts = parts_of(pool.cogs_cad, [share.weight for share in given])
    for share, part in zip(given, parts, strict=True):
        owner = (share.service, share.account_id, share.metric_code)
        yield pool.day, pool.provider, pool.provider_service, *owner, part, False, rule.id


def _shares(pool: Pool, rule: CostRule, usage: pl.DataFrame) -> list[Share]:
    if rule.kind is RuleKind.PROPORTIONAL:
        return _used_shares(pool, rule, usage)
    metric = rule.metric_code or pool.metric_code
    even = rule.kind is not RuleKind.FIXED
    shares = [
        Share(target.service, target.account_id, metric, Decimal(1) if even else target.share)
        for target in rule.targets
    ]
    rest = ZERO if even else 1 - sum((share.weight for share in shares), ZERO)
    return [*shares, Share(pool.service, None, metric, rest)] if rest else shares


def _used_shares(pool: Pool, rule: CostRule, usage: pl.DataFrame) -> list[Share]:
    """Return the accounts that used the rule's metric in the charge's days, by quantity."""
    meant = (
        (pl.col("metric_code") == rule.metric_code)
        & (pl.col("day") >= pool.day)
        & (pl.col("day") <= pool.last_day)
    )
    if rule.targets:
        meant &= pl.col("service").is_in([target.service for target in rule.targets])
    elif pool.service is not None:
        meant &= pl.col("service") == pool.service
    by = ["service", "account_id"]
    found = usage.filter(meant).group_by(by).agg(pl.col("quantity").sum())
    used = found.filter(pl.col("quantity") > 0).sort(by, nulls_last=True)
    return [
        Share(service, account_id, rule.metric_code, quantity)
        for service, account_id, quantity in used.iter_rows()
    ]
