"""costs rules: who gets a provider's cost, for which days."""

import uuid
from datetime import date, datetime
from typing import Annotated

import typer

from dashboards.costs.rule_store import add_rule, cost_rules, end_rule
from dashboards.costs.rules import MATCHABLE, CostRule, RuleKind, rule_body, target_from_text
from fusion_billing.clock import SystemClock
from fusion_billing.commands.options import AsJson, DataDir, instant_of, say, settings_of
from fusion_billing.opened_state import opened_state

app = typer.Typer(help="Rules that say whose a cost is.", no_args_is_help=True)
Day = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day it holds.")]


@app.callback()
def group() -> None:
    """Rules that say whose a cost is."""


@app.command()
def add(
    kind: Annotated[RuleKind, typer.Argument(help="How it divides.")],
    match: Annotated[
        list[str], typer.Option(help=f"KEY=VALUE of {', '.join(MATCHABLE)} or tag:KEY; all meet.")
    ],
    first: Day,
    to: Annotated[
        list[str] | None, typer.Option(help="SERVICE, SERVICE/ACCOUNT, or either with =SHARE.")
    ] = None,
    metric: Annotated[str | None, typer.Option(help="Metric whose quantity divides.")] = None,
    position: Annotated[int, typer.Option(min=0, help="Of rules that meet, the lowest counts.")] = (
        100
    ),
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a rule; for past days it changes what is told from now on, not what was told before."""
    rule = CostRule(
        id=str(uuid.uuid4()),
        kind=kind,
        valid_from=first.date(),
        match=dict(_pair(text) for text in match),
        targets=tuple(target_from_text(text) for text in to or []),
        metric_code=metric,
        position=position,
    )
    with opened_state(settings_of(data_dir)) as state, state.write() as connection:
        add_rule(connection, rule, SystemClock()())
    say(as_json, {"rule": _shape(rule)}, f"added {rule.id}")


@app.command("list")
def list_rules(
    as_of: Annotated[str | None, typer.Option(help="As they were known then.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the rules in the order in which they are tried."""
    known_at = instant_of(as_of) if as_of else None
    with opened_state(settings_of(data_dir)) as state, state.read() as connection:
        rules = cost_rules(connection, known_at)
    lines = [_line(rule) for rule in rules]
    say(as_json, {"rules": [_shape(rule) for rule in rules]}, "\n".join(lines) or "no rules")


@app.command()
def end(
    rule: Annotated[str, typer.Argument(help="Id of the rule.")],
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day it holds no more.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let a rule end; on its first day: as if it had never been."""
    with opened_state(settings_of(data_dir)) as state, state.write() as connection:
        ended = end_rule(connection, rule, on.date(), SystemClock()())
    say(as_json, {"rule": _shape(ended)}, f"ended {ended.id} on {on.date()}")


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    if not value:
        raise typer.BadParameter(f"{text!r} matches nothing; write provider=OpenAI")
    return key, value


def _shape(rule: CostRule) -> dict[str, object]:
    return {
        "id": rule.id,
        "position": rule.position,
        "valid_from": rule.valid_from.isoformat(),
        "valid_until": _iso(rule.valid_until),
        **rule_body(rule),
    }


def _line(rule: CostRule) -> str:
    match = ", ".join(f"{key}={value}" for key, value in rule.match.items())
    to = ", ".join(
        "/".join(filter(None, (target.service, target.account_id))) for target in rule.targets
    )
    by = f" by {rule.metric_code}" if rule.metric_code else ""
    days = f"{rule.valid_from} to {_iso(rule.valid_until) or '…'}"
    return (
        f"{rule.id}  {rule.position}  {days}  {rule.kind.value}{by}: {match} → {to or 'accounts'}"
    )


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
