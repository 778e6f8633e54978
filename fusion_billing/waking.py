"""POST /odoo/changed: an automation in Odoo says that something changed, so the feed looks at once.

Anybody may say so, for nothing that is said is read: what changed is asked of Odoo, as ever. Saying
it often looks no oftener than the scheduler lets itself be woken.
"""

from fastapi import APIRouter, Request

from catalog.http import Json

FEED = "feed"
router = APIRouter(include_in_schema=False)


@router.post("/odoo/changed")
def odoo_changed(request: Request) -> Json:
    """Let the feed look soon; `looks` is false where this process does not read it."""
    return Json({"looks": request.app.state.scheduler.wake(FEED)}, status_code=202)
