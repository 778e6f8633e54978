"""One Odoo database as a test sees it: how to enter it, and a plain way to ask and to change it.

The caller speaks JSON-RPC with the standard library alone, so that what the product wrote is
read back by other eyes than the product's.
"""

import json
import secrets
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias
from urllib.request import Request, urlopen

CALL_SECONDS_MAX = 120

OdooValue: TypeAlias = Any
"""What Odoo takes and gives as JSON: it has no static type."""

INTEGRATION_GROUPS = (
    "base.group_user",
    "account.group_account_invoice",
    "base.group_partner_manager",
    "sales_team.group_sale_salesman_all_leads",
    "product.group_product_manager",
)


class OdooRefusalError(Exception):
    """Odoo answered with an error; `kind` is the name of its exception class."""

    def __init__(self, kind: str, message: str) -> None:
        """Keep the kind apart, so that a test can compare it."""
        super().__init__(f"{kind}: {message}")
        self.kind = kind


@dataclass(frozen=True)
class OdooDatabase:
    """A database on the real server and one user of it."""

    host: str
    port: int
    database: str
    login: str
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        """Return the address of the server."""
        return f"http://{self.host}:{self.port}"

    @cached_property
    def user_id(self) -> int:
        """Return the id of the user, proving that the login works."""
        user: int | bool = self._ask("common", "login", self.database, self.login, self.password)
        if not user:
            kind, message = "AccessDenied", f"{self.login} cannot enter {self.database}"
            raise OdooRefusalError(kind, message)
        return int(user)

    def call(self, model: str, method: str, *args: OdooValue, **kwargs: OdooValue) -> OdooValue:
        """Call a public method of a model as this user."""
        entry = (self.database, self.user_id, self.password)
        return self._ask("object", "execute_kw", *entry, model, method, args, kwargs)

    def record_id(self, external_id: str) -> int:
        """Return the id of the record that Odoo's own data call by this name."""
        module, name = external_id.split(".")
        found = self.call("ir.model.data", "check_object_reference", module, name)
        return int(found[1])

    def _ask(self, service: str, method: str, *args: OdooValue) -> OdooValue:
        params = {"service": service, "method": method, "args": args}
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode()
        request = Request(f"{self.url}/jsonrpc", body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=CALL_SECONDS_MAX) as response:
            answer = json.load(response)
        if "error" in answer:
            fault = answer["error"].get("data", {})
            raise OdooRefusalError(fault.get("name", "unknown"), fault.get("message", ""))
        return answer.get("result")


def with_integration_user(admin: OdooDatabase) -> OdooDatabase:
    """Create the user that the bridge works as, with the least rights that suffice."""
    login, password = "integration", secrets.token_urlsafe(16)
    groups = [admin.record_id(group) for group in INTEGRATION_GROUPS]
    values = {"name": "Integration", "login": login, "password": password}
    admin.call("res.users", "create", values | {"group_ids": [(6, 0, groups)]})
    return replace(admin, login=login, password=password)
