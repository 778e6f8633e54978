"""Odoo's books in memory, for what Lago's clients ask of it: rows, and domains that choose them.

Answers as Odoo 19 does to the few questions of the bridge's answers; a real one is asked in
`tests/odoo/test_answers.py`.
"""

import base64
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from odoo_bridge.odoo_value import OdooValue
from tests.odoo_bridge.scripted_odoo import Result, ScriptedOdoo, result

Row: TypeAlias = dict[str, Any]
MOVE, LINE, PARTIAL = "account.move", "account.move.line", "account.partial.reconcile"
TAX, COMPANY, USER, PARTNER = "account.tax", "res.company", "res.users", "res.partner"
CARD = "payment.token"
PDF = b"%PDF-1.4 of Odoo\n%%EOF\n"
BASE_URL = "https://books.example.com"
PARTNER_ID = 8
PAID, CREDITED = 10.0, 5.65
MADE_AT = "2026-02-01 06:00:00"
HST = {
    "name": "13% HST", "amount": 13.0, "amount_type": "percent", "description": False,
    "children_tax_ids": [], "create_date": "2025-01-01 00:00:00", "type_tax_use": "sale",
    "company_id": [1, "Fusion"],
}  # fmt: skip
OURS = {
    "name": "Fusion", "currency_id": [3, "CAD"], "account_sale_tax_id": [5, "13% HST"],
    "tax_calculation_rounding_method": "round_per_line", "account_fiscal_country_id": [38, "CA"],
    "restrictive_audit_trail": False,
    "fiscalyear_lock_date": False, "tax_lock_date": False, "sale_lock_date": False,
    "hard_lock_date": False,
}  # fmt: skip
VISA = {
    "payment_details": "4242", "provider_id": [6, "Stripe"], "provider_code": "stripe",
    "create_date": MADE_AT, "partner_id.commercial_partner_id": [PARTNER_ID, "Acme"],
}  # fmt: skip
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: bool(one == other),
    "!=": lambda one, other: bool(one != other),
    "in": lambda one, other: one in other,
    "not in": lambda one, other: one not in other,
}


class OdooBooks(ScriptedOdoo):
    """The books of a company whose client pays a part at once, and is credited a part."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, dict[int, Row]] = {
            MOVE: {}, LINE: {}, PARTIAL: {}, TAX: {5: HST}, COMPANY: {1: OURS},
            USER: {2: {"company_id": [1, "Fusion"]}}, PARTNER: {PARTNER_ID: {}}, CARD: {9: VISA},
        }  # fmt: skip

    def next_answer(self, asked: OdooValue) -> Result:
        """Return what a method of a model gives; a question that is not known fails the test."""
        model, method, args, named = asked
        rows = self.tables[model]
        if method == "read":
            return result([_shown(rows, row_id) for row_id in args[0]])
        if method in {"search", "search_read", "search_count"}:
            return result(self._searched(model, method, args[0], named))
        if method == "action_post":
            return result(self._post(args[0][0]))
        told = {"get_base_url": BASE_URL, "get_portal_url": f"/my/{model}?access_token=t"}
        return result(told[method])

    def _searched(self, model: str, method: str, domain: list[Any], named: Row) -> OdooValue:
        rows = self.tables[model]
        newest_first = sorted(rows, reverse=True)
        found = [row_id for row_id in newest_first if self._is_in(model, row_id, domain)]
        if method == "search_count":
            return len(found)
        start = named.get("offset", 0)
        page = found[start : start + named["limit"]] if "limit" in named else found
        return page if method == "search" else [_shown(rows, row_id) for row_id in page]

    def _is_in(self, model: str, row_id: int, domain: list[Any]) -> bool:
        left = iter(domain)
        row = _shown(self.tables[model], row_id)
        held = []
        while (first := next(left, None)) is not None:
            held.append(self._holds(row, first, left))
        return all(held)

    def _holds(self, row: Row, condition: Any, left: Iterator[Any]) -> bool:  # noqa: ANN401 - Odoo's
        if condition in ("&", "|"):
            both = [self._holds(row, next(left), left) for _ in range(2)]
            return all(both) if condition == "&" else any(both)
        name, operator, wanted = condition
        value = row.get(name, False)
        value = value[0] if isinstance(value, list) else value
        if operator == "any":
            return bool(value) and self._is_in(MOVE, value, wanted)
        return COMPARED[operator](value, wanted)

    def keep_draft(self, draft_id: str, account: str, service: str, cents: int, lines: int) -> int:
        """Keep a draft invoice with Ontario's tax and return its id, 1."""
        tax = round(cents * 13 / 100)
        self.tables[MOVE][1] = _move("out_invoice", cents, tax) | {
            "name": False, "state": "draft", "payment_state": "not_paid",
            "x_fc_draft_id": draft_id, "x_fc_account_id": account, "x_fc_service": service,
            "invoice_line_ids": list(range(100, 100 + lines)),
        }  # fmt: skip
        self.tables[LINE][12] = _tax_line(1, cents, -tax)
        return 1

    def _post(self, move_id: int) -> bool:
        """Post the invoice; its client pays a part, and a person credits a part."""
        invoice = self.tables[MOVE][move_id]
        owed = round(invoice["amount_total"] - PAID - CREDITED, 2)
        invoice |= {
            "state": "posted", "name": "INV/2026/00001", "sequence_number": 1,
            "payment_state": "partial", "amount_residual": owed,
            "invoice_pdf_report_file": base64.b64encode(PDF).decode(),
        }  # fmt: skip
        self.tables[MOVE] |= {
            2: _move("entry", 1_000, 0) | {
                "name": "PBNK/2026/00001", "origin_payment_id": [7, "P"], "date": "2026-02-02",
                "line_ids.matched_debit_ids.debit_move_id.move_id": move_id,
            },
            3: _move("out_refund", 500, 65) | {
                "name": "RINV/2026/00001", "amount_residual": 0.0, "payment_state": "paid",
                "reversed_entry_id": [move_id, "INV/2026/00001"],
                "invoice_pdf_report_file": invoice["invoice_pdf_report_file"],
            },
        }  # fmt: skip
        kinds = {11: "out_invoice", 21: "entry", 31: "out_refund"}
        owners = {
            line: {"move_id": [line // 10, ""], "move_type": kind} for line, kind in kinds.items()
        }
        self.tables[LINE] |= owners | {32: _tax_line(3, 500, 65)}
        self.tables[PARTIAL] = {41: _partial(21, PAID), 42: _partial(31, CREDITED)}
        return True


def _shown(rows: dict[int, Row], row_id: int) -> Row:
    return {"id": row_id} | rows[row_id]


def _move(kind: str, cents: int, tax_cents: int) -> Row:
    total = round((cents + tax_cents) / 100, 2)
    return {
        "move_type": kind, "state": "posted", "payment_state": "paid", "sequence_number": 1,
        "ref": False, "invoice_date": "2026-02-01", "invoice_date_due": "2026-03-03",
        "date": "2026-02-01", "currency_id": [3, "CAD"], "create_date": MADE_AT,
        "write_date": MADE_AT, "amount_untaxed": cents / 100, "amount_tax": tax_cents / 100,
        "amount_total": total, "amount_residual": total, "reversed_entry_id": False,
        "x_fc_draft_id": False, "x_fc_account_id": False, "x_fc_service": False,
        "invoice_pdf_report_file": False,
    }  # fmt: skip


def _tax_line(move_id: int, base_cents: int, tax_cents: int) -> Row:
    return {
        "move_id": [move_id, ""], "tax_line_id": [5, "13% HST"], "currency_id": [3, "CAD"],
        "amount_currency": tax_cents / 100, "tax_base_amount": base_cents / 100,
    }  # fmt: skip


def _partial(credit_line: int, amount: Any) -> Row:  # noqa: ANN401 - a float of Odoo's
    return {
        "debit_move_id": [11, ""], "credit_move_id": [credit_line, ""],
        "debit_move_id.move_id": 1, "credit_move_id.move_id": credit_line // 10,
        "debit_amount_currency": amount, "credit_amount_currency": amount,
        "debit_currency_id": [3, "CAD"], "credit_currency_id": [3, "CAD"],
    }  # fmt: skip
