"""Is every billed line what its usage and its prices give? Each one is computed again.

At the watermark its run pinned, with the plan and metric versions in force then; of erased usage,
from its proof. Rows that were counted must still be what was sent. Changes nothing that is billed.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import polars as pl
import sqlalchemy as sa

from aggregation.aggregator import quantities
from aggregation.quantity import Quantity, UsageWindow
from catalog.billable_metrics import BillableMetric
from catalog.services import Service
from ingest.corrections.superseding import revisions_of
from ingest.keys.content_check import row_faults
from ingest.lake_check import RESTORE as RESTORE_USAGE
from ingest.watermark import watermark_of_text
from rating.billed_closing import BilledClosing, billed_closings
from rating.draft_store import draft_of_id
from rating.explaining.counted_usage import POSITION, counted_frames
from rating.price_book import PriceBook
from rating.price_book_store import read_price_book
from rating.rated_line import RatedLine
from rating.rated_line_store import ship_rated_lines
from rating.verifying import erasure_store
from rating.verifying.line_difference import RESTORE as RESTORE_LINE
from rating.verifying.line_difference import Difference, differences
from rating.verifying.recomputed_draft import DraftToVerify, draft_to_verify, recomputed_draft
from storage.lake import Lake
from storage.lake_tables import RATED_LINE, REVISION, USAGE
from storage.state import State

DRAFTS_PER_PART_MAX = 500
ROWS_PER_STEP = 200_000
# What reading a damaged file ends in; polars ends a torn one by a panic, which is no Exception.
UNREADABLE = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    msgspec.MsgspecError,
    ArithmeticError,
    ValueError,
    OSError,
)
OWNER = ("service", "subscription_id")
_quantity = msgspec.json.Decoder(Quantity)
_line = msgspec.json.Decoder(RatedLine)


@dataclass(frozen=True, slots=True)
class VerifiedDraft:
    """A draft, how many lines and counted rows were looked at, and what is not as it must be."""

    draft_id: str
    lines_count: int
    rows_count: int
    from_proof: bool
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Verification:
    """What is to be verified of one service: its drafts, and what erasures proved of usage."""

    lake: Lake
    book: PriceBook
    drafts: Sequence[DraftToVerify]
    proved: Mapping[str, Quantity]

    def verified(self) -> Iterator[VerifiedDraft]:
        """Yield each draft as it is verified, the oldest watermark first."""
        by_watermark: defaultdict[str, list[DraftToVerify]] = defaultdict(list)
        for each in self.drafts:
            by_watermark[each.billed.watermark].append(each)
        for own in by_watermark.values():
            for start in range(0, len(own), DRAFTS_PER_PART_MAX):
                yield from _verified(self, own[start : start + DRAFTS_PER_PART_MAX])


def verification(
    state: State, lake: Lake, service: Service, draft_ids: Collection[str] | None = None
) -> Verification:
    """Return what is to be verified of a service, all its drafts or some; flush nothing."""
    ship_rated_lines(state, lake)
    with state.read() as connection:
        book = read_price_book(connection, service)
        every = {each.draft_id: each for each in billed_closings(connection, book)}
        chosen = [each for key, each in every.items() if draft_ids is None or key in draft_ids]
        lines = _lines_by_subscription(lake, service.code)
        drafts = [_wanted(connection, each, every, lines) for each in chosen]
        proved = _proved_quantities(connection, service.code)
    to_verify = [each for each in drafts if not each.is_mark]
    return Verification(lake, book, to_verify, proved)


def draft_ids_of(state: State, lake: Lake, service: Service, names: Collection[str]) -> set[str]:
    """Return the drafts of a service that some ids name: their own, or those of their lines."""
    with state.read() as connection:
        own = {name for name in names if _is_draft(connection, service, name)}
    lines = (
        lake.scan(RATED_LINE)
        .filter(pl.col("service") == service.code, pl.col("id").is_in(sorted(names)))
        .select("draft_id")
        .collect()
    )
    return own | set(lines["draft_id"])


def stored_line_ids(lake: Lake) -> pl.DataFrame:
    """Return id and draft of every line in the lake; read it before the drafts are."""
    return lake.scan(RATED_LINE).select("id", "draft_id").collect()


def lines_of_no_draft(stored: pl.DataFrame, known: Collection[str]) -> list[Difference]:
    """Return the stored lines that name none of the known drafts."""
    return [
        Difference(draft_id, line_id, "line", "in the lake", "no such draft", RESTORE_LINE)
        for line_id, draft_id in stored.iter_rows()
        if draft_id not in known
    ]


def _is_draft(connection: sa.Connection, service: Service, name: str) -> bool:
    found = draft_of_id(connection, name)
    return found is not None and found.service_code == service.code


def _wanted(
    connection: sa.Connection,
    billed: BilledClosing,
    every: Mapping[str, BilledClosing],
    lines: Mapping[str, Sequence[RatedLine]],
) -> DraftToVerify:
    draft = draft_of_id(connection, billed.draft_id)
    if draft is None:
        raise ValueError(f"draft {billed.draft_id} was deleted while it was verified: try again")
    stored = lines.get(billed.closing.subscription.external_id, ())
    return draft_to_verify(billed, draft, every, stored)


def _lines_by_subscription(lake: Lake, service_code: str) -> dict[str, list[RatedLine]]:
    """Return the stored lines of the subscriptions that were ever billed late usage.

    A line that can't be read is left out here; it differs from what is computed.
    """
    own = lake.scan(RATED_LINE).filter(pl.col("service") == service_code)
    late = own.filter(pl.col("kind") == "late_usage").select("subscription_id").unique()
    found: defaultdict[str, list[RatedLine]] = defaultdict(list)
    rows = own.join(late, on="subscription_id", how="semi").select("subscription_id", "explanation")
    for subscription, text in rows.collect().iter_rows():
        if (line := _read_line(text)) is not None:
            found[subscription].append(line)
    return found


def _read_line(text: str) -> RatedLine | None:
    try:
        return _line.decode(text)
    except msgspec.DecodeError:
        return None


def _proved_quantities(connection: sa.Connection, service_code: str) -> dict[str, Quantity]:
    """Return what billed windows added up to before their usage was erased, by window key."""
    found: dict[str, Quantity] = {}
    for erasure in erasure_store.erasures(connection, service_code):
        for proof in erasure_store.proofs_of(connection, erasure.id):
            if proof.window_key and proof.quantity:
                found.setdefault(proof.window_key, _quantity.decode(proof.quantity))
    return found


def _verified(asked: Verification, part: Sequence[DraftToVerify]) -> Iterator[VerifiedDraft]:
    """Yield some drafts of one watermark; what can't be read is narrowed down to its drafts."""
    try:
        yield from list(_part(asked, part))
    except UNREADABLE as error:
        if len(part) > 1:
            half = len(part) // 2
            yield from _verified(asked, part[:half])
            yield from _verified(asked, part[half:])
            return
        said = str(error).splitlines()[0]
        draft = part[0].draft
        fault = Difference(draft.id, None, "files", said, "rows that can be read", RESTORE_USAGE)
        yield VerifiedDraft(draft.id, len(draft.lines), 0, False, (fault,))  # noqa: FBT003 - told by name


def _part(asked: Verification, part: Sequence[DraftToVerify]) -> Iterator[VerifiedDraft]:
    windows = {
        window.key: window
        for each in part
        for window in each.windows(asked.book)
        if window.key not in asked.proved
    }
    seen = watermark_of_text(part[0].billed.watermark).includes()
    usage, revision = asked.lake.scan(USAGE), revisions_of(asked.lake)
    counted = quantities(usage, list(windows.values()), seen, revision) | dict(asked.proved)
    places = _places(usage, revision, list(windows.values()), seen)
    faulty = _faults(asked, places)
    counts = dict(places.group_by("key").len().iter_rows())
    computed = [recomputed_draft(asked.book, each, counted) for each in part]
    line_ids = {line.id for each in computed for line in each.lines}
    stored = _stored(asked.lake, {each.draft.id for each in part} | line_ids)
    for each, now in zip(part, computed, strict=True):
        keys = {window.key for window in each.windows(asked.book)}
        own_ids = [line.id for line in now.lines]
        rows = stored.filter((pl.col("draft_id") == each.draft.id) | pl.col("id").is_in(own_ids))
        told = [*differences(each.draft, now, rows)]
        if faulty:
            own = places.filter(pl.col("key").is_in(sorted(keys)))
            told += [_row_difference(each.draft.id, fault) for fault in _faults(asked, own)]
        yield VerifiedDraft(
            each.draft.id,
            len(now.lines),
            sum(counts.get(key, 0) for key in keys),
            from_proof=not asked.proved.keys().isdisjoint(keys),
            differences=tuple(told),
        )


def _stored(lake: Lake, ids: Collection[str]) -> pl.DataFrame:
    named = pl.Series(sorted(ids), dtype=pl.String).implode()
    is_named = pl.col("draft_id").is_in(named) | pl.col("id").is_in(named)
    return lake.scan(RATED_LINE).filter(is_named).collect()


def _places(
    usage: pl.LazyFrame,
    revision: pl.LazyFrame | None,
    windows: Sequence[UsageWindow],
    seen: pl.Expr,
) -> pl.DataFrame:
    """Return where the rows lie that windows count, and the readings that these start from."""
    kinds = {name: USAGE.polars_schema[name] for name in POSITION}
    found = [pl.DataFrame(schema={"key": pl.String(), **kinds})]
    for rows in counted_frames(usage, revision, windows, seen):
        found.append(rows.select("key", *POSITION))
        if revision is not None and "base_digest" in rows.columns:
            bases = rows.select("key", *OWNER, content_digest="base_digest").drop_nulls()
            said = revision.filter(seen).select(*POSITION, "content_digest")
            at = said.join(bases.lazy(), on=[*OWNER, "content_digest"])
            found.append(at.select("key", *POSITION).collect())
    return pl.concat(found)


def _faults(asked: Verification, places: pl.DataFrame) -> list[str]:
    """Return the counted rows that are not what was sent, as they lie in the lake now."""
    metrics = _metric_versions(asked.book)
    wanted = places.lazy().select(POSITION).unique()
    told: list[str] = []
    for table in (USAGE, REVISION):
        own = asked.lake.scan(table).filter(pl.col("service") == asked.book.service.code)
        counted = own.join(wanted, on=POSITION, how="semi").collect()
        for step in counted.iter_slices(ROWS_PER_STEP):
            told += row_faults(table, step, metrics)
    return told


def _metric_versions(book: PriceBook) -> dict[tuple[str, str, int], list[BillableMetric]]:
    found: defaultdict[tuple[str, str, int], list[BillableMetric]] = defaultdict(list)
    for versions in book.metrics.values():
        for metric in versions:
            found[book.service.code, metric.code, metric.version].append(metric)
    return found


def _row_difference(draft_id: str, fault: str) -> Difference:
    row, _, what = fault.partition("): ")
    return Difference(draft_id, None, "counted usage", f"{row})", what, RESTORE_USAGE)
