"""What is stored otherwise than it is computed: of rated lines, and of the draft they make."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import msgspec
import polars as pl

from rating.invoice_draft import DraftLine, InvoiceDraft
from rating.rated_line_store import rated_line_frame
from rating.verifying.recomputed_draft import RecomputedDraft

RESTORE = (
    "restore state and lake from one backup, or give the customer a credit note for what is wrong; "
    "do not edit the stored line"
)
SHIP = "open the house once (any command does), so that kept lines reach the lake; then " + RESTORE
# Release 0.1.0 kept less of a line, and its digest covered less.
NOT_OF_0_1_0 = frozenset({
    "inputs_digest", "explanation", "charge_id", "filter_id", "filter_values", "group_values",
    "is_invoiceable", "corrects_line_id",
})  # fmt: skip
# What becomes of a draft later is no part of what was billed.
LATER = frozenset({"status", "sent_at", "odoo_move_id", "problem"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is stored otherwise than it is computed, and what to do about it."""

    draft_id: str
    line_id: str | None
    what: str
    stored: str
    computed: str
    cure: str


def differences(
    kept: InvoiceDraft, computed: RecomputedDraft, stored: pl.DataFrame
) -> Iterator[Difference]:
    """Yield every difference between a computed draft, the kept one, and its lines in the lake.

    `stored` are the rows of the lake that name the draft or one of its lines.
    """
    expected = rated_line_frame(computed.lines)
    is_old = kept.periods is None
    for row in expected.iter_rows(named=True):
        own = stored.filter(pl.col("id") == row["id"]).to_dicts()
        if len(own) != 1:
            told = "not in the lake" if not own else f"in the lake {len(own)} times"
            yield Difference(kept.id, row["id"], "line", told, "one line", SHIP)
        for found in own:
            yield from _columns(kept.id, row, found, is_old=is_old)
    for line_id in sorted(set(stored["id"]) - set(expected["id"])):
        yield Difference(kept.id, line_id, "line", "in the lake", "no such line", RESTORE)
    yield from _draft(kept, computed.draft, is_old=is_old)


def _columns(
    draft_id: str, computed: dict[str, object], stored: dict[str, object], *, is_old: bool
) -> Iterator[Difference]:
    for name, value in computed.items():
        if is_old and name in NOT_OF_0_1_0:
            continue
        if stored[name] != value:
            line_id = str(computed["id"])
            yield Difference(draft_id, line_id, name, _text(stored[name]), _text(value), RESTORE)


def _draft(kept: InvoiceDraft, computed: InvoiceDraft, *, is_old: bool) -> Iterator[Difference]:
    of_later_release = {"periods", "usage_until", "fee_until"} if is_old else set()
    for field in fields(InvoiceDraft):
        if field.name in LATER | of_later_release or field.name == "lines":
            continue
        stored, value = getattr(kept, field.name), getattr(computed, field.name)
        if stored != value:
            what = f"draft's {field.name}"
            yield Difference(kept.id, None, what, _text(stored), _text(value), RESTORE)
    yield from _draft_lines(kept, computed)


def _draft_lines(kept: InvoiceDraft, computed: InvoiceDraft) -> Iterator[Difference]:
    stored = {line.rated_line_id: line for line in kept.lines}
    expected = {line.rated_line_id: line for line in computed.lines}
    for line_id in sorted(stored.keys() | expected.keys()):
        told, value = (_text(each.get(line_id)) for each in (stored, _as_kept(expected, stored)))
        if told != value:
            yield Difference(kept.id, line_id, "line of the draft", told, value, RESTORE)
    if len(kept.lines) != len(stored):
        count = f"{len(kept.lines)} lines"
        yield Difference(kept.id, None, "lines of the draft", count, f"{len(stored)}", RESTORE)


def _as_kept(
    computed: Mapping[str, DraftLine], stored: Mapping[str, DraftLine]
) -> dict[str, DraftLine]:
    """Return computed lines without what a draft of an earlier release did not keep of them."""
    return {
        line_id: replace(line, corrects_draft_id=None)
        if line_id in stored and stored[line_id].corrects_draft_id is None
        else line
        for line_id, line in computed.items()
    }


def _text(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or "nothing"
    return msgspec.json.encode(value).decode()


def told(found: Sequence[Difference]) -> list[dict[str, object]]:
    """Return differences ready for JSON."""
    return [
        {field.name: getattr(each, field.name) for field in fields(Difference)} for each in found
    ]
