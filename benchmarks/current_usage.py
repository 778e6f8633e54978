"""Current usage over HTTP: how soon a subscription knows what it used, and that it is never stale.

The service runs on a lake of N rows and flushes before it answers. The peer answers from the same
rows with Lago's look-ups, one or two for each charge.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from functools import partial
from itertools import chain
from pathlib import Path

import msgspec
import polars as pl

from benchmarks.figures import TURNS, Figure, Other, percentile, seconds
from benchmarks.peer import Peer, running_peer_if_any
from benchmarks.raw_client import Caller
from benchmarks.serving import create_service, serving
from benchmarks.workload import KINDS, MONTH_START, SERVICE, a_month_of_usage
from catalog.billable_metrics import AggregationType
from ingest.flush import stream_of
from storage.lake import Lake
from storage.lake_tables import USAGE

ACCOUNT = "acme"
PLAN = "team"
SUBSCRIPTIONS_EACH = 30
SUBSCRIPTIONS_BEFORE = "2026-10-01"
CLOCK = "2026-11-30T12:00:00Z"
API = "/api/v1"
SHARD = 0
LIMIT = "polars reads its rows from the merged file (limit)"
PEER = "Lago's look-ups on PostgreSQL"
MILLISECOND = 1000


def current_usage_figures(
    folder: Path, rows_count: int, trials_count: int
) -> Iterator[Figure | str]:
    """Yield answers/s for new and repeated questions, then the freshness trial."""
    data_dir = folder / "usage_house"
    data_dir.mkdir()
    key = create_service(data_dir)
    usage = a_month_of_usage(rows_count)
    merged = _fill(data_dir, usage)
    cores = os.sched_getaffinity(0)
    arguments = ("--test-clock", CLOCK)
    with (
        running_peer_if_any(usage) as (peer, words),
        serving(data_dir, {}, *arguments, cores=cores) as server,
        closing(Caller(server.port, key)) as caller,
    ):
        yield from words
        yield f"serve with {rows_count:,} events in the lake: ready in {server.ready_seconds:.1f} s"
        names = usage["subscription_id"].unique().sort().head(TURNS * SUBSCRIPTIONS_EACH).to_list()
        _subscribe(caller, names)
        yield from _figures(caller, peer, merged, names)
        with closing(Caller(server.port, key)) as pusher:
            yield _freshness(pusher, caller, names[0], trials_count)


def _fill(data_dir: Path, usage: pl.DataFrame) -> list[str]:
    """Put the rows into the lake and return its files."""
    lake = Lake(data_dir / "lake")
    lake.append_once(stream_of(SHARD), 0, usage.height, {USAGE: usage})
    files = [path for path, _ in lake.files(USAGE)]
    lake.close()
    return files


def _subscribe(caller: Caller, names: Sequence[str]) -> None:
    """Create metrics, a plan that charges for each, and an account with all the subscriptions."""
    charges = []
    for kind in KINDS:
        field = {} if kind is AggregationType.COUNT else {"field_name": "value"}
        if kind is AggregationType.WEIGHTED_SUM:
            field["weighted_interval"] = "seconds"
        metric = {"name": str(kind), "code": str(kind), "aggregation_type": str(kind), **field}
        kept = _post(caller, "/billable_metrics", {"billable_metric": metric})
        charges.append(
            {
                "billable_metric_id": kept["billable_metric"]["lago_id"],
                "charge_model": "standard",
                "properties": {"amount": "0.01"},
            }
        )
    plan = {
        "name": PLAN, "code": PLAN, "interval": "monthly", "amount_cents": 0,
        "amount_currency": "CAD", "charges": charges,
    }  # fmt: skip
    _post(caller, "/plans", {"plan": plan})
    customer = {"external_id": ACCOUNT, "country": "CA", "state": "ON"}
    _post(caller, "/customers", {"customer": customer})
    for name in names:
        subscription = {
            "external_customer_id": ACCOUNT, "plan_code": PLAN, "external_id": name,
            "subscription_at": SUBSCRIPTIONS_BEFORE,
        }  # fmt: skip
        _post(caller, "/subscriptions", {"subscription": subscription})


def _figures(
    caller: Caller, peer: Peer | None, merged: list[str], names: Sequence[str]
) -> Iterator[Figure]:
    """Yield new questions, none of them asked before, and the same ones asked again."""
    new: list[float] = []
    again: list[float] = []
    others: dict[str, list[float]] = {}
    for turn in range(TURNS):
        own = names[turn * SUBSCRIPTIONS_EACH : (turn + 1) * SUBSCRIPTIONS_EACH]
        new += _times(own, partial(_usage, caller))
        again += _times(own, partial(_usage, caller))
        others.setdefault(LIMIT, []).extend(_times(own, partial(_read_alone, merged)))
        if peer:
            others.setdefault(PEER, []).extend(_times(own, partial(_look_up, peer)))
            assert _units(_usage(caller, own[0])) == _look_up(peer, own[0])
    for what, ours in (("new question", new), ("asked again", again)):
        yield Figure(
            f"current usage, {len(KINDS)} charges, {what}",
            "answers",
            1 / percentile(ours, 0.5),
            [Other(way, 1 / percentile(its, 0.5), _p50(its)) for way, its in others.items()],
            _p50(ours),
        )


def _freshness(pusher: Caller, caller: Caller, name: str, trials_count: int) -> Figure:
    """Push, then ask on another connection once it is acknowledged; no answer may miss it."""
    code = str(AggregationType.SUM)
    expected = _units(_usage(caller, name))[code]
    timestamp = int(MONTH_START.timestamp())
    pushes: list[float] = []
    asks: list[float] = []
    stale = 0
    for number in range(trials_count):
        event = {
            "transaction_id": f"fresh-{number}",
            "external_subscription_id": name,
            "code": code,
            "timestamp": timestamp,
            "properties": {"value": "0.001"},
        }
        body = msgspec.json.encode({"event": event})
        pushes.append(seconds(partial(pusher.ask, "POST", f"{API}/events", body)))
        started = time.perf_counter()
        units = _units(_usage(caller, name))[code]
        asks.append(time.perf_counter() - started)
        expected += Decimal("0.001")
        stale += units != expected
    assert stale == 0, f"{stale} of {trials_count} answers missed an acknowledged push"
    detail = f"push {_p50(pushes)}; ask {_p50(asks)}; {stale} of {trials_count:,} answers stale"
    rate = trials_count / (sum(pushes) + sum(asks))
    return Figure("current usage, push then ask", "trials", rate, (), detail)


def _post(caller: Caller, path: str, body: object) -> dict[str, dict[str, object]]:
    answer = caller.ask("POST", f"{API}{path}", msgspec.json.encode(body))
    return msgspec.json.decode(answer, type=dict[str, dict[str, object]])


def _usage(caller: Caller, name: str) -> bytes:
    path = f"{API}/customers/{ACCOUNT}/current_usage?external_subscription_id={name}"
    return caller.ask("GET", path)


def _units(answer: bytes) -> dict[str, Decimal]:
    charges = msgspec.json.decode(answer)["customer_usage"]["charges_usage"]
    return {each["billable_metric"]["code"]: Decimal(each["units"]) for each in charges}


def _look_up(peer: Peer, name: str) -> dict[str, Decimal]:
    found = (peer.one_by_one(kind, [name]) for kind in KINDS)
    units = chain.from_iterable(each.values() for each in found)
    return dict(zip(map(str, KINDS), units, strict=True))


def _read_alone(files: list[str], name: str) -> None:
    scan = pl.scan_parquet(files, glob=False, hive_partitioning=False)
    own = scan.filter(pl.col("service") == SERVICE, pl.col("subscription_id") == name)
    own.group_by("metric_code").agg(pl.col("value").sum(), pl.len()).collect()


def _times(names: Sequence[str], ask: Callable[[str], object]) -> list[float]:
    return [seconds(partial(ask, name)) for name in names]


def _p50(times: Sequence[float]) -> str:
    p50, p95 = (percentile(times, part) * MILLISECOND for part in (0.5, 0.95))
    return f"p50 {p50:.1f} ms, p95 {p95:.1f} ms"
