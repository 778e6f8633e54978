"""Narrowed usage: some charges of a plan, some groups of their usage. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from catalog.errors import NotFound
from catalog.plans import Charge, FilterValues, Plan
from rating.charge_window import ChargeWindow


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What of a subscription's usage is asked for; by default everything.

    Of id, code and metric the first one given holds (Lago). `group` takes the usage whose
    properties have these values, which then need no group of their own. Of the presentation keys
    only those of `presentation_keys` are shown; None means all. `is_taxed` adds an estimated tax.
    """

    charge_id: str | None = None
    charge_code: str | None = None
    metric_code: str | None = None
    group: FilterValues = ()
    presentation_keys: tuple[str, ...] | None = None
    is_ungrouped: bool = False
    is_full_usage: bool = False
    is_taxed: bool = True

    @property
    def names_charge(self) -> bool:
        """Say whether only some charges are asked for."""
        return bool(self.charge_id or self.charge_code or self.metric_code)


EVERYTHING = Narrowing()


def narrowed_plan(plan: Plan, narrowing: Narrowing) -> Plan:
    """Return the plan with the charges and groups asked for; NotFound without any (Lago)."""
    chosen = [charge for charge in plan.charges if _is_asked(charge, narrowing)]
    if narrowing.names_charge and not chosen:
        raise NotFound("charge")
    return replace(plan, charges=tuple(_regrouped(charge, narrowing) for charge in chosen))


def narrowed_windows(
    windows: Sequence[ChargeWindow], narrowing: Narrowing
) -> Sequence[ChargeWindow]:
    """Return the windows with only the usage of the groups asked for."""
    if not narrowing.group:
        return windows
    return [_narrowed(window, narrowing.group) for window in windows]


def _is_asked(charge: Charge, narrowing: Narrowing) -> bool:
    if narrowing.charge_id:
        return charge.id == narrowing.charge_id
    if narrowing.charge_code:
        return charge.code == narrowing.charge_code
    return charge.metric_code == narrowing.metric_code or not narrowing.metric_code


def _regrouped(charge: Charge, narrowing: Narrowing) -> Charge:
    named = {key for key, _ in narrowing.group}

    def left(keys: tuple[str, ...]) -> tuple[str, ...]:
        return () if narrowing.is_ungrouped else tuple(key for key in keys if key not in named)

    shown = narrowing.presentation_keys
    return replace(
        charge,
        pricing_group_keys=left(charge.pricing_group_keys),
        filters=tuple(
            replace(one, pricing_group_keys=left(one.pricing_group_keys)) for one in charge.filters
        ),
        presentation_keys=tuple(
            each for each in charge.presentation_keys if shown is None or each.key in shown
        ),
    )


def _narrowed(window: ChargeWindow, group: FilterValues) -> ChargeWindow:
    selection = window.usage.selection
    matching = (*selection.matching, *group)
    narrower = structs.replace(selection, matching=matching)
    usage = structs.replace(window.usage, selection=narrower)
    return replace(window, usage=usage)
