"""A year of a service with ten charges, as a simulation finds it. Seeded, so it repeats."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl

from benchmarks.workload import SEED, SERVICE
from catalog.accounts import Account
from catalog.billable_metrics import AggregationType, BillableMetric
from catalog.charge_terms import (
    ChargeTerms,
    GraduatedPercentageTerms,
    GraduatedTerms,
    PackageTerms,
    PercentageTerms,
    PercentageTier,
    StandardTerms,
    Tier,
    VolumeTerms,
)
from catalog.plans import Charge, Plan, PlanInterval
from catalog.services import Service
from catalog.subscriptions import BillingTime, Subscription, SubscriptionStatus
from rating.price_book import PriceBook
from storage.lake_tables import USAGE

TIMEZONE = "America/Toronto"
MONTHS = 12
OPENED_AT = datetime(2025, 1, 1, 5, tzinfo=UTC)
FIRST_DAY, END_DAY = date(2025, 1, 1), date(2026, 1, 1)
BATCH_EVENTS = 100


def _tiers(percent: int) -> tuple[Tier, ...]:
    rates = [Decimal(rate * percent).scaleb(-6) for rate in (30, 20, 17)]
    return (
        Tier(Decimal(0), Decimal(2_000), rates[0], Decimal(5)),
        Tier(Decimal(2_001), Decimal(8_000), rates[1], Decimal(0)),
        Tier(Decimal(8_001), None, rates[2], Decimal(0)),
    )


def _percent_tiers(percent: int) -> tuple[PercentageTier, ...]:
    return tuple(
        PercentageTier(tier.from_value, tier.to_value, tier.per_unit_amount, tier.flat_amount)
        for tier in _tiers(percent)
    )


def terms_of(percent: int) -> list[ChargeTerms]:
    """Return the terms of ten charges, at so many percent of their first price."""
    price = Decimal(173 * percent).scaleb(-7)
    return [
        StandardTerms(price),
        GraduatedTerms(_tiers(percent)),
        PackageTerms(price, 1_000, 100),
        VolumeTerms(_tiers(percent)),
        PercentageTerms(price, Decimal("0.01")),
        GraduatedPercentageTerms(_percent_tiers(percent)),
        StandardTerms(price),
        GraduatedTerms(_tiers(percent)),
        StandardTerms(price),
        GraduatedTerms(_tiers(percent)),
    ]


KINDS = [*[AggregationType.SUM] * 6, *[AggregationType.COUNT] * 2, AggregationType.MAX,
         AggregationType.SUM]  # fmt: skip
CHARGES = len(KINDS)


def metrics() -> list[BillableMetric]:
    """Return seven sums, two counts and a highest value."""
    return [
        BillableMetric(
            id=f"metric-{number}", service_code=SERVICE, code=f"metric_{number}",
            name=f"Metric {number}", aggregation_type=kind, created_at=OPENED_AT,
            valid_from=OPENED_AT, field_name="value" if kind.needs_number else None,
        )
        for number, kind in enumerate(KINDS)
    ]  # fmt: skip


def a_plan(percent: int, id_: str) -> Plan:
    """Return a monthly plan with ten charges, at so many percent of the first price."""
    charges = tuple(
        Charge(f"{id_}-{number}", f"charge_{number}", f"metric-{number}", f"metric_{number}",
               terms, OPENED_AT, quantity_included=Decimal(100 if number % 2 else 0))
        for number, terms in enumerate(terms_of(percent))
    )  # fmt: skip
    return Plan(
        id=id_, service_code=SERVICE, code="team", name="Team", interval=PlanInterval.MONTHLY,
        amount_cents=50 * percent, amount_currency="CAD", created_at=OPENED_AT,
        valid_from=OPENED_AT, charges=charges,
    )  # fmt: skip


def a_book(accounts_count: int) -> PriceBook:
    """Return a service whose accounts have one subscription each, all the year."""
    service = Service("service-1", SERVICE, "NexaDesk", TIMEZONE, "CAD", OPENED_AT)
    names = [f"acme-{number}" for number in range(accounts_count)]
    plan = a_plan(100, "plan-1")
    subscription = Subscription(
        id="", service_code=SERVICE, external_id="", account_id="", account_external_id="",
        plan_id=plan.id, plan_code=plan.code, status=SubscriptionStatus.ACTIVE,
        billing_time=BillingTime.CALENDAR, subscription_at=OPENED_AT, created_at=OPENED_AT,
        started_at=OPENED_AT,
    )  # fmt: skip
    return PriceBook(
        service=service,
        subscriptions=[
            replace(subscription, id=name, external_id=name, account_id=name,
                    account_external_id=name)
            for name in names
        ],
        accounts={name: Account(name, SERVICE, name, OPENED_AT, OPENED_AT) for name in names},
        plans={plan.id: [plan]},
        metrics={metric.id: [metric] for metric in metrics()},
    )  # fmt: skip


def a_year_of_usage(accounts_count: int, rows_count: int) -> Iterator[pl.DataFrame]:
    """Yield the rows of each month, as the lake keeps them; every window has some."""
    chance = np.random.default_rng(SEED)
    for number in range(MONTHS):
        start = datetime(2025, number + 1, 1, 5, tzinfo=UTC)
        yield _month(chance, start, accounts_count, rows_count // MONTHS, number)


def _month(
    chance: np.random.Generator, start: datetime, accounts_count: int, count: int, number: int
) -> pl.DataFrame:
    window = np.arange(count) % (accounts_count * len(KINDS))
    milliseconds = chance.integers(0, timedelta(days=28) // timedelta(milliseconds=1), count)
    frame = pl.DataFrame(
        {
            "window": window,
            "milliseconds": milliseconds,
            "thousandths": chance.integers(0, 10**6, count),
            "token": chance.integers(0, 2**64, count, np.uint64),
            "content_digest": chance.integers(-(2**63), 2**63, count),
        }
    )
    place = pl.int_range(pl.len())
    rows = frame.with_columns(
        month=pl.lit(start.date().replace(day=1)),
        service=pl.lit(SERVICE),
        metric_code=pl.concat_str(pl.lit("metric_"), pl.col("window") % len(KINDS)),
        subscription_id=pl.concat_str(pl.lit("acme-"), pl.col("window") // len(KINDS)),
        occurred_at=pl.lit(start) + pl.duration(milliseconds="milliseconds"),
        transaction_id=pl.concat_str(pl.lit("tx-"), "token"),
        value=pl.col("thousandths").cast(pl.Decimal(38, 12)) / 1000,
        properties=pl.lit("{}"),
        metric_version=pl.lit(1),
        received_at=pl.lit(start),
        is_own_time=pl.lit(value=True),
        shard=pl.lit(0),
        inbox_id=place // BATCH_EVENTS + 1 + number * (count // BATCH_EVENTS + 1),
        sequence=place % BATCH_EVENTS,
    )
    absent = [pl.lit(None).alias(name) for name in USAGE.polars_schema if name not in rows.columns]
    return rows.with_columns(absent).select(
        pl.col(name).cast(kind) for name, kind in USAGE.polars_schema.items()
    )
