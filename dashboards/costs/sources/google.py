"""Google Cloud's billing export (`gcp_billing_export_v1_…`), as JSON rows, one a line or a list.

Net cost is cost plus the row's credits (negative). Corrections come as rows of their own.
"""

import json
from collections import Counter
from decimal import Decimal, localcontext
from hashlib import blake2b

from catalog.exact_json import JsonValue
from catalog.money import MONEY_CONTEXT, ZERO
from dashboards.costs.charges import ADJUSTMENT, TAX, Charges
from dashboards.costs.sources.json_charges import (
    ColumnFault,
    Reader,
    Row,
    amounts,
    charges_of,
    documents,
    refused,
)

PROVIDER = "Google Cloud"
CATEGORIES = {
    "regular": "Usage",
    "tax": TAX,
    "adjustment": ADJUSTMENT,
    "rounding_error": ADJUSTMENT,
}


def google_charges(content: bytes) -> Charges:
    """Return the charges of an export."""
    try:
        items = documents(content)
    except ValueError as error:
        return refused(str(error))
    seen: Counter[str] = Counter()
    return charges_of(items, lambda read: {**_charge(read), "source_key": _key(read, seen)})


def _key(read: Reader, seen: Counter[str]) -> str:
    """Return a digest of all that a row says, and its place among equal rows.

    The export only adds rows: a row that says anything else is another row, never a newer one.
    """
    said = json.dumps(read.body, sort_keys=True, default=str)
    digest = blake2b(said.encode(), digest_size=16).hexdigest()
    seen[digest] += 1
    return f"{digest}-{seen[digest]}"


def _charge(read: Reader) -> Row:
    cost_type = read.text("cost_type") or "regular"
    if cost_type not in CATEGORIES:
        raise ColumnFault("cost_type", f"is none of {', '.join(CATEGORIES)}: {cost_type[:40]}")
    with localcontext(MONEY_CONTEXT):
        net = read.cost("cost") + _credits(read.value("credits"))
    month = read.text("invoice.month")
    return {
        "provider": PROVIDER,
        "provider_service": read.text("service.description"),
        "charge_category": CATEGORIES[cost_type],
        "description": read.text("sku.description"),
        "billing_account_id": read.text("billing_account_id"),
        "sub_account_id": read.name("project.id"),
        "sku_id": read.text("sku.id"),
        "resource_id": read.text("resource.name"),
        "invoice_id": month,
        "billing_currency": read.currency("currency"),
        "charge_period_start": read.instant("usage_start_time"),
        "charge_period_end": read.instant("usage_end_time"),
        "consumed_quantity": _quantity(read),
        "consumed_unit": read.text("usage.unit"),
        "tags": _labels(read.value("labels")),
        **amounts(net),
    }


def _credits(credits_given: JsonValue) -> Decimal:
    if credits_given is None:
        return ZERO
    if not isinstance(credits_given, list):
        raise ColumnFault("credits", "is no list")
    total = ZERO
    for place, credit in enumerate(credits_given):
        if not isinstance(credit, dict):
            raise ColumnFault(f"credits[{place}]", "is no object")
        amount = Reader(credit).cost("amount")
        if amount > 0:
            raise ColumnFault(f"credits[{place}].amount", f"is no credit, it is over 0: {amount}")
        total += amount
    return total


def _quantity(read: Reader) -> Decimal | None:
    found = read.number("usage.amount")
    return None if found is None else found.quantize(Decimal("1e-12"), context=MONEY_CONTEXT)


def _labels(labels: JsonValue) -> str | None:
    """Return the labels as FOCUS writes Tags: a JSON object."""
    if not isinstance(labels, list):
        return None
    pairs = {
        str(label["key"]): label["value"]
        for label in labels
        if isinstance(label, dict) and isinstance(label.get("value"), str) and "key" in label
    }
    return json.dumps(pairs, sort_keys=True) if pairs else None
