"""One service's subscriptions beside a real Odoo, and the orders that are kept for them there."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from catalog.plans import Plan, PlanInterval
from catalog.services import Service, ServiceMode
from catalog.store.accounts import add_account
from catalog.store.plans import add_plan
from catalog.store.services import add_service, services
from catalog.store.subscriptions import add_subscription, end_subscription
from catalog.subscriptions import BillingTime, Subscription, SubscriptionStatus
from odoo_bridge.connection import OdooConnection, OdooSettings
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.orders.order_store import OdooOrder, order_of
from odoo_bridge.orders.syncing import OrdersReport, sync_orders
from storage.state import State, open_state
from tests.odoo_bridge.makers import an_account, an_id
from tests.prepared import prepared_state
from tests.real_parts import OdooDatabase

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
ORDER_FIELDS = [
    *("name", "state", "locked", "invoice_status", "amount_untaxed", "partner_id", "invoice_ids"),
    *("order_line", "x_fc_subscription_status", "require_payment"),
]
WRITES = frozenset({"action_confirm", "action_lock", "load", "set_close", "write"})


class KilledError(BaseException):
    """Ends a run as a killed process ends: nothing of ours is run after it."""


class CountingOdoo(OdooConnection):
    """Counts calls, and dies right after a write was done, before anybody knows of it."""

    calls = 0
    dies_after_writes = 0

    def call(self, model: str, method: str, *args: OdooValue, **kwargs: OdooValue) -> OdooValue:
        """Call, and perhaps die."""
        self.calls += 1
        answer = super().call(model, method, *args, **kwargs)
        if method in WRITES and self.dies_after_writes:
            self.dies_after_writes -= 1
            if not self.dies_after_writes:
                raise KilledError
        return answer


def counting(
    database: OdooDatabase, transport: str = "jsonrpc", dies_after_writes: int = 0
) -> CountingOdoo:
    """Return a connection whose calls are counted."""
    entry = (database.url, database.database, database.login, database.password)
    odoo = CountingOdoo(OdooSettings(*entry, 60, transport))
    odoo.dies_after_writes = dies_after_writes
    return odoo


class OrderBook:
    """The state of one or more services with plans and subscriptions; `inside` sees all of Odoo."""

    def __init__(self, inside: OdooDatabase, folder: Path, mode: ServiceMode) -> None:
        folder.mkdir(exist_ok=True)
        self.inside, self.folder = inside, folder
        self.tag = f"o{uuid4().hex[:10]}"
        self.state: State = open_state("", prepared_state(folder))
        self.service = self._service(self.tag, mode)

    def _service(self, code: str, mode: ServiceMode = ServiceMode.LIVE) -> Service:
        made = Service(code, code, code, "America/Toronto", "CAD", AT, mode=mode)
        with self.state.write() as connection:
            return add_service(connection, made)

    def another_service(self) -> Service:
        """Add a second service."""
        return self._service(f"{self.tag}b")

    def plan(
        self,
        code: str,
        cents: int,
        interval: PlanInterval = PlanInterval.MONTHLY,
        service: Service | None = None,
    ) -> Plan:
        """Add a plan."""
        service_code = (service or self.service).code
        plan_id = an_id(f"{service_code} {code}")
        made = Plan(plan_id, service_code, code, code, interval, cents, "CAD", AT, AT)
        with self.state.write() as connection:
            return add_plan(connection, made)

    def subscribe(self, plan: Plan, client: str = "acme") -> Subscription:
        """Begin a subscription of a client; its accounts of all services have one e-mail."""
        email = f"{client}@{self.tag}.example"
        account = an_account(f"{self.tag}-{client}", plan.service_code, email=email)
        made = Subscription(
            id=str(uuid4()),
            service_code=plan.service_code,
            external_id=f"{client}-sub",
            account_id=account.id,
            account_external_id=account.external_id,
            plan_id=plan.id,
            plan_code=plan.code,
            status=SubscriptionStatus.ACTIVE,
            billing_time=BillingTime.CALENDAR,
            subscription_at=AT,
            created_at=AT,
            started_at=AT,
        )
        with self.state.write() as connection:
            add_account(connection, account)
            return add_subscription(connection, made)

    def change_plan(self, running: Subscription, plan: Plan) -> Subscription:
        """Let another plan take over, as an upgrade or a due downgrade does."""
        successor = replace(
            running, id=str(uuid4()), plan_id=plan.id, plan_code=plan.code, previous_id=running.id
        )
        with self.state.write() as connection:
            end_subscription(connection, running, AT, is_followed=True)
            return add_subscription(connection, successor)

    def end(self, running: Subscription) -> None:
        """End a subscription."""
        with self.state.write() as connection:
            end_subscription(connection, running, AT)

    def sync(
        self, odoo: OdooConnection, *, dry_run: bool = False, recreate: bool = False
    ) -> OrdersReport:
        """Run once over all services."""
        with self.state.read() as connection:
            known = services(connection)
        at = AT + timedelta(minutes=1)
        return sync_orders(self.state, odoo, known, at=at, dry_run=dry_run, recreate=recreate)

    def kept(self, odoo: OdooConnection, subscription: Subscription) -> OdooOrder | None:
        """Return what the sender of invoices is told."""
        with self.state.read() as connection:
            return order_of(connection, odoo, subscription.id)

    def orders(self, *more: str) -> list[OdooValue]:
        """Return this test's orders as the administrator sees them."""
        mine = [["x_fc_service", "like", self.tag]]
        fields = [*ORDER_FIELDS, *more]
        return list(self.inside.call("sale.order", "search_read", mine, fields, order="id"))

    def lines(self, order: OdooValue) -> list[tuple[str, float, float]]:
        """Return name, quantity and price of an order's priced lines."""
        fields = ["name", "product_uom_qty", "price_unit", "display_type"]
        found = self.inside.call("sale.order.line", "read", order["order_line"], fields)
        return [
            (one["name"], one["product_uom_qty"], one["price_unit"])
            for one in sorted(found, key=lambda one: int(one["id"]))
            if not one["display_type"]
        ]
