"""OpenAI's organization costs and usage: pages of daily buckets (`/v1/organization/costs`).

Costs are the truth of a day; usage has no price, so its rows cost 0 and carry quantities.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from catalog.exact_json import JsonObject, JsonValue
from dashboards.costs.charges import Charges
from dashboards.costs.sources.json_charges import (
    Reader,
    Row,
    amounts,
    charges_of,
    documents,
    members,
    refused,
)
from dashboards.costs.sources.paging import following_pages
from dashboards.costs.sources.source import Fetch, Window, windows_of_days

PROVIDER = "OpenAI"
PATH = "/v1/organization/costs"
DAYS_MAX = 180
USAGE_MODEL = ("input_tokens", "output_tokens")


@dataclass(frozen=True, slots=True)
class OpenAiCosts:
    """The costs of an organization, by project and line item."""

    ask: Fetch
    name: str = "openai"

    def discover(self, since: date, until: date) -> Iterator[Window]:
        """Give windows of at most 180 days."""
        return windows_of_days(since, until, DAYS_MAX)

    def fetch(self, window: Window) -> Iterator[bytes]:
        """Give every page of a window."""
        query = {
            "start_time": _seconds(window.start),
            "end_time": _seconds(window.end),
            "bucket_width": "1d",
            "group_by": "project_id,line_item",
            "limit": str(DAYS_MAX),
        }
        return following_pages(self.ask, PATH, query)

    def normalise(self, page: bytes) -> Charges:
        """Return a page's charges."""
        return openai_charges(page)


def openai_charges(content: bytes) -> Charges:
    """Return the charges of recorded pages of costs or usage."""
    try:
        items = [item for page in documents(content) for item in _results(page)]
    except ValueError as error:
        return refused(str(error))
    return charges_of(items, _charge)


def _results(page: JsonValue) -> Iterator[JsonValue]:
    for bucket in members(page, "data"):
        for result in members(bucket, "results"):
            if isinstance(bucket, dict) and isinstance(result, dict):
                times: JsonObject = {name: bucket.get(name) for name in ("start_time", "end_time")}
                yield {**times, **result}
            else:
                yield result


def _charge(read: Reader) -> Row:
    project, line_item = read.name("project_id"), read.text("line_item")
    is_cost = read.value("amount") is not None
    if not is_cost and all(read.value(name) is None for name in USAGE_MODEL):
        read.cost("amount.value")
    model, api_key, user = read.text("model"), read.text("api_key_id"), read.text("user_id")
    kind = "cost" if is_cost else "usage"
    batch = read.value("batch")
    key = (kind, project, line_item, model, api_key, user, None if batch is None else str(batch))
    return {
        "provider": PROVIDER,
        "provider_service": line_item or model,
        "charge_category": "Usage",
        "description": line_item or model,
        "service_category": "AI and Machine Learning",
        "sub_account_id": project,
        "resource_id": api_key,
        "sku_id": model or line_item,
        "billing_currency": read.currency("amount.currency") if is_cost else "USD",
        "charge_period_start": read.instant("start_time"),
        "charge_period_end": read.instant("end_time"),
        "source_key": "|".join(part or "" for part in key),
        **amounts(read.cost("amount.value") if is_cost else Decimal(0)),
        **({} if is_cost else _tokens(read)),
    }


def _tokens(read: Reader) -> Row:
    tokens = [read.number(name) or Decimal(0) for name in USAGE_MODEL]
    return {"consumed_quantity": sum(tokens, Decimal(0)), "consumed_unit": "Tokens"}


def _seconds(day: date) -> str:
    since = datetime.combine(day, time(), tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return str(since.days * 86_400)
