"""lake compact: merge small files now."""

import typer

from fusion_billing.clock import SystemClock
from fusion_billing.commands.options import AsJson, DataDir, say, settings_of
from fusion_billing.house import opened_house
from storage.lake_tables import TABLES

app = typer.Typer(help="The lake.", no_args_is_help=True)


@app.command()
def compact(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Flush the inbox, merge small files and forget what nobody can need any more."""
    with opened_house(settings_of(data_dir), SystemClock()) as house:
        house.flusher.flush()
        house.lake.compact()
        files = {table.full_name: len(house.lake.files(table)) for table in TABLES}
    lines = [f"{name}: {count} files" for name, count in files.items()]
    say(as_json, files, "\n".join(lines))
