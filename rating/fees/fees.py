"""The fees of a service: rated lines, and the events of what is paid in advance, as one list."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from catalog.errors import NotFound, ValidationFailed
from catalog.plans import Plan
from catalog.services import Service
from catalog.store.plans import plan_versions
from catalog.subscriptions import Subscription
from ingest.watermark import Watermark
from rating.answers.current_usage import UsageSources
from rating.fees.event_fees import event_fees
from rating.fees.fee import OF_PLAN, Fee, FeeType, PaymentStatus
from rating.fees.line_fees import TrueUpLinks, line_fee, true_up_links
from rating.price_book import PriceBook
from rating.price_book_store import read_account_price_book, read_price_book
from rating.rated_line import LineKind, RatedLine
from rating.verifying.known_lines import known_line_frame, lines_of_texts
from storage.lake_tables import INSTANT, REVISION, USAGE
from storage.tables import invoice_draft

EVENT_FEES_MAX = 100_000
SUBSCRIPTIONS_PER_STEP = 200
PLACES = {"id": pl.String(), "created_at": INSTANT, "place": pl.Int64()}


@dataclass(frozen=True, slots=True)
class FeeFilter:
    """What a list of fees is narrowed to; instants are included at both ends (Lago).

    `is_settled` asks for fees that were paid, failed or refunded at some time: Odoo knows those.
    """

    type: FeeType | None = None
    payment_status: PaymentStatus | None = None
    currency: str | None = None
    external_subscription_id: str | None = None
    external_customer_id: str | None = None
    metric_code: str | None = None
    event_transaction_id: str | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
    is_settled: bool = False

    @property
    def excludes_all(self) -> bool:
        """Say whether no fee can be meant: none is known to be paid here."""
        return self.is_settled or self.payment_status not in (None, PaymentStatus.PENDING)

    @property
    def excludes_events(self) -> bool:
        """Say whether no fee of an event can be meant."""
        return self.type not in (None, FeeType.CHARGE)

    def takes(self, fee: Fee) -> bool:
        """Say whether a fee of an event is meant."""
        return (
            self.currency in (None, fee.plan.amount_currency)
            and self.metric_code in (None, fee.metric and fee.metric.code)
            and self.event_transaction_id in (None, fee.event_transaction_id)
            and _is_between(fee.created_at, self.created_at_from, self.created_at_to)
        )


def fees_page(
    sources: UsageSources,
    service: Service,
    narrowed: FeeFilter,
    *,
    limit: int,
    offset: int,
    at: datetime,
) -> tuple[list[Fee], int]:
    """Return one page of a service's fees, oldest first, and the number of all.

    ValidationFailed where more fees of events than EVENT_FEES_MAX would have to be looked at.
    """
    if narrowed.excludes_all:
        return [], 0
    of_events = [] if narrowed.excludes_events else _event_fees(sources, service, narrowed, at)
    places = pl.DataFrame(
        [(fee.id, fee.created_at, place) for place, fee in enumerate(of_events)],
        schema=PLACES,
        orient="row",
    )
    every = pl.concat([_line_places(sources, service, narrowed), places]).sort(
        "created_at", "place", "id"
    )
    shown = every.slice(offset, limit)
    lines = _fees_of_lines(
        sources, service, shown.filter(pl.col("place").is_null())["id"].to_list()
    )
    return [
        lines[fee_id] if place is None else of_events[place]
        for fee_id, _, place in shown.iter_rows()
    ], every.height


def fee_of_id(sources: UsageSources, service: Service, fee_id: str, *, at: datetime) -> Fee:
    """Return one fee; NotFound when no fee of the service has this id.

    The id of an event's fee says nothing of the event, so that all of them are looked through.
    """
    places = _line_places(sources, service, FeeFilter()).filter(pl.col("id") == fee_id)
    if places.height:
        return _fees_of_lines(sources, service, [fee_id])[fee_id]
    book = _book_of_advance(sources, service)
    if book is not None:
        own = _paying_in_advance(book, book.subscriptions)
        for start in range(0, len(own), SUBSCRIPTIONS_PER_STEP):
            part = own[start : start + SUBSCRIPTIONS_PER_STEP]
            for fee in event_fees(sources, book, part, at):
                if fee.id == fee_id:
                    return fee
    raise NotFound("fee")


def _event_fees(
    sources: UsageSources, service: Service, narrowed: FeeFilter, at: datetime
) -> list[Fee]:
    book = _book_of_advance(sources, service, narrowed.external_customer_id)
    if book is None:
        return []
    own = [
        each
        for each in _paying_in_advance(book, book.subscriptions)
        if narrowed.external_subscription_id in (None, each.external_id)
    ]
    seen = sources.flusher.flush()
    if narrowed.event_transaction_id is not None:
        names = _owners(sources, service, narrowed.event_transaction_id, seen)
        own = [each for each in own if each.external_id in names]
    _require_countable(sources, service, book, own)
    return [fee for fee in event_fees(sources, book, own, at) if narrowed.takes(fee)]


def _book_of_advance(
    sources: UsageSources, service: Service, account_external_id: str | None = None
) -> PriceBook | None:
    """Return the prices of a service or an account; None where nothing is paid in advance."""
    with sources.state.read() as connection:
        versions = plan_versions(connection, service.code).values()
        if not any(_charges_in_advance(each) for each in versions):
            return None
        if account_external_id is not None:
            return read_account_price_book(connection, service, account_external_id)
        return read_price_book(connection, service)


def _charges_in_advance(versions: Sequence[Plan]) -> set[str]:
    return {charge.id for plan in versions for charge in plan.charges if charge.is_pay_in_advance}


def _paying_in_advance(
    book: PriceBook, subscriptions: Sequence[Subscription]
) -> list[Subscription]:
    """Return the begun subscriptions to plans with a charge paid in advance."""
    plans = {plan_id for plan_id, versions in book.plans.items() if _charges_in_advance(versions)}
    return [each for each in subscriptions if each.plan_id in plans and each.started_at is not None]


def _require_countable(
    sources: UsageSources, service: Service, book: PriceBook, own: Sequence[Subscription]
) -> None:
    codes = {
        charge.metric_code
        for each in own
        for plan in book.plans[each.plan_id]
        for charge in plan.charges
        if charge.is_pay_in_advance
    }
    count = (
        sources.lake.scan(USAGE)
        .filter(
            pl.col("service") == service.code,
            pl.col("metric_code").is_in(sorted(codes)),
            pl.col("subscription_id").is_in(sorted({each.external_id for each in own})),
        )
        .select(pl.len())
        .collect()
        .item()
    )
    if count > EVENT_FEES_MAX:
        told = f"more than {EVENT_FEES_MAX} events have a fee: name a subscription or an event"
        raise ValidationFailed({"external_subscription_id": ["value_is_mandatory", told]})


def _owners(
    sources: UsageSources, service: Service, transaction_id: str, seen: Watermark
) -> set[str]:
    """Return the subscriptions with an event of this id."""
    rows = pl.concat(
        sources.lake.scan(table)
        .filter(
            seen.includes(),
            pl.col("service") == service.code,
            pl.col("transaction_id") == transaction_id,
        )
        .select("subscription_id")
        for table in (USAGE, REVISION)
    )
    return set(rows.collect()["subscription_id"])


def _line_places(sources: UsageSources, service: Service, narrowed: FeeFilter) -> pl.DataFrame:
    """Return ids and instants of the lines that are meant; their place is null."""
    with sources.state.read() as connection:
        versions = plan_versions(connection, service.code)
    advance = sorted(set[str]().union(*(_charges_in_advance(each) for each in versions.values())))
    is_of_events = (pl.col("kind") == LineKind.CHARGE) & pl.col("charge_id").is_in(advance)
    conditions = [~is_of_events.fill_null(value=False)]
    equal = {
        "currency": narrowed.currency,
        "subscription_id": narrowed.external_subscription_id,
        "account_id": narrowed.external_customer_id,
        "metric_code": narrowed.metric_code,
    }
    conditions += [pl.col(name) == value for name, value in equal.items() if value is not None]
    if narrowed.type is not None:
        conditions.append(_type() == narrowed.type)
    if narrowed.created_at_from is not None:
        conditions.append(pl.col("rated_at") >= narrowed.created_at_from)
    if narrowed.created_at_to is not None:
        conditions.append(pl.col("rated_at") <= narrowed.created_at_to)
    if narrowed.event_transaction_id is not None:
        conditions.append(pl.lit(value=False))
    return (
        known_line_frame(sources.state, sources.lake, service.code)
        .filter(*conditions)
        .select("id", created_at="rated_at", place=pl.lit(None, pl.Int64))
        .collect()
    )


def _type() -> pl.Expr:
    """Return what each line is for, as `fee_type` says it."""
    return (
        pl.when(pl.col("kind").is_in([str(kind) for kind in OF_PLAN]))
        .then(pl.lit(str(FeeType.SUBSCRIPTION)))
        .when(pl.col("charge_code").is_null())
        .then(pl.lit(str(FeeType.COMMITMENT)))
        .otherwise(pl.lit(str(FeeType.CHARGE)))
    )


def _fees_of_lines(sources: UsageSources, service: Service, ids: Collection[str]) -> dict[str, Fee]:
    """Return the fees of lines by id, with what their drafts' true-ups name."""
    if not ids:
        return {}
    every = known_line_frame(sources.state, sources.lake, service.code)
    wanted = every.filter(pl.col("id").is_in(list(ids))).collect()
    drafts = wanted["draft_id"].unique().to_list()
    is_linked = pl.col("kind").is_in([str(LineKind.CHARGE), str(LineKind.TRUE_UP)])
    linked = every.filter(pl.col("draft_id").is_in(drafts), is_linked).collect()
    links = true_up_links(lines_of_texts(linked["explanation"]))
    lines = lines_of_texts(wanted["explanation"])
    with sources.state.read() as connection:
        owners = _owners_of_drafts(connection, drafts)
        books = {
            name: read_account_price_book(connection, service, name)
            for name in {line.account_external_id for line in lines}
        }
    return {line.id: _fee(books, owners, line, links) for line in lines}


def _owners_of_drafts(connection: sa.Connection, ids: Collection[str]) -> dict[str, str]:
    draft = invoice_draft.c
    rows = connection.execute(sa.select(draft.id, draft.subscription_id).where(draft.id.in_(ids)))
    return {row.id: row.subscription_id for row in rows}


def _fee(
    books: dict[str, PriceBook], owners: dict[str, str], line: RatedLine, links: TrueUpLinks
) -> Fee:
    book = books[line.account_external_id]
    owner = line.subscription_id or owners[line.draft_id]
    subscription = next(each for each in book.subscriptions if each.id == owner)
    return line_fee(book, subscription, line, links)


def _is_between(instant: datetime | None, first: datetime | None, last: datetime | None) -> bool:
    if instant is None:
        return first is None and last is None
    return (first is None or first <= instant) and (last is None or instant <= last)
