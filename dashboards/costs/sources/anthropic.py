"""Anthropic's cost report: pages of daily buckets (`/v1/organizations/cost_report`).

Amounts are decimal text in cents of the currency, as the report gives them.
"""

from decimal import Decimal

from catalog.money import MONEY_CONTEXT
from dashboards.costs.charges import Charges
from dashboards.costs.sources.buckets import Buckets, repeated
from dashboards.costs.sources.json_charges import Reader, Row, amounts
from dashboards.costs.sources.source import Query, Window

PROVIDER = "Anthropic"
PATH = "/v1/organizations/cost_report"
DAYS_MAX = 31
CENTS = Decimal(100)


def anthropic_charges(content: bytes) -> Charges:
    """Return the charges of recorded pages."""
    return ANTHROPIC.charges(content)


def _question(window: Window) -> Query:
    return (
        ("starting_at", f"{window.start.isoformat()}T00:00:00Z"),
        ("ending_at", f"{window.end.isoformat()}T00:00:00Z"),
        ("bucket_width", "1d"),
        ("limit", str(DAYS_MAX)),
        *repeated("group_by[]", ("workspace_id", "description")),
    )


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


ANTHROPIC = Buckets(
    name="anthropic",
    reports=((PATH, _question),),
    days_max=DAYS_MAX,
    times=("starting_at", "ending_at"),
    charge=_charge,
)
