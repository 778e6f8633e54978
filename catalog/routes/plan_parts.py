"""What the routes of a plan's parts share: finding one, a page of them, the wish for a cascade."""

import uuid
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from fastapi import Request

from catalog.errors import NotFound
from catalog.exact_json import JsonValue, exact_value
from catalog.http import CallerService, Json, LimitsOf, Page
from catalog.plans import Charge, ChargeFilter, Plan

CASCADE = "cascade_updates"
# What Rails reads as false; anything else that is said means true.
SAYS_NO = (False, 0, None, "", "0", "f", "F", "false", "FALSE", "off", "OFF")

T = TypeVar("T")


def new_id() -> str:
    """Return a random id."""
    return str(uuid.uuid4())


def found_charge(plan: Plan, code: str) -> Charge:
    """Return a plan's charge by its code; NotFound when there is none."""
    for charge in plan.charges:
        if charge.code == code:
            return charge
    raise NotFound("charge")


def found_filter(charge: Charge, filter_id: str) -> ChargeFilter:
    """Return a charge's filter by its id; NotFound when there is none."""
    for one in charge.filters:
        if one.id == filter_id:
            return one
    raise NotFound("charge_filter")


def newest_first(charges: Sequence[Charge]) -> list[Charge]:
    """Return charges as lists of them show them (Lago)."""
    return sorted(charges, key=lambda charge: charge.created_at, reverse=True)


def page_answer(name: str, rows: Sequence[T], shape: Callable[[T], object], page: Page) -> Json:
    """Answer one page of rows that are at hand."""
    shown = rows[page.offset : page.offset + page.size]
    return Json({name: [shape(row) for row in shown], "meta": page.meta(len(rows))})


def asks(value: JsonValue) -> bool:
    """Say whether a flag is set, as Rails reads one."""
    return value not in SAYS_NO


def cascade_under(root: str) -> Callable[..., Coroutine[Any, Any, bool]]:
    """Return a dependency that reads the wish of a DELETE from its query or its body, if any."""

    async def read_wish(request: Request, _service: CallerService, limits: LimitsOf) -> bool:
        query = request.query_params
        told = query.get(f"{root}[{CASCADE}]") or query.get(CASCADE)
        body = await request.body()
        value = exact_value(body, limits.json_depth_max) if body else None
        under = value.get(root) if isinstance(value, dict) else None
        return asks(told) or (isinstance(under, dict) and asks(under.get(CASCADE)))

    return read_wish
