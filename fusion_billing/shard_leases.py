"""Which shards a flush worker holds: its fair share, as leases that it must keep alive."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from storage import leases
from storage.leases import Lease
from storage.state import State

SEAT = "flusher:"
SHARD = "flush:"
RENEWALS_PER_LEASE = 3


@dataclass(slots=True)
class ShardLeases:
    """One worker's seat among the workers, and its shards; safe to use from any thread.

    Seats tell how many workers live, so that each takes its share and leaves the others theirs.
    """

    state: State
    clock: Callable[[], datetime]
    ticks: Callable[[], float]  # float: seconds of a stopwatch
    holder: str
    shard_count: int
    seconds: int
    _seat: Lease | None = None
    _held: dict[int, Lease] = field(default_factory=dict)
    _renewed_at: float = 0.0  # float: seconds of a stopwatch
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def held(self) -> list[int]:
        """Return the shards held, as of the last renewal."""
        return sorted(self._held)

    def renew(self) -> None:
        """Lengthen every lease when it is time; one that ran out is taken again or given up."""
        with self._guard:
            if self.ticks() - self._renewed_at < self.seconds / RENEWALS_PER_LEASE:
                return
            with self.state.write() as connection:
                seat = self._kept(connection, self._seat) if self._seat else None
                # In one order everywhere, so that workers never wait for each other in a ring.
                kept = {shard: self._kept(connection, self._held[shard]) for shard in self.held}
            self._seat = seat
            self._held = {shard: each for shard, each in kept.items() if each is not None}
            self._renewed_at = self.ticks()

    def take(self) -> None:
        """Take a seat, and free shards up to the fair share."""
        with self._guard, self.state.write() as connection:
            seat = self._seat or self._free_seat(connection)
            missing = self._share(connection, seat) - len(self._held)
            busy = leases.live(connection, SHARD, self.clock()) if missing > 0 else frozenset()
            taken: dict[int, Lease] = {}
            for shard in range(self.shard_count):
                if len(taken) >= missing:
                    break
                if f"{SHARD}{shard}" not in busy and shard not in self._held:
                    found = self._acquired(connection, f"{SHARD}{shard}")
                    taken |= {shard: found} if found else {}
        with self._guard:
            self._seat = seat
            self._held |= taken

    def surplus(self) -> list[int]:
        """Return the shards held beyond the fair share, which others wait for."""
        with self._guard, self.state.read() as connection:
            share = self._share(connection, self._seat) if self._held else 0
        return self.held[share:]

    def release(self, shard: int) -> None:
        """Give up one shard, so that the next worker need not wait."""
        with self._guard, self.state.write() as connection:
            if (lease := self._held.pop(shard, None)) is not None:
                leases.release(connection, lease)

    def release_all(self) -> None:
        """Give up everything, the seat too."""
        with self._guard:
            given_up = [*self._held.values(), *([self._seat] if self._seat else [])]
            self._held, self._seat = {}, None
            with self.state.write() as connection:
                for lease in given_up:
                    leases.release(connection, lease)

    def _share(self, connection: sa.Connection, seat: Lease | None) -> int:
        """Return how many shards this worker should hold; all workers' shares make up all."""
        taken = leases.live(connection, SEAT, self.clock())
        if seat is None or seat.name not in taken:
            return 0
        whole, rest = divmod(self.shard_count, len(taken))
        rank = sorted(map(_number, taken)).index(_number(seat.name))
        return whole + (rank < rest)

    def _free_seat(self, connection: sa.Connection) -> Lease | None:
        busy = leases.live(connection, SEAT, self.clock())
        for number in range(self.shard_count):
            name = f"{SEAT}{number}"
            if name not in busy and (seat := self._acquired(connection, name)) is not None:
                return seat
        return None

    def _kept(self, connection: sa.Connection, lease: Lease) -> Lease | None:
        renewed = leases.renew(connection, lease, self.clock(), self.seconds)
        return renewed or self._acquired(connection, lease.name)

    def _acquired(self, connection: sa.Connection, name: str) -> Lease | None:
        return leases.acquire(connection, name, self.holder, self.clock(), self.seconds)


def _number(seat: str) -> int:
    return int(seat.removeprefix(SEAT))
