"""service create, change, list, show."""

import uuid
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from catalog.errors import NotFound
from catalog.money import exact_decimal, is_currency
from catalog.services import (
    CURRENCY_DEFAULT,
    SERVICE_CODE,
    TIMEZONE_DEFAULT,
    CardCharging,
    DuplicateAnswer,
    InvoiceStyle,
    LateUsage,
    Posting,
    Service,
)
from catalog.store import api_keys
from catalog.store import services as service_store
from fusion_billing.clock import SystemClock
from fusion_billing.commands.options import AsJson, DataDir, say, settings_of
from fusion_billing.opened_state import opened_state, pepper_of

PERCENT_MAX = 100
TAX_RATE_HELP = "Percent shown as tax of running usage; an invoice's tax is Odoo's."
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
    service = Service(
        id=str(uuid.uuid4()),
        code=code,
        name=name or code,
        timezone=timezone,
        currency=currency,
        created_at=at,
        duplicates=duplicates,
    )
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


@app.command()
def change(  # noqa: PLR0913, PLR0917 - one option for each thing that can be changed
    code: str,
    name: Annotated[str | None, typer.Option(help="Name for people.")] = None,
    duplicates: Annotated[
        DuplicateAnswer | None, typer.Option(help="To a repeated push: the first answer, or 422.")
    ] = None,
    late_usage: Annotated[
        LateUsage | None, typer.Option(help="Where differences to billed periods go.")
    ] = None,
    estimated_tax_rate: Annotated[str | None, typer.Option(help=TAX_RATE_HELP)] = None,
    posting: Annotated[
        Posting | None, typer.Option(help="Leave invoices in Odoo as drafts, or post them.")
    ] = None,
    invoice_style: Annotated[
        InvoiceStyle | None,
        typer.Option(help="Usage apart from the fee that Odoo's own clock bills, or with it."),
    ] = None,
    card_charging: Annotated[
        CardCharging | None, typer.Option(help="Charge the card saved in Odoo once posted.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Change how a service answers and bills; what is not named stays."""
    given = {
        "name": name,
        "duplicates": duplicates,
        "late_usage": late_usage,
        "posting": posting,
        "invoice_style": invoice_style,
        "card_charging": card_charging,
        "estimated_tax_rate": None if estimated_tax_rate is None else _tax_rate(estimated_tax_rate),
    }
    with opened_state(settings_of(data_dir)) as state, state.write() as connection:
        kept = service_store.find_service(connection, code)
        if kept is None:
            raise NotFound("service")
        values = {field: value for field, value in given.items() if value is not None}
        changed = service_store.save_service(connection, replace(kept, **values))  # type: ignore[arg-type] # of these fields
    say(as_json, asdict(changed), f"Service {code} changed.")


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


def _tax_rate(text: str) -> Decimal:
    try:
        rate = exact_decimal(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a percentage, e.g. 13") from error
    if not 0 <= rate <= PERCENT_MAX:
        raise typer.BadParameter(f"{text} is not between 0 and {PERCENT_MAX} percent")
    return rate


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
