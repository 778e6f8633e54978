"""Options that every verb takes, and the settings they end in."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from fusion_billing.settings import Settings

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the data (default: FUSION_DATA_DIR)."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")]


def settings_of(data_dir: Path | None, **given: object) -> Settings:
    """Return the settings, with what was given on the command line on top."""
    values = {name: value for name, value in given.items() if value is not None}
    if data_dir is not None:
        values["data_dir"] = data_dir
    try:
        return Settings(**values)  # type: ignore[arg-type]  # pydantic checks each value
    except ValidationError as error:
        # Not pydantic's own text: it may quote what was given, passwords and all.
        raise ValueError("; ".join(map(_told, error.errors(include_input=False)))) from None


def _told(fault: ErrorDetails) -> str:
    """Return one wrong setting's name and what is wrong with it."""
    what = fault["msg"].removeprefix("Value error, ")
    return ": ".join([*(f"FUSION_{str(name).upper()}" for name in fault["loc"]), what])


def instant_of(text: str) -> datetime:
    """Return an instant of ISO 8601 text, in UTC when it names no timezone."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no time; write 2026-02-01T00:00:00Z") from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def say(as_json: bool, data: object, text: str) -> None:  # noqa: FBT001 - the first word of it
    """Print data for programs, or text for people."""
    typer.echo(json.dumps(data, indent=2, default=str) if as_json else text)
