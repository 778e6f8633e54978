"""FOCUS 1.0 to 1.4 cost files as rows of the lake's cost table.

Decides which rows are sound, which service and account they belong to and what they cost in
CAD. Opens no file and no lake.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from catalog.money import QUANTITY_SCALE, ZERO, fits_quantity
from dashboards.focus_text import WHOLE_FILE, RowFault, focus_text
from storage.lake_tables import COST, INSTANT, QUANTITY

HOME_CURRENCY = "CAD"
TAX = "Tax"
CHARGE_CATEGORIES = ("Usage", "Purchase", TAX, "Credit", "Adjustment")
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
OPTIONAL = (
    "ServiceName",
    "ChargeDescription",
    "ResourceId",
    "Tags",
    "x_fc_service",
    "x_fc_account",
)
COST_INTEGER_DIGITS_MAX = 15
FX_RATE_MAX = Decimal(1_000_000)
# At most 15 digits before the point keeps every sum of rows inside DECIMAL(38,12).
PLAIN_COST = rf"^-?0*[0-9]{{1,{COST_INTEGER_DIGITS_MAX}}}(\.[0-9]{{0,{QUANTITY_SCALE}}}0*)?$"
PLAIN_INSTANT = re.compile(
    r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII
)
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)
_SMALLEST = Decimal(1).scaleb(-QUANTITY_SCALE)


@dataclass(frozen=True, slots=True)
class FocusCosts:
    """Rows with the columns of the cost table, or what is wrong: with faults there are no rows."""

    costs: pl.DataFrame
    faults: tuple[RowFault, ...]


class Attribution(NamedTuple):
    """Whose a cost is, as its Tags say, or why they can't be read."""

    service: str | None
    account: str | None
    problem: str | None


def focus_costs(
    content: bytes, *, rates: Mapping[str, Decimal], import_id: str, timezone: str
) -> FocusCosts:
    """Read a FOCUS CSV file; every faulty row is reported, and then no row is taken.

    `rates` are CAD for one unit of each currency other than CAD; `timezone` gives the month.
    """
    known_rates = _checked_rates(rates)
    text = focus_text(content, (*REQUIRED, *PROVIDERS, *OPTIONAL))
    missing = tuple(_missing_columns(text.rows)) if text.rows.columns else ()
    if missing or not text.rows.columns:
        return _refused(text.faults + missing)
    if text.rows.is_empty() and not text.faults:
        return _refused((RowFault(WHOLE_FILE, "the file has no cost row"),))
    typed = _typed(_with_every_column(text.rows), known_rates)
    faults = (*text.faults, *_value_faults(typed))
    if faults:
        return _refused(tuple(sorted(faults, key=lambda fault: fault.row_number)))
    return FocusCosts(_cost_rows(typed, import_id, timezone), ())


def cogs_cad(effective_cost: Decimal, fx_rate: Decimal, charge_category: str) -> Decimal:
    """Return EffectiveCost in CAD at 12 decimals, rounded half-up; a tax is no COGS."""
    if charge_category == TAX:
        return ZERO
    return _EXACT.multiply(effective_cost, fx_rate).quantize(_SMALLEST, context=_EXACT)


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


def _refused(faults: tuple[RowFault, ...]) -> FocusCosts:
    return FocusCosts(pl.DataFrame(schema=COST.polars_schema), faults)


def _checked_rates(rates: Mapping[str, Decimal]) -> dict[str, Decimal]:
    for currency, rate in rates.items():
        if not (rate.is_finite() and ZERO < rate < FX_RATE_MAX and fits_quantity(rate)):
            raise ValueError(f"{currency}: {rate} is no rate (CAD per {currency}, over 0)")
    if rates.get(HOME_CURRENCY, Decimal(1)) != 1:
        raise ValueError("CAD: the rate of CAD in CAD is 1")
    return {**rates, HOME_CURRENCY: Decimal(1)}


def _missing_columns(rows: pl.DataFrame) -> Iterator[RowFault]:
    for name in REQUIRED:
        if name not in rows.columns:
            yield RowFault(WHOLE_FILE, f"the column {name} is missing")
    if not set(PROVIDERS) & set(rows.columns):
        yield RowFault(WHOLE_FILE, f"the column {' or '.join(PROVIDERS)} is missing")


def _with_every_column(rows: pl.DataFrame) -> pl.DataFrame:
    absent = [name for name in (*PROVIDERS, *OPTIONAL) if name not in rows.columns]
    return rows.with_columns(pl.lit(None, pl.String()).alias(name) for name in absent)


def _typed(rows: pl.DataFrame, rates: Mapping[str, Decimal]) -> pl.DataFrame:
    """Add each value in its own type, null where the text can't be read as one."""
    tags = [tag_attribution(text) for text in rows["Tags"]]
    found_rates = [rates.get(currency) for currency in rows["BillingCurrency"]]
    return rows.with_columns(
        _instants(rows["ChargePeriodStart"], "charge_period_start"),
        _instants(rows["ChargePeriodEnd"], "charge_period_end"),
        _cost("EffectiveCost").alias("effective_cost"),
        _cost("BilledCost").alias("billed_cost"),
        pl.coalesce(PROVIDERS).alias("provider"),
        pl.Series("fx_rate", found_rates, QUANTITY),
        pl.Series("tag_service", [found.service for found in tags], pl.String),
        pl.Series("tag_account", [found.account for found in tags], pl.String),
        pl.Series("tags_problem", [found.problem for found in tags], pl.String),
    )


def _instants(texts: pl.Series, name: str) -> pl.Series:
    return pl.Series(name, [focus_instant(text) for text in texts], INSTANT)


def _cost(name: str) -> pl.Expr:
    return pl.when(pl.col(name).str.contains(PLAIN_COST)).then(pl.col(name)).cast(QUANTITY)


def _value_faults(typed: pl.DataFrame) -> Iterator[RowFault]:
    for is_faulty, reason in _checks():
        faulty = typed.filter(is_faulty).select("row_number", reason=reason)
        yield from (RowFault(row_number, text) for row_number, text in faulty.iter_rows())


def _checks() -> Iterator[tuple[pl.Expr, pl.Expr]]:
    for name in REQUIRED:
        yield pl.col(name).is_null(), pl.lit(f"{name} is missing")
    yield pl.col("provider").is_null(), pl.lit(f"{' and '.join(PROVIDERS)} are missing")
    yield pl.col("tags_problem").is_not_null(), pl.col("tags_problem")
    start, end = pl.col("charge_period_start"), pl.col("charge_period_end")
    yield _unread("ChargePeriodStart", start, "not a time of the years 2000 to 2099")
    yield _unread("ChargePeriodEnd", end, "not a time of the years 2000 to 2099")
    yield end < start, pl.lit("ChargePeriodEnd is before ChargePeriodStart")
    plain = f"not a plain decimal of at most {COST_INTEGER_DIGITS_MAX} digits and 12 decimals"
    yield _unread("EffectiveCost", pl.col("effective_cost"), plain)
    yield _unread("BilledCost", pl.col("billed_cost"), plain)
    category = pl.col("ChargeCategory")
    yield (
        ~category.is_in(CHARGE_CATEGORIES),
        _said("ChargeCategory is none of FOCUS: {}", "ChargeCategory"),
    )
    currency = pl.col("BillingCurrency")
    no_rate = "no rate for {}: give the CAD for one {} with --rate {}=…"
    yield (
        currency.is_not_null() & pl.col("fx_rate").is_null(),
        _said(no_rate, *["BillingCurrency"] * 3),
    )


def _unread(name: str, value: pl.Expr, reason: str) -> tuple[pl.Expr, pl.Expr]:
    return pl.col(name).is_not_null() & value.is_null(), _said(f"{name} is {reason}: {{}}", name)


def _said(words: str, *names: str) -> pl.Expr:
    return pl.format(words, *(pl.col(name).str.slice(0, 40) for name in names))


def _cost_rows(typed: pl.DataFrame, import_id: str, timezone: str) -> pl.DataFrame:
    local_start = pl.col("charge_period_start").dt.convert_time_zone(timezone)
    parts = typed.select("effective_cost", "fx_rate", "ChargeCategory").iter_rows()
    # Polars rounds a product of decimals half-even; ours is half-up.
    cogs = pl.Series("cogs_cad", [cogs_cad(*part) for part in parts], QUANTITY)
    return typed.with_columns(
        cogs,
        month=local_start.dt.date().dt.month_start(),
        service=pl.coalesce("x_fc_service", "tag_service"),
        account_id=pl.coalesce("x_fc_account", "tag_account"),
        provider_service=pl.col("ServiceName"),
        charge_category=pl.col("ChargeCategory"),
        description=pl.col("ChargeDescription"),
        billing_currency=pl.col("BillingCurrency"),
        resource_id=pl.col("ResourceId"),
        tags=pl.col("Tags"),
        import_id=pl.lit(import_id),
    ).select(COST.polars_schema.keys())
