"""The door `/jsonrpc`, through odoorpc: the only file that knows it. A password or a key enters.

Calls `execute_kw` and nothing else: odoorpc's own records read fields that Odoo 19 can't send.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from urllib.parse import urlsplit

import odoorpc

from odoo_bridge.faults import Misconfigured, OdooFault, fault_of_server, fault_of_transport
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.transport import (
    Answer,
    OdooSettings,
    direct_opener,
    host_and_port,
    without_secret,
)

PROTOCOLS = {"http": "jsonrpc", "https": "jsonrpc+ssl"}
# Told to odoorpc, so that it does not ask for the version itself, unwatched by us.
VERSION_TOLD = "19.0"


class JsonRpcTransport:
    """One user's way through `/jsonrpc`; may be shared by threads once entered."""

    def __init__(self, settings: OdooSettings) -> None:
        silence_odoorpc()
        self._settings = settings
        host, port = host_and_port(settings.url)
        self._odoo = odoorpc.ODOO(
            *(host, PROTOCOLS[urlsplit(settings.url).scheme], port),
            timeout=settings.seconds_max,
            version=VERSION_TOLD,
            opener=direct_opener(),
        )

    def version(self) -> Answer:
        """Return the server's version as text."""
        asked = {"service": "common", "method": "version", "args": []}
        return self._attempted(
            lambda: str(self._odoo.json("/jsonrpc", asked)["result"]["server_serie"])
        )

    def enter(self) -> Answer:
        """Return the id of the user who enters."""
        return self._attempted(self._login)

    def call(
        self,
        model: str,
        method: str,
        args: Sequence[OdooValue],
        kwargs: Mapping[str, OdooValue],
    ) -> Answer:
        """Return what a public method of a model answers."""
        return self._attempted(
            lambda: self._odoo.execute_kw(model, method, list(args), dict(kwargs))
        )

    def _login(self) -> int:
        settings = self._settings
        self._odoo.login(settings.database, settings.login, settings.password)
        return int(self._odoo.env.uid)

    def _attempted(self, ask: Callable[[], OdooValue]) -> Answer:
        try:
            return ask()
        except odoorpc.error.RPCError as refusal:
            return self._fault_of_refusal(refusal)
        except (OSError, HTTPException, ValueError, KeyError) as broken:
            return fault_of_transport(broken)

    def _fault_of_refusal(self, refusal: odoorpc.error.RPCError) -> OdooFault:
        if not refusal.info:
            return Misconfigured("the login or the password is wrong", "AccessDenied")
        told = refusal.info["data"]
        message = without_secret(str(told.get("message", "")), self._settings)
        return fault_of_server(str(told.get("name", "unknown")), message)


def silence_odoorpc() -> None:
    """Drop every record of odoorpc's logger: at debug level it writes the password out."""
    logger = logging.getLogger("odoorpc.rpc.jsonrpclib")
    if _dropped not in logger.filters:
        logger.addFilter(_dropped)


def _dropped(_record: logging.LogRecord) -> bool:
    return False


silence_odoorpc()
