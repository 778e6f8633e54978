"""demo: fourteen months of four services, billed and with their margin, in one command."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.progress import Progress

from fusion_billing.clock import SystemClock
from fusion_billing.commands.options import DataDir, settings_of
from fusion_billing.commands.serving import serve_house
from fusion_billing.demo import build_demo, is_begun
from fusion_billing.house import House, opened_house
from fusion_billing.logs import configure_logs
from fusion_billing.settings import ROLES_DEFAULT, Settings
from storage.published import publish_catalog

# A demo must touch nothing that is shared with others, whatever the settings name.
ALL_IN_ONE_FOLDER: dict[str, object] = {
    **dict.fromkeys(("database_url", "inbox_url", "lake_catalog", "pepper"), SecretStr("")),
    "lake_data": "",
    "shards": 1,
    "roles": ROLES_DEFAULT,
    "odoo_url": "",
}


def demo(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    data_dir: DataDir = None,
    serve: Annotated[bool, typer.Option(help="Serve the pages when the data is there.")] = True,
) -> None:
    """Build the demo (once) beside your own data, say where to look, and serve it."""
    own = settings_of(data_dir, host=host, port=port)
    settings = own.model_copy(update=ALL_IN_ONE_FOLDER | {"data_dir": own.data_dir / "demo"})
    configure_logs("warning", "text")
    clock = SystemClock()
    with opened_house(settings, clock) as house:
        if not keys_file(settings).exists():
            if is_begun(house):
                raise ValueError(
                    f"the demo in {settings.data_dir} is only half built: delete that folder, "
                    "and start it again"
                )
            _build(house)
    typer.echo(_where_to_look(settings))
    if serve:
        serve_house(settings.model_copy(update={"log_format": "text"}), clock)


def keys_file(settings: Settings) -> Path:
    """Return the file of the demo's API keys; it is written last, when all is built."""
    return settings.data_dir / "demo-keys.json"


def _build(house: House) -> None:
    with Progress() as bar:
        task = bar.add_task("Billing fourteen months of four services", total=None)
        keys = build_demo(
            house,
            at=house.clock(),
            progress=lambda _what, done, total: bar.update(task, completed=done, total=total),
        )
    publish_catalog(house.lake.place.folder, house.lake.place.data_path)
    descriptor = os.open(keys_file(house.settings), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(keys, file, indent=2)


def _where_to_look(settings: Settings) -> str:
    base = f"http://{settings.host}:{settings.port}"
    folder = settings.data_dir
    return "\n".join(
        (
            "",
            f"  Margin        {base}/dashboards",
            f"  First bills   {base}/dashboards/drafts",
            f"  API           {base}/api/v1 (Lago's clients; keys in {keys_file(settings)})",
            f"  Lake          {folder / 'lake' / 'published.sqlite'} (README, Open the lake)",
            f"  Cost file     {folder / 'demo-costs.csv'} (FOCUS 1.0)",
            "",
            "  Stop with Ctrl-C; start over by deleting the folder.",
            "",
        )
    )
