"""Twilio's usage records (daily), leaf categories only: a parent's price holds its children's.

A record of an unknown category is refused unless it is free, so that none is lost in silence.
"""

from collections import defaultdict
from datetime import date
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
