"""A sales order with a plan is a subscription: its states, its dates, its invoices.

Three switches imitate what is told of Enterprise: no invoice without a token where payment is
required, consolidation of a client's orders, and prices recomputed when the plan changes.
"""
# mypy: ignore-errors

from typing import Any

from odoo import api, fields, models

CONSOLIDATION = "sale_subscription.invoice_consolidation"
STATES = [
    ("1_draft", "Quotation"),
    ("2_renewal", "Renewal Quotation"),
    ("3_progress", "In Progress"),
    ("4_paused", "Paused"),
    ("5_renewed", "Renewed"),
    ("6_churn", "Churned"),
    ("7_upsell", "Upsell"),
]


class SaleOrder(models.Model):
    """An order that may recur."""

    _inherit = "sale.order"

    plan_id = fields.Many2one("sale.subscription.plan", index=True)
    is_subscription = fields.Boolean(compute="_compute_is_subscription", store=True)
    subscription_state = fields.Selection(STATES, copy=False)
    start_date = fields.Date(copy=False)
    next_invoice_date = fields.Date(copy=False)
    last_invoice_date = fields.Date(copy=False)
    first_contract_date = fields.Date(copy=False)
    end_date = fields.Date(copy=False)
    subscription_id = fields.Many2one("sale.order", copy=False)
    origin_order_id = fields.Many2one("sale.order", copy=False)
    close_reason_id = fields.Many2one("sale.order.close.reason", copy=False)
    payment_exception = fields.Boolean(copy=False)
    payment_token_id = fields.Many2one("payment.token", copy=False)
    recurring_total = fields.Monetary(compute="_compute_recurring_total")
    recurring_monthly = fields.Monetary(compute="_compute_recurring_total")

    @api.depends("plan_id")
    def _compute_is_subscription(self) -> None:
        for order in self:
            order.is_subscription = bool(order.plan_id)

    @api.depends("order_line.price_subtotal", "plan_id")
    def _compute_recurring_total(self) -> None:
        months = {"week": 1 / 4.35, "month": 1, "year": 12}
        for order in self:
            recurring = order.order_line.filtered("recurring_invoice")
            order.recurring_total = sum(recurring.mapped("price_subtotal"))
            plan = order.plan_id
            length = months.get(plan.billing_period_unit, 1) * (plan.billing_period_value or 1)
            order.recurring_monthly = order.recurring_total / length

    def write(self, vals: dict[str, Any]) -> bool:
        """Recompute the prices of all lines when the plan changes, explicit ones too."""
        changed = self.filtered(
            lambda order: vals.get("plan_id", order.plan_id.id) != order.plan_id.id
        )
        result = super().write(vals)
        for line in changed.order_line:
            line.price_unit = line.product_id.list_price
        return result

    def action_confirm(self) -> bool:
        """Start the subscription on the day it is confirmed, unless a day was given."""
        result = super().action_confirm()
        today = fields.Date.context_today(self)
        for order in self.filtered("is_subscription"):
            start = order.start_date or today
            order.write(
                {
                    "subscription_state": "3_progress",
                    "start_date": start,
                    "first_contract_date": start,
                    "next_invoice_date": order.next_invoice_date or start,
                }
            )
        return result

    def pause_subscription(self) -> bool:
        """Stop invoicing until resumed."""
        return self.filtered("is_subscription").write({"subscription_state": "4_paused"})

    def resume_subscription(self) -> bool:
        """Invoice again from the next date on."""
        paused = self.filtered(lambda order: order.subscription_state == "4_paused")
        return paused.write({"subscription_state": "3_progress"})

    def set_open(self) -> bool:
        """Take a closed subscription up again."""
        values = {"subscription_state": "3_progress", "close_reason_id": False, "end_date": False}
        return self.filtered("is_subscription").write(values)

    def set_close(self, close_reason_id: int | None = None, renew: bool = False) -> bool:  # noqa: FBT001, FBT002 - the shape of Enterprise
        """End the subscription today."""
        values = {
            "subscription_state": "5_renewed" if renew else "6_churn",
            "end_date": fields.Date.context_today(self),
            "close_reason_id": close_reason_id,
        }
        return self.filtered("is_subscription").write(values)

    def _cron_recurring_create_invoice(self) -> None:
        """Invoice every subscription that is due."""
        due = self.search(
            [
                ("is_subscription", "=", True),
                ("subscription_state", "=", "3_progress"),
                ("payment_exception", "=", False),
                ("next_invoice_date", "<=", fields.Date.context_today(self)),
            ]
        )
        payable = due.filtered(lambda order: order.payment_token_id or not order.require_payment)
        payable._create_recurring_invoice()

    def _cron_subscription_expiration(self) -> None:
        """Close every subscription whose end has come."""
        today = fields.Date.context_today(self)
        self.search(
            [
                ("is_subscription", "=", True),
                ("subscription_state", "in", ["3_progress", "4_paused"]),
                ("end_date", "<=", today),
            ]
        ).set_close()

    def _create_recurring_invoice(self) -> Any:  # noqa: ANN401 - a recordset of Odoo has no type here
        """Make and post one invoice for each subscription, or for each client if consolidated."""
        told = self.env["ir.config_parameter"].sudo().get_param(CONSOLIDATION)
        groups = (
            self.grouped("partner_invoice_id").values() if told in {"1", "True"} else list(self)
        )
        moves = self.env["account.move"]
        for orders in groups:
            moves += orders._invoiced_together()
        return moves

    def _invoiced_together(self) -> Any:  # noqa: ANN401 - a recordset of Odoo has no type here
        values = self[0]._prepare_invoice()
        values["invoice_date"] = min(self.mapped("next_invoice_date"))
        values["invoice_origin"] = ", ".join(self.mapped("name"))
        values["invoice_line_ids"] = [
            fields.Command.create(line) for order in self for line in order._period_lines()
        ]
        moves = self.env["account.move"].sudo()
        # As documented: a period in which nothing was delivered is free, and the date moves on.
        if values["invoice_line_ids"]:
            moves = moves.create(values)
            moves.action_post()
        for order in self:
            day = order.next_invoice_date
            following = order.plan_id._period_after(day)
            order.write({"last_invoice_date": day, "next_invoice_date": following})
        return moves

    def _period_lines(self) -> list[dict[str, Any]]:
        start = self.next_invoice_date
        following = self.plan_id._period_after(start)
        billed = self.order_line.filtered(lambda line: line._period_quantity())
        return [line._period_line(start, following) for line in billed]
