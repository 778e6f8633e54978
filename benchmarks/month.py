"""A month of usage becomes quantities: ours beside a peer's approach and beside a bare sum."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path

import polars as pl

from aggregation.aggregator import quantities
from benchmarks.figures import Figure, compared
from benchmarks.peer import Peer, running_peer
from benchmarks.workload import KINDS, a_month_of_usage, month_windows
from catalog.billable_metrics import AggregationType
from ingest.watermark import Watermark
from storage.lake import Lake
from storage.lake_tables import USAGE
from tests.real_parts import PartMissingError

STREAM = "usage_0"
PEER = "Lago's queries on PostgreSQL"


def month_figures(folder: Path, rows_count: int) -> Iterator[Figure | str]:
    """Yield windows/s for all subscriptions of a service, and for one; then what a row weighs."""
    usage = a_month_of_usage(rows_count)
    lake = Lake(folder / "month_lake")
    upto = int(str(usage["inbox_id"].max()))
    lake.append_once(STREAM, 0, upto, {USAGE: usage})
    month = Month(lake, Watermark(((0, upto),)), sorted(set(usage["subscription_id"])))
    yield from month.figures_of_limit()
    try:
        with running_peer(usage) as peer:
            yield from month.figures_of_peer(peer)
    except PartMissingError as missing:
        yield f"the peer is left out: {missing.reason}; to install it: {missing.command}"
    files = lake.files(USAGE)
    size = sum(size for _, size in files) / usage.height
    yield f"a row of usage takes {size:.0f} bytes in the lake ({len(files)} file)"
    lake.close()


class Month:
    """A lake with one month of usage, and the questions asked of it."""

    def __init__(self, lake: Lake, watermark: Watermark, subscriptions: list[str]) -> None:
        """Remember the open lake and who used it."""
        self._lake = lake
        self._watermark = watermark
        self._subscriptions = subscriptions

    def figures_of_limit(self) -> Iterator[Figure]:
        """Compare the sum of all subscriptions with a bare sum of the value column."""
        yield from compared(
            "month, sum_agg, all subscriptions",
            "windows",
            len(self._subscriptions),
            partial(self._units, AggregationType.SUM, self._subscriptions),
            {"scan and sum of the column (limit)": self._bare_sum},
        )

    def figures_of_peer(self, peer: Peer) -> Iterator[Figure]:
        """Compare every aggregation with the peer's, once the answers are equal."""
        everyone, one = self._subscriptions, self._subscriptions[:1]
        for kind in KINDS:
            ours = self._units(kind, everyone)
            assert ours == peer.one_by_one(kind, everyone) == peer.at_once(kind), kind
            ways: dict[str, Callable[[], object]] = {
                PEER: partial(peer.one_by_one, kind, everyone),
                "its best case, one grouped query": partial(peer.at_once, kind),
            }
            what = f"month, {kind}, all subscriptions"
            ask = partial(self._units, kind, everyone)
            yield from compared(what, "windows", len(everyone), ask, ways)
        for kind in KINDS:
            alone: dict[str, Callable[[], object]] = {PEER: partial(peer.one_by_one, kind, one)}
            what = f"month, {kind}, one subscription"
            yield from compared(what, "windows", 1, partial(self._units, kind, one), alone)

    def _bare_sum(self) -> None:
        self._lake.scan(USAGE).select(pl.col("value").sum()).collect()

    def _units(self, kind: AggregationType, subscriptions: list[str]) -> dict[str, Decimal]:
        windows = month_windows(kind, subscriptions)
        answers = quantities(self._lake.scan(USAGE), windows, self._watermark.includes())
        return {name: answer.units for name, answer in answers.items()}
