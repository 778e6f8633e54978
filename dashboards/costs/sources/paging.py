"""Pages that follow one another by a name of the next one, or by its address."""

from collections.abc import Callable, Iterator

from catalog.exact_json import JsonObject, exact_value
from dashboards.costs.sources.json_charges import DEPTH_MAX
from dashboards.costs.sources.source import Fetch, Query

PAGES_MAX = 10_000
After = Callable[[JsonObject], tuple[str, Query] | None]


def following_pages(ask: Fetch, path: str, query: Query) -> Iterator[bytes]:
    """Give a page and all that follow by `next_page`; ValueError when a provider's don't end."""

    def after(page: JsonObject) -> tuple[str, Query] | None:
        following = page.get("next_page")
        if page.get("has_more") is not True or not isinstance(following, str):
            return None
        return path, (*query, ("page", following))

    return _pages(ask, path, query, after)


def linked_pages(ask: Fetch, path: str, query: Query) -> Iterator[bytes]:
    """Give a page and all that follow by `next_page_uri`, a path with its query on this server.

    ValueError for a page that is elsewhere: the key would go there.
    """

    def after(page: JsonObject) -> tuple[str, Query] | None:
        following = page.get("next_page_uri")
        if not isinstance(following, str) or not following:
            return None
        if not following.startswith("/"):
            raise ValueError(f"the page after {path} is on another server: it is not asked for")
        return following, ()

    return _pages(ask, path, query, after)


def _pages(ask: Fetch, path: str, query: Query, after: After) -> Iterator[bytes]:
    asked: tuple[str, Query] = (path, query)
    for _ in range(PAGES_MAX):
        body = ask(*asked)
        yield body
        told = exact_value(body, DEPTH_MAX)
        following = after(told) if isinstance(told, dict) else None
        if following is None or following == asked:
            return
        asked = following
    raise ValueError(f"{path} gave more than {PAGES_MAX} pages: ask for fewer days")
