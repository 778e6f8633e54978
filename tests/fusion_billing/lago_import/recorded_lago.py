"""Answers of a real Lago, with all it has and we don't, given page by page from a socket."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from tests.fusion_billing.listening import listening

KEY = "b1946ac9-2d0f-4b4a-9e70-aa0000000001"
PREFIX = "/api/v1/"
SLOW_SECONDS = 1.0

Row = dict[str, Any]
Fault = Callable[[str, int], "int | None"]


def no_fault(_path: str, _number: int) -> int | None:
    """Let every request be answered."""
    return None


@dataclass
class RecordedLago:
    """Lists by name; `fault` may give a status for a path's n-th request (-1: no answer).

    `before_page` is told a list's name and page before it is read, and may change the list.
    """

    lists: dict[str, list[Row]] = field(default_factory=dict)
    fault: Fault = no_fault
    before_page: Callable[[str, int], None] = lambda _name, _page: None
    body_of_faults: bytes = b"<html>down</html>"
    requests: Counter[str] = field(default_factory=Counter)
    asked: list[str] = field(default_factory=list)
    overrides: dict[str, Row] = field(default_factory=dict)
    rows_per_page_max: int = 2

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["path"].removeprefix(PREFIX)
        self.requests[path] += 1
        self.asked.append(f"{path}?{scope['query_string'].decode()}")
        status = self.fault(path, self.requests[path])
        if status == -1:
            await asyncio.sleep(SLOW_SECONDS)
            status = 200
        if status is None and f"Bearer {KEY}".encode() not in dict(scope["headers"]).values():
            status, body = 401, b'{"status":401,"error":"Unauthorized"}'
        elif status is not None:
            body = self.body_of_faults
        else:
            status, body = self._answer(path, parse_qs(scope["query_string"].decode()))
        headers = [(b"content-type", b"application/json"), (b"x-ratelimit-reset", b"0")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _answer(self, path: str, query: dict[str, list[str]]) -> tuple[int, bytes]:
        name, _, one = path.partition("/")
        if one:
            found = self.overrides.get(one)
            return (404, b"{}") if found is None else (200, _json({"subscription": found}))
        if name not in self.lists:
            return 404, b'{"status":404,"error":"Not Found","code":"resource_not_found"}'
        page = int(query.get("page", ["1"])[0])
        self.before_page(name, page)
        rows = self._narrowed(name, query)
        size = min(int(query.get("per_page", ["100"])[0]), self.rows_per_page_max)
        pages = -(-len(rows) // size)
        meta = {
            "current_page": page if rows else 0, "next_page": page + 1 if page < pages else None,
            "prev_page": page - 1 if page > 1 else None, "total_pages": pages,
            "total_count": len(rows),
        }  # fmt: skip
        return 200, _json({name: rows[size * (page - 1) : size * page], "meta": meta})

    def _narrowed(self, name: str, query: dict[str, list[str]]) -> list[Row]:
        rows = self.lists[name]
        if name == "subscriptions" and "overriden" in query:
            return [row for row in rows if row["external_id"] in self.overrides]
        if name != "events":
            return rows
        since, until = (query.get(f"timestamp_{each}", [""])[0] for each in ("from", "to"))
        return [
            row
            for row in rows
            if row["external_subscription_id"] in query["external_subscription_id"]
            and row["code"] in query.get("code", [row["code"]])
            and since <= row["timestamp"]
            and (not until or row["timestamp"] <= until)
        ]


@contextmanager
def playing(lago: RecordedLago) -> Iterator[str]:
    """Serve a recorded Lago and give its address."""
    with listening(lago, "off") as url:
        yield url


def a_recorded_lago() -> RecordedLago:
    """Return a small Lago as release 1.30 answers: everything in it can be brought over."""
    return RecordedLago(
        {
            "billable_metrics": [a_metric()],
            "plans": [a_plan()],
            "customers": [a_customer()],
            "subscriptions": [a_subscription()],
            "events": [an_event(number) for number in range(5)],
            "wallets": [], "coupons": [], "applied_coupons": [], "add_ons": [], "taxes": [],
            "features": [], "payment_requests": [], "invoices": [], "credit_notes": [],
            "payments": [], "payment_receipts": [], "webhook_endpoints": [],
        }
    )  # fmt: skip


def a_metric(code: str = "storage", **changed: object) -> Row:
    """Return a billable metric as Lago lists it."""
    return {
        "lago_id": f"metric-{code}", "name": "Storage", "code": code, "description": "GB",
        "aggregation_type": "sum_agg", "weighted_interval": None, "recurring": False,
        "rounding_function": "round", "rounding_precision": 2,
        "created_at": "2022-09-14T16:35:31Z", "field_name": "gb", "expression": "",
        "active_subscriptions_count": 0, "draft_invoices_count": 0, "plans_count": 0,
        "filters": [{"key": "region", "values": ["us-east-1", "ca-central-1"]}],
    } | changed  # fmt: skip


def a_charge(**changed: object) -> Row:
    """Return a charge as Lago shows it, prices longer than a binary fraction keeps."""
    return {
        "lago_id": "charge-1", "lago_billable_metric_id": "metric-storage", "code": "storage",
        "invoice_display_name": "Storage used", "billable_metric_code": "storage",
        "created_at": "2022-09-14T16:35:31Z", "charge_model": "graduated", "invoiceable": True,
        "regroup_paid_fees": None, "pay_in_advance": False, "prorated": False,
        "min_amount_cents": 0, "accepts_target_wallet": False, "lago_parent_id": None,
        "properties": {
            "graduated_ranges": [
                {"to_value": 10, "from_value": 0, "flat_amount": "10.000000000001",
                 "per_unit_amount": "0.500000000001"},
                {"to_value": None, "from_value": 11, "flat_amount": "0", "per_unit_amount": "0.4"},
            ],
            "grouped_by": ["agent"], "pricing_group_keys": ["agent"],
        },
        "applied_pricing_unit": None, "taxes": [],
        "filters": [{
            "lago_id": "filter-1", "charge_code": "storage", "invoice_display_name": "East",
            "properties": {"graduated_ranges": [
                {"to_value": None, "from_value": 0, "flat_amount": "0", "per_unit_amount": "0.1"},
            ]},
            "values": {"region": ["us-east-1"]},
        }],
    } | changed  # fmt: skip


def a_plan(code: str = "startup", charge: Row | None = None, **changed: object) -> Row:
    """Return a plan as Lago lists it."""
    return {
        "lago_id": f"plan-{code}", "name": "Startup", "invoice_display_name": "Startup plan",
        "created_at": "2023-06-27T19:43:42Z", "code": code, "interval": "monthly",
        "description": "", "amount_cents": 10_001, "amount_currency": "USD", "trial_period": 0.0,
        "pay_in_advance": False, "bill_charges_monthly": None, "bill_fixed_charges_monthly": False,
        "customers_count": 0, "active_subscriptions_count": 0, "draft_invoices_count": 0,
        "parent_id": None, "pending_deletion": False,
        "minimum_commitment": {
            "lago_id": "commitment-1", "plan_code": code, "invoice_display_name": "At least",
            "amount_cents": 100_007, "interval": "monthly", "created_at": "2023-06-27T19:43:42Z",
            "updated_at": "2023-06-27T19:43:42Z", "taxes": [],
        },
        "charges": [charge or a_charge()], "fixed_charges": [], "taxes": [],
        "usage_thresholds": [], "applicable_usage_thresholds": [], "entitlements": [],
        "metadata": {},
    } | changed  # fmt: skip


def a_customer(external_id: str = "cust 1", **changed: object) -> Row:
    """Return a customer as Lago lists it."""
    return {
        "lago_id": f"customer-{external_id}", "billing_entity_code": "acme",
        "external_id": external_id, "account_type": "customer", "name": "Gavin Belson",
        "firstname": "Gavin", "lastname": "Belson", "customer_type": "company",
        "sequential_id": 1, "slug": "LAG-1234-001", "created_at": "2022-04-29T08:59:51Z",
        "updated_at": "2022-04-29T08:59:51Z", "country": "US", "address_line1": "5230 Penfield",
        "address_line2": None, "state": "CA", "zipcode": "75160", "email": "dinesh@piedpiper.test",
        "city": "Woodland Hills", "url": "http://hooli.com", "phone": "1-171-883-3711 x245",
        "logo_url": None, "legal_name": "Coleman-Blair", "legal_number": "49-008-2965",
        "currency": "USD", "tax_identification_number": "EU123456789", "timezone": None,
        "applicable_timezone": "UTC", "net_payment_term": None, "external_salesforce_id": None,
        "finalize_zero_amount_invoice": "inherit", "skip_invoice_custom_sections": False,
        "billing_configuration": {
            "invoice_grace_period": None, "payment_provider": None,
            "payment_provider_code": None, "document_locale": None,
        },
        "shipping_address": {
            "address_line1": None, "address_line2": None, "city": None, "zipcode": None,
            "state": None, "country": None,
        },
        "metadata": [],
    } | changed  # fmt: skip


def a_subscription(external_id: str = "sub 1", plan: str = "startup", **changed: object) -> Row:
    """Return an active subscription as Lago lists it, begun two years ago."""
    return {
        "lago_id": f"subscription-{external_id}", "external_id": external_id,
        "lago_customer_id": "customer-cust 1", "external_customer_id": "cust 1",
        "billing_entity_code": "acme", "name": "Repository A", "plan_code": plan,
        "plan_amount_cents": 10_001, "plan_amount_currency": "USD", "status": "active",
        "billing_time": "anniversary", "subscription_at": "2024-08-08T00:00:00Z",
        "started_at": "2024-08-08T00:00:00.000Z", "trial_ended_at": None, "ending_at": None,
        "terminated_at": None, "canceled_at": None, "created_at": "2024-08-08T00:00:00Z",
        "previous_plan_code": None, "next_plan_code": None, "downgrade_plan_date": None,
        "current_billing_period_started_at": "2026-02-08T00:00:00Z",
        "current_billing_period_ending_at": "2026-03-07T23:59:59Z",
        "on_termination_credit_note": None, "on_termination_invoice": "generate",
        "progressive_billing_disabled": False, "consolidate_invoice": True,
        "purchase_order_number": None, "cancellation_reason": None,
        "activated_at": "2024-08-08T00:00:00Z", "activation_rules": [],
        "payment_method": {"payment_method_id": None, "payment_method_type": "provider"},
        "applied_invoice_custom_sections": [],
    } | changed  # fmt: skip


def an_event(number: int, subscription: str = "sub 1", **changed: object) -> Row:
    """Return an event as Lago lists it; its number has more digits than a binary fraction."""
    return {
        "lago_id": f"event-{subscription}-{number}", "transaction_id": f"tx-{number}",
        "lago_customer_id": None, "code": "storage",
        "timestamp": f"2026-02-{9 + number:02}T22:41:13.123Z",
        "precise_total_amount_cents": "1234567890.123456789012",
        "properties": {"gb": "0.1000000000000000055", "region": "us-east-1", "deep": {"n": [1]}},
        "lago_subscription_id": None, "external_subscription_id": subscription,
        "created_at": "2026-02-09T22:41:13Z",
    } | changed  # fmt: skip


def _json(answer: object) -> bytes:
    return json.dumps(answer).encode()
