"""Parts, figures and closes for the tests of the close, made of small numbers."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
from hypothesis import strategies as st

from dashboards.close.books import Books
from dashboards.close.figures import figures_digest, figures_of_text, figures_text
from dashboards.close.month_close import CloseState, Kept, MonthClose, Pins, month_after
from dashboards.margin import margin_total
from dashboards.mart.cube import NO_PARTS

JUNE = date(2026, 6, 1)
AT = datetime(2027, 1, 5, tzinfo=UTC)
SERVICE = "nexadesk"
Part = tuple[str | None, str | None, int, Decimal]
World = Mapping[date, list[Part]]

some_parts = st.lists(
    st.tuples(
        st.sampled_from(["acme", "globex", None]),
        st.sampled_from(["tokens", None]),
        st.integers(-(10**9), 10**9),
        st.decimals(-(10**9), 10**9, places=12),
    ),
    max_size=4,
)


def months(count: int) -> list[date]:
    """Return so many months in a row from June on."""
    found = [JUNE]
    while len(found) < count:
        found.append(month_after(found[-1]))
    return found


def parts_of(world: World, service: str | None = SERVICE) -> pl.DataFrame:
    """Return the cube's parts of a world."""
    rows = [
        {
            "month": month, "service": service, "account_id": account, "metric_code": metric,
            "plan_code": None, "provider": "Example", "provider_service": None,
            "revenue_cents": cents, "cogs_cad": cost, "estimated_cogs_cad": Decimal(0),
            "quantity": cost, "quantity_included": Decimal(0), "lines_count": 1, "costs_count": 0,
        }
        for month, parts in world.items()
        for account, metric, cents, cost in parts
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=NO_PARTS.schema)


def a_close(
    month: date, state: CloseState = CloseState.CLOSED, figures: pl.DataFrame | None = None
) -> MonthClose:
    """Return a decision about a month, with what it keeps."""
    kept = None
    if state in {CloseState.SOFT, CloseState.CLOSED}:
        text = "" if figures is None else figures_text({}, figures)
        total = margin_total(parts_of({}) if figures is None else figures)
        pins = Pins("0:7", 3, AT, "sources")
        kept = Kept(pins, total.revenue_cents, total.cogs_cad, figures_digest(text))
    return MonthClose(SERVICE, month, 1, state, "Ann", None, False, AT, (), kept)  # noqa: FBT003 - a record


def closed(books: Books, parts: pl.DataFrame, month: date) -> Books:
    """Return the books after a month was closed, its figures read back from their text."""
    figures = books.to_keep(parts, month)
    text = figures_text({}, figures)
    read = figures_of_text(text, figures_digest(text))
    close = a_close(month, figures=figures)
    return Books(SERVICE, (*books.closes, close), {**books.figures, month: read})


def sums(figures: pl.DataFrame) -> tuple[object, ...]:
    """Return revenue, cost and quantity of all rows together."""
    names = ("revenue_cents", "cogs_cad", "quantity", "lines_count")
    return figures.select(pl.col(name).sum() for name in names).row(0)


def latest(closes: Iterable[MonthClose]) -> dict[date, MonthClose]:
    """Return how the months of some closes stand."""
    return {close.month: close for close in closes}
