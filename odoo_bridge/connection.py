"""The one way to Odoo: `call(model, method, ...)` by either transport, and nothing else.

Opens itself at the first call, repeats what may be repeated, leaves an Odoo alone that is down,
and gives every failure its class. Credentials and server tracebacks end in the transports.
"""

import random
import re
import threading
import time
from collections.abc import Callable

from odoo_bridge.circuit_breaker import CircuitBreaker
from odoo_bridge.faults import Misconfigured, OdooFault, OutcomeUnknown, Retryable
from odoo_bridge.json2 import Json2Transport
from odoo_bridge.jsonrpc import JsonRpcTransport
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.transport import Answer, OdooSettings, Transport

__all__ = ["ATTEMPTS_MAX", "ODOO_VERSION", "OdooConnection", "OdooSettings"]

ODOO_VERSION = 19
ATTEMPTS_MAX = 5
PAUSE_MILLISECONDS = (250, 500)
PAUSE_DOUBLINGS_MAX = 4
TRANSPORTS: dict[str, Callable[[OdooSettings], Transport]] = {
    "json2": Json2Transport,
    "jsonrpc": JsonRpcTransport,
}
# What only asks may be asked again, even when an answer got lost.
READS = frozenset(
    {
        *("check_object_reference", "context_get", "default_get", "fields_get", "has_access"),
        *("get_external_id", "get_param", "get_wkhtmltopdf_state", "has_group", "name_search"),
        *("read", "search", "search_count", "search_read"),
    }
)

_chance = random.SystemRandom()


class OdooConnection:
    """One user's way into one database; may be shared by threads."""

    def __init__(
        self,
        settings: OdooSettings,
        *,
        sleep: Callable[[float], None] = time.sleep,  # float: pause
        breaker: CircuitBreaker | None = None,
        attempts_max: int = ATTEMPTS_MAX,
    ) -> None:
        self.settings = settings
        self._sleep = sleep
        self._attempts_max = attempts_max
        self._breaker = breaker or CircuitBreaker()
        self._entered_by: tuple[Transport, int] | None = None
        self._lock = threading.Lock()

    def call(self, model: str, method: str, *args: OdooValue, **kwargs: OdooValue) -> OdooValue:
        """Call a public method of a model; raises one of the faults, never anything else."""
        transport, _ = self._opened()
        return self._answer(
            lambda: transport.call(model, method, args, kwargs),
            f"{model}.{method}",
            is_read=method in READS,
        )

    def call_once(
        self, model: str, method: str, *args: OdooValue, **kwargs: OdooValue
    ) -> OdooValue:
        """Call as above and repeat nothing, whatever comes back: for what can't be taken back."""
        transport, _ = self._opened()
        return self._answer(
            lambda: transport.call(model, method, args, kwargs),
            f"{model}.{method}",
            is_read=False,
            attempts_max=1,
        )

    def documentation(self, model: str) -> OdooValue | None:
        """Return fields and methods of a model as Odoo documents them; None when it does not.

        Needs an API key, Odoo's module api_doc and its right; asked once, whatever the transport.
        """
        if not self.settings.has_api_key:
            return None
        told = Json2Transport(self.settings).documentation(model)
        return None if isinstance(told, OdooFault) else told

    @property
    def user_id(self) -> int:
        """Return the id of the user who entered."""
        return self._opened()[1]

    def pause(self, attempt: int) -> None:
        """Wait before the attempt after this one: doubling, with jitter, a few seconds at most."""
        doublings = min(attempt - 1, PAUSE_DOUBLINGS_MAX)
        self._sleep(_chance.randint(*PAUSE_MILLISECONDS) * 2**doublings / 1000)

    def _opened(self) -> tuple[Transport, int]:
        with self._lock:
            if self._entered_by is None:
                self._entered_by = self._entered()
            return self._entered_by

    def _entered(self) -> tuple[Transport, int]:
        transport = self._transport()
        try:
            _refuse_other_version(self._answer(transport.version, "version"))
            user_id = self._answer(transport.enter, "login")
        except OutcomeUnknown as lost:
            # Entering changes nothing in Odoo, so whatever was to be called has not been called.
            unreached = Retryable(lost.words, lost.kind)
        else:
            return transport, user_id
        raise unreached

    def _transport(self) -> Transport:
        if self.settings.transport not in TRANSPORTS:
            known = " or ".join(sorted(TRANSPORTS))
            raise Misconfigured(f"the transport {self.settings.transport!r} is not {known}")
        return TRANSPORTS[self.settings.transport](self.settings)

    def _answer(
        self,
        ask: Callable[[], Answer],
        what: str,
        *,
        is_read: bool = True,
        attempts_max: int | None = None,
    ) -> OdooValue:
        fault: OdooFault | None = self._breaker.refusal()
        if fault is None:
            answer, fault = self._asked(ask, attempts_max or self._attempts_max, is_read=is_read)
            self._breaker.note(fault)
            if fault is None:
                return answer
        fault.call = what
        raise fault

    def _asked(
        self, ask: Callable[[], Answer], attempts_max: int, *, is_read: bool
    ) -> tuple[OdooValue, OdooFault | None]:
        """Return the answer or the last fault, after all attempts that may be made."""
        repeatable = (Retryable, OutcomeUnknown) if is_read else Retryable
        attempt = 1
        answer = ask()
        while isinstance(answer, repeatable) and attempt < attempts_max:
            self.pause(attempt)
            attempt += 1
            answer = ask()
        return (None, answer) if isinstance(answer, OdooFault) else (answer, None)


def _refuse_other_version(version: str) -> None:
    major = re.search(r"\d+", version)
    if major is None or int(major[0]) != ODOO_VERSION:
        raise Misconfigured(f"the server is version {version}, not {ODOO_VERSION}")
