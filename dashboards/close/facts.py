"""What the checklist of a close looks at, read from state, lake and inbox."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import polars as pl
import sqlalchemy as sa

from catalog.billing_periods import local_midnight
from catalog.money import ZERO
from catalog.services import Service
from dashboards.close.checklist import Facts
from dashboards.close.month_close import month_after, month_before
from dashboards.costs.attributed import estimate_against_actual
from dashboards.costs.cost_store import costs_in_effect
from dashboards.costs.fx import GIVEN
from dashboards.costs.fx_store import read_rates
from dashboards.mart.cube import Cube
from ingest.corrections.correction_store import unfinished_corrections
from ingest.flush import Flushing
from ingest.quarantine.quarantine import QuarantineLog, Selection
from rating.blocked_closings import blocked_closings
from rating.draft_store import billed_of
from rating.due_closings import due_closings
from rating.price_book_store import read_price_book
from storage.lake import Lake
from storage.state import State
from storage.tables import invoice_draft, rated_line_outbox

HAS_COST = pl.col("provider").is_not_null() & (pl.col("cogs_cad") != pl.col("estimated_cogs_cad"))


@dataclass(frozen=True, slots=True)
class CloseSources:
    """What a close reads and acts on; `oldest_waiting` is when the oldest push was kept."""

    state: State
    lake: Lake
    flusher: Flushing
    oldest_waiting: Callable[[], datetime | None]
    has_odoo: bool


@dataclass(frozen=True, slots=True)
class Bounds:
    """A service's month, as days and as instants: from `start` to before `end`."""

    month: date
    start: datetime
    end: datetime

    @property
    def last_day(self) -> date:
        """Return the month's last day."""
        return month_after(self.month) - timedelta(days=1)


def bounds_of(service: Service, month: date) -> Bounds:
    """Return the bounds of a month in the service's timezone."""
    zone = service.zone
    start, end = (local_midnight(day, zone) for day in (month, month_after(month)))
    return Bounds(month, start, end)


def read_facts(sources: CloseSources, service: Service, month: date, cube: Cube) -> Facts:
    """Return what is known of a service's month now; changes nothing and flushes nothing."""
    bounds, state = bounds_of(service, month), sources.state
    oldest = sources.oldest_waiting()
    providers = _providers(cube, service.code, month_before(month))
    costs = _costs(sources.lake, month)
    log = QuarantineLog(state, sources.lake, sources.flusher)
    with state.read() as connection:
        unfinished = [each.id for each in unfinished_corrections(connection, service.code)]
        unbilled = _unbilled(connection, service, bounds.end)
        blocked = _blocked(connection, service, bounds.end)
        waiting = sa.select(sa.func.count()).select_from(rated_line_outbox)
        lines_waiting_count = connection.scalar(waiting) or 0
        rates_missing = _rates_missing(connection, costs, bounds.last_day)
        drafts = _drafts(connection, service, bounds) if sources.has_odoo else None
    _, estimates_without_rate = estimate_against_actual(
        sources.lake, state, first=month, last=bounds.last_day, as_of=None
    )
    own = pl.col("service") == service.code
    now = cube.by_account.filter(pl.col("month") == month)
    present = _providers(cube, None, month)
    return Facts(
        usage_waits=oldest is not None and oldest < bounds.end,
        unfinished_corrections=unfinished,
        quarantined_count=sum(log.counts(service.code, Selection()).values()),
        unbilled=unbilled,
        blocked=blocked,
        lines_waiting_count=lines_waiting_count,
        has_costs=bool(providers or present),
        providers_missing=sorted(providers - present),
        providers_short=_short(costs, providers, month),
        rates_missing=sorted({*rates_missing, *estimates_without_rate}),
        estimated_cad=_sum(now.filter(own), "estimated_cogs_cad"),
        house_cad=_sum(now, "cogs_cad"),
        unallocated_cad=_sum(now.filter(pl.col("service").is_null()), "cogs_cad"),
        shared_cad=_sum(now.filter(own & pl.col("account_id").is_null()), "cogs_cad"),
        foreign_lines=_foreign(cube, service.code, month),
        drafts=drafts if service.is_live else None,
    )


def _unbilled(connection: sa.Connection, service: Service, until: datetime) -> list[str]:
    """Return the subscriptions with a closing up to `until` that no draft bills."""
    book = read_price_book(connection, service)
    due = due_closings(book, until, billed_of(connection, service.code))
    return sorted({closing.subscription.external_id for closing in due})


def _blocked(connection: sa.Connection, service: Service, until: datetime) -> list[str]:
    return [
        each.subscription_external_id
        for each in blocked_closings(connection)
        if each.service_code == service.code and each.closing_at <= until
    ]


def _providers(cube: Cube, service: str | None, month: date) -> set[str]:
    """Return who charged a service or nobody in particular (None: anybody), estimates left out."""
    found = cube.parts.filter((pl.col("month") == month) & HAS_COST)
    if service is not None:
        found = found.filter(pl.col("service").is_null() | (pl.col("service") == service))
    return set(found["provider"].unique().to_list())


def _costs(lake: Lake, month: date) -> pl.DataFrame:
    """Return the costs in effect of a month and of the one before."""
    columns = ("month", "provider", "last_day", "billing_currency", "fx_source")
    wanted = pl.col("month").is_in([month_before(month), month])
    last = month_after(month) - timedelta(days=1)
    costs = costs_in_effect(lake, first=month_before(month), last=last)
    return costs.filter(wanted).select(columns).collect()


def _short(costs: pl.DataFrame, providers: set[str], month: date) -> list[tuple[str, date]]:
    """Return the providers whose costs end early, though they did not the month before."""
    ends = {
        (provider, of): day
        for provider, of, day in costs.group_by("provider", "month")
        .agg(pl.col("last_day").max())
        .iter_rows()
    }
    whole, before = month_after(month) - timedelta(days=1), month_before(month)
    return sorted(
        (provider, ends[provider, month])
        for provider in providers
        if (provider, month) in ends
        and ends[provider, month] < whole
        and ends.get((provider, before), date.min) >= month - timedelta(days=1)
    )


def _rates_missing(
    connection: sa.Connection, costs: pl.DataFrame, day: date
) -> list[tuple[str, date]]:
    """Return the currencies that costs were converted from by dated rates, without one now."""
    dated = costs.filter(pl.col("fx_source").is_not_null() & (pl.col("fx_source") != GIVEN))
    rates = read_rates(connection)
    currencies = dated["billing_currency"].drop_nulls().unique().to_list()
    return [(currency, day) for currency in currencies if rates.on(currency, day) is None]


def _drafts(connection: sa.Connection, service: Service, bounds: Bounds) -> dict[str, int]:
    """Count the drafts of closings in the month by status."""
    draft = invoice_draft.c
    asked = (
        sa.select(draft.status, sa.func.count())
        .where(
            draft.service_code == service.code,
            draft.closing_at > bounds.start,
            draft.closing_at <= bounds.end,
        )
        .group_by(draft.status)
    )
    return dict(iter(connection.execute(asked)))


def _foreign(cube: Cube, service: str, month: date) -> list[tuple[str, int]]:
    lines = cube.foreign.filter((pl.col("service") == service) & (pl.col("month") == month))
    counted = lines.group_by("currency").agg(pl.col("lines_count").sum()).sort("currency")
    return list(counted.iter_rows())


def _sum(frame: pl.DataFrame, column: str) -> Decimal:
    total: Decimal | None = frame.select(pl.col(column).sum()).item()
    return total or ZERO
