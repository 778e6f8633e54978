"""What every source of costs is: windows to read, pages of one, and charges of a page."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from dashboards.costs.charges import Charges

Fetch = Callable[[str, Mapping[str, str]], bytes]
"""Asks a provider: a path and its query in, the body of the answer out."""


@dataclass(frozen=True, slots=True)
class Window:
    """Days [start, end) that are read at once."""

    start: date
    end: date


class CostSource(Protocol):
    """One way costs come in; `fetch` is the only part that may ask a network."""

    @property
    def name(self) -> str:
        """Return what the lake calls the source."""

    def discover(self, since: date, until: date) -> Iterator[Window]:
        """Give the windows that cover the days [since, until)."""

    def fetch(self, window: Window) -> Iterator[bytes]:
        """Give every page of a window."""

    def normalise(self, page: bytes) -> Charges:
        """Return a page's charges, or what is wrong with them."""


def windows_of_days(since: date, until: date, days_max: int) -> Iterator[Window]:
    """Give windows of so many days at most."""
    while since < until:
        end = min(until, since + timedelta(days=days_max))
        yield Window(since, end)
        since = end
