"""Rules that say whose a cost is: for which days, which charges, and who gets which part.

Of the rules that meet a charge the first counts, by position. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from catalog.exact_json import JsonObject, exact_value
from catalog.money import ZERO, decimal_text, exact_decimal
from catalog.services import SERVICE_CODE

# What a rule may ask of a charge, and the column of the cost table it asks.
MATCHABLE = {
    "provider": "provider",
    "provider_service": "provider_service",
    "source": "source",
    "billing_account": "billing_account_id",
    "sub_account": "sub_account_id",
    "resource": "resource_id",
    "sku": "sku_id",
    "category": "service_category",
    "service": "service",
}
TAG = "tag:"
TEXT_LENGTH_MAX = 255
TARGETS_MAX = 1000
BODY_DEPTH_MAX = 4


class RuleKind(StrEnum):
    """How a rule divides: all to one; by a metric's quantity; in equal parts; by fixed shares."""

    DIRECT = "direct"
    PROPORTIONAL = "proportional"
    EVEN = "even"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Target:
    """Who gets a part; without an account the service's accounts share it."""

    service: str
    account_id: str | None = None
    share: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class CostRule:
    """One rule; it holds for charges whose day is in [valid_from, valid_until).

    `metric_code` is what a proportional rule divides by, and what a direct one names.
    """

    id: str
    kind: RuleKind
    valid_from: date
    match: Mapping[str, str]
    targets: tuple[Target, ...] = ()
    metric_code: str | None = None
    valid_until: date | None = None
    position: int = 100
    tags: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Refuse with ValueError a rule that says nothing or more than there is."""
        object.__setattr__(
            self, "tags", tuple(key[len(TAG) :] for key in self.match if key.startswith(TAG))
        )
        _refuse_match(self.match)
        _refuse_targets(self)
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise ValueError("a rule can't end before it begins")


def rule_body(rule: CostRule) -> JsonObject:
    """Return what a rule says, but for its days and place, as JSON keeps it."""
    return {
        "kind": rule.kind.value,
        "match": dict(rule.match),
        "metric": rule.metric_code,
        "targets": [
            {
                "service": target.service,
                "account": target.account_id,
                "share": decimal_text(target.share),
            }
            for target in rule.targets
        ],
    }


def rule_from_body(
    text: str, *, rule_id: str, valid_from: date, valid_until: date | None, position: int
) -> CostRule:
    """Return a rule as it was kept."""
    body = exact_value(text.encode(), BODY_DEPTH_MAX)
    assert isinstance(body, dict)  # noqa: S101 - written by rule_body
    targets, match, metric = body["targets"], body["match"], body["metric"]
    assert isinstance(targets, list)  # noqa: S101 - same
    assert isinstance(match, dict)  # noqa: S101 - same
    return CostRule(
        id=rule_id,
        kind=RuleKind(str(body["kind"])),
        valid_from=valid_from,
        valid_until=valid_until,
        position=position,
        match={key: str(value) for key, value in match.items()},
        metric_code=None if metric is None else str(metric),
        targets=tuple(_target(each) for each in targets if isinstance(each, dict)),
    )


def target_from_text(text: str) -> Target:
    """Return a target of "service", "service/account" or either with "=share"."""
    who, _, share = text.partition("=")
    service, _, account_id = who.partition("/")
    return Target(service, account_id or None, exact_decimal(share) if share else Decimal(1))


def _target(body: JsonObject) -> Target:
    account = body["account"]
    share = exact_decimal(str(body["share"]))
    return Target(str(body["service"]), None if account is None else str(account), share)


def _refuse_match(match: Mapping[str, str]) -> None:
    if not match:
        raise ValueError(f"a rule must match something: {', '.join(MATCHABLE)} or tag:KEY")
    for key, value in match.items():
        if key not in MATCHABLE and not (key.startswith(TAG) and len(key) > len(TAG)):
            raise ValueError(f"{key!r} can't be matched: {', '.join(MATCHABLE)} or tag:KEY")
        if not 0 < len(value) <= TEXT_LENGTH_MAX:
            raise ValueError(f"{key}: write 1 to {TEXT_LENGTH_MAX} characters")


def _refuse_targets(rule: CostRule) -> None:
    if len(rule.targets) > TARGETS_MAX:
        raise ValueError(f"at most {TARGETS_MAX} targets")
    for target in rule.targets:
        if not SERVICE_CODE.fullmatch(target.service):
            raise ValueError(f"{target.service!r} is no code of a service")
    named = [(target.service, target.account_id) for target in rule.targets]
    if len(set(named)) < len(named):
        raise ValueError("a rule names one target twice")
    _REFUSALS[rule.kind](rule)


def _refuse_direct(rule: CostRule) -> None:
    if len(rule.targets) != 1:
        raise ValueError("a direct rule has one target")


def _refuse_proportional(rule: CostRule) -> None:
    if rule.metric_code is None:
        raise ValueError("a proportional rule names the metric whose quantity divides")
    if any(target.account_id is not None for target in rule.targets):
        raise ValueError("a proportional rule names services, its accounts are found by usage")


def _refuse_even(rule: CostRule) -> None:
    if not rule.targets or rule.metric_code is not None:
        raise ValueError("an even rule has targets, and no metric")


def _refuse_fixed(rule: CostRule) -> None:
    if not rule.targets or rule.metric_code is not None:
        raise ValueError("a fixed rule has targets with shares, and no metric")
    if any(target.share <= ZERO for target in rule.targets):
        raise ValueError("a share is over 0")
    if sum(target.share for target in rule.targets) > 1:
        raise ValueError("shares sum to 1 at most; what is left stays unallocated")


_REFUSALS = {
    RuleKind.DIRECT: _refuse_direct,
    RuleKind.PROPORTIONAL: _refuse_proportional,
    RuleKind.EVEN: _refuse_even,
    RuleKind.FIXED: _refuse_fixed,
}
