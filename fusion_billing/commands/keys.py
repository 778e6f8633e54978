"""key create, revoke."""

from typing import Annotated

import typer

from catalog.errors import NotFound
from catalog.store import api_keys, services
from fusion_billing.clock import SystemClock
from fusion_billing.commands.options import AsJson, DataDir, say, settings_of
from fusion_billing.opened_state import opened_state, pepper_of

app = typer.Typer(help="API keys: one service each.", no_args_is_help=True)
ServiceCode = Annotated[str, typer.Argument(help="Code of the service.")]


@app.command()
def create(service: ServiceCode, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Create one more key for a service and print it, once."""
    settings = settings_of(data_dir)
    with opened_state(settings) as state, state.write() as connection:
        if services.find_service(connection, service) is None:
            raise NotFound("service")
        public_id, key = api_keys.create_key(
            connection, service, pepper_of(settings), SystemClock()()
        )
    say(as_json, {"public_id": public_id, "api_key": key}, f"API key (shown once): {key}")


@app.command()
def revoke(
    service: ServiceCode, public_id: str, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Revoke a key by the public part behind its prefix; it stops working at once."""
    with opened_state(settings_of(data_dir)) as state, state.write() as connection:
        revoked = api_keys.revoke_key(connection, service, public_id, SystemClock()())
    if not revoked:
        raise NotFound("api_key")
    say(as_json, {"public_id": public_id, "revoked": True}, f"Key {public_id} is revoked.")
