"""Two years of accounts as finance finds them: revenue, costs, invoices and plans. Seeded."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl

from catalog.accounts import Account
from catalog.plans import Plan, PlanInterval
from catalog.services import Service
from catalog.store.accounts import add_account
from catalog.store.plans import add_plan
from catalog.store.services import add_service
from catalog.store.subscriptions import add_subscription
from catalog.subscriptions import BillingTime, Subscription, SubscriptionStatus
from storage.lake import Lake
from storage.lake_tables import COST, INVOICE_LINE, RATED_LINE
from storage.state import State

NOW = datetime(2026, 12, 2, tzinfo=UTC)
MONTHS = [date(2024, 12, 1), *(date(2025 + place // 12, place % 12 + 1, 1) for place in range(23))]
METRICS = ("tokens", "minutes", "messages", "pages", "searches", "seats")
METRICS_USED = 2
SERVICES = ("nexacloud", "nexadesk", "nexavoice")
PROVIDER = "Example Cloud"


def filled(lake: Lake, state: State, accounts_count: int) -> None:
    """Fill an empty house with two years of so many accounts of two metrics each."""
    places = pl.DataFrame({"place": range(accounts_count * METRICS_USED)})
    lines = pl.concat([_lines(places, month) for month in MONTHS])
    lake.append_unless(RATED_LINE, lines, column="id", value="none")
    lake.append_unless(INVOICE_LINE, _posted(lines), column="draft_id", value="none")
    costs = pl.concat([costs_of(month, accounts_count * METRICS_USED, "first") for month in MONTHS])
    lake.append_unless(COST, costs, column="import_id", value="first")
    with state.write() as connection:
        for place, code in enumerate(SERVICES):
            add_service(connection, Service(code, code, code, "America/Toronto", "CAD", NOW))
            add_plan(connection, _plan(code, 4_900 + 1_000 * place))
        for place in range(accounts_count):
            account = add_account(connection, _account(place))
            add_subscription(connection, _subscription(account, place))


def service_of(place: int) -> str:
    """Return the service of the account at a place."""
    return SERVICES[place % len(SERVICES)]


def account_of(place: int) -> str:
    """Return the external id of the account at a place."""
    return f"account-{place}"


def line_of(place: int, month: date) -> str:
    """Return the id of a rated line of the account at a place."""
    return f"line-{account_of(place)}-{METRICS[place % len(METRICS)]}-{month}"


def bill_of(month: date) -> str:
    """Return the number of the provider's bill of a month."""
    return f"bill-{month}"


def _plan(service: str, cents: int) -> Plan:
    begun = datetime(2024, 11, 1, 5, tzinfo=UTC)
    return Plan(
        *(f"plan-{service}", service, "pro", "Pro", PlanInterval.MONTHLY, cents, "CAD"),
        *(begun, begun),
    )


def _account(place: int) -> Account:
    external_id, service = account_of(place), service_of(place)
    return Account(f"id-{external_id}", service, external_id, NOW, NOW, name=f"Account {place}")


def _subscription(account: Account, place: int) -> Subscription:
    month = MONTHS[place % len(MONTHS)]
    began = datetime(month.year, month.month, 1, 5, tzinfo=UTC)
    return Subscription(
        id=f"sub-{account.external_id}",
        service_code=account.service_code,
        external_id=f"sub-{account.external_id}",
        account_id=account.id,
        account_external_id=account.external_id,
        plan_id=f"plan-{account.service_code}",
        plan_code="pro",
        status=SubscriptionStatus.ACTIVE,
        billing_time=BillingTime.CALENDAR,
        subscription_at=began,
        created_at=began,
        started_at=began,
    )


def _owned(places: pl.DataFrame, month: date) -> pl.DataFrame:
    account = pl.col("place") // METRICS_USED
    index = (account + pl.col("place") % METRICS_USED) % len(METRICS)
    return places.select(
        month=pl.lit(month),
        account_id=pl.format("account-{}", account),
        service=(account % len(SERVICES)).replace_strict(dict(enumerate(SERVICES))),
        metric_code=index.replace_strict(dict(enumerate(METRICS))),
        units=(pl.col("place") * 7919 + month.month * 131) % 9973 + 1,
    )


def _lines(places: pl.DataFrame, month: date) -> pl.DataFrame:
    start = datetime(month.year, month.month, 1, 5, tzinfo=UTC)
    end = datetime(month.year + month.month // 12, month.month % 12 + 1, 1, 5, tzinfo=UTC)
    known = _owned(places, month).with_columns(
        id=pl.format("line-{}-{}-{}", "account_id", "metric_code", pl.lit(str(month))),
        kind=pl.lit("charge"), plan_code=pl.lit("pro"), currency=pl.lit("CAD"),
        period_start=pl.lit(start), period_end=pl.lit(end), quantity="units",
        quantity_included=pl.lit(0), amount_cents=pl.col("units") * 3, rated_at=pl.lit(end),
        watermark=pl.lit("usage_0:1"),
    )  # fmt: skip
    return _typed(known, RATED_LINE.polars_schema)


def _posted(lines: pl.DataFrame) -> pl.DataFrame:
    """Return a posted line of Odoo's for each rated line, a move for each account and month."""
    moves = pl.struct("account_id", "month").rank("dense").cast(pl.Int64)
    known = lines.with_columns(
        rated_line_id="id", untaxed_cents="amount_cents", odoo_database=pl.lit("odoo"),
        move_id=moves, move_type=pl.lit("out_invoice"), line_id=pl.int_range(1, pl.len() + 1),
        invoice_date=pl.col("month").dt.month_end(), accounting_date=pl.col("month").dt.month_end(),
        quantity=pl.lit("1"), draft_id=pl.format("draft-{}", moves), state=pl.lit("posted"),
        move_name=pl.format("INV/{}", moves), revision=pl.lit(1), seen_at="rated_at",
        subscription_id=pl.format("sub-{}", "account_id"),
    ).drop("id")  # fmt: skip
    return _typed(known, INVOICE_LINE.polars_schema)


def costs_of(
    month: date, count: int, import_id: str, known_at: datetime | None = None
) -> pl.DataFrame:
    """Return a month's costs of so many places: one row for an account and a metric.

    They are known some days after the month, unless told otherwise.
    """
    places = pl.DataFrame({"place": range(count)})
    start = datetime(month.year, month.month, 1, 5, tzinfo=UTC)
    known = _owned(places, month).with_columns(
        day=pl.lit(month), last_day=pl.lit(month), charge_period_start=pl.lit(start),
        charge_period_end=pl.lit(start), provider=pl.lit(PROVIDER),
        invoice_id=pl.lit(bill_of(month)),
        provider_service=pl.lit("Compute"), charge_category=pl.lit("Usage"),
        billing_currency=pl.lit("CAD"), fx_rate=pl.lit(Decimal(1)), import_id=pl.lit(import_id),
        effective_cost=pl.col("units").cast(pl.Decimal(38, 12)) / 50,
        cogs_cad=pl.col("units").cast(pl.Decimal(38, 12)) / 50,
        billed_cost=pl.col("units").cast(pl.Decimal(38, 12)) / 50,
        row_number=pl.int_range(1, pl.len() + 1), source=pl.lit("bench"), revision=pl.lit(1),
        source_key=pl.format("{}-{}-{}", pl.lit(import_id), "account_id", "metric_code"),
        is_withdrawn=pl.lit(value=False),
        recorded_at=pl.lit(known_at or start + timedelta(days=40)),
    )  # fmt: skip
    return _typed(known, COST.polars_schema)


def _typed(known: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    absent = [pl.lit(None).alias(name) for name in schema if name not in known.columns]
    return known.with_columns(absent).select(
        pl.col(name).cast(kind) for name, kind in schema.items()
    )
