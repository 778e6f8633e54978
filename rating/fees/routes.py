"""Fees over HTTP, in Lago's shape; they are computed, so that nobody writes them."""

from fastapi import APIRouter, Request

from catalog.http import CallerService, Json, Now, PageOf
from rating.answers.routes import SourcesOf
from rating.fees.fees import fee_of_id, fees_page
from rating.lago_shapes.fees import read_fee_filter, to_lago_fee

router = APIRouter(prefix="/fees", tags=["fees"])


@router.get("")
def list_fees(
    request: Request, service: CallerService, sources: SourcesOf, page: PageOf, at: Now
) -> Json:
    """List fees, oldest first: billed lines, and each event of what is paid in advance."""
    narrowed = read_fee_filter(request.query_params)
    fees, total = fees_page(sources, service, narrowed, limit=page.size, offset=page.offset, at=at)
    return Json({"fees": [to_lago_fee(fee) for fee in fees], "meta": page.meta(total)})


@router.get("/{lago_id}")
def show_fee(lago_id: str, service: CallerService, sources: SourcesOf, at: Now) -> Json:
    """Show one fee."""
    return Json({"fee": to_lago_fee(fee_of_id(sources, service, lago_id, at=at))})
