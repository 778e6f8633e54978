"""OpenAI's organization costs and usage: pages of daily buckets (`/v1/organization/costs`).

Costs are the truth of a day; usage has no price, so its rows cost 0 and carry quantities.
"""

from datetime import UTC, date, datetime, time
from decimal import Decimal

from dashboards.costs.charges import Charges
from dashboards.costs.sources.buckets import Buckets, repeated
from dashboards.costs.sources.json_charges import Reader, Row, amounts
from dashboards.costs.sources.source import Query, Window

PROVIDER = "OpenAI"
PATH = "/v1/organization/costs"
USAGE_PATH = "/v1/organization/usage/completions"
# Usage gives 31 days a page, costs 180.
DAYS_MAX = 31
USAGE_MODEL = ("input_tokens", "output_tokens")


def openai_charges(content: bytes) -> Charges:
    """Return the charges of recorded pages of costs or usage."""
    return OPENAI.charges(content)


def _costs(window: Window) -> Query:
    return (*_days(window), *repeated("group_by[]", ("project_id", "line_item")))


def _usage(window: Window) -> Query:
    by = ("project_id", "user_id", "api_key_id", "model", "batch")
    return (*_days(window), *repeated("group_by[]", by))


def _days(window: Window) -> Query:
    return (
        ("start_time", _seconds(window.start)),
        ("end_time", _seconds(window.end)),
        ("bucket_width", "1d"),
        ("limit", str(DAYS_MAX)),
    )


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


OPENAI = Buckets(
    name="openai",
    reports=((PATH, _costs), (USAGE_PATH, _usage)),
    days_max=DAYS_MAX,
    times=("start_time", "end_time"),
    charge=_charge,
)
