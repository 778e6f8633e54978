"""A month's bill run of five charges: ours beside the queries that a peer asks for it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import chain
from pathlib import Path

import polars as pl

from benchmarks.figures import Figure, compared
from benchmarks.memory import peak_words
from benchmarks.peer import Peer, running_peer_if_any
from benchmarks.workload import (
    METRICS,
    MONTH_END,
    MONTH_START,
    SERVICE,
    a_month_of_usage,
)
from catalog.accounts import Account
from catalog.billable_metrics import AggregationType
from catalog.charge_terms import (
    ChargeTerms,
    GraduatedTerms,
    PackageTerms,
    StandardTerms,
    Tier,
    VolumeTerms,
)
from catalog.plans import Charge, Plan, PlanInterval
from catalog.services import Service
from catalog.subscriptions import BillingTime, Subscription, SubscriptionStatus
from ingest.watermark import Watermark
from rating.charge_window import closing_windows
from rating.checked_quantities import checked_quantities
from rating.closing import NOTHING_BILLED, Closing, closings
from rating.closing_lines import rated_lines
from rating.price_book import PriceBook
from rating.rated_line import RatedLine
from storage.lake import Lake
from storage.lake_tables import USAGE

STREAM = "usage_0"
PRICE = Decimal("0.00173")
TIERS = (
    Tier(Decimal(0), Decimal(50), PRICE, Decimal(5)),
    Tier(Decimal(51), None, PRICE / 2, Decimal(0)),
)
TERMS: dict[AggregationType, ChargeTerms] = {
    AggregationType.SUM: GraduatedTerms(TIERS),
    AggregationType.COUNT: PackageTerms(PRICE, 100, 10),
    AggregationType.MAX: VolumeTerms(TIERS),
    AggregationType.UNIQUE_COUNT: StandardTerms(PRICE),
    AggregationType.WEIGHTED_SUM: StandardTerms(PRICE),
}


def billing_figures(folder: Path, rows_count: int) -> Iterator[Figure | str]:
    """Yield drafts/s of a run over all subscriptions: two engines, prices, words and digests."""
    usage = a_month_of_usage(rows_count)
    place = folder / "billing_lake"
    lake = Lake(place)
    upto = int(str(usage["inbox_id"].max()))
    lake.append_once(STREAM, 0, upto, {USAGE: usage})
    names = sorted(set(usage["subscription_id"]))
    run = BillRun(lake, Watermark(((0, upto),)), a_book(names))
    with running_peer_if_any(usage, for_bills=True) as (peer, words):
        yield from words
        del usage
        if peer is not None:
            assert run.units() == _units(peer, names), "the peer counts otherwise"
        peers = {} if peer is None else {
            "Lago's queries on PostgreSQL, nothing priced": partial(_bill, peer, names)
        }  # fmt: skip
        limits = {"polars scan and sum of the column (limit)": run.bare_sum}
        yield compared("bill run, 5 charges", "drafts", len(names), run.lines, limits, peers)
    lake.close()
    yield peak_words("bill run, 5 charges", partial(_bill_once, place, upto, names))


def _bill_once(place: Path, upto: int, names: list[str]) -> None:
    lake = Lake(place)
    BillRun(lake, Watermark(((0, upto),)), a_book(names)).lines()
    lake.close()


def a_book(names: list[str]) -> PriceBook:
    """Return a service whose accounts each have one subscription, with a charge of each kind."""
    service = Service("service-1", SERVICE, "NexaDesk", "UTC", "CAD", MONTH_START)
    charges = tuple(
        Charge(f"charge-{kind}", str(kind), f"metric-{kind}", str(kind), terms, MONTH_START)
        for kind, terms in TERMS.items()
    )
    plan = Plan(
        id="plan-1", service_code=SERVICE, code="team", name="Team", interval=PlanInterval.MONTHLY,
        amount_cents=5_000, amount_currency="CAD", created_at=MONTH_START, valid_from=MONTH_START,
        charges=charges,
    )  # fmt: skip
    subscription = Subscription(
        id="", service_code=SERVICE, external_id="", account_id="", account_external_id="",
        plan_id=plan.id, plan_code=plan.code, status=SubscriptionStatus.ACTIVE,
        billing_time=BillingTime.CALENDAR, subscription_at=MONTH_START, created_at=MONTH_START,
        started_at=MONTH_START,
    )  # fmt: skip
    return PriceBook(
        service=service,
        subscriptions=[
            replace(subscription, id=name, external_id=name, account_id=name,
                    account_external_id=name)
            for name in names
        ],
        accounts={name: Account(name, SERVICE, name, MONTH_START, MONTH_START) for name in names},
        plans={plan.id: [plan]},
        metrics={f"metric-{kind}": [METRICS[SERVICE, str(kind)]] for kind in TERMS},
    )  # fmt: skip


class BillRun:
    """The work of a bill run between the flush and the state database."""

    def __init__(self, lake: Lake, watermark: Watermark, book: PriceBook) -> None:
        """Remember the open lake, what it had taken in, and who is billed."""
        self._lake = lake
        self._watermark = watermark
        self._book = book

    def lines(self, at: datetime = MONTH_END) -> list[RatedLine]:
        """Return every line of the month, from quantities that two engines agree on."""
        due = self._due()
        windows = [each.usage for one in due for each in closing_windows(self._book, one)]
        usage = checked_quantities(self._lake, windows, self._watermark)
        assert not usage.disputes
        mark = str(self._watermark)
        priced = (
            rated_lines(self._book, one, usage.found, watermark=mark, rated_at=at) for one in due
        )
        return list(chain.from_iterable(priced))

    def units(self) -> dict[tuple[str, str], Decimal]:
        """Return the units billed, by subscription and metric."""
        return {
            (line.subscription_external_id, line.metric_code): line.quantity
            for line in self.lines()
            if line.metric_code is not None
        }

    def bare_sum(self) -> None:
        """Read the value column once."""
        self._lake.scan(USAGE).select(pl.col("value").sum()).collect()

    def _due(self) -> list[Closing]:
        return [
            closing
            for each in self._book.subscriptions
            for closing in closings(
                each,
                self._book.plan_until(each, MONTH_END),
                self._book.zone(each),
                MONTH_END,
                NOTHING_BILLED,
            )
        ]


def _bill(peer: Peer, names: list[str]) -> None:
    for name in names:
        peer.buckets(name)
        for kind in TERMS:
            peer.one_by_one(kind, [name])


def _units(peer: Peer, names: list[str]) -> dict[tuple[str, str], Decimal]:
    return {
        (name, str(kind)): units
        for kind in TERMS
        for name, units in peer.one_by_one(kind, names).items()
    }
