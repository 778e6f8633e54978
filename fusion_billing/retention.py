"""Retention and erasure: usage goes when its account is forgotten, or when it is old enough.

The proof that bills still verify is kept first. Every step may be repeated: a crash between two
of them leaves an erasure that is begun, and the next call goes on with it.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import sqlalchemy as sa
import structlog

from catalog.accounts import Account, new_account
from catalog.errors import MethodNotAllowed, NotFound
from catalog.services import Service
from catalog.store import accounts, lifecycle_events, services, subscriptions
from catalog.store.services import find_service
from catalog.subscriptions import SubscriptionStatus
from fusion_billing.house import House
from fusion_billing.idempotency.store import forget_service
from ingest.erasing import Scope, erase_rows, keep_keys, quarantine_row_ids
from rating.price_book import PriceBook
from rating.price_book_store import read_price_book
from rating.rated_line_store import ship_rated_lines
from rating.verifying import erasure_store
from rating.verifying.erasure_proof import (
    PreparedProof,
    first_unbilled,
    prepared_proof,
    verify_erasure,
)
from rating.verifying.erasure_store import Erasure
from storage.fault_points import reached
from storage.free_pages import vacuum_file
from storage.lake import CompactionRules
from storage.lake_tables import QUARANTINE, REVISION, USAGE
from storage.tables import quarantine_resolution

LIVE = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PENDING)
BY_AGE = "older than usage is kept"
IDS_PER_UPDATE_MAX = 500
Watch = Callable[[str], None]
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """What an erasure would take out, and the billed lines it could not prove any more."""

    scope: Scope
    proof: PreparedProof
    rows: Mapping[str, int]
    resumed: Erasure | None = None


@dataclass(frozen=True, slots=True)
class VerifiedErasure:
    """An erasure and the billed lines its proof does not give again."""

    erasure: Erasure
    lines_count: int
    wrong_lines: Sequence[str]


def compaction_rules(
    *, files_min: int, snapshots_kept_days: int, files_kept_days: int
) -> CompactionRules:
    """Return the rules of compaction as the settings say them."""
    return CompactionRules(
        files_min=files_min,
        snapshots_kept=timedelta(days=snapshots_kept_days),
        files_kept=timedelta(days=files_kept_days),
    )


def planned_account_erasure(house: House, service_code: str, account_id: str) -> ErasurePlan:
    """Return what erasing an account would do; nothing is changed.

    MethodNotAllowed while a subscription of it lives or a period of it is not billed; NotFound.
    """
    _flush(house)
    with house.state.read() as connection:
        book = _book(connection, service_code)
        own = _accounts(book, account_id)
        scope = Scope(service_code, subscriptions=_subscriptions(book, own))
        begun = _begun(connection, scope)
        if begun is None:
            _refuse_unbilled(connection, book, scope, house.clock())
        proof = prepared_proof(connection, house.lake, book, scope)
    return ErasurePlan(scope, proof, _rows(house, scope), begun)


def erase_account(
    house: House,
    service_code: str,
    account_id: str,
    *,
    author: str,
    reason: str,
    accepts_unproven: bool = False,
    watch: Watch = lambda _step: None,
) -> Erasure:
    """Erase an account's usage from inbox and lake, and blank what it says of a person.

    MethodNotAllowed when a billed line could not be proved any more, unless that is accepted.
    """
    plan = planned_account_erasure(house, service_code, account_id)
    if plan.proof.unproven and plan.resumed is None and not accepts_unproven:
        raise MethodNotAllowed("billed_lines_unproven", {"lines": list(plan.proof.unproven)})
    erasure = plan.resumed or _begin(house, plan, author, reason)
    watch("proof kept")
    with house.state.read() as connection:
        own = _accounts(_book(connection, service_code), account_id)
    return _carried_out(house, erasure, watch, last=partial(_blank, house, own, erasure.scope))


def drop_old_usage(house: House, *, at: datetime, kept_months: int) -> list[Erasure]:
    """Drop each service's usage of months that ended `kept_months` ago and are billed; 0: never.

    A month is left alone while a period that touches it is open, or a line of it unproven; all
    months are while the service has a recurring metric, which counts them for ever.
    """
    if not kept_months:
        return []
    _flush(house)
    before = _months_back(at, kept_months)
    with house.state.read() as connection:
        found = services.services(connection)
        resumed = [each for each in erasure_store.unfinished(connection) if each.scope.months]
    done = [_carried_out(house, each) for each in resumed]
    for service in found:
        for month in _months_before(house, service, before):
            plan = _planned_drop(house, service, month, at)
            if plan is not None:
                done.append(_carried_out(house, _begin(house, plan, "retention", BY_AGE)))
    return done


def verified_erasures(house: House, service_code: str | None = None) -> list[VerifiedErasure]:
    """Verify every erasure: each billed line is computed again from its proof."""
    found = []
    with house.state.read() as connection:
        for erasure in erasure_store.erasures(connection, service_code):
            proofs = erasure_store.proofs_of(connection, erasure.id)
            book = _book(connection, erasure.scope.service_code)
            wrong = verify_erasure(connection, house.lake, book, proofs)
            lines = sum(proof.line_digest is not None for proof in proofs)
            found.append(VerifiedErasure(erasure, lines, wrong))
    return found


def _begin(house: House, plan: ErasurePlan, author: str, reason: str) -> Erasure:
    at = house.clock()
    erasure = Erasure(str(uuid.uuid4()), plan.scope, author, reason, str(house.flusher.flush()), at)
    with house.state.write() as connection:
        erasure_store.begin(connection, erasure, plan.proof.proofs)
    reached("erasing.proof_kept")
    return erasure


def _carried_out(
    house: House,
    erasure: Erasure,
    watch: Watch = lambda _step: None,
    last: Callable[[sa.Connection], None] = lambda _connection: None,
) -> Erasure:
    """Keep the keys, erase the rows, and note in the state that it is done."""
    scope = erasure.scope
    keep_keys(house.lake, house.pepper, erasure.id, scope)
    _forget_changes(house, scope)
    watch("keys kept")
    erase_rows(house.lake, scope)
    reached("erasing.rows_erased")
    watch("rows erased")
    at = house.clock()
    with house.state.write() as connection:
        last(connection)
        erasure_store.finish(connection, erasure.id, at)
    reached("erasing.finished")
    if not scope.months:
        _vacuum(house)
    _log.info("usage_erased", service=scope.service_code, kind=scope.kind.value, id=erasure.id)
    return replace(erasure, finished_at=at)


def _planned_drop(house: House, service: Service, month: date, at: datetime) -> ErasurePlan | None:
    scope = Scope(service.code, months=(month,))
    end = _midnight(_next(month))
    with house.state.read() as connection:
        book = read_price_book(connection, service)
        if book.counts_history:
            _log.info("month_kept_for_recurring_metrics", service=service.code, month=str(month))
            return None
        if first_unbilled(connection, book, scope, at, begun_before=end) is not None:
            return None
        proof = prepared_proof(connection, house.lake, book, scope)
    if proof.unproven:
        _log.warning("month_not_dropped", service=service.code, lines=list(proof.unproven)[:20])
        return None
    return ErasurePlan(scope, proof, {})


def _months_before(house: House, service: Service, before: date) -> list[date]:
    rows = house.lake.query(
        " UNION ".join(
            f"SELECT month FROM lake.{table.full_name} WHERE service = ? AND month < ?"  # noqa: S608
            for table in (USAGE, REVISION, QUARANTINE)
        ),
        [service.code, before] * 3,
    )
    return sorted(rows["month"])


def _rows(house: House, scope: Scope) -> dict[str, int]:
    return {
        table.full_name: house.lake.scan(table).filter(scope.condition).collect().height
        for table in (USAGE, REVISION, QUARANTINE)
    }


def _flush(house: House) -> None:
    house.flusher.flush()
    ship_rated_lines(house.state, house.lake)


def _book(connection: sa.Connection, service_code: str) -> PriceBook:
    service = find_service(connection, service_code)
    if service is None:
        raise NotFound("service")
    return read_price_book(connection, service)


def _accounts(book: PriceBook, account_id: str) -> list[Account]:
    """Return the accounts that ever bore an external id, deleted ones too."""
    found = [each for each in book.accounts.values() if each.external_id == account_id]
    if not found:
        raise NotFound("customer")
    return found


def _subscriptions(book: PriceBook, own: Sequence[Account]) -> tuple[str, ...]:
    """Return the external ids whose usage is the account's; MethodNotAllowed for shared ones."""
    ids = {account.id for account in own}
    names = {each.external_id for each in book.subscriptions if each.account_id in ids}
    others = {each.external_id for each in book.subscriptions if each.account_id not in ids}
    if shared := sorted(names & others):
        raise MethodNotAllowed("subscription_of_two_accounts", {"subscriptions": shared})
    return tuple(sorted(names))


def _refuse_unbilled(
    connection: sa.Connection, book: PriceBook, scope: Scope, at: datetime
) -> None:
    live = [
        each.external_id
        for each in book.subscriptions
        if each.external_id in scope.subscriptions and each.status in LIVE
    ]
    if live:
        raise MethodNotAllowed("subscription_is_live", {"subscriptions": sorted(live)})
    unbilled = first_unbilled(connection, book, scope, at)
    if unbilled is not None:
        subscription, closing_at = unbilled
        told = f"{subscription}: the period until {closing_at.isoformat()}"
        raise MethodNotAllowed("period_is_not_billed", {"periods": [told]})


def _begun(connection: sa.Connection, scope: Scope) -> Erasure | None:
    found = erasure_store.unfinished(connection, scope.service_code)
    return next((each for each in found if each.scope == scope), None)


def _forget_changes(house: House, scope: Scope) -> None:
    """Blank what was written in quarantined events' stead: it may name a person."""
    ids = [] if scope.months else quarantine_row_ids(house.lake, scope)
    row = quarantine_resolution.c
    for start in range(0, len(ids), IDS_PER_UPDATE_MAX):
        with house.state.write() as connection:
            connection.execute(
                sa.update(quarantine_resolution)
                .where(
                    row.service_code == scope.service_code,
                    row.row_id.in_(ids[start : start + IDS_PER_UPDATE_MAX]),
                )
                .values(changes=None)
            )


def _blank(house: House, own: Sequence[Account], scope: Scope, connection: sa.Connection) -> None:
    """Blank all but what closed periods need: timezone, currency, and the ids they name."""
    at = house.clock()
    for account in own:
        blank = new_account(
            account.service_code, account.id, account.external_id, account.created_at
        )
        kept = replace(
            blank,
            currency=account.currency,
            timezone=account.timezone,
            sequential_id=account.sequential_id,
            updated_at=at,
            deleted_at=account.deleted_at or at,
        )
        accounts.save_account(connection, kept)
    for each in subscriptions.subscriptions_of(connection, scope.service_code):
        if each.external_id in scope.subscriptions and each.name is not None:
            subscriptions.save_subscription(connection, replace(each, name=None))
    named = {account.external_id for account in own}
    lifecycle_events.blank_customers(connection, scope.service_code, named)
    # Kept answers say what the account said; whose they are is not kept.
    forget_service(connection, scope.service_code)


def _vacuum(house: House) -> None:
    """Rewrite the files of the embedded form: their free pages still hold what was deleted."""
    for name in ("state.sqlite", "inbox.sqlite"):
        path = house.settings.data_dir / name
        if path.exists():
            vacuum_file(path)
    reached("erasing.vacuumed")


def _months_back(at: datetime, months: int) -> date:
    """Return the first day of the month `months` before that of `at`."""
    count = at.astimezone(UTC).year * 12 + at.astimezone(UTC).month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
