"""Decisions about months, and the figures kept of them, in the state database."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from catalog.money import decimal_text
from dashboards.close.books import Books
from dashboards.close.checklist import Item, Status
from dashboards.close.figures import figures_of_text
from dashboards.close.month_close import CloseState, Kept, MonthClose, Pins, effective
from storage.close_tables import month_close, month_close_figures

_row = month_close.c


def decisions(
    connection: sa.Connection, service_code: str | None = None, month: date | None = None
) -> list[MonthClose]:
    """Return every decision, of one service or month or of all, oldest first of each month."""
    asked = sa.select(month_close).order_by(_row.service_code, _row.month, _row.revision)
    if service_code is not None:
        asked = asked.where(_row.service_code == service_code)
    if month is not None:
        asked = asked.where(_row.month == month.isoformat())
    return [_close(dict(row)) for row in connection.execute(asked).mappings()]


def decisions_digest(known: Sequence[MonthClose]) -> str:
    """Return a text that changes with every decision: each is a revision of its month."""
    told = "\n".join(
        f"{close.service_code} {close.month} {close.revision} {close.state}" for close in known
    )
    return hashlib.sha256(told.encode()).hexdigest()


def latest_of(found: Sequence[MonthClose]) -> dict[str, dict[date, MonthClose]]:
    """Return how each service's months stand: the newest decision about each."""
    latest: dict[str, dict[date, MonthClose]] = {}
    for close in found:
        latest.setdefault(close.service_code, {})[close.month] = close
    return latest


def read_books(connection: sa.Connection, service_code: str | None = None) -> dict[str, Books]:
    """Return the books of every service that has a closed month, or of one service."""
    return books_after(connection, decisions(connection, service_code))


def books_after(connection: sa.Connection, known: Sequence[MonthClose]) -> dict[str, Books]:
    """Return the books as some decisions left them."""
    latest = latest_of(known)
    return {
        service: _books(connection, service, effective(months))
        for service, months in latest.items()
        if effective(months)
    }


def books_of(connection: sa.Connection, service_code: str) -> Books:
    """Return one service's books, empty where no month is closed."""
    return read_books(connection, service_code).get(service_code, Books(service_code, (), {}))


def kept_text(connection: sa.Connection, close: MonthClose) -> str:
    """Return the figures a close kept, as they were written."""
    kept = month_close_figures.c
    asked = sa.select(kept.body).where(
        kept.service_code == close.service_code,
        kept.month == close.month.isoformat(),
        kept.revision == close.revision,
    )
    return str(connection.execute(asked).scalar_one())


def keep(connection: sa.Connection, close: MonthClose, figures: str | None) -> None:
    """Add a decision, with the figures it keeps; nothing that was kept is changed."""
    connection.execute(month_close.insert().values(_values(close)))
    if figures is not None:
        connection.execute(
            month_close_figures.insert().values(
                service_code=close.service_code,
                month=close.month.isoformat(),
                revision=close.revision,
                body=figures,
            )
        )


def item_data(item: Item) -> dict[str, object]:
    """Return an item of a checklist as JSON members."""
    return {
        "key": item.key,
        "status": item.status.value,
        "found": item.found,
        "figures": dict(item.figures),
        "cure": item.cure,
    }


def _books(connection: sa.Connection, service: str, closes: Sequence[MonthClose]) -> Books:
    figures = {
        close.month: figures_of_text(kept_text(connection, close), close.kept.figures_digest)
        for close in closes
        if close.kept is not None
    }
    return Books(service, tuple(closes), figures)


def _values(close: MonthClose) -> dict[str, object]:
    kept = close.kept
    values: dict[str, object] = {
        "service_code": close.service_code,
        "month": close.month.isoformat(),
        "revision": close.revision,
        "state": close.state.value,
        "author": close.author,
        "reason": close.reason,
        "is_forced": close.is_forced,
        "decided_at": close.decided_at,
        "checklist": json.dumps([item_data(item) for item in close.checklist]),
    }
    if kept is not None:
        values |= {
            "watermark": kept.pins.watermark,
            "lake_snapshot": kept.pins.lake_snapshot,
            "known_at": kept.pins.known_at,
            "sources_digest": kept.pins.sources_digest,
            "revenue_cents": kept.revenue_cents,
            "cogs_cad": decimal_text(kept.cogs_cad),
            "figures_digest": kept.figures_digest,
        }
    return values


def _close(row: Mapping[str, Any]) -> MonthClose:
    return MonthClose(
        service_code=row["service_code"],
        month=date.fromisoformat(row["month"]),
        revision=row["revision"],
        state=CloseState(row["state"]),
        author=row["author"],
        reason=row["reason"],
        is_forced=row["is_forced"],
        decided_at=row["decided_at"],
        checklist=tuple(_item(told) for told in json.loads(row["checklist"])),
        kept=None if row["figures_digest"] is None else _kept(row),
    )


def _kept(row: Mapping[str, Any]) -> Kept:
    pins = Pins(row["watermark"], row["lake_snapshot"], row["known_at"], row["sources_digest"])
    return Kept(pins, row["revenue_cents"], Decimal(row["cogs_cad"]), row["figures_digest"])


def _item(told: Mapping[str, Any]) -> Item:
    return Item(**{**told, "status": Status(told["status"])})
