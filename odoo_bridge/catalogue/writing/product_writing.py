"""Writes a plan's products into Odoo, all or none, and each made once.

New ones are made archived under an external id, where they say nothing; then one call says it all.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from catalog.errors import MethodNotAllowed
from catalog.plans import Plan
from catalog.services import Service
from odoo_bridge.catalogue.product import CatalogueProduct, SeenProduct
from odoo_bridge.catalogue.product_reading import wanted_of_products
from odoo_bridge.catalogue.pulling import ARCHIVED_TOO, MODEL
from odoo_bridge.catalogue.reading import read_catalogue
from odoo_bridge.catalogue.snapshot import seen_products
from odoo_bridge.catalogue.writing.plan_products import (
    ProductKey,
    plan_products,
    to_odoo_product,
)
from odoo_bridge.catalogue.writing.rehearsal import Rehearsed
from odoo_bridge.checks.subscriptions import has_subscriptions
from odoo_bridge.company import company_of
from odoo_bridge.connection import OdooConnection
from odoo_bridge.external_ids import catalogue_product_external_id
from odoo_bridge.faults import NeedsHuman, fault_of_messages
from odoo_bridge.fields import refuse_missing_fields
from odoo_bridge.loading import created_once, resolved_id
from storage.fault_points import reached
from storage.state import State

OWNED_BY_ODOO = "catalogue_owned_by_odoo"


def write_plan(
    state: State,
    odoo: OdooConnection,
    service: Service,
    change: Rehearsed,
    *,
    at: datetime,
    new_id: Callable[[], str],
) -> None:
    """Make Odoo's products say a plan as it is to become, and read them back as its version.

    NeedsHuman for what products can't say, or Odoo refuses: then nothing is changed.
    """
    if change.reaches_overrides:
        words = "prices of a single subscription do not follow where Odoo owns the catalogue"
        raise MethodNotAllowed(OWNED_BY_ODOO, {"cascade_updates": [words]})
    if change.before is None and change.after is None:
        return
    refuse_missing_fields(odoo)
    _read_back(state, odoo, service, at, new_id)
    with state.read() as connection:
        seen = seen_products(connection, odoo.settings.database)
    there = {
        _renamed(key, change): product
        for key, product in _products_of(seen.values(), service.code, change).items()
    }
    wanted = plan_products(change.after) if change.after else {}
    _refuse_unsayable(odoo, service, change.after, wanted)
    ids = _made(odoo, service, wanted, there)
    reached("odoo.catalogue.made")
    _say(odoo, _rows(wanted, there, ids))
    reached("odoo.catalogue.written")
    problems = _read_back(state, odoo, service, at, new_id, set(ids.values()))
    if problems:
        raise NeedsHuman("; ".join(problems))


def _renamed(key: ProductKey, change: Rehearsed) -> ProductKey:
    """Return what a product is called after a plan's code changes."""
    return replace(key, plan_code=change.after.code) if change.after else key


def _products_of(
    seen: Iterable[SeenProduct], service_code: str, change: Rehearsed
) -> dict[ProductKey, CatalogueProduct]:
    """Return the active products that say a plan now."""
    plan = change.before or change.after
    code = plan.code if plan else ""
    mine = [
        one.product
        for one in seen
        if one.product.service_code == service_code
        and one.product.plan_code == code
        and one.product.is_active
    ]
    return {
        ProductKey(code, "" if one.is_plan else one.charge_code or one.metric_code): one
        for one in mine
    }


def _refuse_unsayable(
    odoo: OdooConnection,
    service: Service,
    plan: Plan | None,
    wanted: Mapping[ProductKey, CatalogueProduct],
) -> None:
    """Raise NeedsHuman for a plan that products would not be read as, before any is written."""
    if plan is None:
        return
    currency = company_of(odoo).currency
    if plan.amount_currency != currency:
        raise NeedsHuman(f"products of this Odoo are in {currency}, not {plan.amount_currency}")
    numbered = [
        SeenProduct(replace(one, product_id=number), plan.valid_from)
        for number, one in enumerate(wanted.values(), 1)
    ]
    problems = wanted_of_products(numbered, service.code).problems
    if problems:
        raise NeedsHuman("; ".join(problem.words for problem in problems))


def _made(
    odoo: OdooConnection,
    service: Service,
    wanted: Mapping[ProductKey, CatalogueProduct],
    there: Mapping[ProductKey, CatalogueProduct],
) -> dict[ProductKey, int]:
    """Return the product of each key; one that is not there is made, and says nothing yet."""
    ids = {}
    has_clock: bool | None = None
    for key, product in wanted.items():
        if key in there:
            ids[key] = there[key].product_id
            continue
        external_id = catalogue_product_external_id(service.code, key.plan_code, key.charge_code)
        found = resolved_id(odoo, MODEL, external_id)
        if found is None:
            has_clock = has_subscriptions(odoo) if has_clock is None else has_clock
            cells = _blank(external_id, product, has_clock=has_clock)
            found = created_once(odoo, MODEL, external_id, list(cells), [list(cells.values())])
        ids[key] = found
    return ids


def _blank(external_id: str, product: CatalogueProduct, *, has_clock: bool) -> dict[str, str]:
    """Return a new product's cells; a plan's is billed by the clock, if there is one."""
    is_billed = has_clock or not product.is_plan
    cells = {"id": external_id, "name": product.name, "type": "service", "active": "0"}
    cells |= {"invoice_policy": "order" if is_billed else "delivery"}
    return cells | ({"recurring_invoice": "1"} if has_clock and product.is_plan else {})


def _rows(
    wanted: Mapping[ProductKey, CatalogueProduct],
    there: Mapping[ProductKey, CatalogueProduct],
    ids: Mapping[ProductKey, int],
) -> dict[int, CatalogueProduct]:
    """Return what every product of a plan is to say; a charge's sales price stays people's. Pure.

    Those that are no part of it any more are archived as they are.
    """
    rows = {}
    for key, product in wanted.items():
        is_priced_by_people = bool(key.charge_code) and key in there
        price = there[key].price if is_priced_by_people else product.price
        rows[ids[key]] = replace(product, price=price)
    for key, product in there.items():
        if key not in wanted:
            rows[product.product_id] = replace(product, is_active=False)
    return rows


def _say(odoo: OdooConnection, rows: Mapping[int, CatalogueProduct]) -> None:
    """Write all products of a plan in one transaction."""
    if not rows:
        return
    told = {product_id: to_odoo_product(product) for product_id, product in rows.items()}
    columns = [".id", *next(iter(told.values()))]
    cells = [[str(product_id), *said.values()] for product_id, said in told.items()]
    answer = odoo.call(MODEL, "load", columns, cells, context=ARCHIVED_TOO)
    if not answer["ids"]:
        raise fault_of_messages([str(one["message"]) for one in answer["messages"]])


def _read_back(
    state: State,
    odoo: OdooConnection,
    service: Service,
    at: datetime,
    new_id: Callable[[], str],
    product_ids: Iterable[int] = (),
) -> list[str]:
    """Read the catalogue, and return what is wrong with some products."""
    report = read_catalogue(state, odoo, [service], at=at, new_id=new_id, service_code=service.code)
    sources = {str(one) for one in product_ids}
    return [
        problem.words
        for told in report.services
        for problem in told.problems
        if problem.source in sources
    ]
