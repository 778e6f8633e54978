"""Which method of each of Lago's clients makes an operation's call, as seen when they ran."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Calls:
    """The methods of one operation; nothing where the Python client has none."""

    javascript: str
    python: str = ""


# Methods of lago-python-client 1.55 that leave the key out: Lago's 401 for them too.
SENDS_NO_KEY = frozenset(
    {
        "customer_credit_notes.find_all",
        "customer_invoices.find_all",
        "customer_payment_methods.find_all",
        "customer_payments.find_all",
        "customer_subscriptions.find_all",
        "plan_charges.find_all",
        "plan_fixed_charges.find_all",
        "subscription_charges.find_all",
        "subscription_fixed_charges.find_all",
    }
)
# And one that leaves the body out.
SENDS_NO_BODY = frozenset({"billable_metrics.evaluate_expression"})

CALLS: dict[str, Calls] = {
    "POST /billable_metrics": Calls(
        "billableMetrics.createBillableMetric", "billable_metrics.create"
    ),
    "GET /billable_metrics": Calls(
        "billableMetrics.findAllBillableMetrics", "billable_metrics.find_all"
    ),
    "POST /billable_metrics/evaluate_expression": Calls(
        "billableMetrics.evaluateBillableMetricExpression", "billable_metrics.evaluate_expression"
    ),
    "PUT /billable_metrics/{code}": Calls(
        "billableMetrics.updateBillableMetric", "billable_metrics.update"
    ),
    "DELETE /billable_metrics/{code}": Calls(
        "billableMetrics.destroyBillableMetric", "billable_metrics.destroy"
    ),
    "GET /billable_metrics/{code}": Calls(
        "billableMetrics.findBillableMetric", "billable_metrics.find"
    ),
    "GET /customers/{external_customer_id}/current_usage": Calls(
        "customers.findCustomerCurrentUsage", "customers.current_usage"
    ),
    "GET /customers/{external_customer_id}/projected_usage": Calls(
        "customers.findCustomerProjectedUsage", "customers.projected_usage"
    ),
    "GET /customers/{external_customer_id}/past_usage": Calls(
        "customers.findAllCustomerPastUsage", "customers.past_usage"
    ),
    "POST /events": Calls("events.createEvent", "events.create"),
    "POST /events/batch": Calls("events.createBatchEvents", "events.batch_create"),
    "GET /events": Calls("events.findAllEvents"),
    "GET /events/{transaction_id}": Calls("events.findEvent", "events.find"),
    "POST /events/estimate_fees": Calls("events.eventEstimateFees", "events.estimate_fees"),
    "POST /events/estimate_instant_fees": Calls("events.eventEstimateInstantFees"),
    "POST /events/batch_estimate_instant_fees": Calls("events.eventBatchEstimateInstantFees"),
    "GET /fees": Calls("fees.findAllFees", "fees.find_all"),
    "GET /fees/{lago_id}": Calls("fees.findFee", "fees.find"),
    "POST /plans": Calls("plans.createPlan", "plans.create"),
    "GET /plans": Calls("plans.findAllPlans", "plans.find_all"),
    "PUT /plans/{code}": Calls("plans.updatePlan", "plans.update"),
    "GET /plans/{code}": Calls("plans.findPlan", "plans.find"),
    "DELETE /plans/{code}": Calls("plans.destroyPlan", "plans.destroy"),
    "POST /plans/{code}/charges": Calls("plans.createPlanCharge", "plan_charges.create"),
    "GET /plans/{code}/charges": Calls("plans.findAllPlanCharges", "plan_charges.find_all"),
    "GET /plans/{code}/charges/{charge_code}": Calls("plans.findPlanCharge", "plan_charges.find"),
    "PUT /plans/{code}/charges/{charge_code}": Calls(
        "plans.updatePlanCharge", "plan_charges.update"
    ),
    "DELETE /plans/{code}/charges/{charge_code}": Calls(
        "plans.destroyPlanCharge", "plan_charges.destroy"
    ),
    "POST /plans/{code}/charges/{charge_code}/filters": Calls(
        "plans.createPlanChargeFilter", "plans.create_charge_filter"
    ),
    "GET /plans/{code}/charges/{charge_code}/filters": Calls(
        "plans.findAllPlanChargeFilters", "plans.find_all_charge_filters"
    ),
    "GET /plans/{code}/charges/{charge_code}/filters/{filter_id}": Calls(
        "plans.findPlanChargeFilter", "plans.find_charge_filter"
    ),
    "PUT /plans/{code}/charges/{charge_code}/filters/{filter_id}": Calls(
        "plans.updatePlanChargeFilter", "plans.update_charge_filter"
    ),
    "DELETE /plans/{code}/charges/{charge_code}/filters/{filter_id}": Calls(
        "plans.destroyPlanChargeFilter", "plans.destroy_charge_filter"
    ),
    "GET /subscriptions/{external_id}/lifetime_usage": Calls(
        "subscriptions.getSubscriptionLifetimeUsage", "subscriptions.lifetime_usage"
    ),
    "GET /subscriptions/{external_id}/alerts": Calls("subscriptions.getSubscriptionAlerts"),
    "POST /subscriptions/{external_id}/alerts": Calls(
        "subscriptions.createSubscriptionAlert", "subscriptions.create_alerts"
    ),
    "DELETE /subscriptions/{external_id}/alerts": Calls(
        "subscriptions.deleteAllSubscriptionAlerts", "subscriptions.delete_alerts"
    ),
    "GET /subscriptions/{external_id}/alerts/{code}": Calls("subscriptions.getSubscriptionAlert"),
    "PUT /subscriptions/{external_id}/alerts/{code}": Calls(
        "subscriptions.updateSubscriptionAlert"
    ),
    "DELETE /subscriptions/{external_id}/alerts/{code}": Calls(
        "subscriptions.deleteSubscriptionAlert"
    ),
    "GET /subscriptions/{external_id}/charges": Calls(
        "subscriptions.findAllSubscriptionCharges", "subscription_charges.find_all"
    ),
    "GET /subscriptions/{external_id}/charges/{charge_code}": Calls(
        "subscriptions.findSubscriptionCharge", "subscription_charges.find"
    ),
    "PUT /subscriptions/{external_id}/charges/{charge_code}": Calls(
        "subscriptions.overrideSubscriptionCharge", "subscription_charges.update"
    ),
    "POST /subscriptions/{external_id}/charges/{charge_code}/filters": Calls(
        "subscriptions.createSubscriptionChargeFilter", "subscriptions.create_charge_filter"
    ),
    "GET /subscriptions/{external_id}/charges/{charge_code}/filters": Calls(
        "subscriptions.findAllSubscriptionChargeFilters", "subscriptions.find_all_charge_filters"
    ),
    "GET /subscriptions/{external_id}/charges/{charge_code}/filters/{filter_id}": Calls(
        "subscriptions.findSubscriptionChargeFilter", "subscriptions.find_charge_filter"
    ),
    "PUT /subscriptions/{external_id}/charges/{charge_code}/filters/{filter_id}": Calls(
        "subscriptions.updateSubscriptionChargeFilter", "subscriptions.update_charge_filter"
    ),
    "DELETE /subscriptions/{external_id}/charges/{charge_code}/filters/{filter_id}": Calls(
        "subscriptions.destroySubscriptionChargeFilter", "subscriptions.destroy_charge_filter"
    ),
    "GET /webhooks/public_key": Calls("webhooks.fetchPublicKey"),
    "GET /webhooks/json_public_key": Calls("webhooks.fetchJsonPublicKey", "webhooks.public_key"),
    "POST /webhook_endpoints": Calls(
        "webhookEndpoints.createWebhookEndpoint", "webhook_endpoints.create"
    ),
    "GET /webhook_endpoints": Calls(
        "webhookEndpoints.findAllWebhookEndpoints", "webhook_endpoints.find_all"
    ),
    "PUT /webhook_endpoints/{lago_id}": Calls(
        "webhookEndpoints.updateWebhookEndpoint", "webhook_endpoints.update"
    ),
    "GET /webhook_endpoints/{lago_id}": Calls(
        "webhookEndpoints.findWebhookEndpoint", "webhook_endpoints.find"
    ),
    "DELETE /webhook_endpoints/{lago_id}": Calls(
        "webhookEndpoints.destroyWebhookEndpoint", "webhook_endpoints.destroy"
    ),
    "POST /credit_notes": Calls("creditNotes.createCreditNote", "credit_notes.create"),
    "GET /credit_notes": Calls("creditNotes.findAllCreditNotes", "credit_notes.find_all"),
    "GET /credit_notes/{lago_id}": Calls("creditNotes.findCreditNote", "credit_notes.find"),
    "POST /credit_notes/{lago_id}/download": Calls(
        "creditNotes.downloadCreditNote", "credit_notes.download"
    ),
    "POST /customers": Calls("customers.createCustomer", "customers.create"),
    "GET /customers": Calls("customers.findAllCustomers", "customers.find_all"),
    "GET /customers/{external_customer_id}": Calls("customers.findCustomer", "customers.find"),
    "DELETE /customers/{external_customer_id}": Calls(
        "customers.destroyCustomer", "customers.destroy"
    ),
    "GET /customers/{external_customer_id}/credit_notes": Calls(
        "customers.findAllCustomerCreditNotes", "customer_credit_notes.find_all"
    ),
    "GET /customers/{external_customer_id}/invoices": Calls(
        "customers.findAllCustomerInvoices", "customer_invoices.find_all"
    ),
    "GET /customers/{external_customer_id}/payments": Calls(
        "customers.findAllCustomerPayments", "customer_payments.find_all"
    ),
    "GET /customers/{external_customer_id}/subscriptions": Calls(
        "customers.findAllCustomerSubscriptions", "customer_subscriptions.find_all"
    ),
    "GET /customers/{external_customer_id}/portal_url": Calls(
        "customers.getCustomerPortalUrl", "customers.portal_url"
    ),
    "POST /customers/{external_customer_id}/checkout_url": Calls(
        "customers.generateCustomerCheckoutUrl", "customers.checkout_url"
    ),
    "GET /customers/{external_customer_id}/payment_methods": Calls(
        "customers.findAllCustomersPaymentMethods", "customer_payment_methods.find_all"
    ),
    "PUT /customers/{external_customer_id}/payment_methods/{lago_id}/set_as_default": Calls(
        "customers.paymentMethodSetAsDefault", "customer_payment_methods.set_as_default"
    ),
    "DELETE /customers/{external_customer_id}/payment_methods/{lago_id}": Calls(
        "customers.destroyPaymentMethod", "customer_payment_methods.destroy"
    ),
    "POST /invoices": Calls("invoices.createInvoice", "invoices.create"),
    "GET /invoices": Calls("invoices.findAllInvoices", "invoices.find_all"),
    "GET /invoices/{lago_id}": Calls("invoices.findInvoice", "invoices.find"),
    "POST /invoices/preview": Calls("invoices.invoicePreview", "invoices.preview"),
    "POST /invoices/{lago_id}/download": Calls("invoices.downloadInvoice", "invoices.download"),
    "PUT /invoices/{lago_id}/finalize": Calls("invoices.finalizeInvoice", "invoices.finalize"),
    "POST /invoices/{lago_id}/payment_url": Calls(
        "invoices.invoicePaymentUrl", "invoices.payment_url"
    ),
    "POST /invoices/{lago_id}/retry_payment": Calls(
        "invoices.retryPayment", "invoices.retry_payment"
    ),
    "POST /invoices/{lago_id}/void": Calls("invoices.voidInvoice", "invoices.void"),
    "GET /payments": Calls("payments.findAllPayments", "payments.find_all"),
    "GET /payments/{lago_id}": Calls("payments.findPayment", "payments.find"),
    "POST /plans/{code}/fixed_charges": Calls(
        "plans.createPlanFixedCharge", "plan_fixed_charges.create"
    ),
    "PUT /plans/{code}/fixed_charges/{fixed_charge_code}": Calls(
        "plans.updatePlanFixedCharge", "plan_fixed_charges.update"
    ),
    "DELETE /plans/{code}/fixed_charges/{fixed_charge_code}": Calls(
        "plans.destroyPlanFixedCharge", "plan_fixed_charges.destroy"
    ),
    "GET /plans/{code}/fixed_charges": Calls(
        "plans.findAllPlanFixedCharges", "plan_fixed_charges.find_all"
    ),
    "GET /plans/{code}/fixed_charges/{fixed_charge_code}": Calls(
        "plans.findPlanFixedCharge", "plan_fixed_charges.find"
    ),
    "POST /subscriptions": Calls("subscriptions.createSubscription", "subscriptions.create"),
    "GET /subscriptions": Calls("subscriptions.findAllSubscriptions", "subscriptions.find_all"),
    "GET /subscriptions/{external_id}": Calls(
        "subscriptions.findSubscription", "subscriptions.find"
    ),
    "PUT /subscriptions/{external_id}": Calls(
        "subscriptions.updateSubscription", "subscriptions.update"
    ),
    "DELETE /subscriptions/{external_id}": Calls(
        "subscriptions.destroySubscription", "subscriptions.destroy"
    ),
    "GET /subscriptions/{external_id}/fixed_charges": Calls(
        "subscriptions.findAllSubscriptionFixedCharges", "subscription_fixed_charges.find_all"
    ),
    "GET /subscriptions/{external_id}/fixed_charges/{fixed_charge_code}": Calls(
        "subscriptions.findSubscriptionFixedCharge", "subscription_fixed_charges.find"
    ),
    "PUT /subscriptions/{external_id}/fixed_charges/{fixed_charge_code}": Calls(
        "subscriptions.overrideSubscriptionFixedCharge", "subscription_fixed_charges.update"
    ),
    "GET /taxes": Calls("taxes.findAllTaxes", "taxes.find_all"),
    "GET /taxes/{code}": Calls("taxes.findTax", "taxes.find"),
}
