"""correct: void, amend, replace and revert usage, with the difference in money first."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from catalog.errors import NotFound
from catalog.exact_json import JsonObject, JsonValue, exact_value
from catalog.money import amount_of_cents
from catalog.services import Service
from catalog.store.services import find_service
from fusion_billing.clock import SystemClock
from fusion_billing.commands.options import AsJson, DataDir, say, settings_of
from fusion_billing.house import House, opened_house
from ingest.corrections.applying import Watch, correct
from ingest.corrections.correction import Correction, Order
from ingest.corrections.correction_store import find_correction, list_corrections
from ingest.corrections.new_events import Source, events_of_file, no_events
from ingest.corrections.preparing import Corrections, prepared
from ingest.corrections.shapes import correction_shape, order_of, replace_order, revert_order
from ingest.files.usage_file import usage_file
from rating.corrections.preview import CorrectionPreview, PeriodDelta, correction_preview
from rating.corrections.shapes import preview_shape

JSON_DEPTH_MAX = 32
CORRECTIONS_SHOWN_MAX = 100
PERIODS_SHOWN_MAX = 50
FILTER_NAMES = {"code": "code", "from": "timestamp_from", "to": "timestamp_to"}
PROPERTY = "property."
app = typer.Typer(help="Correct usage that was taken in.", no_args_is_help=True)

ServiceCode = Annotated[str, typer.Option(help="Service whose usage it is.")]
Author = Annotated[str, typer.Option(help="Who wants it.")]
Reason = Annotated[str, typer.Option(help="Why.")]
Event = Annotated[
    tuple[str, str] | None,
    typer.Option("--event", help="One event: SUBSCRIPTION TRANSACTION_ID."),
]
Window = Annotated[
    tuple[str, str] | None,
    typer.Option("--window", help="One counter window: SUBSCRIPTION FACT_ID."),
]
Filter = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        help="All usage with from=TIME, to=TIME (both needed; to is not included), "
        "subscription=ID (repeatable), code=METRIC, property.NAME=VALUE.",
    ),
]
Preview = Annotated[bool, typer.Option("--preview", help="Show the difference; change nothing.")]


@app.callback()
def group() -> None:
    """Correct usage that was taken in: nothing is edited, newer rows supersede older ones."""


@app.command()
def void(  # noqa: PLR0913, PLR0917 - the options of a command
    service: ServiceCode,
    author: Author,
    reason: Reason,
    event: Event = None,
    window: Window = None,
    filters: Filter = None,
    preview: Preview = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let usage count no more. After a crash repeat the command: it goes on."""
    raw: JsonObject = {"kind": "void", "author": author, "reason": reason}
    raw["selection"] = _selection(event, window, filters)
    _run(data_dir, order_of(raw, service), no_events, preview=preview, as_json=as_json)


@app.command()
def amend(  # noqa: PLR0913, PLR0917 - the options of a command
    service: ServiceCode,
    author: Author,
    reason: Reason,
    changes: Annotated[
        str,
        typer.Option(help='JSON of what changes, e.g. {"value": "7"} or {"properties": {...}}.'),
    ],
    event: Event = None,
    window: Window = None,
    filters: Filter = None,
    preview: Preview = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let usage say something else: value, properties, code, timestamp."""
    raw: JsonObject = {"kind": "amend", "author": author, "reason": reason}
    raw["selection"] = _selection(event, window, filters)
    raw["changes"] = exact_value(changes.encode(), JSON_DEPTH_MAX)
    _run(data_dir, order_of(raw, service), no_events, preview=preview, as_json=as_json)


@app.command()
def replace(  # noqa: PLR0913, PLR0917 - the options of a command
    service: ServiceCode,
    author: Author,
    reason: Reason,
    file: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="New events: NDJSON, CSV, Parquet.")
    ],
    event: Event = None,
    window: Window = None,
    filters: Filter = None,
    preview: Preview = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Put the events of a file in the place of usage. After a crash repeat the command."""
    raw: JsonObject = {"author": author, "reason": reason}
    raw["selection"] = _selection(event, window, filters)
    found = usage_file(file)
    order = replace_order(raw, service, {"name": found.name, "sha256": found.sha256})
    _run(data_dir, order, events_of_file(found), preview=preview, as_json=as_json)


@app.command()
def revert(
    correction_id: Annotated[str, typer.Argument(help="Id of the correction.")],
    service: ServiceCode,
    author: Author,
    reason: Reason,
    preview: Preview = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take a correction back: what counted before it counts again."""
    order = revert_order({"author": author, "reason": reason}, service, correction_id)
    _run(data_dir, order, no_events, preview=preview, as_json=as_json)


@app.command("list")
def list_(service: ServiceCode, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the newest corrections of a service."""
    with _opened(data_dir, service) as (house, _), house.state.read() as connection:
        found, total = list_corrections(connection, service, CORRECTIONS_SHOWN_MAX, 0)
    lines = [_line(one) for one in found] or ["no corrections"]
    if total > len(found):
        lines.append(f"and {total - len(found)} older ones")
    say(as_json, [correction_shape(one) for one in found], "\n".join(lines))


@app.command()
def show(
    correction_id: Annotated[str, typer.Argument(help="Id of the correction.")],
    service: ServiceCode,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show one correction."""
    with _opened(data_dir, service) as (house, _), house.state.read() as connection:
        found = find_correction(connection, service, correction_id)
    if found is None:
        raise NotFound("correction")
    shape = correction_shape(found)
    say(as_json, shape, "\n".join(f"{name}: {value}" for name, value in shape.items()))


def _run(
    data_dir: Path | None, order: Order, source: Source, *, preview: bool, as_json: bool
) -> None:
    with _opened(data_dir, order.service_code) as (house, service):
        parts, at = Corrections(house.state, house.intake), house.clock()
        new_id = str(uuid.uuid4())
        if preview:
            ready = prepared(parts, service, order, source, new_id=new_id, at=at)
            found = correction_preview(parts, ready, at=at)
            say(as_json, preview_shape(found), _preview_text(found))
            return
        with _watched() as watch:
            done = correct(parts, service, order, source, new_id=new_id, at=at, watch=watch)
    say(as_json, correction_shape(done), _line(done))


@contextmanager
def _opened(data_dir: Path | None, service_code: str) -> Iterator[tuple[House, Service]]:
    with opened_house(settings_of(data_dir), SystemClock()) as house:
        with house.state.read() as connection:
            service = find_service(connection, service_code)
        if service is None:
            raise NotFound("service")
        yield house, service


@contextmanager
def _watched() -> Iterator[Watch]:
    """Draw a bar of the rows written, on a terminal's standard error."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("rows", total=None)

        def watch(correction: Correction) -> None:
            progress.update(task, total=correction.rows_total, completed=correction.rows_done)

        yield watch


def _selection(
    event: tuple[str, str] | None, window: tuple[str, str] | None, filters: list[str] | None
) -> JsonObject:
    if sum(given is not None for given in (event, window, filters or None)) != 1:
        raise typer.BadParameter("name what to correct: --event, --window or --filter")
    if event is not None:
        return {"external_subscription_id": event[0], "transaction_id": event[1]}
    if window is not None:
        return {"external_subscription_id": window[0], "fact_id": window[1]}
    return _filter_members(filters or [])


def _filter_members(filters: list[str]) -> JsonObject:
    members: JsonObject = {}
    subscriptions: list[JsonValue] = []
    properties: JsonObject = {}
    for text in filters:
        name, is_pair, value = text.partition("=")
        if is_pair and name == "subscription":
            subscriptions.append(value)
        elif is_pair and name.startswith(PROPERTY) and name != PROPERTY:
            properties[name.removeprefix(PROPERTY)] = value
        elif is_pair and name in FILTER_NAMES:
            members[FILTER_NAMES[name]] = value
        else:
            raise typer.BadParameter(
                f"{text!r}: write from=, to=, subscription=, code= or property.NAME="
            )
    if subscriptions:
        members["external_subscription_ids"] = subscriptions
    if properties:
        members["properties"] = properties
    return members


def _line(correction: Correction) -> str:
    order = correction.order
    rows = f"{correction.rows_done} of {correction.rows_total} rows"
    return (
        f"{correction.id}  {order.kind.value} {correction.status.value}, {rows}, "
        f"by {order.author}: {order.reason}"
    )


def _preview_text(preview: CorrectionPreview) -> str:
    lines = [f"{preview.rows_total} rows would be written"]
    lines += [_period_line(period) for period in preview.periods[:PERIODS_SHOWN_MAX]]
    if len(preview.periods) > PERIODS_SHOWN_MAX:
        lines.append(f"and {len(preview.periods) - PERIODS_SHOWN_MAX} more periods: see --json")
    lines += [
        f"sum: {_money(before, currency)} to {_money(after, currency)} {currency}, "
        f"difference {_money(after - before, currency)}"
        for currency, (before, after) in sorted(preview.cents_by_currency().items())
    ]
    lines += [f"{name}: no such subscription, nothing to price" for name in preview.unpriced]
    return "\n".join(lines)


def _period_line(delta: PeriodDelta) -> str:
    currency = delta.plan.amount_currency
    first, last = (at.date() for at in (delta.period.usage_start, delta.period.usage_end))
    billed = f", billed as draft {delta.billed_draft_id}" if delta.billed_draft_id else ""
    return (
        f"{delta.subscription.external_id} {first} to {last}: "
        f"{_money(delta.before_cents, currency)} to {_money(delta.after_cents, currency)} "
        f"{currency}{billed}"
    )


def _money(cents: int, currency: str) -> Decimal:
    return amount_of_cents(cents, currency)
