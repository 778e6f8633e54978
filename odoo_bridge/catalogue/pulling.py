"""Reads from Odoo which products changed since the last look; asks only.

By write_date with an overlap, for a transaction may end long after it began (Odoo stamps rows with
its beginning); all of them once a day, and those that were deleted at every look.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from odoo_bridge.catalogue.product import READ_FIELDS, SeenProduct, from_odoo_product
from odoo_bridge.catalogue.snapshot import CatalogueMark
from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue, from_odoo_instant

MODEL = "product.template"
OVERLAP = timedelta(minutes=10)
SWEEP_AFTER = timedelta(days=1)
PAGE_PRODUCTS_MAX = 200
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
ARCHIVED_TOO = {"active_test": False}


@dataclass(frozen=True, slots=True)
class Pull:
    """What a look found: all products as they are now, those to write down, and those to forget."""

    seen: Mapping[int, SeenProduct]
    changed: tuple[SeenProduct, ...]
    forgotten: frozenset[int]
    mark: CatalogueMark


def pulled(
    odoo: OdooConnection,
    known: Mapping[int, SeenProduct],
    mark: CatalogueMark | None,
    at: datetime,
) -> Pull:
    """Look once; a product that was touched, but says what it said, has not changed."""
    is_sweep = mark is None or at - mark.swept_at >= SWEEP_AFTER
    since = LONG_AGO if mark is None or is_sweep else mark.read_until - OVERLAP
    read = _changed_since(odoo, known, since)
    there = _there(odoo, known) | {int(product["id"]) for product in read}
    changed = [_with_problem(one, known) for one in map(_seen, read) if _differs(one, known)]
    merged = {product_id: one for product_id, one in known.items() if product_id in there}
    merged |= {one.product.product_id: one for one in changed}
    merged = {product_id: one for product_id, one in merged.items() if one.product.says_something}
    newest = max((from_odoo_instant(product["write_date"]) for product in read), default=LONG_AGO)
    return Pull(
        seen=merged,
        changed=tuple(one for one in changed if one.product.product_id in merged),
        forgotten=frozenset(known) - frozenset(merged),
        mark=CatalogueMark(
            read_until=max(newest, mark.read_until if mark else LONG_AGO),
            swept_at=at if mark is None or is_sweep else mark.swept_at,
        ),
    )


def _changed_since(
    odoo: OdooConnection, known: Collection[int], since: datetime
) -> list[OdooValue]:
    """Return the products written since an instant, archived ones too, in the order of ids."""
    marked: list[OdooValue] = ["|", ("x_fc_plan_code", "!=", False)]
    marked += ["|", ("x_fc_metric_code", "!=", False), ("id", "in", sorted(known))]
    # Odoo shows whole seconds and keeps microseconds: only >= finds what the second holds.
    written = ("write_date", ">=", f"{since:%Y-%m-%d %H:%M:%S}")
    read: list[OdooValue] = []
    while True:
        after = ("id", ">", read[-1]["id"] if read else 0)
        page = odoo.call(
            *(MODEL, "search_read", [*marked, written, after], READ_FIELDS),
            order="id",
            limit=PAGE_PRODUCTS_MAX,
            context=ARCHIVED_TOO,
        )
        read += page
        if len(page) < PAGE_PRODUCTS_MAX:
            return read


def _there(odoo: OdooConnection, known: Collection[int]) -> set[int]:
    if not known:
        return set()
    wanted = [("id", "in", sorted(known))]
    return set(odoo.call(MODEL, "search", wanted, context=ARCHIVED_TOO))


def _seen(read: OdooValue) -> SeenProduct:
    return SeenProduct(from_odoo_product(read), from_odoo_instant(read["write_date"]))


def _differs(one: SeenProduct, known: Mapping[int, SeenProduct]) -> bool:
    before = known.get(one.product.product_id)
    return before is None or before.product != one.product


def _with_problem(one: SeenProduct, known: Mapping[int, SeenProduct]) -> SeenProduct:
    """Return a changed product with the problem it had: whether it still has it is judged later."""
    before = known.get(one.product.product_id)
    if before is None:
        return one
    told = (before.problem, before.problem_since, before.noted_at)
    return replace(one, problem=told[0], problem_since=told[1], noted_at=told[2])
