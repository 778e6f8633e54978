"""A service: a product line that bills (NexaDesk). Owns its accounts, metrics, plans and usage."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

SERVICE_CODE = re.compile(r"[a-z][a-z0-9_-]{0,39}")
TIMEZONE_DEFAULT = "America/Toronto"
CURRENCY_DEFAULT = "CAD"


class DuplicateAnswer(StrEnum):
    """What a push is answered whose id and content are known: the first answer again, or 422.

    Lago's own answer is a refusal (PostgreSQL) or 200 (ClickHouse); a client that retries needs
    the first answer.
    """

    REPLAY = "replay"
    REJECT = "reject"


class LateUsage(StrEnum):
    """Where the difference goes when usage arrives, or is corrected, after its period was billed.

    Into the subscription's next invoice, or into a draft of its own at the next bill run.
    """

    NEXT_INVOICE = "next_invoice"
    OWN_DRAFT = "own_draft"


class ServiceMode(StrEnum):
    """How far a service has moved to us: only a live one's drafts are ever sent to Odoo.

    In `shadow` everything is computed and nothing sent; in `dual` it is also held against what
    the old system billed.
    """

    SHADOW = "shadow"
    DUAL = "dual"
    LIVE = "live"


class Posting(StrEnum):
    """Who posts a service's invoices in Odoo: people, from drafts, or we, once they are checked."""

    DRAFT = "draft"
    POST = "post"


class InvoiceStyle(StrEnum):
    """Whether usage is invoiced apart from the flat fee that Odoo's own clock bills, or with it.

    Where Odoo has no such clock (Community), one invoice of ours holds both.
    """

    SEPARATE = "separate"
    COMBINED = "combined"


class CardCharging(StrEnum):
    """Whether a saved card is charged once an invoice is posted."""

    OFF = "off"
    ON = "on"


@dataclass(frozen=True, slots=True)
class Service:
    """One product line; `code` is unique for ever and names it in the lake and in Odoo.

    `estimated_tax_rate` (percent) is what running usage shows as tax; an invoice's tax is Odoo's.
    """

    id: str
    code: str
    name: str
    timezone: str
    currency: str
    created_at: datetime
    duplicates: DuplicateAnswer = DuplicateAnswer.REPLAY
    late_usage: LateUsage = LateUsage.NEXT_INVOICE
    estimated_tax_rate: Decimal = Decimal(0)
    mode: ServiceMode = ServiceMode.LIVE
    posting: Posting = Posting.DRAFT
    invoice_style: InvoiceStyle = InvoiceStyle.SEPARATE
    card_charging: CardCharging = CardCharging.OFF

    @property
    def zone(self) -> ZoneInfo:
        """Return the timezone in which this service's days begin."""
        return ZoneInfo(self.timezone)

    @property
    def is_live(self) -> bool:
        """Say whether its drafts are for Odoo; else another system bills it."""
        return self.mode is ServiceMode.LIVE
