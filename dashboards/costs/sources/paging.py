"""Pages that follow one another by `has_more` and `next_page`."""

from collections.abc import Iterator, Mapping

from catalog.exact_json import exact_value
from dashboards.costs.sources.json_charges import DEPTH_MAX
from dashboards.costs.sources.source import Fetch

PAGES_MAX = 10_000


def following_pages(ask: Fetch, path: str, query: Mapping[str, str]) -> Iterator[bytes]:
    """Give a page and all that follow; ValueError when a provider's pages don't end."""
    page: str | None = None
    for _ in range(PAGES_MAX):
        body = ask(path, {**query, **({} if page is None else {"page": page})})
        yield body
        told = exact_value(body, DEPTH_MAX)
        following = told.get("next_page") if isinstance(told, dict) else None
        has_more = isinstance(told, dict) and told.get("has_more") is True
        if not has_more or not isinstance(following, str) or following == page:
            return
        page = following
    raise ValueError(f"{path} gave more than {PAGES_MAX} pages: ask for fewer days")
