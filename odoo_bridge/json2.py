"""The door `/json/2/<model>/<method>` of Odoo 19: named arguments, real statuses, an API key.

The way that stays: `/jsonrpc` leaves Odoo one day. Also reads Odoo's own documentation.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request

from odoo_bridge.faults import (
    Misconfigured,
    OdooFault,
    OutcomeUnknown,
    fault_of_server,
    fault_of_transport,
)
from odoo_bridge.json2_arguments import asks_for_one, named_arguments
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.transport import (
    Answer,
    OdooSettings,
    direct_opener,
    host_and_port,
    without_secret,
)

WERKZEUG = "werkzeug.exceptions."
NO_DATABASE_WORDS = (
    "the server has no database of this name, or no JSON-2 (its module `rpc`): "
    "look at FUSION_ODOO_DATABASE, or use FUSION_ODOO_TRANSPORT=jsonrpc"
)


class Json2Transport:
    """One user's way through `/json/2`; holds no session, so threads may share it."""

    def __init__(self, settings: OdooSettings) -> None:
        host_and_port(settings.url)
        self._settings = settings
        self._opener = direct_opener()

    def version(self) -> Answer:
        """Return the server's version as text."""
        return self._attempted(lambda: str(self._asked("/web/version", None)["version"]))

    def enter(self) -> Answer:
        """Return the id of the user whose API key it is."""
        return self._attempted(
            lambda: int(self._asked("/json/2/res.users/context_get", b"{}")["uid"])
        )

    def call(
        self,
        model: str,
        method: str,
        args: Sequence[OdooValue],
        kwargs: Mapping[str, OdooValue],
    ) -> Answer:
        """Return what a public method of a model answers, as `/jsonrpc` would give it."""
        named = named_arguments(method, args, kwargs)
        if isinstance(named, OdooFault):
            return named
        body = json.dumps(named).encode()
        answer = self._attempted(lambda: self._asked(f"/json/2/{model}/{method}", body))
        if asks_for_one(method, args) and isinstance(answer, list):
            return answer[0]
        return answer

    def documentation(self, model: str) -> Answer:
        """Return fields and public methods of a model, as Odoo documents itself to this user."""
        return self._attempted(lambda: self._asked(f"/doc-bearer/{model}.json", None))

    def _asked(self, path: str, body: bytes | None) -> OdooValue:
        """Return the JSON at a path of the server; a page instead of JSON is a broken call."""
        request = Request(  # noqa: S310 - host_and_port() took http and https only
            self._settings.url.rstrip("/") + path, body, self._headers()
        )
        with self._opener.open(request, timeout=self._settings.seconds_max) as reply:
            if "json" not in reply.headers.get("Content-Type", ""):
                raise ValueError("a page, no JSON")
            return json.loads(reply.read())

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"bearer {self._settings.password}",
            "Content-Type": "application/json",
            "X-Odoo-Database": self._settings.database,
        }

    def _attempted(self, ask: Callable[[], OdooValue]) -> Answer:
        try:
            return ask()
        except HTTPError as refusal:
            return self._fault_of_status(refusal)
        except (OSError, HTTPException, ValueError, KeyError, TypeError) as broken:
            return fault_of_transport(broken)

    def _fault_of_status(self, refusal: HTTPError) -> OdooFault:
        """Return the fault in Odoo's words, or by status when it was not Odoo that answered."""
        try:
            told = json.loads(refusal.read())
            name, message = str(told["name"]), str(told["message"])
        except (OSError, HTTPException, ValueError, KeyError, TypeError):
            if refusal.code == HTTPStatus.NOT_FOUND:
                return Misconfigured(NO_DATABASE_WORDS, "HTTPError")
            return fault_of_transport(refusal)
        message = without_secret(message, self._settings)
        if name.startswith(WERKZEUG):
            return _fault_of_werkzeug(refusal, name, message)
        return fault_of_server(name, message)


def _fault_of_werkzeug(refusal: HTTPError, name: str, message: str) -> OdooFault:
    """Return the fault for what Odoo's web layer refuses before any model is asked."""
    if refusal.code == HTTPStatus.UNAUTHORIZED:
        return Misconfigured("the API key is wrong or has ended: JSON-2 takes no password", name)
    if refusal.code in {HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}:
        return fault_of_server(name, message)
    if refusal.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return OutcomeUnknown(f"{name}: {message}", name)
    return fault_of_transport(refusal)
