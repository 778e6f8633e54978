"""Makers of products as Odoo would tell of them, and of a catalogue that keeps them."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from catalog.plans import Plan
from catalog.services import Service
from catalog.store.plans import find_plan, plan_versions
from catalog.store.services import add_service
from odoo_bridge.catalogue.keeping import CatalogueReport, keep_catalogue
from odoo_bridge.catalogue.product import CatalogueProduct, SeenProduct
from odoo_bridge.catalogue.product_reading import wanted_of_products
from odoo_bridge.odoo_value import OdooValue
from storage.state import State

AT = datetime(2026, 11, 10, 12, tzinfo=UTC)
CHANGED_AT = datetime(2026, 11, 10, 11, 30, tzinfo=UTC)
SERVICE = Service("nexadesk", "nexadesk", "NexaDesk", "America/Toronto", "CAD", AT)
BLANK = CatalogueProduct(
    product_id=1,
    name="Team",
    is_active=True,
    price="49.0",
    currency="CAD",
    service_code="nexadesk",
    plan_code="team",
    plan_interval="",
    plan_properties="",
    metric_code="",
    metric_properties="",
    charge_code="",
    charge_model="",
    charge_properties="",
    charge_options="",
    included_quota="",
    overage_price="",
)
COUNTED = '{"aggregation_type": "sum_agg", "field_name": "count"}'
PROVIDER = "odoo:test"


def a_plan_product(product_id: int = 1, **known: OdooValue) -> CatalogueProduct:
    return replace(BLANK, product_id=product_id, **known)


def a_charge_product(product_id: int = 2, **known: OdooValue) -> CatalogueProduct:
    """Return tokens at 0.002 after 1000 included, a charge of the plan team."""
    sane: dict[str, OdooValue] = {
        "name": "Tokens",
        "price": "0.0",
        "metric_code": "tokens",
        "metric_properties": COUNTED,
        "included_quota": "1000",
        "overage_price": "0.002",
    }
    return replace(BLANK, product_id=product_id, **(sane | known))


def seen(*products: CatalogueProduct, changed_at: datetime = CHANGED_AT) -> list[SeenProduct]:
    return [SeenProduct(product, changed_at) for product in products]


def ids() -> Callable[[], str]:
    """Return a maker of ids that are told apart by their number."""
    numbers = itertools.count(1)
    return lambda: f"id-{next(numbers)}"


class KeptCatalogue:
    """One service's catalogue in a state database, with products read into it."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._new_id = ids()
        with state.write() as connection:
            add_service(connection, SERVICE)

    def keep(
        self, *products: CatalogueProduct, at: datetime = AT, changed_at: datetime = CHANGED_AT
    ) -> CatalogueReport:
        """Read products as all that there are."""
        wanted = wanted_of_products(seen(*products, changed_at=changed_at), SERVICE.code)
        with self.state.write() as connection:
            return keep_catalogue(connection, SERVICE, PROVIDER, wanted, at, self._new_id)

    def plan(self, code: str = "team") -> Plan:
        """Return the newest version of a plan that is kept."""
        with self.state.read() as connection:
            found = find_plan(connection, SERVICE.code, code)
        assert found is not None
        return found

    def versions(self) -> dict[str, list[Plan]]:
        """Return every version of every plan."""
        with self.state.read() as connection:
            return plan_versions(connection, SERVICE.code)


def words_of(report: CatalogueReport) -> dict[str, str]:
    """Return what is told of each source."""
    return {problem.source: problem.words for problem in report.problems}


PRICE = Decimal("0.002")
