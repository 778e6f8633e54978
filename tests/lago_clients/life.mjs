// Lago's JavaScript client lives on a served app: `node life.mjs PART`, the part a month's piece.
// Each call names itself in a header, so that calls and operations meet.
import assert from "node:assert/strict";
import { Client, getLagoError } from "lago-javascript-client";

const { BILLING_URL: baseUrl, BILLING_KEY: key } = process.env;
const UNKNOWN = "00000000-0000-4000-8000-000000000000";
const TENTH = 1768046400;
const FIXED_CHARGES = "fixed_charges_are_kept_in_odoo";
const NO_ODOO = "odoo_not_configured";
let calling = "";

const customFetch = (url, request) =>
  fetch(url, { ...request, headers: { ...request.headers, "X-Client-Call": calling } });

function named(api) {
  const methods = (group, resource) =>
    new Proxy(resource, {
      get: (_, name) => (...given) => {
        calling = `${group}.${name}`;
        return resource[name](...given).then((answer) => answer.data);
      },
    });
  return new Proxy(api, { get: (_, group) => methods(group, api[group]) });
}

const lago = named(Client(key, { baseUrl, customFetch }));

async function refused(status, code, answer) {
  const error = await answer.then(() => assert.fail("was not refused"), (thrown) => thrown);
  const told = await getLagoError(error);
  assert.deepEqual([told.status, told.code], [status, code]);
}

async function makeMetrics() {
  const { billableMetrics } = lago;
  const regions = [{ key: "region", values: ["ca", "eu", "us"] }];
  const sum = { aggregation_type: "sum_agg", field_name: "tokens", recurring: false };
  const tokens = { name: "Tokens", code: "tokens", ...sum, filters: regions };
  const calls = { name: "Calls", code: "calls", aggregation_type: "count_agg" };
  const made = await billableMetrics.createBillableMetric({ billable_metric: tokens });
  const counted = await billableMetrics.createBillableMetric({ billable_metric: calls });
  await billableMetrics.updateBillableMetric("calls", { billable_metric: { name: "Requests" } });
  const found = await billableMetrics.findBillableMetric("calls");
  assert.equal(found.billable_metric.name, "Requests");
  const event = { code: "tokens", timestamp: TENTH, properties: { a: 2 } };
  const trial = { expression: "event.properties.a * 2", event };
  const told = await billableMetrics.evaluateBillableMetricExpression(trial);
  assert.equal(Number(told.expression_result.value), 4);
  const listed = await billableMetrics.findAllBillableMetrics({ page: 2, per_page: 1 });
  assert.deepEqual([listed.meta.prev_page, listed.meta.total_pages], [1, 2]);
  return [made.billable_metric.lago_id, counted.billable_metric.lago_id];
}

async function makePlans(tokens, calls) {
  const { plans } = lago;
  const eu = { values: { region: ["eu"] }, properties: { amount: "0.02" } };
  const standard = { charge_model: "standard" };
  const priced = { code: "tokens", billable_metric_id: tokens, ...standard };
  const advance = { code: "calls", billable_metric_id: calls, ...standard, pay_in_advance: true };
  const charges = [
    { ...priced, properties: { amount: "0.01" }, filters: [eu] },
    { ...advance, properties: { amount: "2" } },
  ];
  const monthly = { interval: "monthly", amount_currency: "CAD", pay_in_advance: false };
  const team = { name: "Team", code: "team", amount_cents: 5000, ...monthly, charges };
  const pro = { name: "Pro", code: "pro", amount_cents: 9000, ...monthly, charges: [] };
  await plans.createPlan({ plan: team });
  await plans.createPlan({ plan: pro });
  await plans.updatePlan("pro", { plan: { description: "For more" } });
  assert.equal((await plans.findPlan("pro")).plan.description, "For more");
  assert.equal((await plans.findAllPlans({})).meta.total_count, 2);
  await changeCharges(tokens);
}

async function changeCharges(tokens) {
  const { plans } = lago;
  const packaged = { amount: "1", package_size: 10, free_units: 0 };
  const more = { billable_metric_id: tokens, code: "more", charge_model: "package" };
  await plans.createPlanCharge("team", { charge: { ...more, properties: packaged } });
  assert.equal((await plans.findAllPlanCharges("team", {})).charges.length, 3);
  assert.equal((await plans.findPlanCharge("team", "more")).charge.charge_model, "package");
  const change = { charge: { charge_model: "package", invoice_display_name: "More" } };
  await plans.updatePlanCharge("team", "more", change);
  await plans.destroyPlanCharge("team", "more", {});
  const us = { values: { region: ["us"] }, properties: { amount: "0.03" } };
  const { filter } = await plans.createPlanChargeFilter("team", "tokens", { filter: us });
  const where = ["team", "tokens", filter.lago_id];
  assert.equal((await plans.findAllPlanChargeFilters("team", "tokens", {})).meta.total_count, 2);
  assert.deepEqual((await plans.findPlanChargeFilter(...where)).filter.values, us.values);
  const dearer = { filter: { properties: { amount: "0.04" } } };
  const changed = await plans.updatePlanChargeFilter(...where, dearer);
  assert.equal(changed.filter.properties.amount, "0.04");
  await plans.destroyPlanChargeFilter(...where, {});
  const seats = { fixed_charge: { code: "seats", charge_model: "standard", units: "10" } };
  assert.deepEqual((await plans.findAllPlanFixedCharges("team", {})).fixed_charges, []);
  await refused(405, FIXED_CHARGES, plans.createPlanFixedCharge("team", seats));
  await refused(404, "fixed_charge_not_found", plans.findPlanFixedCharge("team", "seats"));
  await refused(405, FIXED_CHARGES, plans.updatePlanFixedCharge("team", "seats", seats));
  await refused(405, FIXED_CHARGES, plans.destroyPlanFixedCharge("team", "seats", {}));
}

async function subscribe() {
  const { customers, subscriptions } = lago;
  const acme = { external_id: "acme", name: "Acme", country: "CA", currency: "CAD" };
  await customers.createCustomer({ customer: acme });
  assert.equal((await customers.findCustomer("acme")).customer.name, "Acme");
  assert.equal((await customers.findAllCustomers({})).meta.total_count, 1);
  const order = { external_customer_id: "acme", plan_code: "team" };
  const team = { subscription: { ...order, external_id: "acme-team", billing_time: "calendar" } };
  await subscriptions.createSubscription(team);
  const [first] = (await lago.plans.findPlan("team")).plan.charges;
  const cheap = { charges: [{ id: first.lago_id, properties: { amount: "0.005" } }] };
  const dev = { ...order, external_id: "acme-dev", plan_overrides: { amount_cents: 4000, ...cheap } };
  await subscriptions.createSubscription({ subscription: dev });
  const pro = { ...order, external_id: "acme-dev", plan_code: "pro" };
  const upgraded = await subscriptions.createSubscription({ subscription: pro });
  assert.equal(upgraded.subscription.previous_plan_code, "team");
  const active = { "status[]": ["active"], external_customer_id: "acme" };
  assert.equal((await subscriptions.findAllSubscriptions(active)).meta.total_count, 2);
  assert.equal((await customers.findAllCustomerSubscriptions("acme", {})).meta.total_count, 2);
  await subscriptions.updateSubscription("acme-team", { subscription: { name: "Crew" } }, {});
  assert.equal((await subscriptions.findSubscription("acme-team", {})).subscription.name, "Crew");
  await override(subscriptions);
}

async function override(own) {
  const of = ["acme-team", "tokens"];
  assert.equal((await own.findAllSubscriptionCharges("acme-team", {})).charges.length, 2);
  assert.equal((await own.findSubscriptionCharge(...of, {})).charge.code, "tokens");
  const price = { charge: { properties: { amount: "0.008" } } };
  await own.overrideSubscriptionCharge(...of, price, {});
  const us = { filter: { values: { region: ["us"] }, properties: { amount: "0.03" } } };
  const { filter } = await own.createSubscriptionChargeFilter(...of, us, {});
  const where = [...of, filter.lago_id];
  assert.equal((await own.findAllSubscriptionChargeFilters(...of, {})).filters.length, 2);
  assert.equal((await own.findSubscriptionChargeFilter(...where, {})).filter.lago_id, where[2]);
  const dearer = { filter: { properties: { amount: "0.04" } } };
  await own.updateSubscriptionChargeFilter(...where, dearer, {});
  await own.destroySubscriptionChargeFilter(...where, {});
  const seats = ["acme-team", "seats"];
  const units = { fixed_charge: { units: "10" } };
  assert.deepEqual((await own.findAllSubscriptionFixedCharges("acme-team", {})).fixed_charges, []);
  const found = own.findSubscriptionFixedCharge(...seats, {});
  await refused(404, "fixed_charge_not_found", found);
  await refused(405, FIXED_CHARGES, own.overrideSubscriptionFixedCharge(...seats, units, {}));
}

async function listen() {
  const { webhookEndpoints, webhooks } = lago;
  const url = "https://apps.example.com/billing";
  const wanted = { webhook_endpoint: { webhook_url: url, signature_algo: "hmac" } };
  const made = await webhookEndpoints.createWebhookEndpoint(wanted);
  const id = made.webhook_endpoint.lago_id;
  assert.equal((await webhookEndpoints.findAllWebhookEndpoints({})).meta.total_count, 1);
  assert.equal((await webhookEndpoints.findWebhookEndpoint(id)).webhook_endpoint.webhook_url, url);
  const moved = { webhook_endpoint: { webhook_url: `${url}/2`, signature_algo: "jwt" } };
  await webhookEndpoints.updateWebhookEndpoint(id, moved);
  await webhookEndpoints.destroyWebhookEndpoint(id);
  const { webhook } = await webhooks.fetchJsonPublicKey();
  assert.match(Buffer.from(webhook.public_key, "base64").toString(), /BEGIN PUBLIC KEY/);
  await webhooks.fetchPublicKey();
}

const event = (id, code, properties) => ({
  transaction_id: id,
  external_subscription_id: "acme-team",
  code,
  timestamp: TENTH,
  properties,
});

async function use() {
  const { events, customers, subscriptions } = lago;
  const own = { external_subscription_id: "acme-team" };
  const pushed = await events.createEvent({ event: event("1", "tokens", { tokens: 1000 }) });
  assert.equal(pushed.event.transaction_id, "1");
  const eu = event("2", "tokens", { tokens: "50.5", region: "eu" });
  await events.createBatchEvents({ events: [eu, event("3", "calls", {})] });
  assert.equal((await events.findEvent("2")).event.properties.tokens, "50.5");
  assert.equal((await events.findAllEvents(own)).events.length, 3);
  const next = { event: event("4", "calls", {}) };
  for (const estimate of ["eventEstimateFees", "eventEstimateInstantFees"]) {
    const { fees } = await events[estimate](next);
    // Lago's instant estimates are texts.
    assert.deepEqual([fees.length, Number(fees[0].amount_cents)], [1, 200]);
  }
  const both = { events: [next.event, event("5", "calls", {})] };
  assert.equal((await events.eventBatchEstimateInstantFees(both)).fees.length, 2);
  const now = await customers.findCustomerCurrentUsage("acme", own);
  assert.equal(now.customer_usage.amount_cents, 1101);
  const projected = await customers.findCustomerProjectedUsage("acme", own);
  assert.equal(projected.customer_projected_usage.amount_cents, 1101);
  const lifetime = await subscriptions.getSubscriptionLifetimeUsage("acme-team");
  assert.equal(lifetime.lifetime_usage.current_usage_amount_cents, 1101);
  await setAlerts(subscriptions);
}

async function setAlerts(own) {
  const thresholds = [{ code: "warn", value: "5000" }, { value: "1", recurring: true }];
  const spend = { alert_type: "current_usage_amount", code: "spend", thresholds };
  const units = { ...spend, code: "units", alert_type: "billable_metric_current_usage_units" };
  const many = { ...units, name: "Many", billable_metric_code: "tokens" };
  await own.createSubscriptionAlert("acme-team", { alert: spend }, {});
  await own.createSubscriptionAlert("acme-team", { alerts: [many] }, {});
  assert.equal((await own.getSubscriptionAlerts("acme-team", {})).alerts.length, 2);
  assert.equal((await own.getSubscriptionAlert("acme-team", "units", {})).alert.name, "Many");
  const change = { alert: { name: "Spend" } };
  const changed = await own.updateSubscriptionAlert("acme-team", "spend", change, {});
  assert.equal(changed.alert.name, "Spend");
  await own.deleteSubscriptionAlert("acme-team", "spend", {});
  await own.deleteAllSubscriptionAlerts("acme-team", {});
}

async function read() {
  const { customers, fees } = lago;
  const own = { external_subscription_id: "acme-team" };
  const past = await customers.findAllCustomerPastUsage("acme", own);
  assert.deepEqual(past.usage_periods.map((one) => one.amount_cents), [6101]);
  const listed = await fees.findAllFees(own);
  assert.equal(listed.fees.reduce((sum, fee) => sum + fee.amount_cents, 0), 6101);
  const { fee } = await fees.findFee(listed.fees[0].lago_id);
  assert.deepEqual(fee, listed.fees[0]);
  await readInvoices();
  await readPayments();
}

async function readInvoices() {
  const { customers, invoices, creditNotes } = lago;
  const listed = await invoices.findAllInvoices({ "status[]": ["draft"] });
  assert.deepEqual((await customers.findAllCustomerInvoices("acme", {})).meta, listed.meta);
  const draft = listed.invoices.find((one) => one.fees_amount_cents === 6101);
  const id = draft.lago_id;
  assert.equal((await invoices.findInvoice(id)).invoice.fees.length, 4);
  const customer = { external_id: "acme" };
  const order = { customer, subscriptions: { external_ids: ["acme-team"] } };
  assert.equal((await invoices.invoicePreview(order)).invoice.fees_amount_cents, 5000);
  const oneOff = { invoice: { external_customer_id: "acme", currency: "CAD", fees: [] } };
  await refused(405, "one_off_invoices_are_made_in_odoo", invoices.createInvoice(oneOff));
  await refused(404, "invoice_not_found", invoices.downloadInvoice(id));
  await refused(405, NO_ODOO, invoices.finalizeInvoice(id));
  await refused(405, NO_ODOO, invoices.invoicePaymentUrl(id));
  await refused(405, "invalid_status", invoices.retryPayment(id, {}));
  const credited = "invoices_are_corrected_by_credit_notes_in_odoo";
  await refused(405, credited, invoices.voidInvoice(id, {}));
  assert.deepEqual((await creditNotes.findAllCreditNotes({})).credit_notes, []);
  assert.deepEqual((await customers.findAllCustomerCreditNotes("acme", {})).credit_notes, []);
  const note = { credit_note: { invoice_id: id, credit_amount_cents: 1 } };
  await refused(405, "credit_notes_are_made_in_odoo", creditNotes.createCreditNote(note));
  await refused(404, "credit_note_not_found", creditNotes.findCreditNote(UNKNOWN));
  await refused(404, "credit_note_not_found", creditNotes.downloadCreditNote(UNKNOWN));
}

async function readPayments() {
  const { customers, payments, taxes } = lago;
  assert.deepEqual((await payments.findAllPayments({})).payments, []);
  assert.deepEqual((await customers.findAllCustomerPayments("acme", {})).payments, []);
  await refused(404, "payment_not_found", payments.findPayment(UNKNOWN));
  for (const answer of [
    () => taxes.findAllTaxes({}),
    () => taxes.findTax("hst"),
    () => customers.getCustomerPortalUrl("acme"),
    () => customers.generateCustomerCheckoutUrl("acme"),
    () => customers.findAllCustomersPaymentMethods("acme", {}),
    () => customers.paymentMethodSetAsDefault(UNKNOWN, "acme"),
    () => customers.destroyPaymentMethod(UNKNOWN, "acme"),
  ]) {
    await refused(405, NO_ODOO, answer());
  }
}

async function askOdoo() {
  const { invoices, customers, taxes } = lago;
  const [{ lago_id: id }] = (await invoices.findAllInvoices({})).invoices;
  const { invoice } = await invoices.finalizeInvoice(id);
  assert.deepEqual([invoice.number, invoice.taxes_amount_cents], ["INV/2026/00001", 1418]);
  assert.deepEqual([invoice.total_amount_cents, invoice.total_due_amount_cents], [12325, 10760]);
  assert.equal((await invoices.findInvoice(id)).invoice.status, "finalized");
  const paper = await invoices.downloadInvoice(id);
  await isPdf(paper.invoice.file_url);
  const { invoice_payment_details: pay } = await invoices.invoicePaymentUrl(id);
  assert.match(pay.payment_url, /^https:\/\/books\.example\.com\/my\//);
  await refused(405, "payments_are_collected_in_odoo", invoices.retryPayment(id, {}));
  await readMoney(id);
  const found = (await taxes.findAllTaxes({})).taxes[0];
  assert.deepEqual([(await taxes.findTax(found.code)).tax, found.rate], [found, 13]);
  const { portal_url: portal } = (await customers.getCustomerPortalUrl("acme")).customer;
  const { checkout_url: card } = (await customers.generateCustomerCheckoutUrl("acme")).customer;
  assert.match(portal + card, /redirect=%2Fmy%2Finvoices.*redirect=%2Fmy%2Fpayment_method/);
}

async function isPdf(url) {
  const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
  assert.equal(bytes.subarray(0, 5).toString(), "%PDF-");
}

async function readMoney(id) {
  const { customers, creditNotes, payments } = lago;
  const [payment] = (await payments.findAllPayments({})).payments;
  assert.deepEqual([payment.amount_cents, payment.invoice_ids], [1000, [id]]);
  assert.deepEqual((await payments.findPayment(payment.lago_id)).payment, payment);
  assert.equal((await customers.findAllCustomerPayments("acme", {})).payments.length, 1);
  assert.equal((await customers.findAllCustomerInvoices("acme", {})).invoices.length, 1);
  const [note] = (await creditNotes.findAllCreditNotes({})).credit_notes;
  assert.deepEqual([note.total_amount_cents, note.lago_invoice_id], [565, id]);
  assert.deepEqual((await creditNotes.findCreditNote(note.lago_id)).credit_note, note);
  await isPdf((await creditNotes.downloadCreditNote(note.lago_id)).credit_note.file_url);
  assert.equal((await customers.findAllCustomerCreditNotes("acme", {})).credit_notes.length, 1);
  const [card] = (await customers.findAllCustomersPaymentMethods("acme", {})).payment_methods;
  const changed = "payment_methods_are_changed_in_odoo";
  await refused(405, changed, customers.paymentMethodSetAsDefault(card.lago_id, "acme"));
  await refused(405, changed, customers.destroyPaymentMethod(card.lago_id, "acme"));
}

async function leave() {
  const ended = await lago.subscriptions.destroySubscription("acme-team", {});
  assert.equal(ended.subscription.status, "terminated");
  await lago.customers.destroyCustomer("acme");
  await refused(404, "customer_not_found", lago.customers.findCustomer("acme"));
  await lago.plans.destroyPlan("team");
  await lago.billableMetrics.destroyBillableMetric("calls");
}

async function visit() {
  const { plans, events } = lago;
  assert.ok((await plans.findAllPlans({ per_page: 1 })).meta);
  assert.equal((await events.createEvent({ event: event("visit", "tokens", {}) })).event.code, "tokens");
}

const PARTS = {
  sell: async () => {
    await makePlans(...(await makeMetrics()));
    await subscribe();
    await listen();
  },
  use,
  read: async () => {
    await read();
    await leave();
  },
  odoo: askOdoo,
  visit,
};
try {
  await PARTS[process.argv[2]]();
} catch (fault) {
  // What the client throws is the answer itself; its own words say more.
  console.error(calling, fault instanceof Response ? await getLagoError(fault) : fault);
  process.exitCode = 1;
}
