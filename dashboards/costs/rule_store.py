"""Rules of attribution in the state database: each change is a revision, none is undone."""

import json
from dataclasses import replace
from datetime import date, datetime

import sqlalchemy as sa

from catalog.errors import NotFound
from dashboards.costs.rules import CostRule, rule_body, rule_from_body
from storage.cost_tables import cost_rule


def cost_rules(connection: sa.Connection, as_of: datetime | None = None) -> list[CostRule]:
    """Return every rule as it was known at a time, in the order in which rules are tried."""
    asked = sa.select(cost_rule).order_by(cost_rule.c.revision)
    if as_of is not None:
        asked = asked.where(cost_rule.c.recorded_at <= as_of)
    newest = {row.id: row for row in connection.execute(asked)}
    rules = [_rule(row) for row in newest.values()]
    return sorted(rules, key=lambda rule: (rule.position, rule.id))


def add_rule(connection: sa.Connection, rule: CostRule, at: datetime) -> None:
    """Keep a rule, or a new revision of one; it counts for its days, past ones included."""
    last = sa.select(sa.func.max(cost_rule.c.revision)).where(cost_rule.c.id == rule.id)
    connection.execute(
        cost_rule.insert().values(
            id=rule.id,
            revision=(connection.scalar(last) or 0) + 1,
            position=rule.position,
            valid_from=rule.valid_from.isoformat(),
            valid_until=rule.valid_until.isoformat() if rule.valid_until else None,
            body=json.dumps(rule_body(rule), sort_keys=True),
            recorded_at=at,
        )
    )


def end_rule(connection: sa.Connection, rule_id: str, until: date, at: datetime) -> CostRule:
    """Let a rule end on a day (excluded; its first day: it never held); NotFound without it."""
    found = next((rule for rule in cost_rules(connection) if rule.id == rule_id), None)
    if found is None:
        raise NotFound("cost_rule")
    ended = replace(found, valid_until=until)
    add_rule(connection, ended, at)
    return ended


def _rule(row: sa.Row[tuple[object, ...]]) -> CostRule:
    return rule_from_body(
        row.body,
        rule_id=row.id,
        valid_from=date.fromisoformat(row.valid_from),
        valid_until=date.fromisoformat(row.valid_until) if row.valid_until else None,
        position=row.position,
    )
