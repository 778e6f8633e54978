"""Flush workers of the scaled form: each shard is moved into the lake by whoever holds its lease.

Leases only spread the work. What keeps usage exact is the shard's mark in the lake: a worker
whose index was loaded at another mark decides nothing, and an append from another mark fails.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from fusion_billing.shard_leases import ShardLeases
from ingest.flush import Flusher, stream_of
from ingest.intake_counts import IntakeCounts
from ingest.keys.erased_keys import ErasedKeys, ErasureGate
from ingest.keys.index_gate import IndexGate
from ingest.keys.key_index import KeyIndex
from ingest.keys.known_keys import load_lake_keys
from ingest.usage_frame import MetricsInForce
from storage.inbox import Inbox
from storage.lake import Lake
from storage.lake_errors import StaleMarkError
from storage.state import State

SEED_BITS = 64
# A worker that fails for two leases gives its shards to others, and tries again a lease later.
FAILING_LEASES_MAX = 2
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class ShardWorkers:
    """The shards this process flushes; `holder` differs between processes and restarts."""

    state: State
    inbox: Inbox
    lake: Lake
    metrics: Callable[[], MetricsInForce]
    clock: Callable[[], datetime]
    index_since: datetime
    holder: str
    lease_seconds: int
    counts: IntakeCounts
    pepper: bytes
    ticks: Callable[[], float] = time.monotonic  # float: seconds of a stopwatch
    _leases: ShardLeases = field(init=False)
    _flushers: dict[int, Flusher] = field(default_factory=dict)
    _failing_since: float | None = None  # float: seconds of a stopwatch
    _resting_until: float | None = None  # float: seconds of a stopwatch

    def __post_init__(self) -> None:
        """Hold nothing yet."""
        self._leases = ShardLeases(
            self.state,
            self.clock,
            self.ticks,
            self.holder,
            self.inbox.shard_count,
            self.lease_seconds,
        )

    @property
    def held(self) -> list[int]:
        """Return the shards this process holds now."""
        return self._leases.held

    def flush(self) -> None:
        """Take this worker's share of the shards and flush each. Call it again and again.

        A shard that fails stops no other; the first failure is raised at the end.
        """
        if self._resting_until is not None and self.ticks() < self._resting_until:
            return
        failures: list[Exception] = []
        try:
            self._balance()
        except Exception as error:  # noqa: BLE001 - what is held is flushed all the same
            failures.append(error)
        failures += [found for shard in self.held if (found := self._failure(shard)) is not None]
        if not failures:
            self._failing_since = self._resting_until = None
            return
        self._tell(failures)
        raise failures[0]

    def hurry(self, shards: Sequence[int]) -> None:
        """Flush those of the shards that are held here, for somebody who waits for them."""
        for shard in shards:
            flusher = self._flushers.get(shard)
            if flusher is not None:
                try:
                    flusher.flush()
                except Exception as error:  # noqa: BLE001 - the next tick meets and tells it, too
                    _log.warning("hurry_failed", shard=shard, error=type(error).__name__)

    def close(self) -> None:
        """Flush once more and give the shards up, so that the next worker need not wait."""
        for shard in self.held:
            if shard in self._flushers:
                self._failure(shard)
        self._step_back()

    def _balance(self) -> None:
        """Renew, give away what is beyond the share, take what is missing."""
        self._leases.renew()
        for shard in self._leases.surplus():
            self._failure(shard)
            self._flushers.pop(shard, None)
            self._leases.release(shard)
            _log.info("shard_given_away", shard=shard)
        self._leases.take()
        for shard in [shard for shard in self._flushers if shard not in self.held]:
            del self._flushers[shard]
            _log.warning("shard_lost", shard=shard)

    def _failure(self, shard: int) -> Exception | None:
        """Flush a shard; return what went wrong."""
        try:
            self._leases.renew()
            if shard not in self._flushers:
                self._flushers[shard] = self._opened(shard)
                _log.info("shard_taken", shard=shard)
            self._flushers[shard].flush()
        except StaleMarkError:
            # Somebody else moved the mark: what this index knows is not all there is.
            self._flushers.pop(shard, None)
            _log.warning("shard_index_stale", shard=shard)
        except Exception as error:  # noqa: BLE001 - one shard's failure must stop no other
            _log.exception("shard_failed", shard=shard)
            return error
        return None

    def _opened(self, shard: int) -> Flusher:
        index = KeyIndex(secrets.randbits(SEED_BITS))
        mark = self.lake.mark(stream_of(shard))
        load_lake_keys(
            index,
            self.lake,
            shard=shard,
            since=self.index_since,
            each_step=self._leases.renew,
        )
        known = IndexGate(index, self.lake, self.index_since, mark)
        gate = ErasureGate(known, ErasedKeys(self.lake, self.pepper))
        return Flusher(self.inbox, self.lake, self._metrics_now, shard, gate, self.counts)

    def _metrics_now(self) -> MetricsInForce:
        """Read the metrics, once for each stretch of a flush, and keep the leases meanwhile."""
        self._leases.renew()
        return self.metrics()

    def _tell(self, failures: Sequence[Exception]) -> None:
        """Step back when it has failed for too long: another host may reach what this one can't."""
        _log.warning("flush_failing", failures_count=len(failures))
        now = self.ticks()
        self._failing_since = now if self._failing_since is None else self._failing_since
        if now - self._failing_since >= FAILING_LEASES_MAX * self.lease_seconds:
            self._resting_until = now + self.lease_seconds
            self._step_back()

    def _step_back(self) -> None:
        self._flushers.clear()
        self._failing_since = None
        try:
            self._leases.release_all()
        except Exception:  # noqa: BLE001 - the leases run out by themselves
            _log.exception("leases_not_released")
