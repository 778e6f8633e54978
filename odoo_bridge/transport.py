"""What a way to Odoo must be able to do, whichever door of the server it uses.

A transport asks once and gives a fault back as a value: raised later, by the connection, it drags
no request along, and so no credential. It repeats nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPMessage
from typing import IO, Protocol, TypeAlias
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from odoo_bridge.faults import Misconfigured, OdooFault
from odoo_bridge.odoo_value import OdooValue

PORTS = {"http": 80, "https": 443}
API_KEY = re.compile(r"[0-9a-f]{40}")
HIDDEN = "…"

Answer: TypeAlias = OdooValue | OdooFault
"""What Odoo answered, or why it did not."""


@dataclass(frozen=True, slots=True)
class OdooSettings:
    """Where Odoo is and who enters; `password` may be an API key, and is never shown.

    `transport` is jsonrpc or json2; json2 takes an API key only.
    """

    url: str
    database: str
    login: str
    password: str = field(repr=False)
    seconds_max: int = 120
    transport: str = "jsonrpc"

    @property
    def has_api_key(self) -> bool:
        """Say whether the password looks like one of Odoo's API keys."""
        return API_KEY.fullmatch(self.password) is not None


class Transport(Protocol):
    """One door of the server; each method asks once."""

    def version(self) -> Answer:
        """Return the server's version as text, such as 19.0; needs no login."""

    def enter(self) -> Answer:
        """Return the id of the user who enters."""

    def call(
        self,
        model: str,
        method: str,
        args: Sequence[OdooValue],
        kwargs: Mapping[str, OdooValue],
    ) -> Answer:
        """Return what a public method of a model answers."""


def host_and_port(url: str) -> tuple[str, int]:
    """Return where a base URL leads, or raise Misconfigured with an example."""
    parts = urlsplit(url)
    try:
        port = parts.port or PORTS[parts.scheme]
    except (KeyError, ValueError):
        port = 0
    if not port or not parts.hostname or parts.path.strip("/"):
        words = "its address must look like https://odoo.example.com, with a port if need be"
        raise Misconfigured(words)
    return parts.hostname, port


def without_secret(message: str, settings: OdooSettings) -> str:
    """Return a message of the server with the password, should it be quoted, blotted out."""
    return message.replace(settings.password, HIDDEN) if settings.password else message


def direct_opener() -> OpenerDirector:
    """Return a way to open addresses that follows no redirect."""
    return build_opener(_NoRedirects())


class _NoRedirects(HTTPRedirectHandler):
    """Refuses redirects: urllib would turn the POST into a GET and lose the body."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Follow nothing; urllib then raises HTTPError with the status."""
