"""A product of Odoo that says something of a catalogue, as it was read. Pure.

Decides what a product is: a plan, a charge of one, or the definition of a metric.
"""

from dataclasses import dataclass
from datetime import datetime

from odoo_bridge.odoo_value import OdooValue, from_odoo_amount

READ_FIELDS = [
    *("name", "active", "list_price", "currency_id", "write_date", "x_fc_service"),
    *("x_fc_plan_code", "x_fc_plan_interval", "x_fc_plan_properties"),
    *("x_fc_metric_code", "x_fc_metric_properties", "x_fc_charge_code", "x_fc_charge_model"),
    *("x_fc_charge_properties", "x_fc_charge_options", "x_fc_included_quota"),
    "x_fc_overage_price",
]


@dataclass(frozen=True, slots=True)
class CatalogueProduct:
    """What a product says of the catalogue; an empty text says nothing, a price is as written."""

    product_id: int
    name: str
    is_active: bool
    price: str
    currency: str
    service_code: str
    plan_code: str
    plan_interval: str
    plan_properties: str
    metric_code: str
    metric_properties: str
    charge_code: str
    charge_model: str
    charge_properties: str
    charge_options: str
    included_quota: str
    overage_price: str

    @property
    def source(self) -> str:
        """Return how a problem names this product."""
        return str(self.product_id)

    @property
    def is_plan(self) -> bool:
        """Say whether it is a plan itself, and not something that a plan charges for."""
        return bool(self.plan_code) and not self.metric_code

    @property
    def says_something(self) -> bool:
        """Say whether it is still part of a catalogue."""
        return bool(self.plan_code or self.metric_code)


@dataclass(frozen=True, slots=True)
class SeenProduct:
    """A product as last read; `changed_at` is when what it says was changed, not merely touched.

    A problem is noted on the product once: `problem_since` tells two of the same words apart.
    """

    product: CatalogueProduct
    changed_at: datetime
    problem: str | None = None
    problem_since: datetime | None = None
    noted_at: datetime | None = None


def from_odoo_product(read: OdooValue) -> CatalogueProduct:
    """Return a product from what `product.template.search_read` answers for READ_FIELDS."""
    return CatalogueProduct(
        product_id=int(read["id"]),
        name=_text(read["name"]),
        is_active=bool(read["active"]),
        price=format(from_odoo_amount(read["list_price"]), "f"),
        currency=str(read["currency_id"][1]) if read["currency_id"] else "",
        service_code=_text(read["x_fc_service"]),
        plan_code=_text(read["x_fc_plan_code"]),
        plan_interval=_text(read["x_fc_plan_interval"]),
        plan_properties=_text(read["x_fc_plan_properties"]),
        metric_code=_text(read["x_fc_metric_code"]),
        metric_properties=_text(read["x_fc_metric_properties"]),
        charge_code=_text(read["x_fc_charge_code"]),
        charge_model=_text(read["x_fc_charge_model"]),
        charge_properties=_text(read["x_fc_charge_properties"]),
        charge_options=_text(read["x_fc_charge_options"]),
        included_quota=_text(read["x_fc_included_quota"]),
        overage_price=_text(read["x_fc_overage_price"]),
    )


def _text(told: OdooValue) -> str:
    """Return a text; Odoo says False where there is none."""
    return str(told).strip() if told else ""
