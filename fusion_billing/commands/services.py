"""service create, list, show."""

import uuid
from dataclasses import asdict
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from catalog.errors import NotFound
from catalog.money import is_currency
from catalog.services import (
    CURRENCY_DEFAULT,
    SERVICE_CODE,
    TIMEZONE_DEFAULT,
    DuplicateAnswer,
    Service,
)
from catalog.store import api_keys
from catalog.store import services as service_store
from fusion_billing.clock import SystemClock
from fusion_billing.commands.options import AsJson, DataDir, say, settings_of
from fusion_billing.house import opened_state, pepper_of

app = typer.Typer(help="Services: the product lines that bill.", no_args_is_help=True)


@app.command()
def create(
    code: Annotated[str, typer.Argument(help="Short name, e.g. nexadesk; never changes.")],
    name: Annotated[str, typer.Option(help="Name for people; default: the code.")] = "",
    timezone: Annotated[str, typer.Option(help="Where its days begin.")] = TIMEZONE_DEFAULT,
    currency: Annotated[str, typer.Option(help="ISO 4217.")] = CURRENCY_DEFAULT,
    duplicates: Annotated[
        DuplicateAnswer,
        typer.Option(help="To a repeated push: the first answer, or 422."),
    ] = DuplicateAnswer.REPLAY,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Create a service and print its first API key, once."""
    _check(code, timezone, currency)
    settings = settings_of(data_dir)
    at = SystemClock()()
    service = Service(str(uuid.uuid4()), code, name or code, timezone, currency, at, duplicates)
    with opened_state(settings) as state:
        pepper = pepper_of(settings)
        with state.write() as connection:
            service_store.add_service(connection, service)
            _, key = api_keys.create_key(connection, code, pepper, at)
    say(
        as_json,
        {"service": asdict(service), "api_key": key},
        f"Service {code} created.\nAPI key (shown once): {key}",
    )


@app.command("list")
def list_services(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List all services."""
    with opened_state(settings_of(data_dir)) as state, state.read() as connection:
        found = service_store.services(connection)
    lines = [f"{service.code}\t{service.name}\t{service.timezone}" for service in found]
    say(as_json, [asdict(service) for service in found], "\n".join(lines) or "No service yet.")


@app.command()
def show(code: str, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show one service."""
    with opened_state(settings_of(data_dir)) as state, state.read() as connection:
        found = service_store.find_service(connection, code)
    if found is None:
        raise NotFound("service")
    lines = [f"{name}: {value}" for name, value in asdict(found).items()]
    say(as_json, asdict(found), "\n".join(lines))


def _check(code: str, timezone: str, currency: str) -> None:
    if not SERVICE_CODE.fullmatch(code):
        raise typer.BadParameter("a code is a-z, 0-9, _ and -, begins with a letter, at most 40")
    if not is_currency(currency):
        raise typer.BadParameter(f"{currency!r} is not an ISO 4217 currency")
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise typer.BadParameter(
            f"{timezone!r} is not a timezone, e.g. {TIMEZONE_DEFAULT}"
        ) from error
