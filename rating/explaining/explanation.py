"""The explanation of a rated line: the usage counted for it, and every step to its cents.

Reads; computes nothing that is billed. Whether a line is right is for `verification` to say.
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext

import msgspec
import polars as pl
import sqlalchemy as sa

from catalog.errors import MethodNotAllowed
from catalog.money import MONEY_CONTEXT, ZERO, amount_of_cents
from catalog.services import Service
from ingest.corrections.superseding import revisions_of
from ingest.watermark import watermark_of_text
from rating.billed_closing import billed_closings
from rating.charge_window import ChargeWindow, closing_windows
from rating.explaining.counted_usage import POSITION, CountedUsage, counted_usage
from rating.price_book import PriceBook
from rating.price_book_store import read_account_price_book
from rating.rated_line import RatedLine
from rating.verifying.erasure_store import proved_windows
from storage.lake import Lake
from storage.lake_tables import RATED_LINE, REVISION, USAGE
from storage.state import State

NO_ROWS = pl.DataFrame()
_line = msgspec.json.Decoder(RatedLine)


@dataclass(frozen=True, slots=True)
class LineExplanation:
    """A rated line, its window, and the usage counted in it.

    A plan fee has no window. Usage that was erased has a window, and no `usage`.
    """

    line: RatedLine
    window: ChargeWindow | None = None
    usage: CountedUsage | None = None

    @property
    def is_erased(self) -> bool:
        """Say whether the usage is gone; the line still verifies from its proof."""
        return self.window is not None and self.usage is None

    @property
    def adds_up(self) -> bool:
        """Say whether the rows make the line's units, and the steps its cents.

        A line of late usage bills a difference: its rows make the units of the step "now".
        """
        line = self.line
        with localcontext(MONEY_CONTEXT):
            amount = sum((step.amount for step in line.steps), ZERO)
        if amount != amount_of_cents(line.amount_cents, line.currency):
            return False
        return self.usage is None or self.usage.line_units == self.units

    @property
    def units(self) -> Decimal:
        """Return the units that the rows must make."""
        is_late = self.line.corrects_line_id is not None and self.line.steps
        return self.line.steps[0].units if is_late else self.line.quantity


def explained_line(
    state: State, lake: Lake, service: Service, line_id: str
) -> LineExplanation | None:
    """Return the explanation of a line of a service, None when it has none of that id.

    MethodNotAllowed when its steps are not of the form we write: `fusion-billing verify` tells why.
    """
    is_it = (pl.col("service") == service.code) & (pl.col("id") == line_id)
    texts = lake.scan(RATED_LINE).filter(is_it).select("explanation").head(1).collect()
    if texts.is_empty():
        return None
    line = _read_line(texts.item())
    with state.read() as connection:
        book = read_account_price_book(connection, service, line.account_external_id)
        window = _window(connection, book, line)
        proved = proved_windows(connection, service.code)
    if window is None or window.usage.key in proved:
        return LineExplanation(line, window)
    seen = watermark_of_text(line.watermark).includes()
    group = [text for _, text in line.group]
    usage = counted_usage(lake.scan(USAGE), revisions_of(lake), window.usage, seen, group)
    return LineExplanation(line, window, usage)


def _read_line(text: str) -> RatedLine:
    try:
        return _line.decode(text)
    except msgspec.DecodeError as error:
        raise MethodNotAllowed("explanation_unreadable", {"explanation": [str(error)]}) from error


def page_of_rows(
    lake: Lake,
    service: Service,
    explained: LineExplanation,
    offset: int = 0,
    size: int | None = None,
) -> tuple[pl.DataFrame, int]:
    """Return some of the rows counted with their `properties` as sent, and how many there are."""
    if explained.usage is None:
        return NO_ROWS, 0
    counted = explained.usage.rows
    page = counted.slice(offset, size).drop("properties", strict=False)
    wanted = page.lazy().select(POSITION)
    sent = [
        lake.scan(table)
        .filter(pl.col("service") == service.code)
        .join(wanted, on=POSITION, how="semi")
        .select(*POSITION, "properties")
        for table in (USAGE, REVISION)
    ]
    found = pl.concat(sent).collect()
    return page.join(found, on=POSITION, how="left", maintain_order="left"), counted.height


def _window(connection: sa.Connection, book: PriceBook, line: RatedLine) -> ChargeWindow | None:
    """Return the window of the charge that a line prices, or of the line that it corrects."""
    if line.metric_version is None:
        return None
    own = {
        each.id
        for each in book.subscriptions
        if each.external_id == line.subscription_external_id and each.plan_id in book.plans
    }
    draft_id = line.corrects_draft_id or line.draft_id
    for billed in billed_closings(connection, book, own):
        if billed.draft_id == draft_id:
            return next((w for w in closing_windows(book, billed.closing) if _is_of(line, w)), None)
    return None


def _is_of(line: RatedLine, window: ChargeWindow) -> bool:
    bucket = window.bucket
    if line.charge_id is None:
        # Lines of release 0.1.0 name their charge by its code, which is unique in a plan.
        return bucket.charge.code == line.charge_code and bucket.filter is None
    return (line.charge_id, line.filter_id) == (
        bucket.charge.id,
        bucket.filter.id if bucket.filter else None,
    )
