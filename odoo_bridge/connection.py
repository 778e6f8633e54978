"""The one way to Odoo: `call(model, method, ...)` through `execute_kw`, and nothing else.

Opens itself at the first call, repeats what may be repeated, and gives every failure its class.
The only file that knows odoorpc. Credentials and server tracebacks end here.
"""

import logging
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage
from typing import IO
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import odoorpc

from odoo_bridge.faults import (
    Misconfigured,
    OdooFault,
    OutcomeUnknown,
    Retryable,
    fault_of_server,
    fault_of_transport,
)
from odoo_bridge.odoo_value import OdooValue

ODOO_VERSION = 19
ATTEMPTS_MAX = 5
PAUSE_MILLISECONDS = (250, 500)
PAUSE_DOUBLINGS_MAX = 4
PORTS = {"http": 80, "https": 443}
PROTOCOLS = {"http": "jsonrpc", "https": "jsonrpc+ssl"}
# What only asks may be asked again, even when an answer got lost.
READS = frozenset(
    {
        *("check_object_reference", "fields_get", "has_access", "read", "search"),
        *("search_count", "search_read"),
    }
)

_chance = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class OdooSettings:
    """Where Odoo is and who enters; `password` may be an API key, and is never shown."""

    url: str
    database: str
    login: str
    password: str = field(repr=False)
    seconds_max: int = 120


class OdooConnection:
    """One user's way into one database; may be shared by threads."""

    def __init__(
        self,
        settings: OdooSettings,
        *,
        sleep: Callable[[float], None] = time.sleep,  # float: pause
    ) -> None:
        self.settings = settings
        self._sleep = sleep
        self._odoo: odoorpc.ODOO | None = None
        self._lock = threading.Lock()

    def call(self, model: str, method: str, *args: OdooValue, **kwargs: OdooValue) -> OdooValue:
        """Call a public method of a model; raises one of the faults, never anything else."""
        odoo = self._opened()

        def ask() -> OdooValue:
            return odoo.execute_kw(model, method, list(args), kwargs)

        return self._answer(ask, f"{model}.{method}", is_read=method in READS)

    @property
    def user_id(self) -> int:
        """Return the id of the user who entered."""
        return int(self._opened().env.uid)

    def pause(self, attempt: int) -> None:
        """Wait before the attempt after this one: doubling, with jitter, a few seconds at most."""
        doublings = min(attempt - 1, PAUSE_DOUBLINGS_MAX)
        self._sleep(_chance.randint(*PAUSE_MILLISECONDS) * 2**doublings / 1000)

    def _opened(self) -> odoorpc.ODOO:
        with self._lock:
            if self._odoo is None:
                self._odoo = self._entered()
            return self._odoo

    def _entered(self) -> odoorpc.ODOO:
        silence_odoorpc()
        odoo = _client(self.settings)
        asked = {"service": "common", "method": "version", "args": []}
        try:
            told = self._answer(lambda: odoo.json("/jsonrpc", asked)["result"], "version")
            _refuse_other_version(str(told["server_serie"]))
            self._answer(lambda: _login(odoo, self.settings), "login")
        except OutcomeUnknown as lost:
            # Entering changes nothing in Odoo, so whatever was to be called has not been called.
            unreached = Retryable(lost.words, lost.kind)
        else:
            return odoo
        raise unreached

    def _answer(
        self, ask: Callable[[], OdooValue], what: str, *, is_read: bool = True
    ) -> OdooValue:
        repeatable = (Retryable, OutcomeUnknown) if is_read else Retryable
        attempt = 1
        answer, fault = self._attempted(ask)
        while isinstance(fault, repeatable) and attempt < ATTEMPTS_MAX:
            self.pause(attempt)
            attempt += 1
            answer, fault = self._attempted(ask)
        if fault is None:
            return answer
        fault.call = what
        raise fault

    def _attempted(self, ask: Callable[[], OdooValue]) -> tuple[OdooValue, OdooFault | None]:
        """Return the answer or the fault; raised later, it drags no foreign context along."""
        try:
            return ask(), None
        except odoorpc.error.RPCError as refusal:
            return None, self._fault_of_refusal(refusal)
        except (OSError, HTTPException, ValueError, KeyError) as broken:
            return None, fault_of_transport(broken)

    def _fault_of_refusal(self, refusal: odoorpc.error.RPCError) -> OdooFault:
        if not refusal.info:
            return Misconfigured("the login or the password is wrong", "AccessDenied")
        told = refusal.info["data"]
        message = str(told.get("message", ""))
        if self.settings.password:
            message = message.replace(self.settings.password, "…")
        return fault_of_server(str(told.get("name", "unknown")), message)


def silence_odoorpc() -> None:
    """Drop every record of odoorpc's logger: at debug level it writes the password out."""
    logger = logging.getLogger("odoorpc.rpc.jsonrpclib")
    if _dropped not in logger.filters:
        logger.addFilter(_dropped)


def _dropped(_record: logging.LogRecord) -> bool:
    return False


class _NoRedirects(HTTPRedirectHandler):
    """Refuses redirects: urllib would turn the POST into a GET and lose the body."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Follow nothing; urllib then raises HTTPError with the status."""


def _client(settings: OdooSettings) -> odoorpc.ODOO:
    parts = urlsplit(settings.url)
    try:
        port = parts.port or PORTS[parts.scheme]
    except (KeyError, ValueError):
        port = 0
    if not port or not parts.hostname or parts.path.strip("/"):
        words = "its address must look like https://odoo.example.com, with a port if need be"
        raise Misconfigured(words)
    return odoorpc.ODOO(
        parts.hostname,
        PROTOCOLS[parts.scheme],
        port,
        timeout=settings.seconds_max,
        version=f"{ODOO_VERSION}.0",
        opener=build_opener(_NoRedirects()),
    )


def _login(odoo: odoorpc.ODOO, settings: OdooSettings) -> None:
    odoo.login(settings.database, settings.login, settings.password)


def _refuse_other_version(version: str) -> None:
    major = re.search(r"\d+", version)
    if major is None or int(major[0]) != ODOO_VERSION:
        raise Misconfigured(f"the server is version {version}, not {ODOO_VERSION}")


silence_odoorpc()
