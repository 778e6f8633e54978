"""What the next invoice would be, from our own rating as of now; nothing is kept."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import localcontext

import sqlalchemy as sa

from catalog.accounts import Account, new_account
from catalog.billing_periods import billing_period_at, unbilled_period_at, usage_interval
from catalog.errors import NotFound, ValidationFailed
from catalog.money import MONEY_CONTEXT, amount_of_cents, rounded_cents
from catalog.plans import Plan
from catalog.services import Service
from catalog.store.accounts import find_account
from catalog.store.billable_metrics import metric_versions
from catalog.store.plans import find_plan, plan_versions
from catalog.store.subscription_views import subscription_views
from catalog.subscription_view import SubscriptionView
from catalog.subscriptions import BillingTime, Subscription, SubscriptionStatus
from odoo_bridge.answers.invoice import Invoice, invoice_of_draft
from odoo_bridge.answers.invoice_details import InvoiceDetails, billed_fees
from odoo_bridge.answers.sources import Asked
from rating.answers.current_usage import HUNDRED, window_quantities
from rating.charge_window import closing_windows
from rating.closing import NOTHING_BILLED, Billed, Closing, closings
from rating.closing_lines import rated_lines
from rating.draft_store import billed_of
from rating.invoice_draft import invoice_draft
from rating.plan_fee import trial_ends_at
from rating.price_book import PriceBook
from rating.price_book_store import read_account_price_book

SUBSCRIPTIONS = "subscriptions"
ONE_PER_INVOICE = "one_subscription_per_invoice"


@dataclass(frozen=True, slots=True)
class PreviewOrder:
    """Whose next invoice is meant: a subscription's, or the first one on a plan."""

    account_external_id: str | None
    subscription_external_ids: Sequence[str]
    plan_code: str | None
    billing_time: BillingTime
    subscription_at: datetime | None
    timezone: str | None


def previewed_invoice(asked: Asked, order: PreviewOrder) -> tuple[Invoice, InvoiceDetails]:
    """Return the next invoice as if no usage came any more, with the estimated tax.

    Its id is the one that it will have. NotFound for what is unknown, ValidationFailed when
    several subscriptions are meant: each has invoices of its own.
    """
    with asked.usage.state.read() as connection:
        if order.plan_code is None:
            book, subscription = _running(connection, asked.service, order)
            views = subscription_views(connection, asked.service, [subscription], asked.at)
        else:
            book, subscription = _imagined(connection, asked, order, order.plan_code)
            views = []
        billed = billed_of(connection, asked.service.code, subscription.id)
    closing = _next_closing(
        book, subscription, asked.at, billed.get(subscription.id, NOTHING_BILLED)
    )
    return _priced(asked, book, closing, views)


def _running(
    connection: sa.Connection, service: Service, order: PreviewOrder
) -> tuple[PriceBook, Subscription]:
    name, asked_ids = order.account_external_id or "", list(order.subscription_external_ids)
    account = find_account(connection, service.code, name)
    if account is None:
        raise NotFound("customer")
    book = read_account_price_book(connection, service, name)
    meant = [
        one
        for one in book.subscriptions
        if one.account_id == account.id
        and one.status is SubscriptionStatus.ACTIVE
        and (not asked_ids or asked_ids == [one.external_id])
    ]
    if not meant and len(asked_ids) <= 1:
        raise NotFound("subscription")
    if len(meant) != 1:
        raise ValidationFailed({SUBSCRIPTIONS: [ONE_PER_INVOICE]})
    return book, meant[0]


def _imagined(
    connection: sa.Connection, asked: Asked, order: PreviewOrder, plan_code: str
) -> tuple[PriceBook, Subscription]:
    """Return a subscription that nobody has, and what prices it."""
    code = asked.service.code
    plan = find_plan(connection, code, plan_code)
    if plan is None:
        raise NotFound("plan")
    account = _customer(connection, asked, order)
    started_at = order.subscription_at or asked.at
    subscription = Subscription(
        id=str(uuid.uuid4()),
        service_code=code,
        external_id=str(uuid.uuid4()),
        account_id=account.id,
        account_external_id=account.external_id,
        plan_id=plan.id,
        plan_code=plan.code,
        status=SubscriptionStatus.ACTIVE,
        billing_time=order.billing_time,
        subscription_at=started_at,
        created_at=asked.at,
        started_at=started_at,
    )
    book = PriceBook(
        service=asked.service,
        subscriptions=[subscription],
        accounts={account.id: account},
        plans=plan_versions(connection, code, {plan.id}),
        metrics=metric_versions(connection, code),
    )
    return book, subscription


def _customer(connection: sa.Connection, asked: Asked, order: PreviewOrder) -> Account:
    name = order.account_external_id
    known = find_account(connection, asked.service.code, name) if name else None
    if name and known is None:
        raise NotFound("customer")
    account = known or new_account(asked.service.code, str(uuid.uuid4()), "", asked.at)
    return replace(account, timezone=order.timezone) if order.timezone else account


def _next_closing(
    book: PriceBook, subscription: Subscription, at: datetime, billed: Billed
) -> Closing:
    """Return the first closing that is not billed, at the end of the running period at last."""
    started_at = subscription.started_at or subscription.subscription_at
    now = max(at, started_at)
    plan, zone = book.plan_until(subscription, now), book.zone(subscription)
    interval = usage_interval(plan)
    period = billing_period_at(subscription, interval, zone, now)
    if billed.usage_until is not None:
        period = unbilled_period_at(subscription, interval, zone, now, billed.usage_until)
    trial = trial_ends_at(plan, book.first_started_at(subscription))
    due = closings(subscription, plan, zone, period.usage_end, billed, trial_ends_at=trial)
    return next(due)


def _priced(
    asked: Asked, book: PriceBook, closing: Closing, views: Sequence[SubscriptionView]
) -> tuple[Invoice, InvoiceDetails]:
    subscription = closing.subscription
    plan = book.plan_until(subscription, closing.closing_at)
    windows = closing_windows(book, closing)
    found = window_quantities(asked.usage, asked.service, subscription, windows)
    lines = rated_lines(book, closing, found, watermark="", rated_at=asked.at)
    draft = invoice_draft(closing, plan.amount_currency, lines, asked.at)
    account = book.accounts[subscription.account_id]
    invoice = invoice_of_draft(draft, account, asked.service.zone, asked.answers.net_days)
    fees = billed_fees(book, subscription, lines)
    return _taxed(invoice, asked.service, plan), InvoiceDetails(fees, views, closing)


def _taxed(invoice: Invoice, service: Service, plan: Plan) -> Invoice:
    """Return the invoice with the service's estimate of the tax, rounded half-up once."""
    currency = plan.amount_currency
    with localcontext(MONEY_CONTEXT):
        amount = amount_of_cents(invoice.untaxed_cents, currency)
        tax_cents = rounded_cents(amount * service.estimated_tax_rate / HUNDRED, currency)
    total_cents = invoice.untaxed_cents + tax_cents
    return replace(invoice, tax_cents=tax_cents, total_cents=total_cents, due_cents=total_cents)
