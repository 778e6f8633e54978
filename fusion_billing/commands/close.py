"""close: the monthly close of a service's margin, and how all months stand."""

from datetime import date
from typing import Annotated

import typer

from dashboards.close.checklist import Item, failures
from dashboards.close.close_store import decisions, item_data, latest_of
from dashboards.close.closing import ChecklistFailed, decide, looked_at
from dashboards.close.month_close import CloseRefused, MonthClose, Signed, Step
from dashboards.margin import Margin
from dashboards.scope import ScopeFault, month_from
from fusion_billing.clock import SystemClock
from fusion_billing.closes import close_sources
from fusion_billing.commands.options import AsJson, DataDir, say, settings_of
from fusion_billing.house import opened_house
from fusion_billing.opened_state import opened_state

LIST = "list"


def close(  # noqa: PLR0913, PLR0917 - the options of a command
    month: Annotated[str, typer.Argument(help="Month like 2026-10, or list.")],
    service: Annotated[str | None, typer.Option(help="Whose month it is.")] = None,
    soft: Annotated[bool, typer.Option("--soft", help="Keep figures for review.")] = False,
    final: Annotated[bool, typer.Option("--final", help="Keep figures for good.")] = False,
    reopen: Annotated[bool, typer.Option("--reopen", help="Open the month again.")] = False,
    author: Annotated[str, typer.Option(help="Who decides.")] = "",
    reason: Annotated[str | None, typer.Option(help="Why; needed to reopen or to force.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Close although items fail.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Close a service's month, or reopen it. Without a step: show its checklist.

    Exit status 1 when the checklist has a FAIL.
    """
    if month == LIST:
        _list(data_dir, service, as_json=as_json)
        return
    if service is None:
        raise typer.BadParameter("whose month? give --service CODE")
    wanted, step = _month(month), _step(soft=soft, final=final, reopen=reopen)
    clock = SystemClock()
    with opened_house(settings_of(data_dir), clock) as house:
        sources = close_sources(house)
        if step is None:
            _checked(looked_at(sources, service, wanted), as_json=as_json)
            return
        signed = Signed(author, reason, force)
        try:
            done = decide(sources, service, wanted, step, signed, clock())
        except ChecklistFailed as failed:
            if not as_json:
                raise
            _checked(failed.items, as_json=True)
            return
    say(as_json, _data(done), _told(done))


def _checked(items: tuple[Item, ...], *, as_json: bool) -> None:
    say(as_json, {"checklist": [item_data(item) for item in items]},
        "\n".join(map(_line, items)))  # fmt: skip
    if failures(items):
        raise typer.Exit(1)


def _list(data_dir: DataDir, service: str | None, *, as_json: bool) -> None:
    with opened_state(settings_of(data_dir)) as state, state.read() as connection:
        latest = latest_of(decisions(connection, service))
    found = [months[month] for months in latest.values() for month in sorted(months)]
    lines = [_told(each) for each in found] or ["no month was ever closed"]
    say(as_json, [_data(each) for each in found], "\n".join(lines))


def _step(*, soft: bool, final: bool, reopen: bool) -> Step | None:
    given = {Step.SOFT: soft, Step.FINAL: final, Step.REOPEN: reopen}
    chosen = [step for step, is_chosen in given.items() if is_chosen]
    if len(chosen) > 1:
        raise typer.BadParameter("give one of --soft, --final and --reopen")
    return chosen[0] if chosen else None


def _month(text: str) -> date:
    try:
        found = month_from(text, "MONTH")
    except ScopeFault as fault:
        raise CloseRefused(str(fault)) from None
    if found is None:
        raise CloseRefused("MONTH is a month, like 2026-10")
    return found


def _line(item: Item) -> str:
    cure = f"\n      {item.cure}" if item.cure else ""
    return f"{item.status.value:4}  {item.key}: {item.told}{cure}"


def _data(done: MonthClose) -> dict[str, object]:
    kept = done.kept
    return {
        "service": done.service_code,
        "month": f"{done.month:%Y-%m}",
        "revision": done.revision,
        "state": done.state.value,
        "author": done.author,
        "reason": done.reason,
        "forced": done.is_forced,
        "decided_at": done.decided_at.isoformat(),
        "checklist": [item_data(item) for item in done.checklist],
        "kept": None if kept is None else {
            "watermark": kept.pins.watermark,
            "lake_snapshot": kept.pins.lake_snapshot,
            "known_at": kept.pins.known_at.isoformat(),
            "revenue_cents": kept.revenue_cents,
            "cogs_cad": str(kept.cogs_cad),
            "figures_digest": kept.figures_digest,
        },
    }  # fmt: skip


def _told(done: MonthClose) -> str:
    state = done.state.value.replace("_", " ")
    why = f" ({done.reason})" if done.reason else ""
    forced = ", against its checklist" if done.is_forced else ""
    told = f"{done.month:%Y-%m} {done.service_code}: {state} by {done.author}{why}{forced}"
    if done.kept is None:
        return told
    profit = Margin(done.kept.revenue_cents, done.kept.cogs_cad).gross_profit
    return f"{told}; gross profit {profit:.2f} CAD, figures {done.kept.figures_digest[:12]}"
