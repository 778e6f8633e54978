"""The app: all rooms behind one address. Knows who serves what, and nothing more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import Depends, FastAPI, Request
from fastapi.responses import RedirectResponse

import catalog.routes.billable_metrics
import catalog.routes.customers
import catalog.routes.plans
import catalog.routes.subscriptions
import dashboards.routes
import ingest.counter_routes
import ingest.import_routes
import ingest.quarantine_routes
import ingest.routes
import rating.correction_routes
import rating.estimate_routes
import rating.explanation_routes
import rating.fee_routes
import rating.routes
import rating.simulation_routes
from aggregation.quantity_memory import QuantityMemory
from catalog.http import BodyLimit, Limits, install_error_handlers
from catalog.key_cache import KeyCache
from catalog.request_body import BodyLimits
from fusion_billing import VERSION, frozen_time, health, metrics
from fusion_billing.house import House
from fusion_billing.metrics import metrics_registry
from fusion_billing.page_access import require_page_access
from fusion_billing.request_log import RequestLog
from fusion_billing.scheduler import Scheduler
from ingest.answering import PushLimits
from ingest.front_door import FrontDoor, push_routes
from ingest.import_queue import ImportQueue
from ingest.keeping import keep_rows

MOUNTS = ("/api/billing/v1", "/api/v1", "/api/billing/api/v1")
PAGES_ONLY = (Depends(require_page_access),)
ROUTERS = (
    ingest.routes.router,
    ingest.counter_routes.router,
    ingest.import_routes.router,
    ingest.quarantine_routes.router,
    rating.routes.router,
    rating.fee_routes.router,
    rating.estimate_routes.router,
    rating.correction_routes.router,
    rating.simulation_routes.router,
    rating.explanation_routes.router,
    catalog.routes.billable_metrics.router,
    catalog.routes.plans.router,
    catalog.routes.customers.router,
    catalog.routes.subscriptions.router,
)


def create_app(house: House) -> FastAPI:
    """Return the app over an open house; its scheduler runs while the app is up."""
    registry, job_seconds = metrics_registry(house)
    scheduler = Scheduler(house, job_seconds)
    app = FastAPI(
        title="Fusion Billing",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    settings = house.settings
    app.state.house = house
    app.state.metrics = registry
    app.state.scheduler = scheduler
    app.state.state = house.state
    app.state.lake = house.lake
    app.state.flusher = house.flusher
    app.state.quantity_memory = QuantityMemory()
    app.state.committer = house.committer
    app.state.usage_log = house.usage_log
    app.state.pepper = house.pepper
    app.state.clock = house.clock
    app.state.intake = house.intake
    push_limits = PushLimits(
        lago_events_max=settings.events_batch_max, receipt_events_max=settings.receipt_events_max
    )
    answers = "api" in settings.role_names
    app.state.push_routes = push_routes(house.intake, push_limits, MOUNTS if answers else ())
    app.state.limits = limits = Limits(
        body_bytes_max=settings.body_bytes_max,
        events_body_bytes_max=settings.events_body_bytes_max,
        upload_bytes_max=settings.import_body_bytes_max,
        page_size_max=settings.page_size_max,
    )
    install_error_handlers(app)
    app.add_middleware(BodyLimit, limits=limits)
    app.add_middleware(RequestLog)
    for mount in MOUNTS if answers else ():
        for router in ROUTERS:
            app.include_router(router, prefix=mount, include_in_schema=mount == MOUNTS[0])
    app.include_router(health.router)
    app.include_router(health.router, prefix=MOUNTS[0], include_in_schema=False)
    if answers:
        app.include_router(dashboards.routes.router, dependencies=PAGES_ONLY)
    app.include_router(metrics.router, dependencies=PAGES_ONLY)
    if house.clock.is_test:
        app.include_router(frozen_time.router)
    app.add_api_route("/", _home, include_in_schema=False)
    return app


def create_front_door(app: FastAPI, house: House) -> FrontDoor:
    """Return the app with the fast way for pushes of usage in front of it: what is served."""
    settings = house.settings
    return FrontDoor(
        app,
        routes=app.state.push_routes,
        keys=KeyCache(house.state, house.pepper, settings.key_seconds),
        clock=house.clock,
        limits=BodyLimits(
            bytes_max=settings.events_body_bytes_max,
            inflated_bytes_max=settings.inflated_bytes_max,
            seconds_max=settings.request_seconds_max,
        ),
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    house: House = app.state.house
    app.state.import_queue = queue = ImportQueue(
        house.state,
        house.settings.data_dir / "imports",
        partial(keep_rows, house.intake),
        house.clock,
        bytes_max=house.settings.import_body_bytes_max,
        is_alone=not house.settings.is_scaled,
    )
    app.state.scheduler.start()
    yield
    app.state.scheduler.stop()
    queue.close()


def _home(_request: Request) -> RedirectResponse:
    return RedirectResponse("/dashboards")
