"""Which subscriptions' usage has changed, and when: what an answer may be remembered for. Pure."""

import threading
from collections.abc import Collection, Iterable

import polars as pl

SUBSCRIPTIONS_MAX = 200_000


class TouchedSubscriptions:
    """Remembers the last inbox position that brought usage of each subscription.

    Beyond SUBSCRIPTIONS_MAX it forgets all and calls every subscription touched at that time.
    """

    def __init__(self, floor: int) -> None:
        """Call every subscription touched at the position `floor`."""
        self._floor = floor
        self._positions: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def note(self, frames: Iterable[pl.DataFrame], upto: int) -> None:
        """Remember the subscriptions of the rows of a flush that ended at `upto`."""
        keys: set[tuple[str, str]] = set()
        for frame in frames:
            keys.update(frame.select("service", "subscription_id").unique().iter_rows())
        with self._lock:
            if len(self._positions) + len(keys) > SUBSCRIPTIONS_MAX:
                self._positions.clear()
                self._floor = upto
            self._positions.update(dict.fromkeys(keys, upto))

    def note_all(self, upto: int) -> None:
        """Call every subscription touched at `upto`: nobody knows which were."""
        with self._lock:
            self._positions.clear()
            self._floor = upto

    def of(self, keys: Collection[tuple[str, str]], after: int) -> set[tuple[str, str]] | None:
        """Return which of some (service, subscription) were touched after a position.

        None for a position from before what is remembered.
        """
        with self._lock:
            if after < self._floor:
                return None
            return {key for key in keys if self._positions.get(key, self._floor) > after}

    def position(self, service_code: str, subscription: str, mark: int) -> int | None:
        """Return the last position that touched a subscription; None when it is beyond `mark`."""
        with self._lock:
            position = self._positions.get((service_code, subscription), self._floor)
        return position if position <= mark else None
