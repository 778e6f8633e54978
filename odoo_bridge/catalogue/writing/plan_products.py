"""A plan as the products that say it in Odoo: the other direction of `product_reading`. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from catalog.lago_shapes.charges import to_lago_charge
from catalog.lago_shapes.plans import to_lago_plan
from catalog.plans import Charge, Plan
from odoo_bridge.catalogue.members import CHARGE_OPTIONS, FILTER_MEMBERS, PLAN_DEFAULTS
from odoo_bridge.catalogue.product import CatalogueProduct
from odoo_bridge.move_rows import amount_text

NAMELESS = 0
COMMITMENT_MEMBERS = ("amount_cents", "invoice_display_name")
DROPPED_WHEN: tuple[object, ...] = (None, False, [], {}, "")


@dataclass(frozen=True, slots=True)
class ProductKey:
    """What a product is in a service's catalogue: a plan, or one charge of it."""

    plan_code: str
    charge_code: str = ""


def plan_products(plan: Plan) -> dict[ProductKey, CatalogueProduct]:
    """Return every product of a plan as it must read, still without a number."""
    told = {ProductKey(plan.code): _plan_product(plan)}
    for charge in plan.charges:
        told[ProductKey(plan.code, charge.code)] = _charge_product(plan, charge)
    return told


def to_odoo_product(product: CatalogueProduct) -> dict[str, str]:
    """Return what a product says as cells for `load`, all of it: an empty text empties a field."""
    return {
        "active": "1" if product.is_active else "0",
        "x_fc_service": product.service_code,
        "x_fc_plan_code": product.plan_code,
        "x_fc_plan_interval": product.plan_interval,
        "x_fc_plan_properties": product.plan_properties,
        "x_fc_metric_code": product.metric_code,
        "x_fc_charge_code": product.charge_code,
        "x_fc_charge_model": product.charge_model,
        "x_fc_charge_properties": product.charge_properties,
        "x_fc_charge_options": product.charge_options,
        "x_fc_included_quota": product.included_quota,
        "x_fc_overage_price": product.overage_price,
        "name": product.name,
        "list_price": product.price,
    }


def _plan_product(plan: Plan) -> CatalogueProduct:
    members = to_lago_plan(plan)
    more = {name: members.get(name) for name in PLAN_DEFAULTS}
    commitment = members.get("minimum_commitment")
    if isinstance(commitment, dict):
        more["minimum_commitment"] = {name: commitment[name] for name in COMMITMENT_MEMBERS}
    return _product(
        plan,
        name=plan.name,
        price=amount_text(plan.amount_cents, plan.amount_currency),
        plan_interval=plan.interval.value,
        plan_properties=_json(more),
    )


def _charge_product(plan: Plan, charge: Charge) -> CatalogueProduct:
    members = to_lago_charge(charge)
    options = {name: members.get(name) for name in CHARGE_OPTIONS}
    options["filters"] = [
        {name: told[name] for name in sorted(FILTER_MEMBERS)} for told in _filters(members)
    ]
    if options["invoiceable"]:
        del options["invoiceable"]
    return _product(
        plan,
        name=charge.invoice_display_name or charge.code,
        metric_code=charge.metric_code,
        charge_code=charge.code,
        charge_model=charge.charge_model.value,
        charge_properties=_json(members["properties"], keeps_empty=True),
        charge_options=_json(options, keeps="invoiceable"),
    )


def _filters(members: Mapping[str, object]) -> list[dict[str, object]]:
    filters = members["filters"]
    return filters if isinstance(filters, list) else []


def _product(plan: Plan, **said: str) -> CatalogueProduct:
    empty = dict.fromkeys(
        (
            *("plan_interval", "plan_properties", "metric_code", "metric_properties"),
            *("charge_code", "charge_model", "charge_properties", "charge_options"),
            *("included_quota", "overage_price"),
        ),
        "",
    )
    return CatalogueProduct(
        product_id=NAMELESS,
        is_active=True,
        currency=plan.amount_currency,
        service_code=plan.service_code,
        plan_code=plan.code,
        **({"price": "0"} | empty | said),
    )


def _json(members: object, keeps: str = "", *, keeps_empty: bool = False) -> str:
    """Return members as JSON that people read; what says nothing is left out."""
    told = members if isinstance(members, dict) else {}
    said = {
        name: value
        for name, value in told.items()
        if keeps_empty or name == keeps or value not in DROPPED_WHEN
    }
    return msgspec.json.encode(said, order="sorted").decode() if said else ""
