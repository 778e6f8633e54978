"""A webhook endpoint: where a service wants to be told of lifecycle events, and of which. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

ENDPOINTS_MAX = 10


class SignatureAlgorithm(StrEnum):
    """How a webhook is to be signed, in Lago's words."""

    JWT = "jwt"
    HMAC = "hmac"


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """One URL of a service; `event_types` None means all of them."""

    id: str
    service_code: str
    url: str
    signature_algo: SignatureAlgorithm
    created_at: datetime
    name: str | None = None
    event_types: tuple[str, ...] | None = None


def _types(resource: str, words: str) -> list[str]:
    return [f"{resource}.{word}" for word in words.split()]


# Lago's list. Which of them are ever told here is said in docs/alerts.md.
EVENT_TYPES = frozenset([
    *_types("alert", "triggered"),
    *_types("billable_metric", "created updated deleted"),
    *_types(
        "customer",
        "created updated accounting_provider_created accounting_provider_error "
        "crm_provider_created crm_provider_error payment_provider_created payment_provider_error "
        "checkout_url_generated tax_provider_error vies_check",
    ),
    *_types("credit_note", "created generated provider_refund_failure"),
    *_types("dunning_campaign", "finished"),
    *_types("event", "error"),
    *_types("events", "errors"),
    *_types("feature", "created updated deleted"),
    *_types("fee", "created tax_provider_error"),
    *_types(
        "invoice",
        "created one_off_created paid_credit_added generated drafted ready_to_finalize voided "
        "deleted payment_dispute_lost payment_status_updated payment_overdue payment_failure "
        "resynced",
    ),
    *_types("integration", "provider_error"),
    *_types("order", "created executed"),
    *_types("order_form", "created signed expired voided"),
    *_types("payment", "succeeded requires_action"),
    *_types("payment_provider", "error"),
    *_types("payment_receipt", "created generated"),
    *_types("payment_request", "created payment_failure payment_status_updated"),
    *_types("plan", "created updated deleted"),
    *_types("quote", "created approved voided"),
    *_types(
        "subscription",
        "canceled incomplete terminated started updated termination_alert trial_ended "
        "usage_threshold_reached",
    ),
    *_types("wallet", "created depleted_ongoing_balance terminated updated"),
    *_types("wallet_transaction", "created updated payment_failure"),
])  # fmt: skip
