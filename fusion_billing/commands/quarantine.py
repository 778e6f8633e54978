"""quarantine: see what is set aside and why, and count it after all, or dismiss it."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from catalog.errors import NotFound
from catalog.exact_json import exact_value
from catalog.store.billable_metrics import metrics_by_code
from catalog.store.services import find_service
from fusion_billing.clock import SystemClock
from fusion_billing.commands.options import AsJson, DataDir, settings_of
from fusion_billing.house import House, opened_house
from ingest.quarantine.quarantine import Selection
from ingest.quarantine.quarantined_event import Metrics, valid_changes
from ingest.quarantine.repair import Repaired, Repairs, Watch, dismiss, mend, replay
from ingest.quarantine.shapes import (
    IS_RESOLVED,
    quarantined_event_shapes,
    read_signature,
    repaired_shape,
)
from ingest.quarantine.store import resolutions_of
from storage.lake import LakeBusyError

ROWS_SHOWN = 20
EVERY = "all"
ROW_ID = re.compile(r"[0-9]+-[0-9]+-[0-9]+")
CHANGES_DEPTH_MAX = 32
NARROWING = ("reason", "code", "subscription")
app = typer.Typer(help="Usage that was set aside, and its repair.", no_args_is_help=True)

Service = Annotated[str, typer.Option(help="Service whose usage it is.")]
Rows = Annotated[
    list[str],
    typer.Argument(
        metavar="ROWS...",
        help="Ids as 0-17-3, reason=..., code=..., subscription=..., or all: every open row.",
    ),
]
Author = Annotated[str, typer.Option(help="Who decides; kept with the row.")]
Because = Annotated[str, typer.Option(help="Why; kept with the row.")]


class Status(StrEnum):
    """Which rows are listed."""

    OPEN = "open"
    RESOLVED = "resolved"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class _Opened:
    """A house at rest, and the metrics of the service that was named."""

    house: House
    metrics: Metrics

    @property
    def parts(self) -> Repairs:
        return Repairs(self.house.state, self.house.intake)


@app.callback()
def group() -> None:
    """Usage that was set aside, and its repair."""


@app.command("list")
def list_rows(
    service: Service,
    rows: Rows = [EVERY],  # noqa: B006 - typer copies it
    status: Status = Status.OPEN,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Rows shown.")] = ROWS_SHOWN,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List events that are set aside, newest first: what is wrong, and what to do next."""
    meant = replace(_meant(rows), is_resolved=IS_RESOLVED[status.value])
    with _opened(service, data_dir, "GET /quarantine") as opened:
        log = opened.parts.log
        log.flush()
        counts = log.counts(service, meant)
        found = log.page(service, meant, limit=limit, offset=0)
        with opened.house.state.read() as connection:
            decisions = resolutions_of(connection, service, [row.id for row in found])
    shapes = quarantined_event_shapes(found, opened.metrics, decisions)
    total = sum(counts.values())
    data = {
        "quarantined_events": shapes,
        "counts_by_reason": counts,
        "meta": {"total_count": total},
    }
    _say(as_json, data, _listing(shapes, counts, total))


@app.command("replay")
def replay_rows(
    service: Service,
    rows: Rows,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Count what the metrics in force can count now; repeat it freely.

    Exit code 0: all rows that were meant are counted; 1: some still can't be.
    """
    meant = _meant(rows)
    with _opened(service, data_dir, "POST /quarantine/replay") as opened, _watched() as watch:
        at = opened.house.clock()
        done = replay(opened.parts, service, meant, opened.metrics, at, watch)
    _say(as_json, repaired_shape(done), _repaired_text("replayed", done))
    if done.still_faulty:
        raise typer.Exit(1)


@app.command("mend")
def mend_rows(
    service: Service,
    rows: Rows,
    changes: Annotated[
        str, typer.Option(help='JSON, e.g. {"code": "tokens", "properties": {"tokens": 3}}.')
    ],
    author: Author,
    because: Because,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Count events with changes: code, external_subscription_id, timestamp, properties.

    Exit code 0: all rows that were meant are counted; 1: some still can't be.
    """
    meant = _meant(rows)
    given = valid_changes(exact_value(changes.encode(), CHANGES_DEPTH_MAX))
    signed = read_signature({"author": author, "reason": because})
    with (
        _opened(service, data_dir, "POST /quarantine/{id}/mend") as opened,
        _watched() as watch,
    ):
        at, metrics = opened.house.clock(), opened.metrics
        done = mend(opened.parts, service, meant, given, metrics, at, signed=signed, watch=watch)
    data = {
        "mended_count": done.repaired,
        "still_faulty": dict(done.still_faulty),
        "refused": dict(done.refused),
    }
    _say(as_json, data, _repaired_text("mended", done))
    if done.still_faulty:
        raise typer.Exit(1)


@app.command("dismiss")
def dismiss_rows(
    service: Service,
    rows: Rows,
    author: Author,
    because: Because,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Note that events shall never count; nothing is deleted."""
    meant = _meant(rows)
    signed = read_signature({"author": author, "reason": because})
    with (
        _opened(service, data_dir, "POST /quarantine/{id}/dismiss") as opened,
        _watched() as watch,
    ):
        at = opened.house.clock()
        count = dismiss(opened.parts, service, meant, at, signed=signed, watch=watch)
    _say(as_json, {"dismissed_count": count}, f"{count} events dismissed")


@contextmanager
def _opened(service: str, data_dir: Path | None, route: str) -> Iterator[_Opened]:
    """Open the house; when a service runs on its folder, name the route that does the same."""
    settings = settings_of(data_dir)
    method, _, path = route.partition(" ")
    address = f"http://{settings.host}:{settings.port}/api/billing/v1{path}"
    with ExitStack() as stack:
        try:
            house = stack.enter_context(opened_house(settings, SystemClock()))
        except LakeBusyError as busy:
            raise LakeBusyError(
                f"{busy}. While the service runs, ask it: curl -X {method} "
                f'-H "Authorization: Bearer <key of {service}>" "{address}"'
            ) from busy
        with house.state.read() as connection:
            if find_service(connection, service) is None:
                raise NotFound("service")
            metrics = metrics_by_code(connection, service)
        yield _Opened(house, metrics)


@contextmanager
def _watched() -> Iterator[Watch]:
    """Draw a bar of the rows looked at, on a terminal's standard error."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    is_hidden = not console.is_terminal
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=is_hidden) as progress:
        task = progress.add_task("events", total=None)

        def watch(seen: int, total: int) -> None:
            progress.update(task, completed=seen, total=total)

        yield watch


def _meant(rows: list[str]) -> Selection:
    """Return the rows that words name; each narrows what the others leave."""
    ids: list[str] = []
    given: dict[str, str] = {}
    for word in rows:
        name, _, value = word.partition("=")
        if name in NARROWING and value:
            given[name] = value
        elif ROW_ID.fullmatch(word):
            ids.append(word)
        elif word != EVERY:
            raise typer.BadParameter(
                f"{word!r} names no rows: write 0-17-3, reason=..., code=..., subscription=... "
                f"or {EVERY}"
            )
    return Selection(
        tuple(ids),
        reason=given.get("reason"),
        code=given.get("code"),
        external_subscription_id=given.get("subscription"),
    )


def _say(as_json: bool, data: Mapping[str, Any], text: str) -> None:  # noqa: FBT001 - as `say`
    """Print data for programs, with the properties embedded as they are; or text for people."""
    written = msgspec.json.format(msgspec.json.encode(data)).decode()
    typer.echo(written if as_json else text)


def _listing(shapes: list[dict[str, object]], counts: Mapping[str, int], total: int) -> str:
    lines = [f"{count} {reason}" for reason, count in counts.items()] or ["nothing is set aside"]
    for shape in shapes:
        lines.append("")
        lines.append(f"{shape['id']}  {shape['transaction_id']}  {shape['timestamp']}")
        lines.append(f"  {shape['problem']}")
        lines.append(f"  {shape['next_step'] or shape['status']}")
    if total > len(shapes):
        lines += ["", f"and {total - len(shapes)} more"]
    return "\n".join(lines)


def _repaired_text(done_word: str, done: Repaired) -> str:
    lines = [f"{done.repaired} events {done_word}"]
    lines += [f"{count} left: {reason}" for reason, count in done.still_faulty.items()]
    return "\n".join(lines)
