"""An account: a service's external customer id, linked to one partner of Odoo."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from catalog.services import Service


@dataclass(frozen=True, slots=True)
class Account:
    """One customer of one service, as the app knows it (Lago's customer).

    `sequential_id` numbers a service's accounts from 1; 0 until the account is kept.
    """

    id: str
    service_code: str
    external_id: str
    created_at: datetime
    updated_at: datetime
    name: str | None = None
    firstname: str | None = None
    lastname: str | None = None
    email: str | None = None
    phone: str | None = None
    url: str | None = None
    legal_name: str | None = None
    legal_number: str | None = None
    tax_identification_number: str | None = None
    currency: str | None = None
    timezone: str | None = None
    country: str | None = None
    state: str | None = None
    city: str | None = None
    zipcode: str | None = None
    address_line1: str | None = None
    address_line2: str | None = None
    deleted_at: datetime | None = None
    sequential_id: int = 0

    def zone(self, service: Service) -> ZoneInfo:
        """Return the timezone of this account's days: its own, else its service's."""
        return ZoneInfo(self.timezone or service.timezone)


def new_account(service_code: str, account_id: str, external_id: str, at: datetime) -> Account:
    """Return an account of which only the external id is known yet."""
    return Account(
        id=account_id,
        service_code=service_code,
        external_id=external_id,
        created_at=at,
        updated_at=at,
    )
