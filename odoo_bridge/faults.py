"""Everything that can go wrong between us and Odoo, as one tree; pure classification.

OdooFault
├── Retryable        nothing was done; the same call may be repeated (refused, serialization, lock)
├── OutcomeUnknown   the call was broken off in mid-flight: done, not done, or still running
├── NeedsHuman       a business refusal; a person must change something first
├── Misconfigured    login, rights, version, database or address are wrong: every call would fail
└── OurBug           the server stumbled over what we sent
"""

import re
import socket
import ssl
from collections.abc import Sequence
from http import HTTPStatus
from http.client import InvalidURL
from typing import ClassVar
from urllib.error import HTTPError, URLError

WORDS_MAX = 400
RETRYABLE_NAMES = {
    "odoo.exceptions.ConcurrencyError",
    "odoo.exceptions.LockError",
    "psycopg2.errors.DeadlockDetected",
    "psycopg2.errors.LockNotAvailable",
    "psycopg2.errors.SerializationFailure",
}
HUMAN_NAMES = {
    "odoo.exceptions.MissingError",
    "odoo.exceptions.RedirectWarning",
    "odoo.exceptions.UserError",
    "odoo.exceptions.ValidationError",
}
MISCONFIGURED_NAMES = {"odoo.exceptions.AccessDenied", "odoo.exceptions.AccessError"}
RETRYABLE_WORDS = re.compile(
    r"could not serialize access|deadlock detected|could not obtain lock|"
    r"ir_model_data_module_name_uniq_index"
)
DENIED_WORDS = re.compile(r"You are not allowed to|top-secret records|unauthorized .*compan")
BUG_WORDS = "Unknown error during import"
NO_DATABASE = re.compile(r'database "[^"]*" does not exist')
NO_MODEL = re.compile(r"Object (\S+) doesn't exist|the model '(\S+)' does not exist")
# A gateway's answer says nothing about the server behind it; these are refused at the door.
REFUSED_STATUSES = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}


class OdooFault(Exception):
    """The root; `kind` is the class name that Odoo's server or our transport gave."""

    opening: ClassVar[str] = "Odoo failed"

    def __init__(self, words: str, kind: str = "") -> None:
        super().__init__(words)
        self.words = words
        self.kind = kind
        self.call = ""

    def __str__(self) -> str:
        where = f" ({self.call})" if self.call else ""
        return f"{self.opening}{where}: {self.words}"


class Retryable(OdooFault):
    """Nothing was done; the same call may be repeated later."""

    opening = "Odoo is busy or can't be reached"


class OutcomeUnknown(OdooFault):
    """The call was broken off; only Odoo knows whether it was done."""

    opening = "The call to Odoo was broken off"


class NeedsHuman(OdooFault):
    """A person must change something, in Odoo or on the account."""

    opening = "Needs a human"


class Misconfigured(OdooFault):
    """Every call would fail like this one until the configuration is mended."""

    opening = "Odoo is not set up for Fusion Billing"


class OurBug(OdooFault):
    """Fusion Billing sent something that Odoo's code can't work with."""

    opening = "Odoo can't work with what Fusion Billing sent"


def fault_of_server(name: str, message: str) -> OdooFault:
    """Return the fault for an exception that Odoo answered with; its traceback stays out."""
    words = one_line(message)
    if name in RETRYABLE_NAMES:
        return Retryable(words, name)
    missing = _missing_part(message)
    if missing:
        return Misconfigured(missing, name)
    if name.startswith("psycopg2."):
        # The database went away, perhaps while it committed.
        return OutcomeUnknown("Odoo lost its database", name)
    if name in HUMAN_NAMES:
        return NeedsHuman(words, name)
    if name in MISCONFIGURED_NAMES:
        return Misconfigured(words, name)
    return OurBug(f"{name}: {words}", name)


def _missing_part(message: str) -> str | None:
    """Return which part of Odoo is not there, its database or a model of it, or None."""
    if NO_DATABASE.search(message):
        return "the server has no database of this name"
    model = NO_MODEL.search(message)
    if model:
        return f"it has no {model[1] or model[2]}: install the app that brings it"
    return None


def is_outage(fault: OdooFault) -> bool:
    """Say whether no answer of Odoo's own came back; busy and refusing are answers."""
    is_unheard = isinstance(fault, Retryable | OutcomeUnknown)
    return is_unheard and fault.kind not in RETRYABLE_NAMES


def fault_of_transport(broken: Exception) -> OdooFault:
    """Return the fault for a broken call: refused is harmless, all else leaves a doubt."""
    kind = type(broken).__name__
    if isinstance(broken, HTTPError):
        return _fault_of_status(broken.code, kind)
    if isinstance(broken, InvalidURL):
        return Misconfigured("the address of the server is not a valid one", kind)
    cause = broken.reason if isinstance(broken, URLError) else broken
    if isinstance(cause, ConnectionRefusedError):
        return Retryable("the connection is refused", kind)
    if isinstance(cause, socket.gaierror):
        return Retryable("the server's name can't be resolved", kind)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Misconfigured("the server's certificate is not trusted", kind)
    return OutcomeUnknown(f"no whole answer came back ({type(cause).__name__})", kind)


def _fault_of_status(status: int, kind: str) -> OdooFault:
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        words = f"the server redirects (HTTP {status}): use its final address"
        return Misconfigured(words, kind)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Retryable("too many requests (HTTP 429)", kind)
    if status in REFUSED_STATUSES:
        return Misconfigured(f"the address answers HTTP {status}", kind)
    return OutcomeUnknown(f"the address answers HTTP {status}", kind)


def fault_of_messages(messages: Sequence[str]) -> OdooFault:
    """Return the fault for the messages of a `load`, which raises nothing by itself."""
    words = one_line("; ".join(messages)) or "nothing was created, and no reason given"
    if RETRYABLE_WORDS.search(words):
        return Retryable(words, "load")
    if DENIED_WORDS.search(words):
        return Misconfigured(words, "load")
    if BUG_WORDS in words:
        return OurBug(words, "load")
    return NeedsHuman(words, "load")


def one_line(text: str) -> str:
    """Return a text on one line of bounded length, fit for a message or a log."""
    line = " ".join(text.split())
    return line if len(line) <= WORDS_MAX else line[: WORDS_MAX - 1] + "…"
