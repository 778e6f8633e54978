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
        Column("content_digest", INTEGER, "64-bit digest of key and content, to know a retry"),
        Column("metric_version", INTEGER, "Version of the metric that read the value; 0: none"),
        Column("received_at", INSTANT, "The second in which it was taken in (UTC)"),
        Column("is_own_time", pl.Boolean(), "False: the app named no time, occurred_at is ours"),
        Column("shard", INTEGER, "Inbox shard"),
        Column("inbox_id", INTEGER, "Position in the shard's inbox: what a watermark pins"),
        Column("sequence", INTEGER, "Position inside one inbox row"),
    ),
    sorted_by=("service", "metric_code", "subscription_id", "occurred_at"),
)

REVISION = LakeTable(
    schema="raw",
    name="revision",
    comment="Usage that replaces usage: counter pushes and corrections. The newest row of a fact "
    "(largest inbox_id, then sequence) counts, unless it is void; all rows are kept.",
    columns=(
        *USAGE.columns,
        Column("fact_id", TEXT, "e:<transaction_id> of an event, or w:<window> of a counter"),
        Column("window_start", INSTANT, "Start of a counter's window (included); null for events"),
        Column("window_end", INSTANT, "End of a counter's window (excluded); null for events"),
        Column("is_void", pl.Boolean(), "True: the fact counts nothing from this row on"),
        Column("correction_id", TEXT, "Correction that wrote the row; null for counter pushes"),
    ),
    sorted_by=("service", "metric_code", "subscription_id", "fact_id", "inbox_id"),
)

QUARANTINE = LakeTable(
    schema="raw",
    name="quarantine",
    comment="Usage events taken in that no metric can count, with the reason.",
    columns=(
        *USAGE.columns,
        Column("reason", TEXT, "Why it can't be counted"),
        Column("details", TEXT, "What else is known of the fault (JSON), such as both digests"),
    ),
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
        Column(
            "kind",
            TEXT,
            "plan_fee, plan_fee_credit, charge, true_up, minimum_commitment or late_usage",
        ),
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
        Column("charge_id", TEXT, "Id of the charge; null for a plan fee"),
        Column("filter_id", TEXT, "Id of the charge's filter; null: what no filter takes"),
        Column("filter_values", TEXT, "Values of the charge's filter it prices (JSON)"),
        Column("group_values", TEXT, "Properties that were priced alone (JSON)"),
        Column("is_invoiceable", pl.Boolean(), "False: shown here, carried by no invoice"),
        Column("corrects_line_id", TEXT, "Of late usage: the line whose amount it changes"),
    ),
    sorted_by=("service", "account_id", "period_start"),
)

COST = LakeTable(
    schema="raw",
    name="cost",
    comment="Provider cost (COGS), FOCUS-shaped, one row a charge; append-only. Of rows with one "
    "(source, day, source_key) the largest revision counts, unless it is withdrawn.",
    columns=(
        Column("month", pl.Date(), "First day of the month of day (partition)"),
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
        Column("day", pl.Date(), "Day it counts for: the UTC date of charges for whole UTC days, "
               "else the Toronto date of charge_period_start; null in rows older than the column"),
        Column("last_day", pl.Date(), "Last day the charge covers"),
        Column("source", TEXT, "Where it came from; null in rows older than the column"),
        Column("source_key", TEXT, "What the row is called in its source and day"),
        Column("revision", INTEGER, "The largest of (source, day, source_key) counts"),
        Column("is_withdrawn", pl.Boolean(), "True: the row counts nothing from this revision on"),
        Column("recorded_at", INSTANT, "When it was taken in; null in rows older than the column"),
        Column("metric_code", TEXT, "Billable metric it is the cost of (x_fc_metric)"),
        Column("billing_account_id", TEXT, "FOCUS BillingAccountId"),
        Column("sub_account_id", TEXT, "FOCUS SubAccountId: project, workspace or subaccount"),
        Column("invoice_id", TEXT, "FOCUS InvoiceId"),
        Column("service_category", TEXT, "FOCUS ServiceCategory"),
        Column("charge_class", TEXT, "FOCUS ChargeClass: Correction, or null"),
        Column("sku_id", TEXT, "FOCUS SkuId"),
        Column("consumed_quantity", QUANTITY, "FOCUS ConsumedQuantity"),
        Column("consumed_unit", TEXT, "FOCUS ConsumedUnit"),
        Column("list_cost", QUANTITY, "FOCUS ListCost, in billing_currency"),
        Column("contracted_cost", QUANTITY, "FOCUS ContractedCost, in billing_currency"),
        Column("cost_as_sent", TEXT, "The cost as written, where it has over 12 decimals"),
        Column("fx_date", pl.Date(), "Day of fx_rate; null: given with the file, or CAD"),
        Column("fx_source", TEXT, "Where fx_rate is from: given, odoo or a file; null: CAD"),
    ),
    sorted_by=("service", "account_id", "charge_period_start"),
)  # fmt: skip

USAGE_DAILY = LakeTable(
    schema="mart",
    name="usage_daily",
    comment="Effective usage by local day, for analysts; never used for billing. One row for each "
    "service, metric, subscription and day. The exception to append-only: a day touched by new "
    "usage is computed again and replaced as a whole.",
    columns=(
        Column("month", pl.Date(), "First day of the month of day (partition)"),
        Column("service", TEXT, "Code of the service that owns the row"),
        Column("metric_code", TEXT, "Code of the billable metric"),
        Column("subscription_id", TEXT, "External id of the subscription"),
        Column("day", pl.Date(), "Local date in the service's timezone; may have 23 or 25 hours"),
        Column("events_count", INTEGER, "Usage events that count; of counters of a count metric, "
               "the events they counted; of other counters, the windows"),
        Column("value_sum", QUANTITY, "Sum of the values; null without numbers and for gauges"),
        Column("value_max", QUANTITY, "Largest value; null without numbers"),
        Column("value_last", QUANTITY, "Latest value of the day; null without numbers"),
        Column("aggregation_type", TEXT, "Lago's word for how the metric counts; null: unknown"),
        Column("counter_semantics", TEXT, "What the metric's counters mean; null: it takes none"),
        Column("shard", INTEGER, "Inbox shard of the subscription"),
        Column("watermark", TEXT, "What had been taken in when the day was computed"),
        Column("computed_at", INSTANT, "When the day was computed"),
    ),
    sorted_by=("service", "metric_code", "subscription_id", "day"),
)  # fmt: skip

ERASED_KEY = LakeTable(
    schema="raw",
    name="erased_key",
    comment="Keys of erased usage, as keyed digests: a retry of it must not come back as new.",
    columns=(
        Column("month", pl.Date(), "First day of the UTC month of the erased usage (partition)"),
        Column("service", TEXT, "Code of the service that owned the row"),
        Column("subscription_id", TEXT, "External id of the subscription; empty for none"),
        Column("key_digest", TEXT, "BLAKE2b of the key, keyed with the service's pepper (hex)"),
        Column("received_at", INSTANT, "The second in which it was taken in (UTC)"),
        Column("kind", TEXT, "Why it was erased: account, or retention"),
        Column("erasure_id", TEXT, "The erasure that took it out"),
    ),
    sorted_by=("service", "subscription_id", "key_digest"),
)

MARGIN_DAILY = LakeTable(
    schema="mart",
    name="margin_daily",
    comment="Rated revenue and attributed COGS by local day and owner, for margins. The second "
    "exception to append-only: a day whose sources changed is replaced as a whole.",
    columns=(
        Column("month", pl.Date(), "First day of the month of day (partition)"),
        Column("day", pl.Date(), "Local date; a rated line is spread over its period's days"),
        Column("service", TEXT, "Code of the service; null: cost that names none"),
        Column("account_id", TEXT, "External id of the account; null: cost that accounts share"),
        Column("plan_code", TEXT, "Plan of the line, or the only one of a cost's account"),
        Column("metric_code", TEXT, "Billable metric; null: fees, and costs of no metric"),
        Column("provider", TEXT, "Provider of the cost; null: revenue"),
        Column("provider_service", TEXT, "The provider's service; null: revenue"),
        Column("revenue_cents", INTEGER, "Rated revenue in cents of CAD, before tax"),
        Column("cogs_cad", QUANTITY, "Attributed COGS in CAD"),
        Column("estimated_cogs_cad", QUANTITY, "The part of cogs_cad that is an estimate"),
        Column("quantity", QUANTITY, "Units of charges; 0 for fees and costs"),
        Column("quantity_included", QUANTITY, "Units the included quota covered"),
        Column("lines_count", INTEGER, "Rated lines that begin on the day"),
        Column("costs_count", INTEGER, "Cost rows"),
        Column("shard", INTEGER, "Always 0: a day is computed for all shards together"),
        Column("computed_at", INSTANT, "When the day was computed"),
    ),
    sorted_by=("service", "account_id", "metric_code", "day"),
)

INVOICE_LINE = LakeTable(
    schema="raw",
    name="invoice_line",
    comment="Lines of our invoices and credit notes that Odoo has posted, as read there; "
    "append-only. Of one (odoo_database, move_id) the rows of the largest revision count, and they "
    "count only while their state is posted: a move that was posted no more has one row, no line.",
    columns=(
        Column("month", pl.Date(), "First day of the month of invoice_date (partition)"),
        Column("service", TEXT, "Code of the service"),
        Column("account_id", TEXT, "External id of the account"),
        Column("subscription_id", TEXT, "External id of the subscription; null: made in Odoo"),
        Column("plan_code", TEXT, "Code of the subscription's plan; null: made in Odoo"),
        Column("charge_code", TEXT, "Code of the charge; null for fees and what Odoo made"),
        Column("metric_code", TEXT, "Billable metric (x_fc_metric_code)"),
        Column("odoo_database", TEXT, "Database of Odoo, within which ids are unique"),
        Column("move_id", INTEGER, "Id of the invoice or credit note in Odoo"),
        Column("move_name", TEXT, "Its number"),
        Column("move_type", TEXT, "out_invoice, or out_refund for a credit note"),
        Column("reversed_move_id", INTEGER, "Invoice that a credit note reverses"),
        Column("line_id", INTEGER, "Id of the line in Odoo; null: the move is posted no more"),
        Column("invoice_date", pl.Date(), "Date on the invoice"),
        Column("accounting_date", pl.Date(), "Date in the books: later when a period was locked"),
        Column("description", TEXT, "The words on the invoice"),
        Column("quantity", TEXT, "Units billed, as exact text (x_fc_quantity)"),
        Column("untaxed_cents", INTEGER, "Amount before tax in cents; negative on credit notes"),
        Column("currency", TEXT, "ISO 4217"),
        Column("draft_id", TEXT, "Invoice draft it was made of; null: made in Odoo"),
        Column("rated_line_id", TEXT, "Rated line it bills (x_fc_rated_line_id)"),
        Column("state", TEXT, "posted; else draft, cancel or deleted"),
        Column("revision", INTEGER, "The largest of (odoo_database, move_id) counts"),
        Column("seen_at", INSTANT, "When it was read from Odoo"),
    ),
    sorted_by=("service", "account_id", "move_id", "line_id"),
)

TABLES = (
    *(USAGE, REVISION, QUARANTINE, RATED_LINE, COST, USAGE_DAILY, MARGIN_DAILY, ERASED_KEY),
    INVOICE_LINE,
)
STREAMS = ("usage_0", "rated_line")
