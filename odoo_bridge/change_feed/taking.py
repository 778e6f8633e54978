"""Takes a page of sights: remembers, tells and mirrors what is new in it, in one transaction.

Everything is asked of Odoo before the transaction; a move that somebody else took meanwhile is
left alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import sqlalchemy as sa

from catalog.services import Service
from catalog.store.lifecycle_events import append_all
from catalog.store.services import lock_service
from odoo_bridge.answers.lago_ids import odoo_lago_id
from odoo_bridge.answers.move import MODEL
from odoo_bridge.change_feed.changed_by_hand import DraftOfMove, changed_by_hand, deleted_by_hand
from odoo_bridge.change_feed.event_bodies import (
    Body,
    TaxedMoves,
    body_of,
    deleted_body,
    local_day,
    owners_of,
    taxed_moves,
)
from odoo_bridge.change_feed.feed_report import FeedEvent, FeedReport
from odoo_bridge.change_feed.feed_store import (
    drafts_of_moves,
    keep_problem,
    keep_seen,
    seen_moves,
)
from odoo_bridge.change_feed.line_mirror import (
    MirroredLine,
    keep_lines,
    lines_of_moves,
    mirrored_lines,
)
from odoo_bridge.change_feed.reversed_owners import with_owners
from odoo_bridge.change_feed.seen_move import (
    DELETED,
    POSTED,
    SeenMove,
    Sight,
    is_overdue,
    kinds_of,
    needs_mirror,
    says_the_same,
    told,
    with_memory,
)
from odoo_bridge.connection import OdooConnection
from odoo_bridge.external_ids import invoice_external_id
from odoo_bridge.loading import resolved_id
from odoo_bridge.odoo_value import OdooValue
from rating.draft_store import park
from rating.invoice_draft import DraftStatus
from storage.fault_points import reached
from storage.state import State


@dataclass(frozen=True, slots=True)
class _Page:
    """What one transaction is about to write, all at its end: a statement for each kind of row."""

    kept: list[SeenMove] = field(default_factory=list)
    told: dict[str, list[tuple[str, Body]]] = field(default_factory=dict)
    lines: list[MirroredLine] = field(default_factory=list)

    def write(self, connection: sa.Connection, database: str, at: datetime) -> None:
        """Write the rows; the services are locked by the caller."""
        for code, events in self.told.items():
            append_all(connection, code, events, at)
        keep_lines(connection, self.lines)
        keep_seen(connection, database, self.kept, at)


class Taking:
    """What one look goes by and has found; takes sights, forgets what is gone."""

    def __init__(
        self,
        state: State,
        odoo: OdooConnection,
        services: Sequence[Service],
        at: datetime,
        *,
        is_first: bool,
    ) -> None:
        self._state = state
        self._odoo = odoo
        self._database = odoo.settings.database
        self._services = {service.code: service for service in services}
        self._at = at
        self._is_first = is_first
        self.taken: set[int] = set()
        self._counts = {"read": 0, "changed": 0, "lines": 0}
        self._events: list[FeedEvent] = []
        self._problems: list[str] = []

    def report(self, *, is_sweep: bool) -> FeedReport:
        """Return what was found."""
        counts = (self._counts["read"], self._counts["changed"], self._counts["lines"])
        return FeedReport(*counts, tuple(self._events), tuple(self._problems), is_sweep)

    def pass_by(self, count: int) -> None:
        """Count moves that a glance found as they were seen."""
        self._counts["read"] += count

    def take(self, page: Sequence[Sight]) -> None:
        """Remember and tell what is new in a page; everything is asked before the transaction."""
        self._counts["read"] += len(page)
        self.taken |= {one.seen.move_id for one in page}
        with self._state.read() as connection:
            known = seen_moves(connection, self._database, [one.seen.move_id for one in page])
        owned = with_owners(self._state, self._odoo, page, known)
        fresh = [one for one in owned if self._is_news(one.seen, known.get(one.seen.move_id))]
        if not fresh:
            return
        lines = lines_of_moves(
            self._odoo, [one.seen.move_id for one in fresh if self._wants(one, known)]
        )
        tellable = [one for one in fresh if self._kinds(known.get(one.seen.move_id), one.seen)]
        taxed = taxed_moves(self._odoo, tellable)
        tellable_ids = {one.seen.move_id for one in tellable}
        reached("odoo.feed.read")
        with self._state.write() as connection:
            for code in sorted({one.seen.service_code for one in fresh}):
                lock_service(connection, code)
            self._write(connection, fresh, lines, taxed, tellable_ids)
            reached("odoo.feed.written")
        reached("odoo.feed.committed")

    def _write(
        self,
        connection: sa.Connection,
        fresh: Sequence[Sight],
        lines: Mapping[int, Sequence[OdooValue]],
        taxed: TaxedMoves,
        tellable_ids: set[int],
    ) -> None:
        """Write down a page, each move once: somebody else may have seen it meanwhile, or later."""
        known = seen_moves(connection, self._database, [one.seen.move_id for one in fresh])
        drafts = drafts_of_moves(connection, {one.seen.draft_id or "" for one in fresh})
        owners = owners_of(connection, [one.seen for one in fresh], drafts)
        written = _Page()
        for one in fresh:
            before = known.get(one.seen.move_id)
            is_older = before is not None and before.written_at > one.seen.written_at
            kinds = self._kinds(before, one.seen)
            is_unprepared = bool(kinds) and one.seen.move_id not in tellable_ids
            if is_older or is_unprepared or not self._is_news(one.seen, before):
                continue
            service = self._services[one.seen.service_code]
            account = owners.get(one.seen.move_id)
            for kind in kinds:
                body = body_of(one, taxed, account, service, self._odoo, self._at)
                self._tell(written, one.seen, kind, body)
            draft = drafts.get(one.seen.draft_id or "")
            its_lines = lines.get(one.seen.move_id, ())
            self._judge(connection, self._keep(written, before, one.seen, its_lines, draft), draft)
        written.write(connection, self._database, self._at)
        self._counts["changed"] += len(written.kept)

    def _keep(
        self,
        page: _Page,
        before: SeenMove | None,
        seen: SeenMove,
        lines: Iterable[OdooValue],
        draft: DraftOfMove | None,
    ) -> SeenMove:
        """Keep a move as it is to be remembered, and its lines for the lake where it must hear."""
        after = told(with_memory(seen, before), self._today(seen))
        if needs_mirror(before, after):
            after = replace(after, lines_revision=after.lines_revision + 1)
            rows = mirrored_lines(after, lines, draft, self._database, self._at)
            page.lines.extend(rows)
            self._counts["lines"] += len(rows)
        page.kept.append(after)
        return after

    def _judge(self, connection: sa.Connection, seen: SeenMove, draft: DraftOfMove | None) -> None:
        """Say of a sent draft how its invoice differs; one that people posted is parked no more."""
        if draft is None:
            return
        problem = changed_by_hand(seen, draft)
        if problem is not None:
            self._problems.append(problem)
        is_settled = draft.status == DraftStatus.PARKED and seen.state == POSTED and not problem
        if is_settled or (draft.status == DraftStatus.SENT and problem != draft.problem):
            keep_problem(connection, draft.id, seen.move_id, problem)

    def forget(self, move_id: int) -> None:
        """Tell that a move is gone and park its draft, unless its external id names another."""
        with self._state.read() as connection:
            before = seen_moves(connection, self._database, [move_id]).get(move_id)
        if before is None or before.service_code not in self._services:
            return
        # Also a refusal to show it is no deletion: then this raises.
        again = before.draft_id and resolved_id(
            self._odoo, MODEL, invoice_external_id(before.draft_id)
        )
        if again == move_id:
            return
        after = replace(before, state=DELETED)
        with self._state.write() as connection:
            lock_service(connection, before.service_code)
            page, lago_id = _Page(), self._lago_id(before)
            for kind in kinds_of(before, after, self._today(before)):
                self._tell(page, before, kind, deleted_body(before, lago_id))
            self._keep(page, before, after, (), None)
            page.write(connection, self._database, self._at)
            if before.draft_id and again is None:
                problem = deleted_by_hand(move_id, before.name)
                park(connection, [before.draft_id], problem)
                self._problems.append(problem)
        self._counts["changed"] += 1

    def _tell(self, page: _Page, seen: SeenMove, kind: str, body: Body) -> None:
        page.told.setdefault(seen.service_code, []).append((kind, body))
        event = FeedEvent(seen.service_code, kind, self._lago_id(seen), seen.name)
        self._events.append(event)

    def _kinds(self, before: SeenMove | None, seen: SeenMove) -> list[str]:
        """Return what is to be told; nothing of what was there before the first look."""
        if before is None and self._is_first:
            return []
        return kinds_of(before, with_memory(seen, before), self._today(seen))

    def _is_news(self, seen: SeenMove, before: SeenMove | None) -> bool:
        is_due = is_overdue(seen, self._today(seen))
        return not says_the_same(seen, before) or (
            before is not None and is_due and not before.is_overdue_told
        )

    def _wants(self, one: Sight, known: Mapping[int, SeenMove]) -> bool:
        before = known.get(one.seen.move_id)
        return one.seen.state == POSTED and needs_mirror(before, with_memory(one.seen, before))

    def _today(self, seen: SeenMove) -> date:
        return local_day(self._services[seen.service_code], self._at)

    def _lago_id(self, seen: SeenMove) -> str:
        return seen.draft_id or odoo_lago_id(self._database, MODEL, seen.move_id)
