"""What every source of costs is: windows to read, pages of one, and charges of its pages."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from dashboards.costs.charges import Charges

Query = tuple[tuple[str, str], ...]
"""The parameters of an address; a name may stand in it several times."""
Fetch = Callable[[str, Query], bytes]
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

    def normalise(self, content: bytes) -> Charges:
        """Return the charges of recorded pages, or what is wrong with them."""


def windows_of_days(since: date, until: date, days_max: int) -> Iterator[Window]:
    """Give windows of so many days at most."""
    while since < until:
        end = min(until, since + timedelta(days=days_max))
        yield Window(since, end)
        since = end


def recorded(pages: Sequence[bytes]) -> bytes:
    """Return pages of JSON as one document, each as it came: what a file of them would hold."""
    return b"[" + b",\n".join(pages) + b"]"
