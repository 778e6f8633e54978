"""Usage and its price over HTTP, in Lago's shape."""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Query, Request

from aggregation.quantity_memory import QuantityMemory
from catalog.http import CallerService, Json, Now, PageOf, at_once, state_of
from ingest.flush import Flushing
from rating.answers.current_usage import UsageSources, current_usage
from rating.answers.lifetime_usage import lifetime_usage
from rating.answers.narrowing import Narrowing
from rating.answers.past_usage import past_usage
from rating.answers.projected_usage import Projection
from rating.lago_shapes.lifetime_usage import to_lago_lifetime_usage
from rating.lago_shapes.projected_usage import to_lago_projected_usage
from rating.lago_shapes.usage import to_lago_past_usage, to_lago_usage
from rating.lago_shapes.usage_query import read_narrowing, read_periods_count
from storage.lake import Lake

router = APIRouter(tags=["usage"])


def sources_of(request: Request) -> UsageSources:
    """Return where the running app's answers about usage come from."""
    held = request.app.state
    return UsageSources(
        state_of(request),
        cast(Lake, held.lake),
        cast(Flushing, held.flusher),
        cast(QuantityMemory, held.quantity_memory),
    )


def narrowing_of(request: Request) -> Narrowing:
    """Return what of the usage is asked for."""
    return read_narrowing(request.query_params.multi_items())


SourcesOf = Annotated[UsageSources, Depends(at_once(sources_of))]
NarrowingOf = Annotated[Narrowing, Depends(at_once(narrowing_of))]
SubscriptionAsked = Annotated[str | None, Query()]


@router.get("/customers/{external_customer_id}/current_usage")
def show_current_usage(
    external_customer_id: str,
    service: CallerService,
    sources: SourcesOf,
    at: Now,
    narrowing: NarrowingOf,
    external_subscription_id: SubscriptionAsked = None,
) -> Json:
    """Show the open period of a subscription, charge by charge."""
    usage = current_usage(
        sources,
        service,
        external_customer_id,
        external_subscription_id,
        at=at,
        narrowing=narrowing,
    )
    return Json({"customer_usage": to_lago_usage(usage)})


@router.get("/customers/{external_customer_id}/projected_usage")
def show_projected_usage(
    external_customer_id: str,
    service: CallerService,
    sources: SourcesOf,
    at: Now,
    narrowing: NarrowingOf,
    external_subscription_id: SubscriptionAsked = None,
) -> Json:
    """Show the open period of a subscription, and what it may come to."""
    usage = current_usage(
        sources,
        service,
        external_customer_id,
        external_subscription_id,
        at=at,
        narrowing=Narrowing(is_taxed=narrowing.is_taxed),
    )
    return Json({"customer_projected_usage": to_lago_projected_usage(Projection(usage, at))})


@router.get("/customers/{external_customer_id}/past_usage")
def list_past_usage(
    external_customer_id: str,
    service: CallerService,
    sources: SourcesOf,
    page: PageOf,
    external_subscription_id: SubscriptionAsked = None,
    billable_metric_code: Annotated[str | None, Query()] = None,
    periods_count: Annotated[str | None, Query()] = None,
) -> Json:
    """List the billed periods of a subscription, newest first."""
    found = past_usage(
        sources.state,
        sources.lake,
        service,
        external_customer_id,
        external_subscription_id,
        metric_code=billable_metric_code,
    )[: read_periods_count(periods_count)]
    shown = [to_lago_past_usage(each) for each in found[page.offset : page.offset + page.size]]
    return Json({"usage_periods": shown, "meta": page.meta(len(found))})


@router.get("/subscriptions/{external_id}/lifetime_usage")
def show_lifetime_usage(
    external_id: str, service: CallerService, sources: SourcesOf, at: Now
) -> Json:
    """Show what a subscription's usage has come to since it began."""
    found = lifetime_usage(sources, service, external_id, at=at)
    return Json({"lifetime_usage": to_lago_lifetime_usage(found)})
