"""What the routes of a plan's parts share: a page of them, the wish for a cascade."""

import uuid
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, TypeVar

from fastapi import Request

from catalog.exact_json import JsonValue
from catalog.http import Json, Page, WholeBody
from catalog.lago_shapes.charge_filters import to_lago_filter
from catalog.plans import Charge, ChargeFilter

CASCADE = "cascade_updates"
# What Rails reads as false; anything else that is said means true.
SAYS_NO = (False, 0, None, "", "0", "f", "F", "false", "FALSE", "off", "OFF")

T = TypeVar("T")


def new_id() -> str:
    """Return a random id."""
    return str(uuid.uuid4())


def page_answer(name: str, rows: Sequence[T], shape: Callable[[T], object], page: Page) -> Json:
    """Answer one page of rows that are at hand."""
    shown = rows[page.offset : page.offset + page.size]
    return Json({name: [shape(row) for row in shown], "meta": page.meta(len(rows))})


def filters_answer(charge: Charge, page: Page) -> Json:
    """Answer one page of a charge's filters, oldest first."""
    return page_answer("filters", charge.filters, partial(to_lago_filter, charge), page)


def filter_answer(charge: Charge, one: ChargeFilter) -> Json:
    """Answer one filter of a charge."""
    return Json({"filter": to_lago_filter(charge, one)})


def asks(value: JsonValue) -> bool:
    """Say whether a flag is set, as Rails reads one."""
    return value not in SAYS_NO


def cascade_under(root: str) -> Callable[..., Coroutine[Any, Any, bool]]:
    """Return a dependency that reads the wish of a DELETE from its query or its body, if any."""

    async def read_wish(request: Request, value: WholeBody) -> bool:
        query = request.query_params
        told = query.get(f"{root}[{CASCADE}]") or query.get(CASCADE)
        under = value.get(root) if isinstance(value, dict) else None
        return asks(told) or (isinstance(under, dict) and asks(under.get(CASCADE)))

    return read_wish
