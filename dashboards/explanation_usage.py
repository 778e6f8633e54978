"""The usage counted for a rated line, page by page, and the signed file of all of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.errors import MethodNotAllowed
from catalog.services import Service
from catalog.store.services import find_service
from dashboards.rated_lines import ROWS_PER_PAGE, Row
from rating.explaining.explanation import LineExplanation, explained_line, page_of_rows
from rating.explaining.signed_csv import signed_csv
from storage.lake import Lake
from storage.state import State


@dataclass(frozen=True, slots=True)
class UsagePage:
    """One page of the rows counted for a line, and what they make together."""

    explained: LineExplanation
    rows: Sequence[Mapping[str, Any]]
    page: int
    count: int

    @property
    def pages_count(self) -> int:
        """Return the number of pages, at least one."""
        return max(1, -(-self.count // ROWS_PER_PAGE))


def usage_page(state: State, lake: Lake, line: Row, page: int) -> UsagePage | None:
    """Return one page of a line's usage; None for a line that no usage made, or of unknown form."""
    service, explained = _explained(state, lake, line)
    if service is None or explained is None or explained.window is None:
        return None
    rows, count = page_of_rows(lake, service, explained, (page - 1) * ROWS_PER_PAGE, ROWS_PER_PAGE)
    return UsagePage(explained, rows.to_dicts(), page, count)


def signed_line_csv(state: State, lake: Lake, line: Row, secret: bytes) -> Iterator[bytes] | None:
    """Return the parts of a line's signed file, None where its form is unknown."""
    service, explained = _explained(state, lake, line)
    if service is None or explained is None:
        return None
    rows, _ = page_of_rows(lake, service, explained)
    return signed_csv(explained, rows, secret)


def _explained(
    state: State, lake: Lake, line: Row
) -> tuple[Service | None, LineExplanation | None]:
    with state.read() as connection:
        service = find_service(connection, line["service"])
    if service is None:
        return None, None
    try:
        return service, explained_line(state, lake, service, line["id"])
    except MethodNotAllowed:
        # A form of another version: the page shows the steps as far as it knows them.
        return service, None
