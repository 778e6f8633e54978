"""Every page of the house with an address where it has something to show."""

from collections.abc import Iterator

from fastapi.routing import APIRoute

from dashboards.routes import router
from fusion_billing.openapi.page import router as docs
from tests.dashboards.documents import BILL, DIVISION, INVOICE

VOICE = "service=nexavoice"
LOSER = f"{VOICE}&account=acct-05"
PAGES = {
    "/dashboards": "",
    "/dashboards/margin": "open=nexadesk",
    "/dashboards/margin/service": VOICE,
    "/dashboards/margin/customers": "sort=-revenue",
    "/dashboards/margin/customer": LOSER,
    "/dashboards/margin/negative": "",
    "/dashboards/margin/metrics": "",
    "/dashboards/margin/metric": f"{VOICE}&metric=minutes",
    "/dashboards/margin/days": VOICE,
    "/dashboards/margin/table": "by=account",
    "/dashboards/bridge": "from=2026-09&to=2026-11",
    "/dashboards/cogs": "",
    "/dashboards/cogs/unattributed": "",
    "/dashboards/cogs/prices": "",
    "/dashboards/revenue": "",
    "/dashboards/invoiced": "",
    "/dashboards/mrr": "",
    "/dashboards/close": "",
    "/dashboards/close/{month}": VOICE,
    "/dashboards/trace/revenue": f"{LOSER}&month=2026-11",
    "/dashboards/trace/cogs": f"{LOSER}&month=2026-11",
    "/dashboards/trace/bill": BILL,
    "/dashboards/trace/division": DIVISION,
    "/dashboards/trace/invoice": INVOICE,
    "/dashboards/rated_lines": "service=nexadesk&month=2026-11",
    "/dashboards/rated_lines/{line_id}": "",
    "/dashboards/costs": "month=2026-11",
    "/dashboards/drafts": "",
    "/dashboards/drafts/{draft_id}": "",
    "/docs": "",
}
PLACES = {"{month}": "2026-11", "{line_id}": "line-0-0-0-use",
          "{draft_id}": "draft-nexadesk-acct-05"}  # fmt: skip
# What a reader meets when something is missing, wrong or not yet there.
STATES = {
    "empty": "/dashboards/margin?service=nobody",
    "unknown": "/dashboards/drafts/none",
    "unreadable": "/dashboards/margin?month=soon",
    "french": "/dashboards?lang=fr",
}
FILES = (".csv", ".json", ".{form}", ".ndjson", ".css", "/static/{name}")


def page_routes() -> Iterator[str]:
    """Return the paths of all routes that answer a page."""
    for route in (*router.routes, *docs.routes):
        if isinstance(route, APIRoute) and not route.path.endswith(FILES):
            yield route.path


def address_of(path: str, query: str) -> str:
    """Return a page's address, with its ids and its query."""
    for name, value in PLACES.items():
        path = path.replace(name, value)
    return f"{path}?{query}"
