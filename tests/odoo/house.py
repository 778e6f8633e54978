"""Everything between a draft and Odoo, in a database that many tests share."""

from dataclasses import dataclass

from catalog.accounts import Account
from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue
from rating.invoice_draft import InvoiceDraft
from tests.odoo_bridge.broken_line import BrokenLine
from tests.odoo_bridge.makers import Books, a_draft, a_line, an_account, entered
from tests.real_parts import OdooDatabase

MOVE_FIELDS = [
    *("amount_untaxed", "amount_tax", "state", "partner_id", "invoice_date", "invoice_date_due"),
    *("invoice_origin", "x_fc_draft_id", "x_fc_service", "x_fc_account_id", "invoice_line_ids"),
]


@dataclass(frozen=True)
class House:
    """One test's books, and Odoo as the bridge enters it; `tag` keeps its clients apart.

    `inside` is the administrator, `keyed` the bridge's user with an API key instead of a password.
    """

    books: Books
    odoo: OdooConnection
    inside: OdooDatabase
    user: OdooDatabase
    keyed: OdooDatabase
    tag: str

    @property
    def email(self) -> str:
        """Return the address of this test's client."""
        return f"billing@{self.tag}.example"

    def account(
        self, name: str = "1", service_code: str = "nexadesk", **known: OdooValue
    ) -> Account:
        """Return an account of this test's client, unless another address is given."""
        known.setdefault("email", self.email)
        return an_account(f"{self.tag}-{name}", service_code, **known)

    def partner(self, name: str, **values: OdooValue) -> int:
        """Let a person make a partner, in Ontario unless told otherwise."""
        where = {
            "country_id": self.inside.record_id("base.ca"),
            "state_id": self.inside.record_id("base.state_ca_on"),
        }
        made = {"name": name} | where | values
        return int(self.inside.call("res.partner", "create", made))

    def moves(self) -> list[OdooValue]:
        """Return this test's invoices, as the administrator sees them."""
        mine = [["x_fc_account_id", "like", self.tag]]
        return list(self.inside.call("account.move", "search_read", mine, MOVE_FIELDS, order="id"))

    def count(self, model: str) -> int:
        """Return how many records of a model there are in all, archived ones too."""
        context = {"active_test": False}
        return int(self.inside.call(model, "search_count", [], context=context))

    def through(
        self, line: BrokenLine, transport: str = "jsonrpc", seconds_max: int = 60
    ) -> OdooConnection:
        """Return a connection that goes through a proxy and hardly waits."""
        return entered(
            self.keyed if transport == "json2" else self.user,
            port=line.port,
            seconds_max=seconds_max,
            sleep=lambda _seconds: None,
            transport=transport,
        )

    def two_services(self) -> tuple[InvoiceDraft, InvoiceDraft]:
        """Keep a draft of each service for one client, whose address is spelled in two ways."""
        cloud = self.account("cloud", "nexacloud", email=self.email.upper())
        desk = self.account("desk", "nexadesk")
        return (
            self.books.add(cloud, a_draft(cloud, [10005, 233])),
            self.books.add(desk, a_draft(desk, lines=[a_line(4999, charge_code=None)])),
        )
