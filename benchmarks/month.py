"""A month of usage becomes quantities: ours beside a peer's approach and beside a bare sum."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path

import polars as pl

from aggregation.aggregator import quantities
from aggregation.quantity import Quantity
from benchmarks.clickhouse import ClickHouse, running_clickhouse
from benchmarks.figures import Figure, compared
from benchmarks.memory import peak_words
from benchmarks.peer import Peer, running_peer_if_any
from benchmarks.workload import KINDS, a_month_of_usage, month_windows
from catalog.billable_metrics import AggregationType
from ingest.watermark import Watermark
from storage.lake import Lake
from storage.lake_tables import REVISION, USAGE

STREAM = "usage_0"
PEER = "Lago's queries on PostgreSQL"
CLICKHOUSE = "ClickHouse in a process (chDB)"


def month_figures(
    folder: Path, rows_count: int, chdb_python: Path | None = None
) -> Iterator[Figure | str]:
    """Yield windows/s for all subscriptions of a service, and for one; then what a row weighs.

    With a Python that has chDB, ClickHouse counts beside us.
    """
    usage = a_month_of_usage(rows_count)
    place = folder / "month_lake"
    lake = Lake(place)
    upto = int(str(usage["inbox_id"].max()))
    lake.append_once(STREAM, 0, upto, {USAGE: usage})
    month = Month(lake, Watermark(((0, upto),)), sorted(set(usage["subscription_id"])))
    files = lake.files(USAGE)
    named = [path for path, _ in files]
    with (
        running_peer_if_any(usage) as (peer, words),
        running_clickhouse(chdb_python, folder / "clickhouse", named) as clickhouse,
    ):
        yield from words
        yield from month.figures(peer, clickhouse)
    size = sum(size for _, size in files) / usage.height
    yield f"a row of usage takes {size:.0f} bytes in the lake ({len(files)} file)"
    lake.close()
    for kind in KINDS:
        counting = partial(_count, place, upto, kind, month.subscriptions)
        yield peak_words(f"month, {kind}, all subscriptions", counting)


def _count(place: Path, upto: int, kind: AggregationType, subscriptions: list[str]) -> None:
    lake = Lake(place)
    Month(lake, Watermark(((0, upto),)), subscriptions).units(kind, subscriptions)
    lake.close()


class Month:
    """A lake with one month of usage, and the questions asked of it."""

    def __init__(self, lake: Lake, watermark: Watermark, subscriptions: list[str]) -> None:
        """Remember the open lake and who used it."""
        self._lake = lake
        self._watermark = watermark
        self.subscriptions = subscriptions

    def figures(self, peer: Peer | None, clickhouse: ClickHouse | None) -> Iterator[Figure]:
        """Compare every aggregation with the others', once the answers are equal."""
        everyone = self.subscriptions
        for who, asked in (("all subscriptions", everyone), ("one subscription", everyone[:1])):
            for kind in KINDS:
                limits = self._limits(kind) if asked is everyone else {}
                peers = self._peers(kind, asked, peer) if peer else {}
                if clickhouse and asked is everyone:
                    peers |= self._clickhouse(kind, clickhouse)
                ask = partial(self.units, kind, asked)
                what = f"month, {kind}, {who}"
                yield compared(what, "windows", len(asked), ask, limits, peers)

    def units(self, kind: AggregationType, subscriptions: list[str]) -> dict[str, Decimal]:
        """Return how much of a metric each subscription used in the month."""
        return {name: answer.units for name, answer in self._counted(kind, subscriptions).items()}

    def _counted(self, kind: AggregationType, subscriptions: list[str]) -> dict[str, Quantity]:
        windows = month_windows(kind, subscriptions)
        usage, revision = self._lake.scan(USAGE), self._lake.scan(REVISION)
        return quantities(usage, windows, self._watermark.includes(), revision)

    def _limits(self, kind: AggregationType) -> dict[str, Callable[[], object]]:
        if kind is not AggregationType.SUM:
            return {}
        return {"polars scan and sum of the column (limit)": self._bare_sum}

    def _peers(
        self, kind: AggregationType, asked: list[str], peer: Peer
    ) -> dict[str, Callable[[], object]]:
        ways: dict[str, Callable[[], object]] = {PEER: partial(peer.one_by_one, kind, asked)}
        assert self.units(kind, asked) == peer.one_by_one(kind, asked), kind
        if asked is self.subscriptions:
            assert peer.at_once(kind) == peer.one_by_one(kind, asked), kind
            ways["its best case, one grouped query"] = partial(peer.at_once, kind)
        return ways

    def _clickhouse(
        self, kind: AggregationType, clickhouse: ClickHouse
    ) -> dict[str, Callable[[], object]]:
        ours = self._counted(kind, self.subscriptions)
        told = {name: (each.units, each.inputs_digest) for name, each in ours.items()}
        assert told == clickhouse.units(kind), kind
        return {
            CLICKHOUSE: partial(clickhouse.ask, kind, is_proven=True),
            f"{CLICKHOUSE}, no digests of rows": partial(clickhouse.ask, kind, is_proven=False),
        }

    def _bare_sum(self) -> None:
        self._lake.scan(USAGE).select(pl.col("value").sum()).collect()
