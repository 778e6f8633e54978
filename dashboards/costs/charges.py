"""Charges as every source gives them, and what becomes of them: rows of the lake's cost table.

Decides a charge's day, its key, its rate and its COGS. Opens no file and no lake.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from hashlib import blake2b

import polars as pl

from catalog.money import QUANTITY_SCALE, ZERO
from dashboards.costs.faults import RowFault, by_row
from dashboards.costs.fx import FxRate, FxRates
from storage.lake_tables import COST, QUANTITY

TIMEZONE = "America/Toronto"
TAX = "Tax"
CREDIT = "Credit"
ADJUSTMENT = "Adjustment"
CORRECTION = "Correction"
CHARGE_CATEGORIES = ("Usage", "Purchase", TAX, CREDIT, ADJUSTMENT)
# What is decided here; everything else of the cost table comes from the source.
DECIDED = (
    *("month", "day", "last_day", "fx_rate", "cogs_cad", "fx_date", "fx_source"),
    *("source", "is_withdrawn", "recorded_at", "import_id"),
)
CHARGE_SCHEMA = {
    **{name: kind for name, kind in COST.polars_schema.items() if name not in DECIDED},
    "line_number": pl.Int64(),
}
# Rows that have no key of their own are called by a digest and their place among equals.
UNNAMED_SCHEMA = {**COST.polars_schema, "digest": pl.String()}
# Two rows that agree in all of these are told apart by their order only.
NAMING = (
    *("provider", "billing_account_id", "sub_account_id", "provider_service", "sku_id"),
    *("resource_id", "charge_category", "charge_class", "description"),
    *("charge_period_start", "charge_period_end", "billing_currency"),
)
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)
_SMALLEST = Decimal(1).scaleb(-QUANTITY_SCALE)
ROWS_AT_ONCE = 20_000
_MIDNIGHT = pl.time(0, 0, 0)


@dataclass(frozen=True, slots=True)
class ReadCosts:
    """Rows with the columns of the cost table, or what is wrong: with faults there are no rows."""

    costs: pl.DataFrame
    faults: tuple[RowFault, ...]


@dataclass(frozen=True, slots=True)
class Charges:
    """What a source gave, null where it could not be read, and what is wrong with it."""

    frame: pl.DataFrame
    faults: tuple[RowFault, ...]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an import says of all its rows.

    Without a `revision` a row that changed gets a newer one than it had, and others stay.
    """

    source: str
    import_id: str
    recorded_at: datetime
    revision: int | None = None
    timezone: str = TIMEZONE


@dataclass(frozen=True, slots=True)
class Pricing:
    """Turns charges into cost rows in CAD, some at a time; each rate is looked up once."""

    rates: FxRates
    stamp: Stamp
    _known: dict[tuple[str | None, date], FxRate | None] = field(default_factory=dict)

    def priced(self, charges: Charges, *, is_checked_only: bool = False) -> ReadCosts:
        """Return rows that `with_keys` has to name yet, or a fault for each row without a rate.

        Charges with faults are checked only: they become no rows.
        """
        dated = with_days(charges.frame, self.stamp.timezone)
        found = _rates(dated, self.rates, self._known)
        faults = tuple(_without_rate(dated, found))
        if faults or charges.faults or is_checked_only:
            return ReadCosts(pl.DataFrame(schema=UNNAMED_SCHEMA), faults)
        return ReadCosts(_stamped(_with_digests(_in_cad(dated, found)), self.stamp), ())


def cost_rows(charges: Charges, rates: FxRates, stamp: Stamp) -> ReadCosts:
    """Return the charges as cost rows in CAD; every fault is told, and then there is no row."""
    pricing = Pricing(rates, stamp)
    pieces: list[pl.DataFrame] = []
    faults = list(charges.faults)
    for piece in list(charges.frame.iter_slices(ROWS_AT_ONCE)) or [charges.frame]:
        read = pricing.priced(Charges(piece, ()), is_checked_only=bool(faults))
        faults += read.faults
        if not faults:
            pieces.append(read.costs)
    if faults:
        return ReadCosts(pl.DataFrame(schema=COST.polars_schema), tuple(sorted(faults, key=by_row)))
    return ReadCosts(with_keys(pl.concat(pieces)), ())


def with_keys(priced: pl.DataFrame) -> pl.DataFrame:
    """Give rows without a key the digest of what names them, and their place among equals.

    All rows of one day and digest must be there, in their file's order.
    """
    own = pl.col("source_key").is_not_null()
    place = pl.int_range(pl.len()).over("day", "digest", own)
    key = pl.when(own).then("source_key").otherwise(pl.format("{}-{}", "digest", place))
    return priced.with_columns(source_key=key).drop("digest")


def cogs_cad(effective_cost: Decimal, fx_rate: Decimal, charge_category: str) -> Decimal:
    """Return EffectiveCost in CAD at 12 decimals, rounded half-up; a tax is no COGS."""
    if charge_category == TAX:
        return ZERO
    return _EXACT.multiply(effective_cost, fx_rate).quantize(_SMALLEST, context=_EXACT)


def with_days(charges: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Add the first and the last day of each charge.

    A charge for whole UTC days, as providers cut them, is of those days; others are local.
    """
    day, last_day = day_columns(timezone)
    return charges.with_columns(day=day, last_day=last_day)


def day_columns(timezone: str) -> tuple[pl.Expr, pl.Expr]:
    """Return the first and the last day of a charge, from its start and end."""
    start, end = pl.col("charge_period_start"), pl.col("charge_period_end")
    is_whole = (start.dt.time() == _MIDNIGHT) & (end.dt.time() == _MIDNIGHT) & (end > start)
    local = start.dt.convert_time_zone(timezone).dt.date()
    last = pl.max_horizontal(start, end - pl.duration(microseconds=1))
    local_last = last.dt.convert_time_zone(timezone).dt.date()
    return (
        pl.when(is_whole).then(start.dt.date()).otherwise(local),
        pl.when(is_whole).then(last.dt.date()).otherwise(local_last),
    )


def kept_cost(cost: Decimal) -> tuple[Decimal, str | None]:
    """Return a cost at 12 decimals, half-up, and its own digits where it has more."""
    kept = cost.quantize(_SMALLEST, context=_EXACT)
    return kept, (None if kept == cost else format(cost, "f"))


def epoch_milliseconds(at: datetime) -> int:
    """Return an instant as whole milliseconds since 1970: a revision that grows with time."""
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def _rates(
    dated: pl.DataFrame, rates: FxRates, known: dict[tuple[str | None, date], FxRate | None]
) -> list[FxRate | None]:
    """Return the rate of each row; what was looked up is kept in `known`."""
    keys = list(dated.select("billing_currency", "day").iter_rows())
    for key in set(keys) - known.keys():
        known[key] = None if key[0] is None else rates.on(*key)
    return [known[key] for key in keys]


def _without_rate(dated: pl.DataFrame, found: list[FxRate | None]) -> Iterator[RowFault]:
    places = dated.select("row_number", "line_number", "billing_currency", "day").iter_rows()
    for (row, line, currency, day), rate in zip(places, found, strict=True):
        if rate is None and currency is not None:
            told = str(currency)[:40]
            on_day = f" on {day}" if day else ""
            reason = (
                f"no rate for {told}{on_day}: give the CAD for one {told} with --rate {told}=…, "
                "or import rates with `costs rates`"
            )
            yield RowFault(row, reason, "BillingCurrency", line or 0)


def _in_cad(dated: pl.DataFrame, found: list[FxRate | None]) -> pl.DataFrame:
    rates = [rate for rate in found if rate is not None]
    parts = dated.select("effective_cost", "charge_category").iter_rows()
    # Polars rounds a product of decimals half-even; ours is half-up.
    cogs = [
        cogs_cad(cost, rate.rate, category)
        for (cost, category), rate in zip(parts, rates, strict=True)
    ]
    return dated.with_columns(
        pl.Series("cogs_cad", cogs, QUANTITY),
        pl.Series("fx_rate", [rate.rate for rate in rates], QUANTITY),
        pl.Series("fx_date", [rate.day for rate in rates], pl.Date),
        pl.Series("fx_source", [rate.source for rate in rates], pl.String),
    )


def _with_digests(dated: pl.DataFrame) -> pl.DataFrame:
    """Add the digest of what names each row."""
    text = pl.concat_str(
        [pl.col(name).cast(pl.String).fill_null("\x00") for name in NAMING], separator="\x1f"
    )
    texts = dated.select(text.alias("text"))["text"]
    digests = [blake2b(each.encode(), digest_size=12).hexdigest() for each in texts]
    return dated.with_columns(pl.Series("digest", digests, pl.String))


def _stamped(costs: pl.DataFrame, stamp: Stamp) -> pl.DataFrame:
    return costs.with_columns(
        month=pl.col("day").dt.month_start(),
        source=pl.lit(stamp.source),
        revision=pl.coalesce("revision", pl.lit(stamp.revision, pl.Int64)),
        is_withdrawn=pl.lit(value=False),
        recorded_at=pl.lit(stamp.recorded_at, COST.polars_schema["recorded_at"]),
        import_id=pl.lit(stamp.import_id),
    ).select(pl.col(name).cast(kind) for name, kind in UNNAMED_SCHEMA.items())
