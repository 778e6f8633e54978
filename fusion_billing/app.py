"""The app: all rooms behind one address. Knows who serves what, and nothing more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, Request
from fastapi.responses import RedirectResponse

import catalog.routes.billable_metrics
import catalog.routes.customers
import catalog.routes.plans
import catalog.routes.subscriptions
import dashboards.routes
import ingest.routes
import rating.routes
from catalog.http import BodyLimit, Limits, install_error_handlers
from fusion_billing import VERSION, frozen_time, health
from fusion_billing.house import House
from fusion_billing.page_access import require_page_access
from fusion_billing.request_log import RequestLog
from fusion_billing.scheduler import Scheduler

MOUNTS = ("/api/billing/v1", "/api/v1", "/api/billing/api/v1")
PAGES_ONLY = (Depends(require_page_access),)
ROUTERS = (
    ingest.routes.router,
    rating.routes.router,
    catalog.routes.billable_metrics.router,
    catalog.routes.plans.router,
    catalog.routes.customers.router,
    catalog.routes.subscriptions.router,
)


def create_app(house: House) -> FastAPI:
    """Return the app over an open house; its scheduler runs while the app is up."""
    scheduler = Scheduler(house)
    app = FastAPI(
        title="Fusion Billing",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    settings = house.settings
    app.state.house = house
    app.state.scheduler = scheduler
    app.state.state = house.state
    app.state.lake = house.lake
    app.state.flusher = house.flusher
    app.state.committer = house.committer
    app.state.usage_log = house.usage_log
    app.state.pepper = house.pepper
    app.state.clock = house.clock
    app.state.events_batch_max = settings.events_batch_max
    app.state.limits = limits = Limits(
        body_bytes_max=settings.body_bytes_max,
        events_body_bytes_max=settings.events_body_bytes_max,
        page_size_max=settings.page_size_max,
    )
    install_error_handlers(app)
    app.add_middleware(BodyLimit, limits=limits)
    app.add_middleware(RequestLog)
    for mount in MOUNTS:
        for router in ROUTERS:
            app.include_router(router, prefix=mount, include_in_schema=mount == MOUNTS[0])
    app.include_router(health.router)
    app.include_router(health.router, prefix=MOUNTS[0], include_in_schema=False)
    app.include_router(dashboards.routes.router, dependencies=PAGES_ONLY)
    if house.clock.is_test:
        app.include_router(frozen_time.router)
    app.add_api_route("/", _home, include_in_schema=False)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.scheduler.start()
    yield
    app.state.scheduler.stop()


def _home(_request: Request) -> RedirectResponse:
    return RedirectResponse("/dashboards")
