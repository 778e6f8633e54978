"""The checklist of a close: what was read of a month, judged item by item. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import groupby

from catalog.money import MONEY_CONTEXT, ZERO
from dashboards.formats import plain_money
from dashboards.reports.words import ENGLISH

NAMED_MAX = 5
# Of the house's cost, what names no service may be this much (docs/costs.md: 99 % are named).
UNATTRIBUTED_MAX = Decimal("0.01")


class Status(StrEnum):
    """How an item of the checklist stands; a FAIL refuses the close."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Item:
    """One item: what was found, as a sentence with its {figures}, and what to do about it."""

    key: str
    status: Status
    found: str
    figures: Mapping[str, str] = field(default_factory=dict)
    cure: str = ""

    @property
    def told(self) -> str:
        """Return what was found, in English."""
        return ENGLISH.say(self.found, **self.figures)


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read of a service's month; empty and zero mean that nothing is wrong.

    `drafts` is None where nothing is sent: no Odoo, or a service that is not live.
    """

    usage_waits: bool = False
    unfinished_corrections: Sequence[str] = ()
    quarantined_count: int = 0
    unbilled: Sequence[str] = ()
    blocked: Sequence[str] = ()
    lines_waiting_count: int = 0
    has_costs: bool = True
    providers_missing: Sequence[str] = ()
    providers_short: Sequence[tuple[str, date]] = ()
    rates_missing: Sequence[tuple[str, date]] = ()
    estimated_cad: Decimal = ZERO
    house_cad: Decimal = ZERO
    unallocated_cad: Decimal = ZERO
    shared_cad: Decimal = ZERO
    foreign_lines: Sequence[tuple[str, int]] = ()
    drafts: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """What one item looks at: when it applies, how it stands then, and its words for both cases.

    `figures` fills the {figures} of `found`, and of `fine` where it has some.
    """

    key: str
    applies: Callable[[Facts], object]
    status: Status
    found: str
    cure: str = ""
    fine: str = ""
    figures: Callable[[Facts], Mapping[str, str]] = lambda _facts: {}

    def found_item(self, facts: Facts) -> Item:
        """Return the item of what was found."""
        return Item(self.key, self.status, self.found, self.figures(facts), self.cure)

    def fine_item(self, facts: Facts) -> Item:
        """Return the item of what is in order."""
        figures = self.figures(facts) if "{" in self.fine else {}
        return Item(self.key, Status.OK, self.fine, figures)


def checklist(facts: Facts) -> tuple[Item, ...]:
    """Return the items of a close, in the order in which they are worked through."""
    return tuple(_item(list(same), facts) for _, same in groupby(CHECKS, key=lambda one: one.key))


def failures(items: Sequence[Item]) -> list[Item]:
    """Return the items that refuse a close."""
    return [item for item in items if item.status is Status.FAIL]


def _item(checks: Sequence[Check], facts: Facts) -> Item:
    found = next((check for check in checks if check.applies(facts)), None)
    return found.found_item(facts) if found else checks[-1].fine_item(facts)


def _counted(names: Sequence[str]) -> dict[str, str]:
    more = len(names) - NAMED_MAX
    shown = ", ".join(names[:NAMED_MAX]) + (f" +{more}" if more > 0 else "")
    return {"count": str(len(names)), "names": shown}


def _dated(found: Sequence[tuple[str, date]]) -> dict[str, str]:
    return _counted([f"{name} ({day})" for name, day in found])


def _unattributed_share(facts: Facts) -> Decimal:
    if facts.house_cad <= 0:
        return ZERO
    return MONEY_CONTEXT.divide(facts.unallocated_cad, facts.house_cad)


def _unattributed(facts: Facts) -> dict[str, str]:
    percent = MONEY_CONTEXT.scaleb(_unattributed_share(facts), 2)
    return {
        "share": str(percent.quantize(Decimal("0.1"), context=MONEY_CONTEXT)),
        "amount": plain_money(facts.unallocated_cad),
        "shared": plain_money(facts.shared_cad),
    }


def _drafts(facts: Facts) -> dict[str, str]:
    words = {"sent": "sent", "waiting": "draft", "parked": "parked"}
    return {word: str((facts.drafts or {}).get(name, 0)) for word, name in words.items()}


UNATTRIBUTED = (
    "{share} % of the house's COGS names no service ({amount} CAD); {shared} CAD of this "
    "service's names no account."
)
DRAFTS = "Of the month's drafts {sent} are sent, {waiting} wait, {parked} are parked."
# In the order of the work; of several with one key the first that applies is told.
CHECKS = (
    Check(
        "usage",
        lambda facts: facts.usage_waits,
        Status.FAIL,
        "Usage of the month still waits in the inbox.",
        "Let it be flushed: a running service does it by itself.",
        "All usage taken in until the month's end is in the lake.",
    ),
    Check(
        "corrections",
        lambda facts: facts.unfinished_corrections,
        Status.FAIL,
        "{count} corrections are unfinished: {names}.",
        "Repeat each correction: it goes on where it stopped.",
        "No correction is unfinished.",
        lambda facts: _counted(facts.unfinished_corrections),
    ),
    Check(
        "quarantine",
        lambda facts: facts.quarantined_count,
        Status.WARN,
        "{count} events in quarantine count nothing.",
        "Mend, replay or dismiss them: fusion-billing quarantine list",
        "No event waits in quarantine.",
        lambda facts: {"count": str(facts.quarantined_count)},
    ),
    Check(
        "billing",
        lambda facts: facts.unbilled,
        Status.FAIL,
        "{count} closings are due and not billed: {names}.",
        "Run the bill: fusion-billing bill",
        "Every subscription is billed until the month's end.",
        lambda facts: _counted(facts.unbilled),
    ),
    Check(
        "blocked",
        lambda facts: facts.blocked,
        Status.FAIL,
        "{count} closings are blocked: {names}.",
        "Two engines count their usage differently: fusion-billing lake check --deep",
        "No closing is blocked.",
        lambda facts: _counted(facts.blocked),
    ),
    Check(
        "lines",
        lambda facts: facts.lines_waiting_count,
        Status.FAIL,
        "{count} rated lines are not in the lake yet.",
        "They are moved each minute, and by the close itself: try again.",
        "All rated lines are in the lake.",
        lambda facts: {"count": str(facts.lines_waiting_count)},
    ),
    Check(
        "costs",
        lambda facts: facts.providers_missing,
        Status.FAIL,
        "No costs of {count} providers that had some before: {names}.",
        "Import what they charged: fusion-billing import costs FILE",
        figures=lambda facts: _counted(facts.providers_missing),
    ),
    Check(
        "costs",
        lambda facts: not facts.has_costs,
        Status.WARN,
        "No cost of any provider is known.",
        "Import what the providers charged: fusion-billing import costs FILE",
        "Every provider of the month before has costs in the month.",
    ),
    Check(
        "costs_whole",
        lambda facts: facts.providers_short,
        Status.WARN,
        "Costs of {count} providers end early: {names}.",
        "See that their last days are imported.",
        "Costs reach the end of the month, as they did before.",
        lambda facts: _dated(facts.providers_short),
    ),
    Check(
        "estimates",
        lambda facts: facts.estimated_cad,
        Status.WARN,
        "{amount} CAD of COGS is an estimate by price list.",
        "Import the providers' actual costs, or close with the estimate.",
        "No COGS is an estimate.",
        lambda facts: {"amount": plain_money(facts.estimated_cad)},
    ),
    Check(
        "rates",
        lambda facts: facts.rates_missing,
        Status.FAIL,
        "{count} rates to CAD are missing: {names}.",
        "Add the rates: fusion-billing costs rates FILE",
        "No rate to CAD is missing.",
        lambda facts: _dated(facts.rates_missing),
    ),
    Check(
        "unattributed",
        lambda facts: _unattributed_share(facts) > UNATTRIBUTED_MAX,
        Status.WARN,
        UNATTRIBUTED,
        "Say whose it is: fusion-billing costs rules add",
        UNATTRIBUTED,
        _unattributed,
    ),
    Check(
        "currency",
        lambda facts: facts.foreign_lines,
        Status.WARN,
        "Lines in other currencies are in no figure: {names}.",
        "Tell them apart from these figures.",
        "All revenue of the month is in CAD.",
        lambda facts: {
            "names": ", ".join(f"{count} {currency}" for currency, count in facts.foreign_lines)
        },
    ),
    Check(
        "drafts",
        lambda facts: facts.drafts is None,
        Status.OK,
        "Nothing is sent to Odoo from here.",
    ),
    Check(
        "drafts",
        lambda facts: facts.drafts and (facts.drafts.get("draft") or facts.drafts.get("parked")),
        Status.WARN,
        DRAFTS,
        "See what holds them: fusion-billing odoo sync",
        DRAFTS,
        _drafts,
    ),
)
