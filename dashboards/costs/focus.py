"""FOCUS 1.0 to 1.4 cost files as charges.

Decides which rows are sound and which service and account they name. Opens no file and no lake.
"""

import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import BinaryIO, NamedTuple

import polars as pl

from catalog.money import QUANTITY_SCALE
from dashboards.costs.charges import (
    ADJUSTMENT,
    CHARGE_CATEGORIES,
    CHARGE_SCHEMA,
    CORRECTION,
    CREDIT,
    Charges,
    ReadCosts,
    Stamp,
    cost_rows,
)
from dashboards.costs.faults import WHOLE_FILE, RowFault, by_row
from dashboards.costs.focus_text import focus_texts
from dashboards.costs.fx import FxRates
from storage.lake_tables import INSTANT, QUANTITY

REQUIRED = (
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ChargeCategory",
    "BillingCurrency",
    "EffectiveCost",
    "BilledCost",
)
# FOCUS 1.3 brought ServiceProviderName, 1.4 takes ProviderName away: the newer one wins.
PROVIDERS = ("ServiceProviderName", "ProviderName")
TEXTS = {
    "BillingCurrency": "billing_currency",
    "ChargeCategory": "charge_category",
    "ServiceName": "provider_service",
    "ChargeDescription": "description",
    "ResourceId": "resource_id",
    "Tags": "tags",
    "BillingAccountId": "billing_account_id",
    "SubAccountId": "sub_account_id",
    "InvoiceId": "invoice_id",
    "ServiceCategory": "service_category",
    "ChargeClass": "charge_class",
    "SkuId": "sku_id",
    "ConsumedUnit": "consumed_unit",
    "x_fc_metric": "metric_code",
    "x_fc_key": "source_key",
}
DECIMALS = {
    "EffectiveCost": "effective_cost",
    "BilledCost": "billed_cost",
    "ListCost": "list_cost",
    "ContractedCost": "contracted_cost",
}
QUANTITIES = {"ConsumedQuantity": "consumed_quantity"}
OWN = ("x_fc_service", "x_fc_account")
WANTED = tuple(dict.fromkeys((*REQUIRED, *PROVIDERS, *TEXTS, *DECIMALS, *QUANTITIES, *OWN)))
# A name that decides whose a cost is must be no spreadsheet formula; other texts are only shown.
NAMES = (*PROVIDERS, "ServiceName", "SubAccountId", "x_fc_service", "x_fc_account", "x_fc_metric")
FORMULA = r"^[=+@]"
MAY_BE_NEGATIVE = (CREDIT, ADJUSTMENT)
NO_CHARGES = pl.DataFrame(schema=CHARGE_SCHEMA)
FAULTS_MAX = 10_000
COST_INTEGER_DIGITS_MAX = 15
# At most 15 digits before the point keeps every sum of rows inside DECIMAL(38,12).
PLAIN_COST = rf"^-?0*[0-9]{{1,{COST_INTEGER_DIGITS_MAX}}}(\.[0-9]{{0,{QUANTITY_SCALE}}}0*)?$"
# A quantity is shown, never priced: more than 12 decimals are rounded.
PLAIN_QUANTITY = rf"^-?0*[0-9]{{1,{COST_INTEGER_DIGITS_MAX}}}(\.[0-9]{{0,30}})?$"
PLAIN_INSTANT = re.compile(
    r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII
)


class Attribution(NamedTuple):
    """Whose a cost is, as its Tags say, or why they can't be read."""

    service: str | None
    account: str | None
    problem: str | None


def focus_costs(content: bytes, *, rates: FxRates, stamp: Stamp) -> ReadCosts:
    """Read a FOCUS CSV file as cost rows; with any faulty row there is none."""
    return cost_rows(focus_charges(content), rates, stamp)


def focus_charges(content: bytes) -> Charges:
    """Read a FOCUS CSV file at once; every faulty row is reported, up to 10,000 of them."""
    pieces = list(focus_pieces(io.BytesIO(content)))
    faults = tuple(fault for piece in pieces for fault in piece.faults)
    return Charges(pl.concat([piece.frame for piece in pieces]), faults)


def focus_pieces(file: BinaryIO) -> Iterator[Charges]:
    """Read a FOCUS CSV file some rows at a time: what is read is not kept here.

    It stops after 10,000 faults, and the last fault says where.
    """
    rows_count = faults_count = 0
    for text in focus_texts(file, WANTED):
        missing = tuple(_missing_columns(text.rows)) if text.rows.columns else ()
        if missing or not text.rows.columns:
            yield _refused((*text.faults, *missing))
            return
        typed = _typed(_with_every_column(text.rows))
        faults = sorted((*text.faults, *_value_faults(typed)), key=by_row)
        left = FAULTS_MAX - faults_count
        if len(faults) > left:
            more = f"more than {FAULTS_MAX} faults, nothing read from here"
            yield _refused((*faults[:left], RowFault(faults[left].row_number, more)))
            return
        rows_count, faults_count = rows_count + typed.height, faults_count + len(faults)
        yield Charges(_charges(typed), tuple(faults))
    if not rows_count and not faults_count:
        yield _refused((RowFault(WHOLE_FILE, "the file has no cost row"),))


@lru_cache(maxsize=4096)
def tag_attribution(tags: str | None) -> Attribution:
    """Return the service and account that the Tags keys fc_service and fc_account name."""
    if tags is None:
        return Attribution(None, None, None)
    try:
        keys = json.loads(tags)
    except (ValueError, RecursionError):
        return Attribution(None, None, "Tags is not JSON")
    if not isinstance(keys, dict):
        return Attribution(None, None, "Tags is not a JSON object")
    service, account = keys.get("fc_service"), keys.get("fc_account")
    if not all(value is None or isinstance(value, str) for value in (service, account)):
        return Attribution(None, None, "fc_service and fc_account in Tags must be text")
    return Attribution((service or "").strip() or None, (account or "").strip() or None, None)


@lru_cache(maxsize=4096)
def focus_instant(text: str | None) -> datetime | None:
    """Return a FOCUS date and time as an instant; without an offset it is UTC, as FOCUS says."""
    if text is None or not PLAIN_INSTANT.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _refused(faults: tuple[RowFault, ...]) -> Charges:
    return Charges(NO_CHARGES, faults)


def _missing_columns(rows: pl.DataFrame) -> Iterator[RowFault]:
    for name in REQUIRED:
        if name not in rows.columns:
            yield RowFault(WHOLE_FILE, f"the column {name} is missing", name)
    if not set(PROVIDERS) & set(rows.columns):
        yield RowFault(WHOLE_FILE, f"the column {' or '.join(PROVIDERS)} is missing", PROVIDERS[0])


def _with_every_column(rows: pl.DataFrame) -> pl.DataFrame:
    absent = [name for name in WANTED if name not in rows.columns]
    return rows.with_columns(pl.lit(None, pl.String()).alias(name) for name in absent)


def _typed(rows: pl.DataFrame) -> pl.DataFrame:
    """Add each value in its own type, null where the text can't be read as one."""
    tags = [tag_attribution(text) for text in rows["Tags"]]
    return rows.with_columns(
        _instants(rows["ChargePeriodStart"], "charge_period_start"),
        _instants(rows["ChargePeriodEnd"], "charge_period_end"),
        *(_decimal(name, PLAIN_COST).alias(ours) for name, ours in DECIMALS.items()),
        *(_decimal(name, PLAIN_QUANTITY).alias(ours) for name, ours in QUANTITIES.items()),
        pl.coalesce(PROVIDERS).alias("provider"),
        pl.Series("tag_service", [found.service for found in tags], pl.String),
        pl.Series("tag_account", [found.account for found in tags], pl.String),
        pl.Series("tags_problem", [found.problem for found in tags], pl.String),
    )


def _instants(texts: pl.Series, name: str) -> pl.Series:
    return pl.Series(name, [focus_instant(text) for text in texts], INSTANT)


def _decimal(name: str, plain: str) -> pl.Expr:
    return pl.when(pl.col(name).str.contains(plain)).then(pl.col(name)).cast(QUANTITY)


def _value_faults(typed: pl.DataFrame) -> Iterator[RowFault]:
    for column, is_faulty, reason in _checks():
        faulty = typed.filter(is_faulty).select("row_number", "line_number", reason=reason)
        for row_number, line_number, text in faulty.iter_rows():
            yield RowFault(row_number, text, column, line_number)


def _checks() -> Iterator[tuple[str, pl.Expr, pl.Expr]]:
    """Give each check: the column, what is faulty, and the words."""
    for name in REQUIRED:
        yield name, pl.col(name).is_null(), pl.lit(f"{name} is missing")
    yield (
        PROVIDERS[0],
        pl.col("provider").is_null(),
        pl.lit(f"{' and '.join(PROVIDERS)} are missing"),
    )
    yield "Tags", pl.col("tags_problem").is_not_null(), pl.col("tags_problem")
    start, end = pl.col("charge_period_start"), pl.col("charge_period_end")
    yield _unread("ChargePeriodStart", start, "not a time of the years 2000 to 2099")
    yield _unread("ChargePeriodEnd", end, "not a time of the years 2000 to 2099")
    yield "ChargePeriodEnd", end < start, pl.lit("ChargePeriodEnd is before ChargePeriodStart")
    plain = f"not a plain decimal of at most {COST_INTEGER_DIGITS_MAX} digits and 12 decimals"
    for name, ours in DECIMALS.items():
        yield _unread(name, pl.col(ours), plain)
    for name, ours in QUANTITIES.items():
        yield _unread(name, pl.col(ours), "not a plain decimal")
    category = pl.col("ChargeCategory")
    yield (
        "ChargeCategory",
        ~category.is_in(CHARGE_CATEGORIES),
        _said("ChargeCategory is none of FOCUS: {}", "ChargeCategory"),
    )
    for name in NAMES:
        is_formula = pl.col(name).str.contains(FORMULA)
        yield name, is_formula, _said(f"{name} begins like a spreadsheet formula: {{}}", name)
    may_be_negative = category.is_in(MAY_BE_NEGATIVE) | pl.col("ChargeClass").eq_missing(
        pl.lit(CORRECTION)
    )
    costs_something = (pl.col("consumed_quantity") < 0) & (pl.col("effective_cost") > 0)
    yield (
        "ConsumedQuantity",
        costs_something & ~may_be_negative,
        _said("ConsumedQuantity is negative and costs something: {}", "ConsumedQuantity"),
    )


def _unread(name: str, value: pl.Expr, reason: str) -> tuple[str, pl.Expr, pl.Expr]:
    is_unread = pl.col(name).is_not_null() & value.is_null()
    return name, is_unread, _said(f"{name} is {reason}: {{}}", name)


def _said(words: str, *names: str) -> pl.Expr:
    return pl.format(words, *(pl.col(name).str.slice(0, 40) for name in names))


def _charges(typed: pl.DataFrame) -> pl.DataFrame:
    named = typed.with_columns(
        *(pl.col(theirs).alias(ours) for theirs, ours in TEXTS.items()),
        service=pl.coalesce("x_fc_service", "tag_service"),
        account_id=pl.coalesce("x_fc_account", "tag_account"),
        revision=pl.lit(None, pl.Int64),
        cost_as_sent=pl.lit(None, pl.String),
    )
    return named.select(CHARGE_SCHEMA.keys())
