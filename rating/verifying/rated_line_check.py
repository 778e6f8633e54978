"""Are the rated lines whole? Drafts, lines on their way and the lake are held against each other.

Reads only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import polars as pl
import sqlalchemy as sa

from ingest.finding import Finding, finding
from ingest.lake_check import LakeView
from rating.invoice_draft import DraftLine
from rating.rated_line import RatedLine
from rating.rated_line_store import STREAM
from storage.lake_tables import RATED_LINE
from storage.state import State
from storage.tables import invoice_draft, rated_line_outbox

SEQUENCES = {
    "sqlite": "SELECT max(seq) FROM sqlite_sequence WHERE name = 'rated_line_outbox'",
    "postgresql": "SELECT CASE WHEN is_called THEN last_value ELSE 0 END "
    "FROM rated_line_outbox_id_seq",
}
LINE: dict[str, pl.DataType] = {"id": pl.String(), "draft_id": pl.String(), "cents": pl.Int64()}
CURE = "do not bill: restore state and lake from one backup"
_lines = msgspec.json.Decoder(tuple[DraftLine, ...])
_rated = msgspec.json.Decoder(RatedLine)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the state holds: drafts' lines, drafts' totals, lines on their way, newest position."""

    draft_lines: pl.DataFrame
    drafts: pl.DataFrame
    waiting: pl.DataFrame
    below_mark: pl.DataFrame
    newest: int


def check_rated_lines(state: State, view: LakeView) -> Finding:
    """See that every draft's lines are in the lake or on their way there, once, to the cent."""
    known = view.marks.get(STREAM)
    mark = known.mark if known else 0
    kept = _kept(state, mark)
    stored = view.scan(RATED_LINE).select("id", "draft_id", cents="amount_cents").collect()
    # A running service may have shipped lines meanwhile, and not yet forgotten them.
    lines = pl.concat([stored, _absent(kept.waiting, stored)])
    holes = [
        *_order_holes(kept, mark),
        *_told(
            "lines that the state calls shipped and the lake lacks",
            _absent(kept.below_mark, stored),
        ),
        *_told("lines of drafts that are nowhere", _absent(kept.draft_lines, lines)),
        *_told("lines that are there twice", lines.filter(pl.col("id").is_duplicated())),
        *_told("lines with other cents than their draft's", _other_cents(kept.draft_lines, lines)),
        *_told("drafts whose lines do not add up", _other_sums(kept.drafts, lines)),
        *_told(
            "lines of drafts that the state does not know",
            stored.join(kept.drafts, left_on="draft_id", right_on="id", how="anti"),
        ),
    ]
    counts = {
        "drafts": kept.drafts.height,
        "lines_stored": stored.height,
        "lines_waiting": kept.waiting.height,
    }
    return finding("rated lines", counts, holes=holes, cure=CURE)


def _kept(state: State, mark: int) -> _Kept:
    with state.read() as connection:
        drafts = connection.execute(
            sa.select(invoice_draft.c.id, invoice_draft.c.lines, invoice_draft.c.amount_cents)
        ).all()
        outbox = connection.execute(
            sa.select(rated_line_outbox.c.id, rated_line_outbox.c.body)
        ).all()
        newest = connection.scalar(sa.text(SEQUENCES[connection.dialect.name]))
    lines = [
        (line.rated_line_id, draft.id, line.amount_cents)
        for draft in drafts
        for line in _lines.decode(draft.lines)
    ]
    rated = [(row.id, _rated.decode(row.body)) for row in outbox]
    return _Kept(
        draft_lines=_frame(lines),
        drafts=_frame([(draft.id, draft.id, draft.amount_cents) for draft in drafts]),
        waiting=_frame([_row(line) for position, line in rated if position > mark]),
        below_mark=_frame([_row(line) for position, line in rated if position <= mark]),
        newest=newest or 0,
    )


def _order_holes(kept: _Kept, mark: int) -> list[str]:
    if kept.newest >= mark:
        return []
    told = (
        f"the state has made {kept.newest} rated lines, the lake has taken {mark}: the state is an "
        "older copy, and its next lines would be taken for shipped"
    )
    return [told]


def _row(line: RatedLine) -> tuple[str, str, int]:
    return line.id, line.draft_id, line.amount_cents


def _frame(rows: Sequence[tuple[str, str, int]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=LINE, orient="row")


def _absent(wanted: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    return wanted.join(found, on="id", how="anti")


def _other_cents(wanted: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    both = wanted.join(found, on="id", suffix="_found")
    return both.filter(pl.col("cents") != pl.col("cents_found"))


def _other_sums(drafts: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    sums = lines.group_by("draft_id").agg(pl.col("cents").sum().alias("cents_found"))
    both = drafts.join(sums, left_on="id", right_on="draft_id", how="left")
    return both.filter(pl.col("cents") != pl.col("cents_found").fill_null(0))


def _told(what: str, rows: pl.DataFrame) -> list[str]:
    return [f"{what}: {id_}" for id_ in sorted(rows["id"].to_list())]
