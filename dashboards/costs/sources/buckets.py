"""Costs that a provider tells in buckets of a day: pages of buckets, buckets of results."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from catalog.exact_json import JsonObject, JsonValue
from dashboards.costs.charges import Charges
from dashboards.costs.sources.json_charges import (
    Reader,
    Row,
    charges_of,
    documents,
    members,
    refused,
)
from dashboards.costs.sources.paging import following_pages
from dashboards.costs.sources.source import Fetch, Query, Window, windows_of_days

Ask = Callable[[Window], Query]
Charge = Callable[[Reader], Row]


@dataclass(frozen=True, slots=True)
class Buckets:
    """How one provider's reports are asked for and read.

    `reports` are addresses and their questions; `times` what a bucket's start and end are called.
    """

    name: str
    reports: tuple[tuple[str, Ask], ...]
    days_max: int
    times: tuple[str, str]
    charge: Charge

    def charges(self, content: bytes) -> Charges:
        """Return the charges of recorded pages, each result with the times of its bucket."""
        try:
            items = [item for page in documents(content) for item in _results(page, self.times)]
        except ValueError as error:
            return refused(str(error))
        return charges_of(items, self.charge)


@dataclass(frozen=True, slots=True)
class BucketedCosts:
    """A source of buckets over a network, as `ask` reaches it."""

    ask: Fetch
    buckets: Buckets

    @property
    def name(self) -> str:
        """Return what the lake calls the source."""
        return self.buckets.name

    def discover(self, since: date, until: date) -> Iterator[Window]:
        """Give windows of as many days as one page may hold."""
        return windows_of_days(since, until, self.buckets.days_max)

    def fetch(self, window: Window) -> Iterator[bytes]:
        """Give every page of every report of a window."""
        for path, question in self.buckets.reports:
            yield from following_pages(self.ask, path, question(window))

    def normalise(self, content: bytes) -> Charges:
        """Return the charges of recorded pages."""
        return self.buckets.charges(content)


def repeated(name: str, values: Sequence[str]) -> Query:
    """Return a list as a query writes it: its name once for each value."""
    return tuple((name, value) for value in values)


def _results(page: JsonValue, names: tuple[str, str]) -> Iterator[JsonValue]:
    for bucket in members(page, "data"):
        for result in members(bucket, "results"):
            if isinstance(bucket, dict) and isinstance(result, dict):
                times: JsonObject = {name: bucket.get(name) for name in names}
                yield {**times, **result}
            else:
                yield result
