"""Anthropic's cost report: pages of daily buckets (`/v1/organizations/cost_report`).

Amounts are decimal text in cents of the currency, as the report gives them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from catalog.exact_json import JsonObject, JsonValue
from catalog.money import MONEY_CONTEXT
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

PROVIDER = "Anthropic"
PATH = "/v1/organizations/cost_report"
DAYS_MAX = 31
CENTS = Decimal(100)


@dataclass(frozen=True, slots=True)
class AnthropicCosts:
    """The costs of an organization, by workspace and description."""

    ask: Fetch
    name: str = "anthropic"

    def discover(self, since: date, until: date) -> Iterator[Window]:
        """Give windows of at most 31 days."""
        return windows_of_days(since, until, DAYS_MAX)

    def fetch(self, window: Window) -> Iterator[bytes]:
        """Give every page of a window."""
        query = {
            "starting_at": f"{window.start.isoformat()}T00:00:00Z",
            "ending_at": f"{window.end.isoformat()}T00:00:00Z",
            "bucket_width": "1d",
            "group_by[]": "workspace_id,description",
            "limit": str(DAYS_MAX),
        }
        return following_pages(self.ask, PATH, query)

    def normalise(self, page: bytes) -> Charges:
        """Return a page's charges."""
        return anthropic_charges(page)


def anthropic_charges(content: bytes) -> Charges:
    """Return the charges of recorded pages."""
    try:
        items = [item for page in documents(content) for item in _results(page)]
    except ValueError as error:
        return refused(str(error))
    return charges_of(items, _charge)


def _results(page: JsonValue) -> Iterator[JsonValue]:
    for bucket in members(page, "data"):
        for result in members(bucket, "results"):
            if isinstance(bucket, dict) and isinstance(result, dict):
                times: JsonObject = {
                    name: bucket.get(name) for name in ("starting_at", "ending_at")
                }
                yield {**times, **result}
            else:
                yield result


def _charge(read: Reader) -> Row:
    words = ("workspace_id", "description", "cost_type", "token_type", "model", "service_tier",
             "context_window", "inference_geo")  # fmt: skip
    key = [read.text(word) or "" for word in words]
    return {
        "provider": PROVIDER,
        "provider_service": read.text("model") or read.text("cost_type"),
        "charge_category": "Usage",
        "description": read.text("description"),
        "service_category": "AI and Machine Learning",
        "sub_account_id": read.name("workspace_id"),
        "sku_id": read.text("token_type"),
        "billing_currency": read.currency("currency"),
        "charge_period_start": read.instant("starting_at"),
        "charge_period_end": read.instant("ending_at"),
        "source_key": "|".join(key),
        **amounts(MONEY_CONTEXT.divide(read.cost("amount"), CENTS)),
    }
