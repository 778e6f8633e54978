"""Where our answers to real clients differ from Lago's document: each with its reason.

Members more and less that every document shows are those of the OpenAPI's own table.
"""

from tests.fusion_billing.openapi.lago_differences import DIFFERENCES as IN_DOCUMENTS
from tests.lago_clients.shapes import differences

SERVED_BY_LAGO = "Lago's server answers null, though its document does not say so"
TEXT_BY_LAGO = "Lago's server answers text, though its document says number"
NOT_BY_LAGO = "Lago's document asks for it, though its server does not answer it"
ONE_OR_MANY = "Lago's document knows one alert only; its server and clients know several too"

DIFFERENCES: dict[str, tuple[str, ...]] = {
    SERVED_BY_LAGO: (
        "0 BillableMetricObject.expression",
        *(
            f"0 CustomerBillingConfiguration.{name}"
            for name in (
                "document_locale", "invoice_grace_period", "payment_provider",
                "payment_provider_code",
            )
        ),
        "0 CustomerProjectedChargeUsageObject.charge.invoice_display_name",
        "0 FeeEstimateObject.item.description",
        "0 InvoiceObject.file_url",
        "0 InvoiceObject.payment_dispute_lost_at",
        "0 InvoiceObjectExtended.file_url",
        "0 InvoiceObjectExtended.payment_dispute_lost_at",
        "0 PaymentMethodReference.payment_method_id",
        *(
            f"0 PaymentObject.{name}"
            for name in ("payment_provider_code", "payment_provider_type", "provider_customer_id")
        ),
        "0 PlanObject.description",
        "0 PlanObject.invoice_display_name",
    ),
    TEXT_BY_LAGO: (
        "t AlertObject.previous_value: str",
        *(
            f"t FeeEstimateObject.{name}: str"
            for name in (
                "amount_cents", "precise_amount", "precise_total_amount", "precise_unit_amount",
                "total_amount_cents",
            )
        ),
    ),
    NOT_BY_LAGO: ("- CustomerProjectedChargeUsageObject.groups",),
    ONE_OR_MANY: ("- Alert.alert", "+ Alert.alerts"),
}  # fmt: skip
OWN = frozenset(row for rows in DIFFERENCES.values() for row in rows)
KNOWN = OWN | {row for rows in IN_DOCUMENTS.values() for row in rows}


def unexplained(value: object, name: str) -> set[str]:
    """Return how an answer differs from a shape of Lago's document, but for what is listed."""
    return differences(value, {"object": name}) - KNOWN
