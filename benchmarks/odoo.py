"""Invoices into a real Odoo and back: ours beside a script that makes one call for each.

Both work on one server and one database, in turns. The script uses odoorpc as its manual shows, in
calls of its own for each invoice: find the partner, create, post, read back its number. It has no
keys by which a second run would know what the first has made.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import odoorpc
import psycopg
from psycopg import sql

from benchmarks.figures import TURNS, Figure, Other, Taken, in_milliseconds, median_of, taken
from odoo_bridge.connection import OdooConnection, OdooSettings
from odoo_bridge.fields import setup
from odoo_bridge.links import LinkKind, keep_link
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.product_rows import product_keys
from odoo_bridge.products import product_ids_of
from rating.invoice_draft import InvoiceDraft
from storage.state import State
from tests.odoo.period_world import PeriodWorld, a_closed_period
from tests.odoo_bridge.makers import entered
from tests.real_parts import (
    ODOO,
    OdooDatabase,
    OdooServer,
    PartMissingError,
    require,
    running_odoo,
)
from tests.real_parts.odoo_database import with_integration_user

LINES_PER_INVOICE = 5
SECONDS_MAX = 600
COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = 'account_move'"
SCRIPT = "odoorpc, one invoice after the other"
OdooRpc: TypeAlias = Any


class CountingOdoo(OdooConnection):
    """Our connection, its calls counted."""

    calls = 0

    def call(self, model: str, method: str, *args: OdooValue, **kwargs: OdooValue) -> OdooValue:
        """Call."""
        self.calls += 1
        return super().call(model, method, *args, **kwargs)


def odoo_figures(folder: Path, invoices: int, moves: int) -> Iterator[Figure | str]:
    """Yield invoices/s made and posted, then how long the feed takes over so many moves."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_odoo(require(ODOO)))
        except PartMissingError as missing:
            yield f"no Odoo on this machine: {missing}"
            return
        inside = stack.enter_context(server.fresh_database())
        setup(entered(inside), dry_run=False)
        user = with_integration_user(inside)
        entry = (user.url, user.database, user.login, user.password)
        odoo = CountingOdoo(OdooSettings(*entry, SECONDS_MAX, "jsonrpc"))
        world = a_closed_period(inside, folder / "books", invoices // 2 + 1, LINES_PER_INVOICE)
        world.posting = frozenset(service.code for service in world.services)
        state = world.opened()
        stack.callback(state.close)
        _link_partners(state, inside, world)
        products = product_ids_of(odoo, {key for one in world.drafts for key in product_keys(one)})
        emails = {account.id: account.email or "" for account in world.accounts.values()}
        script = Script(user, emails, sorted(products.values()))
        yield _sent(world, state, odoo, script, invoices // TURNS)
        _fill(world, server, inside, moves)
        yield from _fed(world, state, odoo, moves)


class Script:
    """The obvious way: one invoice after the other, with odoorpc."""

    def __init__(
        self, user: OdooDatabase, email_of: Mapping[str, str], product_ids: Sequence[int]
    ) -> None:
        """Log in."""
        self._odoo: OdooRpc = odoorpc.ODOO(user.host, port=user.port, version="19.0")
        self._odoo.config["timeout"] = SECONDS_MAX
        self._odoo.login(user.database, user.login, user.password)
        self._email_of, self._product_ids = email_of, product_ids

    def send(self, drafts: Sequence[InvoiceDraft]) -> None:
        """Find each draft's partner, make and post its invoice, and read back what became of it."""
        partner, move = self._odoo.env["res.partner"], self._odoo.env["account.move"]
        for draft in drafts:
            lines = [
                (0, 0, {"product_id": product, "name": line.description, "quantity": 1,
                        "price_unit": line.amount_cents / 100})
                for line, product in zip(draft.lines, self._product_ids, strict=False)
            ]  # fmt: skip
            email = self._email_of[draft.account_id]
            values = {
                "move_type": "out_invoice",
                "partner_id": partner.search([("email_normalized", "=", email)], limit=1)[0],
                "invoice_date": "2026-12-01",
                "invoice_date_due": "2026-12-31",
                "invoice_line_ids": lines,
            }
            move_id = move.create(values)
            move.action_post([move_id])
            (made,) = move.read([move_id], ["name", "state", "amount_untaxed"])
            assert made["state"] == "posted", made


def _link_partners(state: State, inside: OdooDatabase, world: PeriodWorld) -> None:
    """Let every client be a partner that was billed before."""
    emails = sorted({account.email or "" for account in world.accounts.values()})
    where = {
        "country_id": inside.record_id("base.ca"),
        "state_id": inside.record_id("base.state_ca_on"),
    }
    rows = [where | {"name": email, "email": email, "is_company": True} for email in emails]
    made = dict(zip(emails, inside.call("res.partner", "create", rows), strict=True))
    with state.write() as connection:
        for account in world.accounts.values():
            partner_id = made[account.email or ""]
            keep_link(connection, inside.database, LinkKind.ACCOUNT, account.id, partner_id)


def _sent(
    world: PeriodWorld, state: State, odoo: CountingOdoo, script: Script, count: int
) -> Figure:
    """Compare making and posting so many invoices, in turns after one of each."""
    world.send(state, odoo, limit=1)
    script.send(world.drafts[:1])
    odoo.calls = 0
    ours: list[Taken] = []
    theirs: list[Taken] = []
    for _ in range(TURNS):
        ours.append(taken(partial(_send, world, state, odoo, count)))
        theirs.append(taken(partial(script.send, world.drafts[:count])))
    mine, its = median_of(ours), median_of(theirs)
    what = f"invoices of {LINES_PER_INVOICE} lines, made and posted"
    per_invoice = odoo.calls / (count * TURNS)
    detail = f"{in_milliseconds(mine)}, {per_invoice:.1f} calls each"
    other = Other(SCRIPT, count / its.seconds, in_milliseconds(its))
    return Figure(what, "invoices", count / mine.seconds, [other], detail)


def _send(world: PeriodWorld, state: State, odoo: CountingOdoo, count: int) -> None:
    report = world.send(state, odoo, limit=count)
    assert (report.sent, report.parked, report.stopped_by) == (count, 0, None), report


def _fed(
    world: PeriodWorld, state: State, odoo: CountingOdoo, moves: int
) -> Iterator[Figure | str]:
    """Tell how long looks take: the first over all moves, later ones, and an empty one."""
    first = taken(partial(world.look, state, odoo))
    odoo.calls = 0
    again = median_of([taken(partial(world.look, state, odoo)) for _ in range(TURNS)])
    what = f"the feed over {moves:,} moves that were touched"
    yield Figure(what, "moves", moves / again.seconds, [], in_milliseconds(again))
    yield f"  {odoo.calls // TURNS} calls; the first look took {in_milliseconds(first)}"
    odoo.calls = 0
    nothing = replace(world.services[0], code="nobody")
    idle = replace(world, services=[nothing])
    empty = median_of([taken(partial(idle.look, state, odoo)) for _ in range(TURNS)])
    yield f"an empty look: {odoo.calls // TURNS} call, {in_milliseconds(empty)}"


def _fill(world: PeriodWorld, server: OdooServer, inside: OdooDatabase, moves: int) -> None:
    """Copy a draft of ours, without its lines, until there are enough: in the database itself."""
    (row,) = inside.call(
        "account.move", "create", [{"move_type": "out_invoice", "invoice_date": "2026-12-01",
                                    "x_fc_service": world.services[0].code}]
    )  # fmt: skip
    mine = [["x_fc_service", "in", sorted(world.posting)]]
    missing = moves - inside.call("account.move", "search_count", mine)
    with psycopg.connect(server.postgres.url(inside.database)) as connection:
        columns = sql.SQL(", ").join(
            sql.Identifier(name)
            for (name,) in connection.execute(COLUMNS).fetchall()
            if name != "id"
        )
        copy = "INSERT INTO account_move ({0}) SELECT {0} FROM account_move, generate_series(1, %s)"
        connection.execute(sql.SQL(f"{copy} WHERE id = %s").format(columns), [max(missing, 0), row])
