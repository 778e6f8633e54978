"""A lifecycle event: one thing that happened to a service's objects, and its place in the row."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

PAGE_EVENTS_MAX = 1_000
# What a customer in a body keeps when the account is erased: nothing of it tells of a person.
IMPERSONAL = frozenset(
    {"lago_id", "external_id", "billing_entity_code", "account_type", "created_at", "updated_at",
     "currency", "sequential_id", "slug"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LifecycleEvent:
    """One thing that happened to a service's objects; `body` is JSON text."""

    service_code: str
    sequence: int
    kind: str
    body: str
    created_at: datetime


def without_person(body: object, account_ids: Collection[str]) -> object:
    """Return a body with every `customer` of these external ids blank but for IMPERSONAL."""
    if isinstance(body, list):
        return [without_person(item, account_ids) for item in body]
    if not isinstance(body, dict):
        return body
    return {
        name: _blank(member)
        if name == "customer" and _is_of(member, account_ids)
        else without_person(member, account_ids)
        for name, member in body.items()
    }


def _is_of(customer: object, account_ids: Collection[str]) -> bool:
    return isinstance(customer, dict) and customer.get("external_id") in account_ids


def _blank(customer: dict[str, object]) -> dict[str, object]:
    return {name: told if name in IMPERSONAL else None for name, told in customer.items()}
