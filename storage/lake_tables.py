"""The lake's tables: columns, types, partition, sort order and the comment analysts read."""

from dataclasses import dataclass

import polars as pl

INSTANT = pl.Datetime("us", "UTC")
QUANTITY = pl.Decimal(38, 12)
AMOUNT = pl.Decimal(18, 6)
SQL_TYPES: dict[pl.DataType, str] = {
    pl.String(): "VARCHAR",
    pl.Int64(): "BIGINT",
    pl.Date(): "DATE",
    pl.Boolean(): "BOOLEAN",
    INSTANT: "TIMESTAMPTZ",
    QUANTITY: "DECIMAL(38,12)",
    AMOUNT: "DECIMAL(18,6)",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a lake table: its polars type and what it means."""

    name: str
    type: pl.DataType
    comment: str


@dataclass(frozen=True, slots=True)
class LakeTable:
    """One append-only lake table, partitioned by its `month` column."""

    schema: str
    name: str
    comment: str
    columns: tuple[Column, ...]
    sorted_by: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """Return schema.table, as SQL and the analysts say it."""
        return f"{self.schema}.{self.name}"

    @property
    def polars_schema(self) -> dict[str, pl.DataType]:
        """Return the columns' polars types by name, in order."""
        return {column.name: column.type for column in self.columns}


TEXT = pl.String()
INTEGER = pl.Int64()

USAGE = LakeTable(
    schema="raw",
    name="usage",
    comment="Every usage event taken in, once; never changed, never deleted.",
    columns=(
        Column("month", pl.Date(), "First day of the UTC month of occurred_at (partition)"),
        Column("service", TEXT, "Code of the service that owns the row"),
        Column("metric_code", TEXT, "Code of the billable metric"),
        Column("subscription_id", TEXT, "External id of the subscription"),
        Column("occurred_at", INSTANT, "When the usage happened, as the app says (UTC)"),
        Column("transaction_id", TEXT, "The app's id of this push, unique in its subscription"),
        Column("value", QUANTITY, "The metric's number; null for counts and unique counts"),
        Column("value_text", TEXT, "The metric's value as text, for unique counts"),
        Column("operation_type", TEXT, "add or remove, for unique counts"),
        Column("properties", TEXT, "The properties as sent (JSON)"),
        Column("precise_total_amount_cents", TEXT, "As sent, for the dynamic charge model"),
        Column("event_id", TEXT, "The id we answered with (lago_id)"),
        Column("content_digest", INTEGER, "64-bit digest of what was sent, to know a retry"),
        Column("metric_version", INTEGER, "Version of the metric that read the value; 0: none"),
        Column("received_at", INSTANT, "When we answered (UTC)"),
        Column("shard", INTEGER, "Inbox shard"),
        Column("inbox_id", INTEGER, "Position in the shard's inbox: what a watermark pins"),
        Column("sequence", INTEGER, "Position inside one push"),
    ),
    sorted_by=("service", "metric_code", "subscription_id", "occurred_at"),
)

QUARANTINE = LakeTable(
    schema="raw",
    name="quarantine",
    comment="Usage events taken in that no metric can count, with the reason.",
    columns=(*USAGE.columns, Column("reason", TEXT, "Why it can't be counted")),
    sorted_by=("service", "inbox_id"),
)

RATED_LINE = LakeTable(
    schema="core",
    name="rated_line",
    comment="A quantity priced for one billing period, with its explanation. Closed periods only.",
    columns=(
        Column("month", pl.Date(), "First day of the local month of the service date (partition)"),
        Column("id", TEXT, "Id of the rated line"),
        Column("service", TEXT, "Code of the service"),
        Column("account_id", TEXT, "External id of the account"),
        Column("subscription_id", TEXT, "External id of the subscription"),
        Column("draft_id", TEXT, "Invoice draft that carries the line"),
        Column("kind", TEXT, "plan_fee or charge"),
        Column("plan_code", TEXT, "Code of the plan"),
        Column("plan_version", INTEGER, "Version of the plan that priced it"),
        Column("charge_code", TEXT, "Code of the charge; null for a plan fee"),
        Column("metric_code", TEXT, "Code of the billable metric; null for a plan fee"),
        Column("metric_version", INTEGER, "Version of the metric; null for a plan fee"),
        Column("charge_model", TEXT, "Lago's word for the charge model; null for a plan fee"),
        Column("period_start", INSTANT, "Start of the billed window (included)"),
        Column("period_end", INSTANT, "End of the billed window (excluded)"),
        Column("quantity", QUANTITY, "Result of aggregation, rounded as the metric says"),
        Column("quantity_included", QUANTITY, "Units the included quota covered"),
        Column("quantity_overage", QUANTITY, "Units the charge model priced"),
        Column("events_count", INTEGER, "Usage events counted"),
        Column("amount_cents", INTEGER, "Amount in cents, rounded half-up once"),
        Column("amount_precise", TEXT, "Amount before rounding, in currency units"),
        Column("currency", TEXT, "ISO 4217"),
        Column("description", TEXT, "The words on the invoice"),
        Column("explanation", TEXT, "Each step from units to cents (JSON)"),
        Column("watermark", TEXT, "What had been taken in when it was computed"),
        Column("inputs_digest", TEXT, "SHA-256 of everything the amount depends on"),
        Column("rated_at", INSTANT, "When it was computed"),
    ),
    sorted_by=("service", "account_id", "period_start"),
)

COST = LakeTable(
    schema="raw",
    name="cost",
    comment="Provider cost (COGS), FOCUS-shaped, one row a charge; append-only.",
    columns=(
        Column("month", pl.Date(), "First day of the Toronto month of charge_period_start"),
        Column("service", TEXT, "Service it is attributed to; null: unallocated"),
        Column("account_id", TEXT, "Account it is attributed to; null: shared or unallocated"),
        Column("charge_period_start", INSTANT, "FOCUS ChargePeriodStart (included)"),
        Column("charge_period_end", INSTANT, "FOCUS ChargePeriodEnd (excluded)"),
        Column("provider", TEXT, "FOCUS ProviderName or ServiceProviderName"),
        Column("provider_service", TEXT, "FOCUS ServiceName"),
        Column("charge_category", TEXT, "FOCUS ChargeCategory"),
        Column("description", TEXT, "FOCUS ChargeDescription"),
        Column("effective_cost", QUANTITY, "FOCUS EffectiveCost, in billing_currency"),
        Column("billed_cost", QUANTITY, "FOCUS BilledCost, in billing_currency"),
        Column("billing_currency", TEXT, "FOCUS BillingCurrency"),
        Column("fx_rate", QUANTITY, "CAD per unit of billing_currency"),
        Column("cogs_cad", QUANTITY, "EffectiveCost in CAD; 0 for taxes, which are not COGS"),
        Column("resource_id", TEXT, "FOCUS ResourceId"),
        Column("tags", TEXT, "FOCUS Tags (JSON)"),
        Column("import_id", TEXT, "SHA-256 of the imported file"),
        Column("row_number", INTEGER, "Row in that file, from 1"),
    ),
    sorted_by=("service", "account_id", "charge_period_start"),
)

TABLES = (USAGE, QUARANTINE, RATED_LINE, COST)
STREAMS = ("usage_0", "rated_line")
