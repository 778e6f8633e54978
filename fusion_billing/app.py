"""The app: all rooms behind one address. Knows who serves what, and nothing more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import Depends, FastAPI, Request
from fastapi.responses import RedirectResponse

import catalog.routes.billable_metrics
import catalog.routes.customers
import catalog.routes.fixed_charges
import catalog.routes.lifecycle_events
import catalog.routes.plan_charge_filters
import catalog.routes.plan_charges
import catalog.routes.plans
import catalog.routes.subscription_charge_filters
import catalog.routes.subscription_charges
import catalog.routes.subscriptions
import catalog.routes.webhook_endpoints
import dashboards.costs.routes
import dashboards.routes
import ingest.counters.routes
import ingest.files.routes
import ingest.quarantine.routes
import ingest.routes
import odoo_bridge.answers.routes.routers
import rating.alerts.routes
import rating.answers.routes
import rating.corrections.routes
import rating.estimates.routes
import rating.explaining.routes
import rating.fees.routes
import rating.simulation.routes
from aggregation.quantity_memory import QuantityMemory
from catalog.http import BodyLimit, Limits, install_error_handlers
from catalog.key_cache import KeyCache
from catalog.request_body import BodyLimits
from fusion_billing import VERSION, frozen_time, health, metrics, waking
from fusion_billing.catalogue_ownership import guards_of
from fusion_billing.closes import close_sources
from fusion_billing.house import House
from fusion_billing.idempotency.middleware import STATE_WORDS, Idempotency, IdempotencyLimits
from fusion_billing.idempotency.store import Terms, forget_running
from fusion_billing.metrics import metrics_registry
from fusion_billing.odoo import answering_odoo_of
from fusion_billing.openapi.document import install_openapi
from fusion_billing.openapi.page import router as docs_router
from fusion_billing.page_access import require_page_access
from fusion_billing.plain_paths import PlainPaths
from fusion_billing.request_log import RequestLog
from fusion_billing.scheduler import Scheduler
from fusion_billing.webhooks import webhook_rules
from ingest.answering import PushLimits
from ingest.files.queue import ImportQueue
from ingest.front_door import FrontDoor, push_routes
from ingest.keeping import keep_rows
from ingest.push_protocol import ShortWay, push_protocol, short_paths
from odoo_bridge.answers.sources import OdooAnswers
from odoo_bridge.catalogue.writing.routes import router as plan_writes

MOUNT = "/api/billing/v1"
# Lago's JavaScript client takes its base URL as it is. Its Python client drops the last word unless
# a slash ends it, then appends api/v1: what it makes of each mount and of /api/billing comes first.
ALIASES = (
    *("/api/billing/v1/api/v1", "/api/billing/api/v1/api/v1", "/api/billing/api/api/v1"),
    *("/api/v1/api/v1", "/api/api/v1", "/api/billing/api/v1", "/api/v1"),
)
PAGES_ONLY = (Depends(require_page_access),)
ROUTERS = (
    ingest.routes.router,
    ingest.counters.routes.router,
    ingest.files.routes.router,
    ingest.quarantine.routes.router,
    rating.answers.routes.router,
    rating.alerts.routes.router,
    rating.fees.routes.router,
    rating.estimates.routes.router,
    rating.corrections.routes.router,
    rating.simulation.routes.router,
    rating.explaining.routes.router,
    dashboards.costs.routes.router,
    catalog.routes.billable_metrics.router,
    catalog.routes.plans.router,
    catalog.routes.plan_charges.router,
    catalog.routes.plan_charge_filters.router,
    catalog.routes.fixed_charges.router,
    catalog.routes.customers.router,
    catalog.routes.subscriptions.router,
    catalog.routes.lifecycle_events.router,
    catalog.routes.webhook_endpoints.router,
    catalog.routes.subscriptions.customer_router,
    catalog.routes.subscription_charges.router,
    catalog.routes.subscription_charge_filters.router,
    *odoo_bridge.answers.routes.routers.ROUTERS,
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
    app.state.close_sources = close_sources(house)
    app.state.quantity_memory = QuantityMemory()
    app.state.committer = house.committer
    app.state.usage_log = house.usage_log
    app.state.pepper = house.pepper
    app.state.clock = house.clock
    app.state.intake = house.intake
    app.state.odoo_answers = OdooAnswers(
        answering_odoo_of(settings), settings.odoo_net_days, house.pepper
    )
    app.state.webhook_rules = webhook_rules(settings)
    push_limits = PushLimits(
        lago_events_max=settings.events_batch_max, receipt_events_max=settings.receipt_events_max
    )
    answers = "api" in settings.role_names
    app.state.push_limits = push_limits
    app.state.push_keys = KeyCache(house.state, house.pepper, settings.key_seconds)
    app.state.push_routes = push_routes(house.intake, push_limits, (MOUNT,) if answers else ())
    app.state.limits = limits = Limits(
        body_bytes_max=settings.body_bytes_max,
        events_body_bytes_max=settings.events_body_bytes_max,
        upload_bytes_max=settings.import_body_bytes_max,
        page_size_max=settings.page_size_max,
    )
    install_error_handlers(app)
    app.add_middleware(BodyLimit, limits=limits)
    app.add_middleware(RequestLog)
    if answers and settings.catalogue_owner == "odoo":
        app.include_router(plan_writes, prefix=MOUNT)
    for router in ROUTERS if answers else ():
        app.include_router(router, prefix=MOUNT, dependencies=guards_of(router, settings))
    app.include_router(health.router)
    app.include_router(health.router, prefix=MOUNT, include_in_schema=False)
    if answers:
        app.include_router(dashboards.routes.router, dependencies=PAGES_ONLY)
    app.include_router(metrics.router, dependencies=PAGES_ONLY)
    if settings.odoo_url:
        app.include_router(waking.router)
    if house.clock.is_test:
        app.include_router(frozen_time.router)
    app.add_api_route("/", _home, include_in_schema=False)
    app.include_router(docs_router)
    install_openapi(app, (MOUNT,))
    return app


def create_front_door(app: FastAPI, house: House) -> PlainPaths:
    """Return what is served: the app, the fast way for pushes before it, keyed requests first."""
    settings = house.settings
    keyed = Idempotency(
        _fast_door(app, house),
        state=house.state,
        # Replays are answered here, so that a key is looked up each time: a revoked one gets none.
        keys=KeyCache(house.state, house.pepper, 0),
        clock=house.clock,
        mounts=(MOUNT,) if "api" in settings.role_names else (),
        limits=IdempotencyLimits(
            settings.idempotency_key_chars_max, app.state.limits, settings.request_seconds_max
        ),
        terms=Terms(settings.idempotency_lease_seconds, settings.idempotency_kept_hours),
        state_words=STATE_WORDS - ({"plans"} if settings.catalogue_owner == "odoo" else set()),
    )
    return PlainPaths(keyed, MOUNT, ALIASES)


def create_push_protocol(app: FastAPI, house: House) -> type[asyncio.Protocol]:
    """Return how uvicorn is to speak HTTP: usual pushes are taken in before there is a request."""
    settings = house.settings
    mounts = (MOUNT, *ALIASES) if "api" in settings.role_names else ()
    way = ShortWay(
        house.intake,
        app.state.push_limits,
        app.state.push_keys,
        house.clock,
        short_paths(mounts),
        settings.events_body_bytes_max,
    )
    return push_protocol(way)


def _fast_door(app: FastAPI, house: House) -> FrontDoor:
    settings = house.settings
    return FrontDoor(
        app,
        routes=app.state.push_routes,
        keys=app.state.push_keys,
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
    if not house.settings.is_scaled:
        # Only this process has the data folder open: whoever held a key before is dead.
        with house.state.write() as connection:
            forget_running(connection)
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
