"""bill: close what is due, now or as of an instant."""

from typing import Annotated

import typer
from babel.numbers import format_currency

from catalog.money import amount_of_cents
from fusion_billing.billing import bill_services
from fusion_billing.clock import SystemClock
from fusion_billing.commands.options import AsJson, DataDir, DryRun, instant_of, say, settings_of
from fusion_billing.house import opened_house
from rating.bill_run import BillReport
from rating.blocked_closings import BlockedClosing


def bill(
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None,
    at: Annotated[str | None, typer.Option(help="As of this instant; default: now.")] = None,
    data_dir: DataDir = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Close due periods and write their invoice drafts. Repeating it bills nothing twice.

    Exit status 1 when a period could not be billed.
    """
    clock = SystemClock()
    with opened_house(settings_of(data_dir), clock) as house:
        reports = bill_services(
            house, at=instant_of(at) if at else clock(), service_code=service, dry_run=dry_run
        )
    say(as_json, [_data(report) for report in reports], _text(reports, dry_run=dry_run))
    if any(report.blocked for report in reports):
        raise typer.Exit(1)


def _data(report: BillReport) -> dict[str, object]:
    return {
        "service": report.service_code,
        "cutoff_at": report.cutoff_at.isoformat(),
        "watermark": report.watermark,
        "drafts_count": len(report.drafts),
        "amount_cents": report.amount_cents,
        "drafts": [
            {
                "id": draft.id,
                "account": draft.account_external_id,
                "subscription": draft.subscription_external_id,
                "closing_at": draft.closing_at.isoformat(),
                "status": draft.status,
                "currency": draft.currency,
                "amount_cents": draft.amount_cents,
            }
            for draft in report.drafts
        ],
        "blocked": [
            {
                "subscription": each.subscription_external_id,
                "closing_at": each.closing_at.isoformat(),
                "problem": each.problem,
            }
            for each in report.blocked
        ],
    }


def _amounts(report: BillReport) -> str:
    totals: dict[str, int] = {}
    for draft in report.drafts:
        totals[draft.currency] = totals.get(draft.currency, 0) + draft.amount_cents
    texts = [
        format_currency(amount_of_cents(cents, currency), currency, locale="en_CA")
        for currency, cents in sorted(totals.items())
    ]
    return " + ".join(texts) or "nothing"


def _blocked_text(each: BlockedClosing) -> str:
    return (
        f"not billed: {each.subscription_external_id}, closing at {each.closing_at.isoformat()}.\n"
        f"  Two engines count its usage differently: {each.problem}.\n"
        "  Nothing of it is billed until they agree: report this, and check the lake with\n"
        "  fusion-billing lake check --deep"
    )


def _text(reports: list[BillReport], *, dry_run: bool) -> str:
    verb = "would close" if dry_run else "closed"
    lines = [
        f"{report.service_code}: {verb} {len(report.drafts)} periods, {_amounts(report)} before tax"
        for report in reports
    ] + [_blocked_text(each) for report in reports for each in report.blocked]
    return "\n".join(lines) or "No service yet: fusion-billing service create CODE"
