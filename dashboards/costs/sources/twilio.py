"""Twilio's usage records (daily), leaf categories only: a parent's price holds its children's.

A record of an unknown category is refused unless it is free, so that none is lost in silence.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from catalog.exact_json import JsonValue
from catalog.money import MONEY_CONTEXT, ZERO
from dashboards.costs.charges import Charges
from dashboards.costs.faults import WHOLE_FILE, RowFault
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
from dashboards.costs.sources.paging import linked_pages
from dashboards.costs.sources.source import Fetch, Window, windows_of_days

PROVIDER = "Twilio"
TOTAL = "totalprice"
# Categories whose price is the sum of others in the list.
PARENTS = frozenset(
    {
        *(TOTAL, "calls", "calls-inbound", "calls-outbound", "sms", "sms-inbound"),
        *("sms-outbound", "mms", "mms-inbound", "mms-outbound", "phonenumbers", "recordings"),
        *("shortcodes", "mediastorage", "transcriptions", "authy-authentications", "turnmegabytes"),
        *("sms-inbound-longcode-total", "sms-outbound-longcode-total"),
    }
)
LEAVES = frozenset(
    {
        *("calls-inbound-local", "calls-inbound-mobile", "calls-inbound-tollfree"),
        *("calls-outbound-local", "calls-outbound-mobile", "calls-outbound-tollfree"),
        *("calls-client", "calls-sip", "calls-sip-inbound", "calls-sip-outbound"),
        *("calls-globalconference", "calls-recordings", "calls-media-stream-minutes"),
        *("sms-inbound-longcode", "sms-inbound-shortcode", "sms-outbound-longcode"),
        *("sms-outbound-shortcode", "sms-messages-carrierfees", "mms-messages-carrierfees"),
        *("mms-inbound-longcode", "mms-inbound-shortcode", "mms-outbound-longcode"),
        *("mms-outbound-shortcode", "phonenumbers-local", "phonenumbers-mobile"),
        *("phonenumbers-tollfree", "recordingstorage", "shortcodes-customerowned"),
        *("shortcodes-random", "shortcodes-vanity", "lookups", "conversations"),
        *("authy-calls-outbound", "authy-phone-verifications", "authy-sms-outbound"),
        *("amazon-polly", "answering-machine-detection", "speech-recognition", "verify-push"),
        *("trunking-origination", "trunking-termination", "trunking-recordings"),
        *("a2p-registration-fees", "premiumsupport", "turnmegabytes-global", "pv"),
    }
)
PRICE_TOLERANCE = Decimal("0.01")
ACCOUNTS = "/2010-04-01/Accounts"
SID = re.compile(r"AC[0-9a-zA-Z]{1,40}", re.ASCII)
DAYS_MAX, PAGE_SIZE = 31, 1000


@dataclass(frozen=True, slots=True)
class TwilioCosts:
    """The usage of an account and of each of its subaccounts, told apart."""

    ask: Fetch
    account: str
    name: str = "twilio"

    def discover(self, since: date, until: date) -> Iterator[Window]:
        """Give windows of at most 31 days."""
        return windows_of_days(since, until, DAYS_MAX)

    def fetch(self, window: Window) -> Iterator[bytes]:
        """Give every page of every account; ValueError when the list of accounts is none."""
        query = (
            ("StartDate", window.start.isoformat()),
            ("EndDate", (window.end - timedelta(days=1)).isoformat()),
            ("IncludeSubaccounts", "false"),
            ("PageSize", str(PAGE_SIZE)),
        )
        for account in self._accounts():
            path = f"{ACCOUNTS}/{account}/Usage/Records/Daily.json"
            yield from linked_pages(self.ask, path, query)

    def normalise(self, content: bytes) -> Charges:
        """Return the charges of recorded pages."""
        return twilio_charges(content)

    def _accounts(self) -> list[str]:
        found = {self.account: None}
        for page in linked_pages(self.ask, f"{ACCOUNTS}.json", (("PageSize", str(PAGE_SIZE)),)):
            for document in documents(page):
                for item in members(document, "accounts"):
                    sid = item.get("sid") if isinstance(item, dict) else None
                    if not isinstance(sid, str) or not SID.fullmatch(sid):
                        raise ValueError("Twilio lists an account without its sid")
                    found[sid] = None
        return list(found)


def twilio_charges(content: bytes) -> Charges:
    """Return the charges of recorded pages; leaves that miss `totalprice` are a fault."""
    try:
        items = [item for page in documents(content) for item in members(page, "usage_records")]
    except ValueError as error:
        return refused(str(error))
    found = charges_of(items, _charge)
    return found if found.faults else Charges(found.frame, tuple(_total_faults(items, found)))


def _charge(read: Reader) -> Row | None:
    category = read.needed("category")
    price = read.number("price") or ZERO
    if category in PARENTS or (category not in LEAVES and not price):
        return None
    if category not in LEAVES:
        raise ColumnFault(
            "category",
            f"{category[:60]} is known neither as a leaf nor as a sum, and costs {price}",
        )
    first, last = read.day("start_date"), read.day("end_date")
    if last < first:
        raise ColumnFault("end_date", "is before start_date")
    account = read.needed("account_sid")
    return {
        "provider": PROVIDER,
        "provider_service": category.split("-")[0],
        "charge_category": "Usage",
        "description": read.text("description"),
        "sub_account_id": account,
        "sku_id": category,
        "billing_currency": read.currency("price_unit"),
        "source_key": f"{account}|{category}",
        "consumed_quantity": read.number("usage"),
        "consumed_unit": read.text("usage_unit"),
        **whole_days(first, (last - first).days + 1),
        **amounts(price),
    }


def _total_faults(items: list[JsonValue], found: Charges) -> list[RowFault]:
    """Compare the leaves with Twilio's own total, where the pages have it."""
    sums: defaultdict[tuple[str, date], Decimal] = defaultdict(Decimal)
    rows = found.frame.select("sub_account_id", "charge_period_start", "effective_cost")
    for account, start, cost in rows.iter_rows():
        sums[account, start.date()] += cost
    faults = []
    for item in items:
        read = Reader(item) if isinstance(item, dict) else Reader({})
        if read.value("category") != TOTAL:
            continue
        account, day = read.needed("account_sid"), read.day("start_date")
        missing = MONEY_CONTEXT.subtract(read.number("price") or ZERO, sums[account, day])
        if abs(missing) > PRICE_TOLERANCE:
            reason = (
                f"{account} on {day}: the leaves miss {TOTAL} by {missing}; "
                "is a page or a category missing?"
            )
            faults.append(RowFault(WHOLE_FILE, reason, "price"))
    return faults
