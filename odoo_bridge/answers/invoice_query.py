"""What a list of invoices is narrowed to, and how Lago's query says it. Pure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from catalog.errors import ValidationFailed

INVOICE_TYPE = "subscription"
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
DIGITS_MAX = 15
SEARCH_CHARACTERS_MAX = 255
E = TypeVar("E", bound=StrEnum)


class InvoiceStatus(StrEnum):
    """Where an invoice stands, in Lago's words; the last three are never found here."""

    DRAFT = "draft"
    FINALIZED = "finalized"
    VOIDED = "voided"
    FAILED = "failed"
    PENDING = "pending"
    DELETED = "deleted"


class PaymentStatus(StrEnum):
    """How far an invoice is paid, in Lago's words; Odoo tells of no failed one."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class InvoiceQuery:
    """What of the invoices is meant; days and cents are included at both ends (Lago)."""

    account_external_id: str | None = None
    statuses: Collection[InvoiceStatus] = ()
    payment_statuses: Collection[PaymentStatus] = ()
    is_overdue: bool | None = None
    is_partially_paid: bool | None = None
    currency: str | None = None
    issued_from: date | None = None
    issued_to: date | None = None
    amount_from: int | None = None
    amount_to: int | None = None
    search_term: str | None = None
    excludes_all: bool = False

    @property
    def excludes_waiting(self) -> bool:
        """Say whether no draft of ours can be meant: it is unpaid, and never late."""
        is_other_status = self.statuses and InvoiceStatus.DRAFT not in self.statuses
        is_other_payment = (
            self.payment_statuses and PaymentStatus.PENDING not in self.payment_statuses
        )
        return bool(
            self.excludes_all
            or is_other_status
            or is_other_payment
            or self.is_overdue
            or self.is_partially_paid
        )


def read_invoice_query(
    query: Mapping[str, str], values: Callable[[str], list[str]], service_code: str
) -> InvoiceQuery:
    """Return what a list is narrowed to; ValidationFailed names every value that can't be meant.

    `values` gives an array of the query. What no invoice of ours can be (another type, disputed,
    self-billed, with metadata) excludes all.
    """
    faults: dict[str, list[str]] = {}
    found = InvoiceQuery(
        account_external_id=query.get("external_customer_id") or None,
        statuses=_choices("status", values, InvoiceStatus, faults),
        payment_statuses=_choices("payment_status", values, PaymentStatus, faults),
        is_overdue=_boolean("payment_overdue", query, faults),
        is_partially_paid=_boolean("partially_paid", query, faults),
        currency=query.get("currency", "").upper() or None,
        issued_from=_day("issuing_date_from", query, faults),
        issued_to=_day("issuing_date_to", query, faults),
        amount_from=_cents("amount_from", query, faults),
        amount_to=_cents("amount_to", query, faults),
        search_term=query.get("search_term", "")[:SEARCH_CHARACTERS_MAX] or None,
        excludes_all=_excludes_all(query, values, service_code),
    )
    if faults:
        raise ValidationFailed(faults)
    return found


def _excludes_all(
    query: Mapping[str, str], values: Callable[[str], list[str]], service_code: str
) -> bool:
    entities = values("billing_entity_codes")
    return (
        query.get("invoice_type") not in (None, "", INVOICE_TYPE)
        or any(
            BOOLEANS.get(query.get(name, "")) for name in ("self_billed", "payment_dispute_lost")
        )
        or any(name.startswith("metadata[") and value for name, value in query.items())
        or bool(entities and service_code not in entities)
    )


def _choices(
    name: str,
    values: Callable[[str], list[str]],
    choices: type[E],
    faults: dict[str, list[str]],
) -> tuple[E, ...]:
    try:
        return tuple(choices(text) for text in values(name))
    except ValueError:
        faults[name] = ["value_is_invalid"]
        return ()


def _boolean(name: str, query: Mapping[str, str], faults: dict[str, list[str]]) -> bool | None:
    text = query.get(name, "")
    if text and text not in BOOLEANS:
        faults[name] = ["value_is_invalid"]
    return BOOLEANS.get(text)


def _day(name: str, query: Mapping[str, str], faults: dict[str, list[str]]) -> date | None:
    text = query.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        faults[name] = ["invalid_date"]
        return None


def _cents(name: str, query: Mapping[str, str], faults: dict[str, list[str]]) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX):
        faults[name] = ["invalid_value"]
        return None
    return int(text)
