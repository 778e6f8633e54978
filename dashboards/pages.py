"""The templates, and what every answer of this room carries: no cache, no stranger.

A fault becomes a page that says what to do; knows no figure.
"""

import gzip
import hashlib
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dashboards import formats
from dashboards.links import Links
from dashboards.reports.words import ENGLISH
from dashboards.scope import ScopeFault, month_param

HERE = Path(__file__).parent
PREFIX = "/dashboards"
ASSETS = {
    "dashboards.css": "text/css",
    "icon.svg": "image/svg+xml",
    "pages.js": "text/javascript",
    "echarts.js": "text/javascript",
    "htmx.js": "text/javascript",
}
ASSET_BYTES = {name: (HERE / "static" / name).read_bytes() for name in ASSETS}
VERSION = hashlib.sha256(b"".join(ASSET_BYTES.values())).hexdigest()[:12]
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
NOT_STORED = "no-store"


class NotFoundPage(Exception):
    """Nothing has this id; the message names what was looked for."""


class PageRoute(APIRoute):
    """A route whose answers are never stored and whose faults are pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the route: add the headers, and turn a fault into its page."""
        answer_to = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                answer = await answer_to(request)
            except NotFoundPage as missing:
                answer = _fault_page(request, 404, "Not found", str(missing))
            except ScopeFault as fault:
                answer = _fault_page(request, 400, "This address can't be read", str(fault))
            answer.headers.update(SECURITY_HEADERS)
            answer.headers.setdefault("Cache-Control", NOT_STORED)
            return answer

        return answered


def page(request: Request, template: str, as_of: datetime, **context: object) -> HTMLResponse:
    """Return a page; the address it was asked at decides all its links."""
    known = {"links": links_of(request), "version": VERSION, "words": ENGLISH, "as_of": as_of}
    return HTMLResponse(TEMPLATES.get_template(template).render({**known, **context}))


def body_of(context: Mapping[str, Any], template: str = "report_body.html") -> Markup:
    """Return the body of a page, a report's if no other is named: all but its frame.

    The frame tells the time; the rest may be remembered.
    """
    return Markup(TEMPLATES.get_template(template).render(context))  # noqa: S704 - escaped by the template


def links_of(request: Request) -> Links:
    """Return the addresses below the place where this application is mounted."""
    return Links(f"{request.scope.get('root_path', '').rstrip('/')}{PREFIX}")


def asset(name: str, accepted: str = "") -> Response:
    """Return a stylesheet, script or picture; its address changes with its content.

    It is compressed where the asker's Accept-Encoding has gzip.
    """
    if name not in ASSETS:
        raise NotFoundPage(f"No file is called {name}.")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    content = ASSET_BYTES[name]
    if "gzip" in accepted:
        headers["Content-Encoding"], content = "gzip", _compressed(name)
    return Response(content, media_type=ASSETS[name], headers=headers)


@cache
def _compressed(name: str) -> bytes:
    return gzip.compress(ASSET_BYTES[name], mtime=0)


def _fault_page(request: Request, status: int, title: str, words: str) -> Response:
    text = TEMPLATES.get_template("fault.html").render(
        links=links_of(request), version=VERSION, as_of=None, status=status, title=title,
        fault=words, words=ENGLISH,
    )  # fmt: skip
    return HTMLResponse(text, status_code=status)


def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Jinja's own names would stand in for a forgotten one of ours.
    templates.globals.clear()
    names = (
        "money", "plain_money", "cents_money", "cents_plain", "percent", "quantity", "count",
        "month", "short_month", "instant", "service_label", "account_label",
    )  # fmt: skip
    templates.filters.update({name: getattr(formats, name) for name in names})
    templates.filters["month_param"] = month_param
    return templates


TEMPLATES = _templates()


def compile_templates() -> None:
    """Compile every template now, which else the first page to use it waits for."""
    for name in TEMPLATES.list_templates():
        TEMPLATES.get_template(name)
