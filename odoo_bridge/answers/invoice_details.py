"""What one invoice shows beyond its sums: the fees, subscriptions and periods that it bills."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.store.subscription_views import subscription_views
from catalog.subscription_view import SubscriptionView
from catalog.subscriptions import Subscription
from odoo_bridge.answers.sources import Asked
from rating.closing import Closing, closing_of_text
from rating.fees.fee import Fee
from rating.fees.line_fees import line_fee, true_up_links
from rating.invoice_draft import InvoiceDraft
from rating.price_book import PriceBook
from rating.price_book_store import read_account_price_book
from rating.rated_line import LineKind, RatedLine
from rating.verifying.known_lines import known_lines


@dataclass(frozen=True, slots=True)
class InvoiceDetails:
    """The fees of an invoice's lines, whose subscriptions they are, and what was closed."""

    fees: Sequence[Fee] = ()
    subscriptions: Sequence[SubscriptionView] = ()
    closing: Closing | None = None


NO_DETAILS = InvoiceDetails()


def invoice_details(asked: Asked, draft: InvoiceDraft | None) -> InvoiceDetails:
    """Return the details of a draft; nothing is known of what we did not make."""
    if draft is None:
        return NO_DETAILS
    usage = asked.usage
    with usage.state.read() as connection:
        book = read_account_price_book(connection, asked.service, draft.account_external_id)
        subscription = next(one for one in book.subscriptions if one.id == draft.subscription_id)
        views = subscription_views(connection, asked.service, [subscription], asked.at)
    lines = known_lines(
        usage.state, usage.lake, asked.service.code, {draft.subscription_external_id}
    )
    own = [line for line in lines if line.draft_id == draft.id and _is_on(draft, line)]
    closing = None
    if draft.periods is not None:
        closing = closing_of_text(subscription, draft.closing_at, draft.periods)
    return InvoiceDetails(billed_fees(book, subscription, own), views, closing)


def _is_on(draft: InvoiceDraft, line: RatedLine) -> bool:
    """Say whether a draft's invoice has a line: not a fee that Odoo's own clock bills apart."""
    billed = {one.rated_line_id for one in draft.lines}
    return line.kind != LineKind.PLAN_FEE or line.id in billed


def billed_fees(
    book: PriceBook, subscription: Subscription, lines: Sequence[RatedLine]
) -> list[Fee]:
    """Return the fees of a draft's lines: those that its invoice carries."""
    links = true_up_links(lines)
    return [
        line_fee(book, subscription, line, links)
        for line in lines
        if line.is_invoiceable and line.amount_cents
    ]
