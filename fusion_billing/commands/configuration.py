"""config show: every setting as this process sees it, secrets hidden."""

import typer

from fusion_billing.commands.options import AsJson, DataDir, say, settings_of

app = typer.Typer(help="Settings.", no_args_is_help=True)


@app.command()
def show(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Print every setting and its value; passwords show as stars."""
    settings = settings_of(data_dir)
    values = settings.model_dump(mode="json")
    lines = [f"FUSION_{name.upper()}={value}" for name, value in values.items()]
    say(as_json, values, "\n".join(lines))


@app.command()
def check(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Read the settings; a wrong one is named with what it should be."""
    settings_of(data_dir)
    say(as_json, {"ok": True}, "Every setting can be used.")
