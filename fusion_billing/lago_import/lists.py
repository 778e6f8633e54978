"""Whole lists of a Lago, page by page, each row once, however the list changes meanwhile."""

from collections.abc import Callable, Iterator
from itertools import pairwise

from catalog.exact_json import JsonObject, JsonValue
from fusion_billing.lago_import.source import LagoSource, Query, SourceError

ROWS_PER_PAGE = 100
PASSES_MAX = 3
PAGES_MAX = 1_000_000

Identity = Callable[[JsonObject], str]


class ListChangedError(SourceError):
    """Rows left a list again and again while it was read."""


def lago_id(row: JsonObject) -> str:
    """Return what a row is known by in Lago."""
    return str(row.get("lago_id"))


def pages(
    source: LagoSource,
    name: str,
    query: Query | None = None,
    identity: Identity = lago_id,
    per_page: int = ROWS_PER_PAGE,
) -> Iterator[list[JsonObject]]:
    """Yield the rows of a list, each once, as they come.

    New rows push others to later pages, so nothing is missed; where rows go, others move to a page
    that was read, so the list is read again: ListChangedError when it never holds still.
    """
    seen: set[str] = set()
    for _ in range(PASSES_MAX):
        found: set[str] = set()
        totals: list[int] = []
        for rows, total in _one_pass(source, name, query or {}, per_page):
            totals += [] if total is None else [total]
            fresh = [row for row in rows if identity(row) not in seen]
            found.update(map(identity, rows))
            seen.update(map(identity, fresh))
            if fresh:
                yield list({identity(row): row for row in fresh}.values())
        if _is_whole(len(found), totals):
            return
    raise ListChangedError(
        f"Lago's {name} went on changing while they were read: run the import again when fewer "
        "are deleted"
    )


def whole_list(source: LagoSource, name: str, query: Query | None = None) -> list[JsonObject]:
    """Return all rows of a list, each once."""
    return [row for page in pages(source, name, query) for row in page]


def count_of(source: LagoSource, name: str, query: Query | None = None) -> int | None:
    """Return how many rows a list has; None when Lago does not say."""
    answer = source.get([name], {**(query or {}), "per_page": 1})
    total = _meta(answer).get("total_count")
    if isinstance(total, int):
        return total
    rows = answer.get(name)
    return len(rows) if isinstance(rows, list) and "meta" not in answer else None


def _one_pass(
    source: LagoSource, name: str, query: Query, per_page: int
) -> Iterator[tuple[list[JsonObject], int | None]]:
    page = 1
    for _ in range(PAGES_MAX):
        answer = source.get([name], {**query, "page": page, "per_page": per_page})
        rows = answer.get(name)
        if not isinstance(rows, list):
            raise SourceError(f"{source.place} is no Lago: its answer to {name} has no {name}")
        meta = _meta(answer)
        total = meta.get("total_count")
        yield (
            [row for row in rows if isinstance(row, dict)],
            (total if isinstance(total, int) else None),
        )
        following = meta.get("next_page")
        if not isinstance(following, int) or following <= page:
            return
        page = following


def _is_whole(found_count: int, totals: list[int]) -> bool:
    """Say whether a pass saw every row that was there when it began."""
    has_shrunk = any(later < earlier for earlier, later in pairwise(totals))
    return not totals or (not has_shrunk and found_count >= totals[0])


def _meta(answer: JsonObject) -> dict[str, JsonValue]:
    meta = answer.get("meta")
    return meta if isinstance(meta, dict) else {}
