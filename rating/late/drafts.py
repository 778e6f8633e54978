"""Where late lines go: into the subscription's next draft, else into one of their own. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from rating.closing import Closing, closing_of_text
from rating.invoice_draft import InvoiceDraft, draft_id, invoice_draft
from rating.late.late_usage import LateClosing, late_lines
from rating.rated_line import RatedLine

PricedDraft: TypeAlias = tuple[InvoiceDraft, list[RatedLine]]
ONE_TICK = timedelta(microseconds=1)


def with_late_usage(
    priced: Sequence[PricedDraft],
    late: Sequence[LateClosing],
    *,
    rated_at: datetime,
    is_live: bool,
) -> list[PricedDraft]:
    """Return the drafts of a run with the late lines of their subscriptions.

    A draft bills one currency: a difference in another one gets a draft of its own, and so does
    that of a subscription which this run does not bill. Nothing different makes no draft.
    """
    by_subscription: defaultdict[str, list[LateClosing]] = defaultdict(list)
    for each in late:
        by_subscription[each.subscription.id].append(each)
    drafts: list[PricedDraft] = []
    for draft, lines in priced:
        own = by_subscription.pop(draft.subscription_id, [])
        attached = list(_lines(own, draft.id, rated_at, draft.currency))
        left = [each for each in own if each.currency != draft.currency]
        if left:
            by_subscription[draft.subscription_id] = left
        drafts.append(
            _extended(draft, [*lines, *attached], own, is_live=is_live)
            if attached
            else (draft, lines)
        )
    return [*drafts, *_own_drafts(by_subscription, rated_at, is_live=is_live)]


def _lines(
    late: Sequence[LateClosing], target_id: str, rated_at: datetime, currency: str
) -> Iterator[RatedLine]:
    for each in late:
        if each.currency == currency:
            yield from late_lines(each.lines, each.now, target_id, rated_at)


def _extended(
    draft: InvoiceDraft, lines: list[RatedLine], late: Sequence[LateClosing], *, is_live: bool
) -> PricedDraft:
    closing = closing_of_text(late[0].subscription, draft.closing_at, draft.periods or "")
    extended = invoice_draft(closing, draft.currency, lines, draft.rated_at, is_live=is_live)
    return extended, lines


def _own_drafts(
    late: Mapping[str, Sequence[LateClosing]], rated_at: datetime, *, is_live: bool
) -> Iterator[PricedDraft]:
    for own in late.values():
        currencies = sorted({each.currency for each in own if each.currency is not None})
        for number, currency in enumerate(currencies):
            closing = Closing(own[0].subscription, rated_at + ONE_TICK * number, own[0].timezone)
            target_id = draft_id(closing.subscription.id, closing.closing_at)
            lines = list(_lines(own, target_id, rated_at, currency))
            if lines:
                draft = invoice_draft(closing, currency, lines, rated_at, is_live=is_live)
                yield draft, lines
