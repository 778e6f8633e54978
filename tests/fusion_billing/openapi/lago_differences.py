"""Every difference between our OpenAPI and Lago's, with its reason: the one table.

`- Shape.member`: we lack it; `+`: Lago's document lacks it; `? Shape`: we name no members of it.
"""

NEVER_HERE = "Lago's feature is not ours: the member is empty, or null, whoever asks"
IS_ODOOS = "kept by Odoo: the member is there for Lago's clients, and empty"
SERVED_BY_LAGO = "Lago's server answers it, though its document does not say so"
ROOT = "Lago's document forgets the root key that its server and clients have"
OURS = "ours, for what Lago has not"
ANY_OBJECT = "whatever the app has sent"
ONE_SHAPE = "one shape for both owners here; of the other owner the member is never there"
WIDER = "more than Lago answers: the same object as when it is shown"
FREE_FORM = "figures of a charge model, which differ from model to model"
NOT_KNOWN = "there are no taxes and sections of a customer in a list: they are Odoo's"

DIFFERENCES: dict[str, tuple[str, ...]] = {
    NEVER_HERE: (
        "- LifetimeUsageObject.usage_thresholds",
        "- PlanObject.metadata",
        "? ApplicableUsageThreshold",
        "? AppliedUsageThresholdObject",
        "? FixedChargeObject",
        "? PlanEntitlement",
        "? PricingUnitDetailsObject",
        "? SubscriptionActivationRuleObject",
        "? UsagePricingUnitDetailsObject",
        "? UsageThresholdObject",
    ),
    IS_ODOOS: (
        "? Address",
        "? AppliedInvoiceCustomSectionObject",
        "? CreditNoteItemObject",
        "? CreditObject",
        "? CustomerBillingConfiguration",
        "? CustomerMetadata",
        "? ErrorDetailObject",
        "? FeeAppliedTaxObject",
        "? IntegrationCustomer",
        "? InvoiceAppliedInvoiceCustomSectionObject",
        "? InvoiceCustomSectionObject",
        "? InvoiceMetadataObject",
        "? PaymentMethodReference",
        "? TaxObject",
        "- CustomerObject.integration_customers",
    ),
    NOT_KNOWN: tuple(
        f"- CustomerObjectExtended.{name}"
        for name in (
            "applicable_invoice_custom_sections", "error_details", "integration_customers",
            "taxes",
        )
    ),
    SERVED_BY_LAGO: (
        "+ AlertObject.subscription_external_id",
        "+ BillableMetricObject.active_subscriptions_count",
        "+ BillableMetricObject.draft_invoices_count",
        "+ BillableMetricObject.plans_count",
        "+ BillingPeriodObject.fixed_charges_from_datetime",
        "+ BillingPeriodObject.fixed_charges_to_datetime",
        "+ ChargeFilterObject.charge_code",
        "+ ChargeFilterObject.lago_id",
        "+ CreditNoteExtendedObject.purchase_order_number",
        "+ CreditNoteObject.purchase_order_number",
        "+ CustomerBaseObject.external_salesforce_id",
        "+ CustomerChargeUsageObject.charge.code",
        "+ CustomerObject.external_salesforce_id",
        "+ CustomerObjectExtended.external_salesforce_id",
        "+ CustomerProjectedChargeUsageObject.charge.code",
        "+ FeeObject.lago_original_fee_id",
        *(
            f"+ {shape}.{name}"
            for shape in ("InvoiceObject", "InvoiceObjectExtended")
            for name in (
                "purchase_order_number", "total_due_amount_cents",
                "total_offsetted_credit_note_amount_cents", "total_paid_amount_cents",
                "voided_at", "xml_url",
            )
        ),
        "+ PlanObject.active_subscriptions_count",
        "+ PlanObject.applicable_usage_thresholds",
        "+ PlanObject.customers_count",
        "+ PlanObject.draft_invoices_count",
        "+ PlanObject.parent_id",
        "+ PlanObject.pending_deletion",
        "+ SubscriptionObject.progressive_billing_disabled",
        "+ SubscriptionObjectExtended.entitlements",
        "+ SubscriptionObjectExtended.progressive_billing_disabled",
        "+ TaxObject.applied_to_billing_entities_codes",
    ),
    ROOT: (
        "+ PaymentObject.payment",
        *(
            f"- PaymentObject.{name}"
            for name in (
                "amount_cents", "amount_currency", "created_at", "external_customer_id",
                "external_payment_id", "invoice_ids", "invoice_numbers", "lago_customer_id",
                "lago_id", "lago_payable_id", "next_action", "payable_type",
                "payment_method_id", "payment_provider_code", "payment_provider_type",
                "payment_status", "provider_customer_id", "provider_payment_id", "reference",
                "status", "type",
            )
        ),
    ),
    OURS: (
        "+ BillableMetricObject.counter_semantics",
        "+ ChargeObjectProperties.included_quota",
        "+ ChargeProperties.included_quota",
    ),
    ANY_OBJECT: (
        "? EventCreated.event.properties",
        "? EventObject.properties",
        "? EventsCreated.events.properties",
    ),
    ONE_SHAPE: (
        "+ ChargeProperties.presentation_group_keys",
        "+ CreditNoteAppliedTaxObject.fees_amount_cents",
        "+ CreditNoteAppliedTaxObject.lago_invoice_id",
        "+ InvoiceAppliedTaxObject.base_amount_cents",
        "+ InvoiceAppliedTaxObject.lago_credit_note_id",
    ),
    WIDER: (
        "+ SubscriptionObject.applicable_usage_thresholds",
        "+ SubscriptionObject.entitlements",
        "+ SubscriptionObject.plan",
    ),
    FREE_FORM: ("? FeeAmountDetails",),
}  # fmt: skip

# Statuses that Lago's document names for an operation, and ours does not.
NO_FEATURE_GATE = "403: no feature here is sold apart, and every key may do all of its service"
BELONGS_TO_ODOO = "200: always refused; it is done in Odoo"
ALWAYS_POSSIBLE = "405: nothing forbids it here"
STATUSES: dict[str, tuple[str, ...]] = {
    BELONGS_TO_ODOO: (
        "DELETE /customers/{external_customer_id}/payment_methods/{lago_id}",
        "DELETE /plans/{code}/fixed_charges/{fixed_charge_code}",
        "GET /plans/{code}/fixed_charges/{fixed_charge_code}",
        "GET /subscriptions/{external_id}/fixed_charges/{fixed_charge_code}",
        "POST /credit_notes",
        "POST /invoices",
        "POST /invoices/{lago_id}/retry_payment",
        "POST /invoices/{lago_id}/void",
        "POST /plans/{code}/fixed_charges",
        "PUT /customers/{external_customer_id}/payment_methods/{lago_id}/set_as_default",
        "PUT /plans/{code}/fixed_charges/{fixed_charge_code}",
        "PUT /subscriptions/{external_id}/fixed_charges/{fixed_charge_code}",
    ),
    NO_FEATURE_GATE: (
        "GET /customers/{external_customer_id}/projected_usage",
        "GET /events",
        "GET /events/{transaction_id}",
        "POST /events",
        "POST /events/batch",
        "POST /events/batch_estimate_instant_fees",
        "POST /events/estimate_fees",
        "POST /events/estimate_instant_fees",
        "PUT /subscriptions/{external_id}/charges/{charge_code}",
        "PUT /subscriptions/{external_id}/fixed_charges/{fixed_charge_code}",
    ),
    ALWAYS_POSSIBLE: ("DELETE /webhook_endpoints/{lago_id}",),
}
