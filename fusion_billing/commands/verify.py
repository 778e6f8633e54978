"""verify: compute every billed line again, and tell what is not as it was billed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Protocol

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from catalog.errors import NotFound
from catalog.services import Service
from catalog.store import services
from fusion_billing.clock import SystemClock
from fusion_billing.commands.options import AsJson, DataDir, say, settings_of
from fusion_billing.house import House, opened_house
from rating.verifying.line_difference import Difference, told
from rating.verifying.verification import (
    Verification,
    VerifiedDraft,
    draft_ids_of,
    lines_of_no_draft,
    stored_line_ids,
    verification,
)


class Advance(Protocol):
    """Moves the progress by one draft."""

    def __call__(self) -> None:
        """Show that one more draft is verified."""


def verify(
    ids: Annotated[
        list[str] | None,
        typer.Argument(help="Drafts or rated lines; a line with its whole draft. Default: all."),
    ] = None,
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Compute every billed line again from its usage; exit code 1 when anything differs."""
    with opened_house(settings_of(data_dir), SystemClock()) as house:
        stored = stored_line_ids(house.lake)
        asked = _asked(house, ids or [], service)
        known = {draft.draft.id for each in asked for draft in each.drafts}
        loose = [] if ids or service else lines_of_no_draft(stored, known)
        verified = list(_watched(asked))
    differences = [*(each for draft in verified for each in draft.differences), *loose]
    say(as_json, _data(verified, differences), _text(verified, differences))
    if differences:
        raise typer.Exit(1)


def _asked(house: House, ids: Sequence[str], service_code: str | None) -> list[Verification]:
    """Return what is asked for, service by service; NotFound for an id that nobody knows."""
    with house.state.read() as connection:
        chosen = [
            service
            for service in services.services(connection)
            if service_code in {None, service.code}
        ]
    if not chosen and service_code is not None:
        raise NotFound("service")
    if not ids:
        return [verification(house.state, house.lake, service) for service in chosen]
    for name in ids:
        if not any(_drafts(house, service, [name]) for service in chosen):
            raise ValueError(f"{name} is no billed draft or rated line: see `fusion-billing bill`")
    found = ((service, _drafts(house, service, ids)) for service in chosen)
    return [verification(house.state, house.lake, each, drafts) for each, drafts in found if drafts]


def _drafts(house: House, service: Service, ids: Sequence[str]) -> set[str]:
    return draft_ids_of(house.state, house.lake, service, ids)


def _watched(asked: Sequence[Verification]) -> Iterator[VerifiedDraft]:
    with _progress(sum(len(each.drafts) for each in asked)) as advance:
        for each in asked:
            for draft in each.verified():
                advance()
                yield draft


@contextmanager
def _progress(total: int) -> Iterator[Advance]:
    """Show people on a terminal how many drafts are verified."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("drafts", total=total)
        yield lambda: progress.advance(task)


def _data(
    verified: Sequence[VerifiedDraft], differences: Sequence[Difference]
) -> dict[str, object]:
    return {
        "drafts": len(verified),
        "lines": sum(each.lines_count for each in verified),
        "counted_rows": sum(each.rows_count for each in verified),
        "drafts_from_proof": sum(each.from_proof for each in verified),
        "differences": told(differences),
    }


def _text(verified: Sequence[VerifiedDraft], differences: Sequence[Difference]) -> str:
    lines = [
        f"{each.draft_id}  {each.line_id or 'draft'}\n"
        f"      {each.what}: stored {each.stored}\n"
        f"      computed {each.computed}\n"
        f"      next: {each.cure}"
        for each in differences
    ]
    rows = sum(each.rows_count for each in verified)
    count = sum(each.lines_count for each in verified)
    verdict = f"{len(differences)} differences" if differences else "all match"
    lines.append(f"{len(verified)} drafts, {count} lines, {rows} counted rows: {verdict}")
    return "\n".join(lines)
