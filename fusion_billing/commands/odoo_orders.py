"""odoo orders: one order in Odoo for each running subscription of a live service."""

from typing import Annotated

import typer

from catalog.errors import NotFound
from catalog.store import services
from fusion_billing.clock import SystemClock
from fusion_billing.commands.odoo_options import configured_odoo
from fusion_billing.commands.options import AsJson, DataDir, DryRun, say, settings_of
from fusion_billing.opened_state import opened_state
from odoo_bridge.orders.syncing import OrderReport, OrdersReport, sync_orders


def orders(
    service: Annotated[str, typer.Option(help="Only this service.")] = "",
    recreate: Annotated[
        bool, typer.Option(help="Make orders anew that were deleted in Odoo.")
    ] = False,
    data_dir: DataDir = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make, change and close the orders of subscriptions. Repeating it makes nothing twice."""
    settings = settings_of(data_dir)
    odoo = configured_odoo(settings)
    with opened_state(settings) as state:
        with state.read() as connection:
            known = services.services(connection)
        chosen = [one for one in known if service in ("", one.code)]
        if service and not chosen:
            raise NotFound("service")
        report = sync_orders(
            *(state, odoo, chosen), at=SystemClock()(), dry_run=dry_run, recreate=recreate
        )
    say(as_json, _data(report), _text(report))
    if report.has_problems:
        raise typer.Exit(1)


def _data(report: OrdersReport) -> dict[str, object]:
    return {
        "orders": [
            {
                "service": one.service_code,
                "subscription": one.subscription_external_id,
                "step": one.step,
                "order_id": one.order and one.order.order_id,
                "name": one.order and one.order.name,
                "problem": one.problem,
                "told": one.told or None,
            }
            for one in report.orders
        ],
        "remaining": report.remaining,
        "stopped_by": str(report.stopped_by) if report.stopped_by else None,
        "dry_run": report.dry_run,
    }


def _text(report: OrdersReport) -> str:
    lines = [_line(one) for one in report.orders]
    if report.remaining:
        lines.append(f"{report.remaining} wait for the next run")
    if report.stopped_by is not None:
        lines.append(f"stopped: {report.stopped_by}")
    text = "\n".join(lines) or "Every order is as it should be."
    return f"{text}\n(dry run: nothing was written)" if report.dry_run else text


def _line(one: OrderReport) -> str:
    name = f" {one.order.name}" if one.order else ""
    told = f"{one.step}{name}: {one.service_code} {one.subscription_external_id}"
    words = one.problem or one.told
    return f"{told}: {words}" if words else told
