"""What Odoo holds of a period, laid beside the books: each thing there once, nothing missing."""

from collections import Counter
from decimal import Decimal

import msgspec

from catalog.store import lifecycle_events
from odoo_bridge.external_ids import invoice_external_id, line_external_id
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.orders.order_store import kept_orders
from rating.draft_store import draft_of_id
from rating.invoice_draft import DraftStatus
from storage.state import State
from tests.odoo.period_world import PeriodWorld
from tests.real_parts import OdooDatabase

MOVE_FIELDS = [
    *("x_fc_draft_id", "x_fc_service", "amount_untaxed", "state", "invoice_line_ids"),
    *("partner_id", "name"),
]
EVENTS_MAX = 10_000


def check(world: PeriodWorld, state: State, inside: OdooDatabase) -> None:
    """Raise unless Odoo has every draft, line, partner, product and order once, and was told so."""
    codes = [service.code for service in world.services]
    mine = [["x_fc_service", "in", codes]]
    moves = inside.call("account.move", "search_read", mine, MOVE_FIELDS)
    assert Counter(one["x_fc_draft_id"] for one in moves) == Counter(
        draft.id for draft in world.drafts
    ), "lost or doubled"
    _check_moves(world, state, {one["x_fc_draft_id"]: one for one in moves})
    _check_external_ids(world, inside, moves)
    _check_lines(inside, moves)
    clients = len({account.email for account in world.accounts.values()})
    known = [["email_normalized", "like", f"@{world.tag}.example"]]
    assert inside.call("res.partner", "search_count", known) == clients
    assert len({one["partner_id"][0] for one in moves}) == clients
    _check_orders(world, state, inside)
    _check_events(world, state)


def _check_moves(world: PeriodWorld, state: State, moves: dict[str, OdooValue]) -> None:
    for draft in world.drafts:
        move = moves[draft.id]
        expected = "posted" if draft.service_code in world.posting else "draft"
        assert move["state"] == expected
        assert Decimal(repr(move["amount_untaxed"])) == Decimal(draft.amount_cents).scaleb(-2)
        assert len(move["invoice_line_ids"]) == len(draft.lines)
        with state.read() as connection:
            kept = draft_of_id(connection, draft.id)
        assert kept is not None
        assert (kept.status, kept.odoo_move_id) == (DraftStatus.SENT, move["id"])
    numbers = [one["name"] for one in moves.values() if one["state"] == "posted"]
    assert len(set(numbers)) == len(numbers)


def _check_external_ids(world: PeriodWorld, inside: OdooDatabase, moves: list[OdooValue]) -> None:
    """Every invoice and line has the one external id that is made of its draft."""
    held = {one["x_fc_draft_id"]: one for one in moves}
    for model, expected in (
        ("account.move", {invoice_external_id(name): one["id"] for name, one in held.items()}),
        (
            "account.move.line",
            {
                line_external_id(draft.id, number): held[draft.id]["invoice_line_ids"][number - 1]
                for draft in world.drafts
                for number in range(1, len(draft.lines) + 1)
            },
        ),
    ):
        asked = [["model", "=", model], ["res_id", "in", sorted(expected.values())]]
        named = inside.call("ir.model.data", "search_read", asked, ["complete_name", "res_id"])
        assert {one["complete_name"]: one["res_id"] for one in named} == expected
        assert len(named) == len(expected)


def _check_lines(inside: OdooDatabase, moves: list[OdooValue]) -> None:
    """Lines of one charge name one product."""
    line_ids = [line_id for one in moves for line_id in one["invoice_line_ids"]]
    products = inside.call("account.move.line", "read", line_ids, ["product_id"])
    named = {one["product_id"][0]: one["product_id"][1] for one in products}
    assert len(set(named.values())) == len(named), "a product was made twice"


def _check_orders(world: PeriodWorld, state: State, inside: OdooDatabase) -> None:
    service = world.services[0]
    with state.read() as connection:
        kept = kept_orders(connection, inside.database, service.code)
    settled = sorted(one.order.order_id for one in kept.values() if one.order)
    assert len(settled) == len(kept), "an order was begun and not ended"
    fields = ["state", "order_line"]
    mine = [["x_fc_service", "=", service.code]]
    orders = inside.call("sale.order", "search_read", mine, fields, order="id")
    assert [one["id"] for one in orders] == settled
    assert {(one["state"], len(one["order_line"])) for one in orders} <= {("sale", 2)}


def _check_events(world: PeriodWorld, state: State) -> None:
    """Each invoice was told once, without a gap in the sequence."""
    for service in world.services:
        kind = "invoice.created" if service.code in world.posting else "invoice.drafted"
        with state.read() as connection:
            told = lifecycle_events.after(connection, service.code, 0, EVENTS_MAX)
        mine = [draft.id for draft in world.drafts if draft.service_code == service.code]
        assert [one.sequence for one in told] == list(range(1, len(told) + 1))
        ids = [msgspec.json.decode(one.body)["lago_id"] for one in told if one.kind == kind]
        assert sorted(ids) == sorted(mine), Counter(one.kind for one in told)
