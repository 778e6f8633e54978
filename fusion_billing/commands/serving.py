"""serve: the API, the pages and the scheduler in one process, or some of them in each of many."""

import gc
import signal
from typing import Annotated

import typer
import uvicorn

from dashboards.pages import compile_templates
from fusion_billing.app import create_app, create_front_door, create_push_protocol
from fusion_billing.clock import Clock, SystemClock, TestClock
from fusion_billing.commands.options import DataDir, instant_of, settings_of
from fusion_billing.house import opened_house
from fusion_billing.logs import configure_logs
from fusion_billing.settings import Settings

DRAIN_SECONDS_MAX = 20
GC_THRESHOLDS = (50_000, 20, 100)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    roles: Annotated[
        str | None,
        typer.Option(help="What this process does, of api,flush,jobs; needs a shared inbox."),
    ] = None,
    data_dir: DataDir = None,
    test_clock: Annotated[
        str | None, typer.Option(help="Freeze time at this instant; never with an Odoo.")
    ] = None,
) -> None:
    """Serve the API and the pages until stopped."""
    settings = settings_of(data_dir, host=host, port=port, roles=roles)
    serve_house(settings, clock_of(settings, test_clock))


def spare_collections() -> None:
    """Let collections pass over what lives as long as the process, and come less often.

    A push leaves no cycles behind; every collection looked through the whole program for them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def clock_of(settings: Settings, test_clock: str | None) -> Clock:
    """Return the machine's clock, or a frozen one; a frozen one is refused beside an Odoo."""
    if test_clock is None:
        return SystemClock()
    if settings.odoo_url:
        raise typer.BadParameter("--test-clock would bill invented dates into a live Odoo")
    return TestClock(instant_of(test_clock))


def serve_house(settings: Settings, clock: Clock) -> None:
    """Open the house and serve it; SIGTERM drains requests, keeps what was taken in, and ends."""
    configure_logs(settings.log_level, settings.log_format)
    with opened_house(settings, clock) as house:
        app = create_app(house)
        server = uvicorn.Server(
            uvicorn.Config(
                create_front_door(app, house),
                http=create_push_protocol(app, house),
                host=settings.host,
                port=settings.port,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=DRAIN_SECONDS_MAX,
            )
        )
        compile_templates()
        spare_collections()
        # uvicorn raises the signal that stopped it once more; the house must still be closed.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: None)
        server.run()
