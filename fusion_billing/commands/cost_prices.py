"""costs prices: what a unit of a metric costs us, for estimates until the bill comes."""

import uuid
from datetime import datetime
from typing import Annotated

import typer

from catalog.money import decimal_text, exact_decimal, is_currency
from dashboards.costs.estimates import CostPrice
from dashboards.costs.price_store import add_price, cost_prices, end_price
from fusion_billing.clock import SystemClock
from fusion_billing.commands.options import AsJson, DataDir, say, settings_of
from fusion_billing.opened_state import opened_state

app = typer.Typer(help="The price list that estimates cost.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Prices that estimate cost."""


@app.command()
def add(  # noqa: PLR0913, PLR0917 - the options of a command
    provider: Annotated[str, typer.Option(help="Who will bill it, as its bills say.")],
    service: Annotated[str, typer.Option(help="Service of the metric.")],
    metric: Annotated[str, typer.Option(help="Metric whose unit is priced.")],
    price: Annotated[str, typer.Argument(help="Price of one unit: 0.0000125.")],
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day it holds.")
    ],
    currency: Annotated[str, typer.Option(help="ISO 4217.")] = "USD",
    provider_service: Annotated[str | None, typer.Option(help="The provider's service.")] = None,
    override: Annotated[bool, typer.Option(help="Win over prices that are none.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a price; of several that hold, an override wins, then the latest beginning."""
    if not is_currency(currency):
        raise typer.BadParameter(f"{currency!r} is no currency")
    added = CostPrice(
        id=str(uuid.uuid4()),
        provider=provider,
        provider_service=provider_service,
        service=service,
        metric_code=metric,
        unit_price=exact_decimal(price),
        currency=currency,
        valid_from=first.date(),
        is_override=override,
    )
    with opened_state(settings_of(data_dir)) as state, state.write() as connection:
        add_price(connection, added, SystemClock()())
    say(as_json, {"price": _shape(added)}, f"added {added.id}")


@app.command("list")
def list_prices(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List every price, the oldest first."""
    with opened_state(settings_of(data_dir)) as state, state.read() as connection:
        found = [_shape(price) for price in cost_prices(connection)]
    lines = ["  ".join(str(value) for value in shape.values()) for shape in found]
    say(as_json, {"prices": found}, "\n".join(lines) or "no prices")


@app.command()
def end(
    price: Annotated[str, typer.Argument(help="Id of the price.")],
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day it holds no more.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let a price end."""
    with opened_state(settings_of(data_dir)) as state, state.write() as connection:
        ended = end_price(connection, price, on.date(), SystemClock()())
    say(as_json, {"price": _shape(ended)}, f"ended {ended.id} on {on.date()}")


def _shape(price: CostPrice) -> dict[str, object]:
    return {
        "id": price.id,
        "provider": price.provider,
        "provider_service": price.provider_service,
        "service": price.service,
        "metric_code": price.metric_code,
        "unit_price": decimal_text(price.unit_price),
        "currency": price.currency,
        "valid_from": price.valid_from.isoformat(),
        "valid_until": price.valid_until.isoformat() if price.valid_until else None,
        "is_override": price.is_override,
    }
