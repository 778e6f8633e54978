"""cutover: let a service be computed beside another system, or be billed by us."""

from dataclasses import asdict, replace
from typing import Annotated

import typer

from catalog.errors import MethodNotAllowed, NotFound
from catalog.services import ServiceMode
from catalog.store import services as service_store
from fusion_billing.commands.options import AsJson, DataDir, say, settings_of
from fusion_billing.opened_state import opened_state
from rating.draft_store import unsent_count

MEANING = {
    ServiceMode.SHADOW: "Everything is computed, nothing is sent to Odoo.",
    ServiceMode.DUAL: "Everything is computed and compared with the old system, nothing is sent.",
    ServiceMode.LIVE: "Periods that close from now on are sent to Odoo; earlier ones are not.",
}


def cutover(
    code: Annotated[str, typer.Argument(metavar="SERVICE")],
    to: Annotated[ServiceMode, typer.Option(help="What the service becomes.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Change the mode of a service; no period is ever billed by both systems.

    A period belongs to whoever billed when it closed. Going back waits until every draft is sent,
    or nobody would know whose the last ones are.
    """
    with opened_state(settings_of(data_dir)) as state, state.write() as connection:
        kept = service_store.find_service(connection, code)
        if kept is None:
            raise NotFound("service")
        waiting = unsent_count(connection, code) if to is not ServiceMode.LIVE else 0
        if waiting and kept.is_live:
            raise MethodNotAllowed("drafts_not_sent", {"drafts": [f"{waiting} wait: odoo sync"]})
        changed = service_store.save_service(connection, replace(kept, mode=to))
    say(as_json, asdict(changed), f"Service {code} is {to.value}. {MEANING[to]}")
