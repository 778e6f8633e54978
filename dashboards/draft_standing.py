"""Where invoice drafts stand, by service, and what Odoo last said of their invoices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from fastapi import Request

from dashboards.rated_lines import Row
from storage.feed_tables import odoo_move
from storage.state import State
from storage.tables import invoice_draft

WORDS = {
    "draft": "waiting",
    "parked": "parked",
    "sent": "draft in Odoo",
    "posted": "posted",
    "cancel": "cancelled in Odoo",
}
_TO_MOVE = invoice_draft.outerjoin(
    odoo_move,
    sa.and_(
        odoo_move.c.draft_id == invoice_draft.c.id,
        odoo_move.c.move_id == invoice_draft.c.odoo_move_id,
    ),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many drafts of a service stand where; `problems` were sent, and people changed them."""

    service_code: str
    counts: Sequence[tuple[str, int]]
    problems: int


def draft_standing(state: State, service: str | None) -> list[Standing]:
    """Return where the drafts of each service stand, or of one; nothing due stands nowhere."""
    draft, is_problem = invoice_draft.c, sa.and_(
        invoice_draft.c.status == "sent", invoice_draft.c.problem.is_not(None)
    )  # fmt: skip
    where = sa.case(
        (sa.and_(draft.status == "sent", odoo_move.c.state.in_(("posted", "cancel"))),
         odoo_move.c.state),
        else_=draft.status,
    )  # fmt: skip
    asked = (
        sa.select(draft.service_code, where, sa.func.count(sa.distinct(draft.id)),
                  sa.func.sum(sa.case((is_problem, 1), else_=0)))
        .select_from(_TO_MOVE)
        .where(draft.status.in_(("draft", "sent", "parked")))
        .group_by(draft.service_code, where)
    )  # fmt: skip
    if service:
        asked = asked.where(draft.service_code == service)
    with state.read() as connection:
        rows = connection.execute(asked).all()
    return [
        Standing(
            code,
            [(word, count) for place, word in WORDS.items() for owner, at, count, _ in rows
             if (owner, at) == (code, place)],
            sum(problems for owner, _, _, problems in rows if owner == code),
        )
        for code in sorted({owner for owner, *_ in rows})
    ]  # fmt: skip


def moves_of_drafts(state: State, draft_ids: Sequence[str]) -> Mapping[str, Row]:
    """Return what Odoo last said of the invoices of some drafts, by draft."""
    asked = (
        sa.select(odoo_move)
        .join(invoice_draft, invoice_draft.c.odoo_move_id == odoo_move.c.move_id)
        .where(odoo_move.c.draft_id == invoice_draft.c.id, odoo_move.c.draft_id.in_(draft_ids))
    )
    with state.read() as connection:
        return {row["draft_id"]: dict(row) for row in connection.execute(asked).mappings()}


def odoo_link(request: Request, move_id: int | None) -> str | None:
    """Return the address of an invoice in Odoo; None where no Odoo is configured."""
    answers = getattr(request.app.state, "odoo_answers", None)
    if move_id is None or answers is None or answers.odoo is None:
        return None
    base = str(answers.odoo.settings.url).rstrip("/")
    return f"{base}/mail/view?model=account.move&res_id={move_id}"
