"""Which page of a long table is shown, and the addresses beside it."""

from dashboards.reports.asked import ROWS_PER_PAGE, Asked
from dashboards.reports.report import Pager


def pager_of(asked: Asked, path: str, count: int) -> Pager | None:
    """Return where the page asked for stands among all rows; None where one page is all."""
    page, pages_count = asked.filters.page, max(1, -(-count // ROWS_PER_PAGE))
    if pages_count == 1 or asked.has_all_rows:
        return None
    return Pager(
        page,
        pages_count,
        asked.here(path, page=page - 1) if page > 1 else "",
        asked.here(path, page=page + 1) if page < pages_count else "",
    )
