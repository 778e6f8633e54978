"""Daily costs that apps and gateways tell in our own words: of `POST /costs` and of fusion_api.

One row is one key of one day: provider, quantity, cost, currency, account and metric.
"""

from dataclasses import dataclass, field

from catalog.exact_json import JsonValue
from dashboards.costs.charges import ADJUSTMENT, CHARGE_CATEGORIES, CREDIT, Charges, kept_cost
from dashboards.costs.sources.json_charges import (
    ColumnFault,
    Reader,
    Row,
    amounts,
    charges_of,
    documents,
    members,
    refused,
    whole_days,
)

REVISION_MAX = 2**53
MAY_BE_NEGATIVE = (CREDIT, ADJUSTMENT)


@dataclass(frozen=True, slots=True)
class Names:
    """What each member of a row is called."""

    key: str = "key"
    day: str = "day"
    revision: str = "revision"
    provider: str = "provider"
    provider_service: str = "provider_service"
    sku: str = "sku"
    quantity: str = "quantity"
    unit: str = "unit"
    unit_price: str = "unit_price"
    cost: str = "cost"
    currency: str = "currency"
    service: str = "service"
    account: str = "external_customer_id"
    metric: str = "billable_metric_code"
    category: str = "category"
    description: str = "description"


@dataclass(frozen=True, slots=True)
class Reading:
    """How rows are read: their names, and the service they all are of, if there is one."""

    names: Names = field(default_factory=Names)
    service: str | None = None


def daily_charges(items: list[JsonValue], reading: Reading) -> Charges:
    """Return the charges of rows; every fault is told with its row and column."""
    return charges_of(items, lambda read: _charge(read, reading))


def fusion_api_charges(content: bytes) -> Charges:
    """Return the charges of a file of fusion_api's roll-ups: {"costs": […]}, or one a line."""
    try:
        items = [
            item
            for document in documents(content)
            for item in (
                members(document, "costs")
                if isinstance(document, dict) and "costs" in document
                else [document]
            )
        ]
    except ValueError as error:
        return refused(str(error))
    return daily_charges(items, Reading())


def _charge(read: Reader, reading: Reading) -> Row:
    names = reading.names
    category = read.text(names.category) or "Usage"
    if category not in CHARGE_CATEGORIES:
        raise ColumnFault(names.category, f"is none of {', '.join(CHARGE_CATEGORIES)}")
    cost, quantity = read.cost(names.cost), read.number(names.quantity)
    for name in (names.cost, names.quantity, names.unit_price):
        if (read.number(name) or 0) < 0 and category not in MAY_BE_NEGATIVE:
            raise ColumnFault(name, "is negative, which only a Credit or an Adjustment may be")
    return {
        "provider": read.needed(names.provider),
        "provider_service": read.name(names.provider_service),
        "charge_category": category,
        "description": read.text(names.description),
        "sku_id": read.text(names.sku),
        "billing_currency": read.currency(names.currency),
        "service": reading.service or read.name(names.service),
        "account_id": read.name(names.account),
        "metric_code": read.name(names.metric),
        "source_key": read.needed(names.key),
        "revision": _revision(read, names.revision),
        "consumed_quantity": None if quantity is None else kept_cost(quantity)[0],
        "consumed_unit": read.text(names.unit),
        **whole_days(read.day(names.day)),
        **amounts(cost),
    }


def _revision(read: Reader, name: str) -> int:
    found = read.number(name)
    revision = 1 if found is None else int(found)
    if (found is not None and found != revision) or not 1 <= revision <= REVISION_MAX:
        raise ColumnFault(name, "is no whole number from 1")
    return revision
