"""lake check, snapshots, compact, erase, erasures: the lake's own verbs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from fusion_billing.clock import SystemClock
from fusion_billing.commands.options import AsJson, DataDir, DryRun, say, settings_of
from fusion_billing.house import opened_house
from fusion_billing.retention import (
    ErasurePlan,
    VerifiedErasure,
    erase_account,
    planned_account_erasure,
    verified_erasures,
)
from fusion_billing.wholeness import findings
from ingest.finding import Finding, Verdict
from storage.lake import CompactionRules
from storage.lake_tables import TABLES

app = typer.Typer(help="The lake.", no_args_is_help=True)
Service = Annotated[str, typer.Option(help="Code of the service.")]


@app.command()
def check(
    deep: Annotated[bool, typer.Option(help="Read every row and compute its digest.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Hold state, inbox and lake against each other; exit code 1 when anything is missing."""
    settings = settings_of(data_dir)
    found = []
    with _progress("checking") as tell:
        for finding in findings(settings, is_deep=deep):
            tell(f"checked {finding.check}")
            found.append(finding)
    say(as_json, [_finding_data(each) for each in found], "\n".join(map(_finding_text, found)))
    if any(each.verdict is Verdict.FAIL for each in found):
        raise typer.Exit(1)


@app.command()
def snapshots(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the snapshots that are still kept: what analysts may travel back to."""
    with opened_house(settings_of(data_dir), SystemClock()) as house:
        kept = house.lake.snapshots()
    data = [{"id": number, "at": at.isoformat()} for number, at in kept]
    say(as_json, data, "\n".join(f"{number:>8}  {at:%Y-%m-%d %H:%M:%S} UTC" for number, at in kept))


@app.command()
def compact(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Flush the inbox, merge small files and forget what nobody can need any more."""
    with opened_house(settings_of(data_dir), SystemClock()) as house, _progress("flushing") as tell:
        house.flusher.flush()
        tell("merging")
        house.lake.compact(house.clock(), CompactionRules(files_min=2))
        files = {table.full_name: len(house.lake.files(table)) for table in TABLES}
    lines = [f"{name}: {count} files" for name, count in files.items()]
    say(as_json, files, "\n".join(lines))


@app.command()
def erase(  # noqa: PLR0913, PLR0917 - the options of the verb
    service: Service,
    account: Annotated[str, typer.Option(help="External id of the account (Lago's customer).")],
    author: Annotated[str, typer.Option(help="Who decided it.")] = "",
    reason: Annotated[str, typer.Option(help="Why, as the proof will say.")] = "",
    accept_unproven: Annotated[
        bool, typer.Option(help="Erase although billed lines can't be computed again.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Erase an account's usage for good, and what we know of the person. Its bills still verify."""
    if not dry_run and not (author and reason):
        raise typer.BadParameter("--author and --reason are kept with the proof: give both")
    with opened_house(settings_of(data_dir), SystemClock()) as house:
        plan = planned_account_erasure(house, service, account)
        if dry_run:
            say(as_json, _plan_data(plan), _plan_text(plan))
            return
        if not yes:
            typer.echo(_plan_text(plan), err=True)
            typer.confirm("This can't be undone. Erase it?", abort=True, err=True)
        with _progress("keeping the proof") as tell:
            done = erase_account(
                house,
                service,
                account,
                author=author,
                reason=reason,
                accepts_unproven=accept_unproven,
                watch=tell,
            )
    data = {"erasure_id": done.id, **_plan_data(plan)}
    say(as_json, data, f"erased; its proof is erasure {done.id}\n{_plan_text(plan)}")


@app.command()
def erasures(
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List what was erased, and verify that every billed line still follows from its proof."""
    with opened_house(settings_of(data_dir), SystemClock()) as house:
        found = verified_erasures(house, service)
    text = "\n".join(map(_erasure_text, found)) or "nothing was erased"
    say(as_json, [_erasure_data(each) for each in found], text)
    if any(each.wrong_lines for each in found):
        raise typer.Exit(1)


class _Tell:
    """Shows people on a terminal what is being done now."""

    def __init__(self, console: Console, words: str) -> None:
        self.status = console.status(words)

    def __call__(self, words: str) -> None:
        self.status.update(words)


@contextmanager
def _progress(words: str) -> Iterator[_Tell]:
    tell = _Tell(Console(stderr=True), words)
    with tell.status:
        yield tell


def _finding_data(found: Finding) -> dict[str, object]:
    return {
        "check": found.check,
        "verdict": found.verdict.value,
        "counts": dict(found.counts),
        "named": list(found.named),
        "next": found.cure,
    }


def _finding_text(found: Finding) -> str:
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found.counts.items())
    lines = [f"{found.verdict.value:<5} {found.check:<12} {counts}"]
    lines += [f"      - {each}" for each in found.named]
    if found.cure:
        lines.append(f"      next: {found.cure}")
    return "\n".join(lines)


def _plan_data(plan: ErasurePlan) -> dict[str, object]:
    return {
        "subscriptions": list(plan.scope.subscriptions),
        "rows": dict(plan.rows),
        "billed_lines_proved": sum(each.line_digest is not None for each in plan.proof.proofs),
        "billed_lines_unproven": list(plan.proof.unproven),
        "is_resumed": plan.resumed is not None,
    }


def _plan_text(plan: ErasurePlan) -> str:
    rows = ", ".join(f"{count} of {name}" for name, count in plan.rows.items())
    lines = [
        f"subscriptions: {', '.join(plan.scope.subscriptions) or 'none'}",
        f"rows: {rows}",
        f"billed lines proved: {_plan_data(plan)['billed_lines_proved']}",
    ]
    if plan.resumed is not None:
        lines.append(f"goes on with erasure {plan.resumed.id}, which was begun")
    lines += [f"can't be proved: rated line {each}" for each in plan.proof.unproven]
    return "\n".join(lines)


def _erasure_data(found: VerifiedErasure) -> dict[str, object]:
    erasure = found.erasure
    return {
        "id": erasure.id,
        "service": erasure.scope.service_code,
        "kind": erasure.scope.kind.value,
        "subscriptions": list(erasure.scope.subscriptions),
        "months": [month.isoformat() for month in erasure.scope.months],
        "author": erasure.author,
        "reason": erasure.reason,
        "begun_at": erasure.begun_at.isoformat(),
        "finished_at": erasure.finished_at.isoformat() if erasure.finished_at else None,
        "billed_lines": found.lines_count,
        "wrong_lines": list(found.wrong_lines),
    }


def _erasure_text(found: VerifiedErasure) -> str:
    erasure = found.erasure
    what: Sequence[str] = [month.strftime("%Y-%m") for month in erasure.scope.months]
    what = what or erasure.scope.subscriptions
    done = f"{erasure.finished_at:%Y-%m-%d}" if erasure.finished_at else "not finished: repeat it"
    verified = f"{found.lines_count - len(found.wrong_lines)} of {found.lines_count} lines verify"
    return (
        f"{erasure.id}  {done}  {erasure.scope.service_code} {', '.join(what)}  {verified}  "
        f"{erasure.author}: {erasure.reason}"
    )
