"""A billed draft computed again: its lines at the watermark its run pinned, late ones too.

Knows what was stored only as far as late lines bill the difference to it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregation.quantity import Quantity, UsageWindow
from rating.billed_closing import BilledClosing
from rating.charge_window import closing_windows
from rating.closing import NOTHING_BILLED
from rating.closing_lines import rated_lines
from rating.invoice_draft import InvoiceDraft, invoice_draft
from rating.late.late_usage import billed_lines, late_lines
from rating.price_book import PriceBook
from rating.rated_line import LineKind, RatedLine


@dataclass(frozen=True, slots=True)
class DraftToVerify:
    """A draft as kept, its closing, and of which earlier closings it bills late usage.

    `earlier` are the lines of the same subscription that late lines may be the difference to.
    """

    billed: BilledClosing
    draft: InvoiceDraft
    corrected: tuple[BilledClosing, ...] = ()
    earlier: tuple[RatedLine, ...] = ()

    @property
    def is_mark(self) -> bool:
        """Say whether a draft bills nothing, and only says how far another system has billed."""
        until = self.draft.usage_until or self.draft.fee_until
        return (
            until is not None
            and not self.draft.lines
            and self.billed.closing.billed == NOTHING_BILLED
        )

    def windows(self, book: PriceBook) -> Iterator[UsageWindow]:
        """Yield the windows its lines are computed from."""
        for each in (self.billed, *self.corrected):
            for window in closing_windows(book, each.closing):
                yield window.usage


@dataclass(frozen=True, slots=True)
class RecomputedDraft:
    """What a draft and its rated lines must be."""

    draft: InvoiceDraft
    lines: Sequence[RatedLine]


def draft_to_verify(
    billed: BilledClosing,
    draft: InvoiceDraft,
    every: Mapping[str, BilledClosing],
    stored: Sequence[RatedLine],
) -> DraftToVerify:
    """Return a draft with what its late lines depend on; `stored` are its subscription's lines."""
    named = {
        line.corrects_draft_id
        for line in stored
        if line.draft_id == draft.id and line.kind is LineKind.LATE_USAGE
    }
    corrected = tuple(each for draft_id, each in every.items() if draft_id in named)
    if not corrected:
        return DraftToVerify(billed, draft)
    earlier = sorted(
        (each for each in stored if each.rated_at < draft.rated_at and each.draft_id != draft.id),
        key=lambda line: (line.rated_at, line.id),
    )
    return DraftToVerify(billed, draft, corrected, tuple(earlier))


def recomputed_draft(
    book: PriceBook, wanted: DraftToVerify, quantities: Mapping[str, Quantity]
) -> RecomputedDraft:
    """Return a draft computed from quantities, with the plan and metric versions of its time."""
    closing, watermark = wanted.billed.closing, wanted.billed.watermark
    at = wanted.draft.rated_at
    lines = rated_lines(book, closing, quantities, watermark=watermark, rated_at=at)
    lines += _late_lines(book, wanted, quantities, at)
    plan = book.plan_until(closing.subscription, closing.closing_at)
    # A draft of late usage alone has the currency of the lines it corrects.
    is_late_only = closing.billed.usage_until is None and closing.billed.fee_until is None
    currency = lines[0].currency if is_late_only and lines else plan.amount_currency
    return RecomputedDraft(invoice_draft(closing, currency, lines, at), lines)


def _late_lines(
    book: PriceBook, wanted: DraftToVerify, quantities: Mapping[str, Quantity], at: datetime
) -> Iterator[RatedLine]:
    known = billed_lines(wanted.earlier)
    for each in wanted.corrected:
        now = rated_lines(
            book, each.closing, quantities, watermark=wanted.billed.watermark, rated_at=at
        )
        yield from late_lines(known.get(each.draft_id, {}), now, wanted.draft.id, at)
