"""The checklist of a close: what was read of a month, judged item by item. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from catalog.money import MONEY_CONTEXT, ZERO
from dashboards.formats import plain_money

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


def checklist(facts: Facts) -> tuple[Item, ...]:
    """Return the items of a close, in the order in which they are worked through."""
    return (
        _usage(facts),
        _corrections(facts),
        _quarantine(facts),
        _billing(facts),
        _blocked(facts),
        _lines(facts),
        _costs(facts),
        _costs_whole(facts),
        _estimates(facts),
        _rates(facts),
        _unattributed(facts),
        _currency(facts),
        _drafts(facts),
    )


def failures(items: Sequence[Item]) -> list[Item]:
    """Return the items that refuse a close."""
    return [item for item in items if item.status is Status.FAIL]


def _usage(facts: Facts) -> Item:
    if facts.usage_waits:
        return Item(
            "usage",
            Status.FAIL,
            "Usage of the month still waits in the inbox.",
            cure="Let it be flushed: a running service does it by itself.",
        )
    return Item("usage", Status.OK, "All usage taken in until the month's end is in the lake.")


def _corrections(facts: Facts) -> Item:
    waiting = facts.unfinished_corrections
    if waiting:
        return Item(
            "corrections",
            Status.FAIL,
            "{count} corrections are unfinished: {names}.",
            _counted(waiting),
            "Repeat each correction: it goes on where it stopped.",
        )
    return Item("corrections", Status.OK, "No correction is unfinished.")


def _quarantine(facts: Facts) -> Item:
    if facts.quarantined_count:
        return Item(
            "quarantine",
            Status.WARN,
            "{count} events in quarantine count nothing.",
            {"count": str(facts.quarantined_count)},
            "Mend, replay or dismiss them: fusion-billing quarantine list",
        )
    return Item("quarantine", Status.OK, "No event waits in quarantine.")


def _billing(facts: Facts) -> Item:
    if facts.unbilled:
        return Item(
            "billing",
            Status.FAIL,
            "{count} closings are due and not billed: {names}.",
            _counted(facts.unbilled),
            "Run the bill: fusion-billing bill",
        )
    return Item("billing", Status.OK, "Every subscription is billed until the month's end.")


def _blocked(facts: Facts) -> Item:
    if facts.blocked:
        return Item(
            "blocked",
            Status.FAIL,
            "{count} closings are blocked: {names}.",
            _counted(facts.blocked),
            "Two engines count their usage differently: fusion-billing lake check --deep",
        )
    return Item("blocked", Status.OK, "No closing is blocked.")


def _lines(facts: Facts) -> Item:
    if facts.lines_waiting_count:
        return Item(
            "lines",
            Status.FAIL,
            "{count} rated lines are not in the lake yet.",
            {"count": str(facts.lines_waiting_count)},
            "They are moved each minute, and by the close itself: try again.",
        )
    return Item("lines", Status.OK, "All rated lines are in the lake.")


def _costs(facts: Facts) -> Item:
    if facts.providers_missing:
        return Item(
            "costs",
            Status.FAIL,
            "No costs of {count} providers that had some before: {names}.",
            _counted(facts.providers_missing),
            "Import what they charged: fusion-billing import costs FILE",
        )
    if not facts.has_costs:
        return Item(
            "costs",
            Status.WARN,
            "No cost of any provider is known.",
            cure="Import what the providers charged: fusion-billing import costs FILE",
        )
    return Item("costs", Status.OK, "Every provider of the month before has costs in the month.")


def _costs_whole(facts: Facts) -> Item:
    if facts.providers_short:
        names = [f"{provider} ({day})" for provider, day in facts.providers_short]
        return Item(
            "costs_whole",
            Status.WARN,
            "Costs of {count} providers end early: {names}.",
            _counted(names),
            "See that their last days are imported.",
        )
    return Item("costs_whole", Status.OK, "Costs reach the end of the month, as they did before.")


def _estimates(facts: Facts) -> Item:
    if facts.estimated_cad:
        return Item(
            "estimates",
            Status.WARN,
            "{amount} CAD of COGS is an estimate by price list.",
            {"amount": plain_money(facts.estimated_cad)},
            "Import the providers' actual costs, or close with the estimate.",
        )
    return Item("estimates", Status.OK, "No COGS is an estimate.")


def _rates(facts: Facts) -> Item:
    if facts.rates_missing:
        names = [f"{currency} ({day})" for currency, day in facts.rates_missing]
        return Item(
            "rates",
            Status.FAIL,
            "{count} rates to CAD are missing: {names}.",
            _counted(names),
            "Add the rates: fusion-billing costs rates FILE",
        )
    return Item("rates", Status.OK, "No rate to CAD is missing.")


def _unattributed(facts: Facts) -> Item:
    share = ZERO
    if facts.house_cad > 0:
        share = MONEY_CONTEXT.divide(facts.unallocated_cad, facts.house_cad)
    percent = MONEY_CONTEXT.scaleb(share, 2).quantize(Decimal("0.1"), context=MONEY_CONTEXT)
    figures = {
        "share": f"{percent}",
        "amount": plain_money(facts.unallocated_cad),
        "shared": plain_money(facts.shared_cad),
    }
    words = (
        "{share} % of the house's COGS names no service ({amount} CAD); {shared} CAD of this "
        "service's names no account."
    )
    if share > UNATTRIBUTED_MAX:
        return Item(
            "unattributed",
            Status.WARN,
            words,
            figures,
            "Say whose it is: fusion-billing costs rules add",
        )
    return Item("unattributed", Status.OK, words, figures)


def _currency(facts: Facts) -> Item:
    if facts.foreign_lines:
        names = [f"{count} {currency}" for currency, count in facts.foreign_lines]
        return Item(
            "currency",
            Status.WARN,
            "Lines in other currencies are in no figure: {names}.",
            {"names": ", ".join(names)},
            "Tell them apart from these figures.",
        )
    return Item("currency", Status.OK, "All revenue of the month is in CAD.")


def _drafts(facts: Facts) -> Item:
    if facts.drafts is None:
        return Item(
            "drafts",
            Status.OK,
            "Nothing is sent to Odoo from here.",
        )
    sent, waiting, parked = (facts.drafts.get(name, 0) for name in ("sent", "draft", "parked"))
    figures = {"sent": str(sent), "waiting": str(waiting), "parked": str(parked)}
    words = "Of the month's drafts {sent} are sent, {waiting} wait, {parked} are parked."
    if waiting or parked:
        return Item(
            "drafts", Status.WARN, words, figures, "See what holds them: fusion-billing odoo sync"
        )
    return Item("drafts", Status.OK, words, figures)


def _counted(names: Sequence[str]) -> dict[str, str]:
    more = len(names) - NAMED_MAX
    shown = ", ".join(names[:NAMED_MAX]) + (f" +{more}" if more > 0 else "")
    return {"count": str(len(names)), "names": shown}
