"""A preview is what happens: to the cent, whatever is corrected; and a revert undoes it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from aggregation.aggregator import quantities
from catalog.store.services import find_service
from ingest.corrections.superseding import revisions_of
from rating.charge_window import closing_windows
from rating.closing import closings
from rating.closing_lines import rated_lines
from rating.price_book_store import read_price_book
from storage.lake_tables import USAGE
from tests.ingest.counter_caller import Caller, shared_house
from tests.rating.makers import TORONTO

SIGNED = {"author": "ann", "reason": "wrong"}
START = datetime(2026, 1, 1, 5, tzinfo=UTC)
NOW = datetime(2026, 2, 20, tzinfo=UTC)
END = datetime(2026, 3, 2, tzinfo=UTC)
METRICS = {
    "tokens": "sum_agg",
    "calls": "count_agg",
    "peak": "max_agg",
    "users": "unique_count_agg",
}
READING = "reading"
TIERS = [
    {"from_value": 0, "to_value": 10, "per_unit_amount": "0", "flat_amount": "1.50"},
    {"from_value": 11, "to_value": None, "per_unit_amount": "0.333", "flat_amount": "0"},
]
# Events lie days apart, never at one instant: equal times are ordered by their intake, which a
# correction renews.
days = st.integers(0, 50)
numbers = st.integers(0, 30)
ids = st.integers(0, 7)
codes = st.sampled_from(sorted(METRICS))
happened = st.lists(
    st.tuples(days, codes, numbers), min_size=1, max_size=8, unique_by=lambda event: event[0]
)
readings = st.lists(st.tuples(days, numbers), max_size=4, unique_by=lambda one: one[0])
changes: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={"value": numbers, "code": codes, "timestamp": days.map(lambda day: instant(day, 1))},
)
orders = st.one_of(
    st.tuples(st.just("void"), ids),
    st.tuples(st.just("void"), st.tuples(days, days)),
    st.tuples(st.just("void window"), ids),
    st.tuples(st.just("amend window"), ids, numbers),
    st.tuples(st.just("amend"), ids, changes.filter(bool)),
    st.tuples(st.just("amend"), st.tuples(days, days), st.fixed_dictionaries({"code": codes})),
    st.tuples(st.just("replace"), st.tuples(days, days), happened),
)  # fmt: skip


@dataclass
class World:
    """A service with charges of many kinds, and a fresh subscription for each example."""

    caller: Caller
    numbers: Iterator[int] = field(default_factory=count)
    name: str = ""

    def subscribe(self) -> None:
        """Start a subscription nobody else uses."""
        self.name = f"sub-{next(self.numbers)}"
        order = {
            "external_customer_id": "acme", "plan_code": "team", "external_id": self.name,
            "subscription_at": "2026-01-01T05:00:00Z",
        }  # fmt: skip
        self.caller.ask("POST", "/subscriptions", {"subscription": order})

    def events(self, happenings: list[tuple[int, str, int]], prefix: str) -> list[dict[str, Any]]:
        """Return events named by their place."""
        return [
            {
                "transaction_id": f"{prefix}{place}", "external_subscription_id": self.name,
                "code": code, "timestamp": instant(day, 0), "properties": {"n": number},
            }
            for place, (day, code, number) in enumerate(happenings)
        ]  # fmt: skip

    def read(self, tellings: list[tuple[int, int]]) -> list[str]:
        """Push readings of an ever-rising counter; return the names of their windows."""
        return [
            self.caller.ask("PUT", "/usage", {"usage": {
                "transaction_id": f"r{day}", "external_subscription_id": self.name,
                "code": READING, "window_end": instant(day, 2), "value": number,
            }})["usage"]["fact_id"]
            for day, number in tellings
        ]  # fmt: skip

    def order(self, wanted: tuple[Any, ...], windows: list[str]) -> dict[str, Any]:
        """Return the order of a drawn correction."""
        kind, chosen, *more = wanted
        own: dict[str, Any] = {"external_subscription_id": self.name}
        if kind.endswith("window"):
            own["fact_id"] = windows[chosen % len(windows)] if windows else "w:none"
        elif isinstance(chosen, int):
            own["transaction_id"] = f"e{chosen}"
        else:
            first, last = sorted(chosen)
            own = {
                "external_subscription_ids": [self.name],
                "timestamp_from": (START + timedelta(days=first)).isoformat(),
                "timestamp_to": (START + timedelta(days=last + 1)).isoformat(),
            }
        order = {"kind": kind.split()[0], "selection": own, **SIGNED}
        if order["kind"] == "amend":
            order["changes"] = {"value": more[0]} if kind.endswith("window") else more[0]
        if order["kind"] == "replace":
            # Some new events have the ids of old ones.
            order["events"] = self.events(more[0], "e")
        return order

    def charges(self) -> dict[tuple[int, str], tuple[int, str]]:
        """Return cents and inputs of every charge of both periods, as a bill run computes them."""
        house = self.caller.house
        with house.state.read() as connection:
            service = find_service(connection, self.caller.service_code)
            assert service is not None
            book = read_price_book(connection, service)
        watermark = house.flusher.flush()
        usage, revision = house.lake.scan(USAGE), revisions_of(house.lake)
        (own,) = [one for one in book.subscriptions if one.external_id == self.name]
        found: dict[tuple[int, str], tuple[int, str]] = {}
        plan = book.plan_until(own, NOW)
        for place, closing in enumerate(closings(own, plan, TORONTO, END)):
            windows = closing_windows(book, closing)
            counted = quantities(
                usage, [window.usage for window in windows], watermark.includes(), revision
            )
            lines = rated_lines(book, closing, counted, watermark="", rated_at=NOW)
            cents = {line.metric_code: line.amount_cents for line in lines}
            for window in windows:
                code = window.usage.metric.code
                digest = counted[window.usage.key].inputs_digest
                found[place, code] = (cents.get(code, 0), digest)
        return found

    def correct(self, order: dict[str, Any], path: str = "") -> dict[str, Any] | None:
        """Carry out an order; None when it is refused."""
        headers = {"Authorization": f"Bearer {self.caller.key}"}
        answer = self.caller.client.post(
            f"/api/v1/corrections{path}", json={"correction": order}, headers=headers
        )
        assert answer.status_code < 500, answer.text
        return dict(answer.json()) if answer.status_code == 200 else None


def instant(day: int, hour: int) -> int:
    """Return a time in seconds since the epoch."""
    return int((START + timedelta(days=day, hours=hour)).timestamp())


def sums(charges: dict[tuple[int, str], tuple[int, str]]) -> dict[int, int]:
    """Return the cents of each period."""
    return {
        period: sum(cents for (place, _), (cents, _) in charges.items() if place == period)
        for period in (0, 1)
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give a service that sells everything it counts."""
    with shared_house(tmp_path_factory.mktemp("preview")) as shared:
        shared.clock.advance(NOW)
        caller = shared.new_caller()
        ids: dict[str, str] = {}
        for code, kind in {**METRICS, READING: "sum_agg"}.items():
            metric: dict[str, Any] = {"name": code, "code": code, "aggregation_type": kind}
            metric["field_name"] = None if kind == "count_agg" else "n"
            metric["counter_semantics"] = "cumulative" if code == READING else None
            made = caller.ask("POST", "/billable_metrics", {"billable_metric": metric})
            ids[code] = made["billable_metric"]["lago_id"]
        graduated = {"charge_model": "graduated", "properties": {"graduated_ranges": TIERS}}
        standard = {"charge_model": "standard", "properties": {"amount": "0.125"}}
        charges = [
            {"billable_metric_id": id_, **(graduated if code == "tokens" else standard)}
            for code, id_ in ids.items()
        ]
        plan = {
            "name": "Team", "code": "team", "interval": "monthly", "amount_cents": 0,
            "amount_currency": "CAD", "charges": charges,
        }  # fmt: skip
        caller.ask("POST", "/plans", {"plan": plan})
        caller.ask("POST", "/customers", {"customer": {"external_id": "acme"}})
        yield World(caller)


# Each example asks a real house some twenty times: too slow for many, and for the smallest one.
@settings(
    max_examples=max(6, settings().max_examples // 200),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(happenings=happened, tellings=readings, wanted=st.lists(orders, min_size=1, max_size=3))
def test_a_preview_is_what_happens(
    world: World,
    happenings: list[tuple[int, str, int]],
    tellings: list[tuple[int, int]],
    wanted: list[tuple[Any, ...]],
) -> None:
    """The difference shown is the difference made, by period; reverts lead back step by step."""
    world.subscribe()
    world.caller.ask("POST", "/events/batch", {"events": world.events(happenings, "e")})
    windows = world.read(tellings)
    steps = []
    for one in wanted:
        order, before = world.order(one, windows), world.charges()
        shown = world.correct(order | {"preview": True})
        assert world.charges() == before
        done = world.correct(order)
        after = world.charges()
        assert (shown is None) == (done is None)
        if shown is None or done is None:
            assert after == before
            continue
        steps.append((done["correction"]["id"], before))
        assert deltas(shown) == differences(before, after)
    for correction_id, before in reversed(steps):
        shown = world.correct({**SIGNED, "preview": True}, f"/{correction_id}/revert")
        assert shown is not None
        changed = world.charges()
        assert world.correct({**SIGNED}, f"/{correction_id}/revert") is not None
        assert world.charges() == before
        assert deltas(shown) == differences(changed, before)


def deltas(shown: dict[str, Any]) -> dict[str, int]:
    """Return the previewed difference of each period and, under "sum", of all."""
    preview = shown["correction_preview"]
    found = {one["period_start"][:7]: one["amount_cents_delta"] for one in preview["periods"]}
    found["sum"] = sum(one["amount_cents_delta"] for one in preview["totals"])
    return {name: cents for name, cents in found.items() if cents}


def differences(
    before: dict[tuple[int, str], tuple[int, str]], after: dict[tuple[int, str], tuple[int, str]]
) -> dict[str, int]:
    """Return the actual difference of each period and of all."""
    was, now = sums(before), sums(after)
    found = {f"2026-0{period + 1}": now[period] - was[period] for period in was}
    found["sum"] = sum(found.values())
    return {name: cents for name, cents in found.items() if cents}
