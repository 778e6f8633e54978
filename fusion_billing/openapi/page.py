"""The page that shows the OpenAPI document: no script, and nothing from elsewhere."""

from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from dashboards.pages import PREFIX, SECURITY_HEADERS, VERSION
from fusion_billing.openapi.reading import groups_of, shapes_of

HERE = Path(__file__).parent / "templates"
STYLE = "openapi.css"
router = APIRouter(prefix="/docs", include_in_schema=False)


@router.get("")
def show_docs(request: Request) -> HTMLResponse:
    """Show every operation with what it takes and answers, and every shape."""
    root = request.scope.get("root_path", "").rstrip("/")
    text = _rendered(root, _Document(request.app.openapi()))
    return HTMLResponse(text, headers={**SECURITY_HEADERS, "Cache-Control": "no-cache"})


@router.get(f"/{STYLE}")
def show_style() -> Response:
    """Answer the stylesheet of the page."""
    headers = {**SECURITY_HEADERS, "Cache-Control": "public, max-age=3600"}
    return Response((HERE / STYLE).read_bytes(), media_type="text/css", headers=headers)


class _Document:
    """A document that is known by which one it is, not by its content: it never changes."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content

    def __hash__(self) -> int:
        return id(self.content)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Document) and self.content is other.content


@lru_cache(maxsize=4)
def _rendered(root: str, document: _Document) -> str:
    return (
        _templates()
        .get_template("openapi.html")
        .render(
            root=root,
            pages=f"{root}{PREFIX}",
            style_version=VERSION,
            info=document.content["info"],
            groups=groups_of(document.content),
            shapes=shapes_of(document.content),
        )
    )


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["marked"] = marked
    return templates


def marked(words: str) -> Markup:
    """Return words with what stands between backticks as code."""
    parts = [escape(part) for part in words.split("`")]
    odd = len(parts) % 2
    shown = [
        Markup("<code>{}</code>").format(part) if place % 2 and odd else part
        for place, part in enumerate(parts)
    ]
    return Markup("").join(shown)
