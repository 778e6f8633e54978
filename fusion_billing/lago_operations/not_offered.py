"""The 104 operations that are not offered: why, and how it is done instead."""

from fusion_billing.lago_operations.operation import Kind, Row


def _not_offered(tag: str, *calls: str, why: str, instead: str) -> Row:
    return Row(tag=tag, kind=Kind.NOT_OFFERED, calls=calls, answer=why, odoo_way=instead)


NO_PREPAID = "prepaid credits are not offered"
NO_COUPONS = "discounts are the order's, in Odoo"
NO_CONSUMER = "no app reads them"
OF_WALLET = "/customers/{external_customer_id}/wallets/{wallet_code}"
PLAN_ENTITLEMENTS = "/plans/{code}/entitlements"
OWN_ENTITLEMENTS = "/subscriptions/{external_id}/entitlements"

ROWS = (
    _not_offered(
        "billing_entities",
        "GET,POST /billing_entities",
        "GET,PUT /billing_entities/{code}",
        why="whoever bills is a company of Odoo",
        instead="Settings → Companies",
    ),
    _not_offered(
        "activity_logs",
        "GET /activity_logs",
        "GET /activity_logs/{activity_id}",
        why="Odoo keeps who changed what",
        instead="the log of each record in Odoo; the service's log",
    ),
    _not_offered(
        "add_ons",
        "POST,GET /add_ons",
        "PUT,GET,DELETE /add_ons/{code}",
        why="what is sold once is a product",
        instead="Sales → Products, sold on a quotation",
    ),
    _not_offered(
        "api_logs",
        "GET /api_logs",
        "GET /api_logs/{request_id}",
        why="the log of requests is our own",
        instead="the service's log; `/metrics`",
    ),
    _not_offered(
        "analytics",
        *(
            f"GET /analytics/{name}"
            for name in (
                "gross_revenue", "invoice_collection", "invoiced_usage", "mrr",
                "overdue_balance", "usage",
            )
        ),
        why="answered by our own pages and the analysts' tables",
        instead="`/dashboards`; Accounting → Reporting",
    ),
    _not_offered(
        "coupons",
        "POST,GET /applied_coupons",
        "POST,GET /coupons",
        "PUT,GET,DELETE /coupons/{code}",
        "DELETE /customers/{external_customer_id}/applied_coupons/{applied_coupon_id}",
        why=NO_COUPONS,
        instead="a discount on the order's line, or a pricelist",
    ),
    _not_offered(
        "features",
        "POST,GET /features",
        "PUT,DELETE,GET /features/{code}",
        "DELETE /features/{code}/privileges/{privilege_code}",
        why=NO_CONSUMER,
        instead="the app reads the plan's code of the subscription",
    ),
    _not_offered(
        "credit_notes",
        "PUT /credit_notes/{lago_id}",
        "POST /credit_notes/estimate",
        "PUT /credit_notes/{lago_id}/void",
        why="credit notes are written by whoever keeps the books",
        instead="Accounting → the invoice → Credit Note",
    ),
    _not_offered(
        "credit_notes",
        "POST,PATCH,DELETE /credit_notes/{lago_id}/metadata",
        "DELETE /credit_notes/{lago_id}/metadata/{key}",
        why=NO_CONSUMER,
        instead="notes on the credit note",
    ),
    _not_offered(
        "customers",
        "GET /customers/{external_customer_id}/applied_coupons",
        why=NO_COUPONS,
        instead="the discount on the order's line",
    ),
    _not_offered(
        "customers",
        "GET /customers/{external_customer_id}/payment_requests",
        why="Odoo asks for what is overdue",
        instead="Accounting → Customers → Follow-up Reports (Enterprise)",
    ),
    _not_offered(
        "wallets",
        "POST,GET /customers/{external_customer_id}/wallets",
        "PUT,GET,DELETE /customers/{external_customer_id}/wallets/{code}",
        f"POST,PATCH,DELETE {OF_WALLET}/metadata",
        f"DELETE {OF_WALLET}/metadata/{{key}}",
        f"GET,POST,DELETE {OF_WALLET}/alerts",
        f"GET,PUT,DELETE {OF_WALLET}/alerts/{{code}}",
        "POST,GET /wallets",
        "PUT,GET,DELETE /wallets/{lago_id}",
        "POST,PATCH,DELETE /wallets/{lago_id}/metadata",
        "DELETE /wallets/{lago_id}/metadata/{key}",
        "POST /wallet_transactions",
        "GET /wallet_transactions/{lago_id}",
        "POST /wallet_transactions/{lago_id}/payment_url",
        "GET /wallet_transactions/{lago_id}/consumptions",
        "GET /wallet_transactions/{lago_id}/fundings",
        "GET /wallets/{lago_id}/wallet_transactions",
        why=NO_PREPAID,
        instead="a down payment, or a credit note kept on the client's account",
    ),
    _not_offered(
        "fees",
        "PUT,DELETE /fees/{lago_id}",
        why="fees are computed, and never changed; Odoo knows what is paid",
        instead="a correction of usage here, or a credit note in Odoo",
    ),
    _not_offered(
        "invoices",
        "PUT,DELETE /invoices/{lago_id}",
        "PUT /invoices/{lago_id}/refresh",
        "POST /invoices/{lago_id}/retry",
        "POST /invoices/{lago_id}/lose_dispute",
        why="Odoo is the master of invoices",
        instead="the invoice itself; its chatter for a dispute",
    ),
    _not_offered(
        "organizations",
        "PUT /organizations",
        why="a service is set up by whoever runs it",
        instead="`fusion-billing service`; Settings → Companies",
    ),
    _not_offered(
        "payment_receipts",
        "GET /payment_receipts",
        "GET /payment_receipts/{lago_id}",
        why="receipts are Odoo's",
        instead="Accounting → Payments → Print → Receipt",
    ),
    _not_offered(
        "payment_requests",
        "POST,GET /payment_requests",
        "GET /payment_requests/{lago_id}",
        why="Odoo asks for what is overdue",
        instead="Accounting → Customers → Follow-up Reports (Enterprise)",
    ),
    _not_offered(
        "payments",
        "POST /payments",
        why="payments are registered where the bank is",
        instead="Accounting → the invoice → Pay",
    ),
    _not_offered(
        "plans",
        "POST,PATCH,DELETE /plans/{code}/metadata",
        "DELETE /plans/{code}/metadata/{key}",
        why=NO_CONSUMER,
        instead="notes on the product",
    ),
    _not_offered(
        "entitlements",
        f"POST,GET,PATCH {PLAN_ENTITLEMENTS}",
        f"GET,DELETE {PLAN_ENTITLEMENTS}/{{feature_code}}",
        f"DELETE {PLAN_ENTITLEMENTS}/{{feature_code}}/privileges/{{privilege_code}}",
        f"GET,PATCH {OWN_ENTITLEMENTS}",
        f"DELETE {OWN_ENTITLEMENTS}/{{feature_code}}",
        f"DELETE {OWN_ENTITLEMENTS}/{{feature_code}}/privileges/{{privilege_code}}",
        why=NO_CONSUMER,
        instead="the app reads the plan's code of the subscription",
    ),
    _not_offered(
        "subscriptions",
        "PUT /subscriptions/{external_id}/lifetime_usage",
        why="usage before ours is not known",
        instead="the usage itself: `fusion-billing import lago`",
    ),
    _not_offered(
        "taxes",
        "POST /taxes",
        "PUT,DELETE /taxes/{code}",
        why="taxes are kept in Odoo",
        instead="Accounting → Configuration → Taxes",
    ),
)  # fmt: skip
