"""Closing and reopening a service's month: everything taken in, looked at, kept in one commit."""

from dataclasses import asdict
from datetime import date, datetime

import polars as pl

from catalog.errors import NotFound
from catalog.services import Service
from catalog.store.services import find_service, lock_service
from dashboards.close.checklist import Item, checklist, failures
from dashboards.close.close_store import books_of, decisions, keep, latest_of
from dashboards.close.facts import CloseSources, bounds_of, read_facts
from dashboards.close.figures import figures_digest, figures_text
from dashboards.close.month_close import (
    STATE_AFTER,
    CloseRefused,
    Kept,
    MonthClose,
    Pins,
    Signed,
    Step,
    refuse_step,
)
from dashboards.margin import margin_total
from dashboards.mart.reading import read_cube
from odoo_bridge.change_feed.invoice_lines import ship_invoice_lines
from rating.rated_line_store import ship_rated_lines


class ChecklistFailed(CloseRefused):
    """The checklist has a FAIL; `items` are all of it."""

    def __init__(self, month: date, items: tuple[Item, ...]) -> None:
        found = failures(items)
        told = "; ".join(f"{item.key}: {item.told}" for item in found)
        super().__init__(
            f"{month:%Y-%m} can't be closed, {len(found)} of its checklist fail: {told} "
            "Mend them, or close with --force and --reason"
        )
        self.items = items


def looked_at(sources: CloseSources, service_code: str, month: date) -> tuple[Item, ...]:
    """Return the checklist of a service's month once everything acknowledged is in the lake."""
    service = _service(sources, service_code)
    sources.flusher.flush()
    ship_rated_lines(sources.state, sources.lake)
    cube = read_cube(sources.lake, sources.state)
    return checklist(read_facts(sources, service, month, cube))


def decide(
    sources: CloseSources, service_code: str, month: date, step: Step, signed: Signed, at: datetime
) -> MonthClose:
    """Close a service's month, softly or finally, or reopen it; return the decision.

    CloseRefused says why not, ChecklistFailed what is to be mended. What is kept is read after a
    flush; of two that decide at once the second is refused.
    """
    service = _service(sources, service_code)
    is_over = bounds_of(service, month).end <= at
    with sources.state.read() as connection:
        known = decisions(connection, service_code)
    refuse_step(step, month, latest_of(known).get(service_code, {}), signed, is_over=is_over)
    items: tuple[Item, ...] = ()
    kept, text = None, None
    if step is not Step.REOPEN:
        items, kept, text = _to_keep(sources, service, month, signed, at)
    with sources.state.write() as connection:
        lock_service(connection, service_code)
        if decisions(connection, service_code) != known:
            raise CloseRefused("another month of the service was closed meanwhile: look again")
        close = MonthClose(
            service_code=service_code,
            month=month,
            revision=1 + sum(each.month == month for each in known),
            state=STATE_AFTER[step],
            author=signed.author.strip(),
            reason=signed.reason,
            is_forced=bool(signed.is_forced and failures(items)),
            decided_at=at,
            checklist=items,
            kept=kept,
        )
        keep(connection, close, text)
    return close


def _to_keep(
    sources: CloseSources, service: Service, month: date, signed: Signed, at: datetime
) -> tuple[tuple[Item, ...], Kept, str]:
    """Return the checklist, and the figures with what they were computed from."""
    state, lake = sources.state, sources.lake
    watermark = sources.flusher.flush()
    ship_rated_lines(state, lake)
    ship_invoice_lines(state, lake)
    snapshot = lake.snapshots()[-1][0]
    cube = read_cube(lake, state)
    items = checklist(read_facts(sources, service, month, cube))
    if failures(items) and not signed.is_forced:
        raise ChecklistFailed(month, items)
    pins = Pins(str(watermark), snapshot, at, cube.digest)
    with state.read() as connection:
        figures = books_of(connection, service.code).to_keep(cube.parts, month)
    about = {name: str(value) for name, value in asdict(pins).items()}
    text = figures_text({"service": service.code, "month": month.isoformat(), **about}, figures)
    return items, _kept(pins, figures, text), text


def _kept(pins: Pins, figures: pl.DataFrame, text: str) -> Kept:
    total = margin_total(figures)
    return Kept(pins, total.revenue_cents, total.cogs_cad, figures_digest(text))


def _service(sources: CloseSources, service_code: str) -> Service:
    with sources.state.read() as connection:
        found = find_service(connection, service_code)
    if found is None:
        raise NotFound("service")
    return found
