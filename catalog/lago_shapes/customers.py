"""Accounts in Lago's words: customers (reference sections 5.5 and 7).

What belongs to Odoo (taxes, payment terms, invoice sections) is taken and dropped.
"""

import re
from dataclasses import replace
from typing import Any

from catalog.accounts import Account
from catalog.errors import NOT_SUPPORTED_YET
from catalog.exact_json import JsonObject
from catalog.lago_shapes.fields import IDENTIFIER_CHARACTERS_MAX, Fields
from catalog.lago_shapes.times import iso_seconds
from catalog.services import Service

PLAIN_TEXTS = (
    "name", "firstname", "lastname", "phone", "url", "legal_name", "legal_number",
    "tax_identification_number", "state", "city", "zipcode", "address_line1", "address_line2",
)  # fmt: skip
COUNTRY = re.compile(r"[A-Z]{2}")
EMAILS = re.compile(r"[^\s@,]+@[^\s@,]+( *, *[^\s@,]+@[^\s@,]+)*")


def from_lago_customer(
    given: JsonObject, kept: Account, service: Service, *, is_subscribed: bool
) -> Account:
    """Return an account with the members of a request changed; ValidationFailed names faults.

    Its days can't be moved under a live subscription: periods would overlap or leave a gap.
    """
    fields = Fields(given)
    texts: dict[str, Any] = {name: fields.text(name, getattr(kept, name)) for name in PLAIN_TEXTS}
    account = replace(
        kept,
        **texts,
        email=_email(fields, kept.email),
        country=_country(fields, kept.country),
        currency=fields.currency("currency", kept.currency),
        timezone=fields.timezone("timezone", kept.timezone),
    )
    if is_subscribed and account.zone(service) != kept.zone(service):
        fields.fault("timezone", NOT_SUPPORTED_YET)
    fields.check()
    return account


def from_lago_customer_id(given: JsonObject) -> str:
    """Return the external id of a customer request; ValidationFailed when it is blank or unfit."""
    fields = Fields(given)
    fields.require("external_id")
    external_id = fields.identifier("external_id")
    fields.check()
    return external_id


def to_lago_customer(account: Account, service: Service) -> dict[str, object]:
    """Return Lago's customer object."""
    return {
        "lago_id": account.id,
        "billing_entity_code": service.code,
        "external_id": account.external_id,
        "account_type": "customer",
        **{name: getattr(account, name) for name in (*PLAIN_TEXTS, "email", "country")},
        "customer_type": None,
        "sequential_id": account.sequential_id,
        "slug": f"{service.code.upper()}-{account.sequential_id:03}",
        "created_at": iso_seconds(account.created_at),
        "updated_at": iso_seconds(account.updated_at),
        "logo_url": None,
        "currency": account.currency,
        "timezone": account.timezone,
        "applicable_timezone": account.zone(service).key,
        "net_payment_term": None,
        "external_salesforce_id": None,
        "finalize_zero_amount_invoice": "inherit",
        "billing_configuration": _billing_configuration(),
        "shipping_address": {},
        "skip_invoice_custom_sections": False,
        "metadata": [],
    }


def to_lago_customer_extended(account: Account, service: Service) -> dict[str, object]:
    """Return the customer object as creation and reading of one customer give it."""
    return {
        **to_lago_customer(account, service),
        "taxes": [],
        "integration_customers": [],
        "applicable_invoice_custom_sections": [],
        "error_details": [],
    }


def _billing_configuration() -> dict[str, object]:
    return {
        "invoice_grace_period": None,
        "payment_provider": None,
        "payment_provider_code": None,
        "document_locale": None,
        "subscription_invoice_issuing_date_anchor": None,
        "subscription_invoice_issuing_date_adjustment": None,
    }


def _email(fields: Fields, kept: str | None) -> str | None:
    email = fields.text("email", kept, IDENTIFIER_CHARACTERS_MAX)
    if email and not EMAILS.fullmatch(email):
        fields.fault("email", "invalid_email_format")
    return email


def _country(fields: Fields, kept: str | None) -> str | None:
    country = fields.text("country", kept)
    if country and not COUNTRY.fullmatch(country.upper()):
        fields.fault("country", "not_a_valid_country_code")
    return country.upper() if country else None
