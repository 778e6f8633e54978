"""The JSON of a simulation: what is ordered, and the whole report, in Lago's manner. Pure."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TypeAlias

from catalog.billable_metrics import BillableMetric
from catalog.errors import ValidationFailed
from catalog.exact_json import JsonObject, JsonValue
from catalog.lago_shapes.fields import INVALID, INVALID_DATE, MANDATORY, Fields
from catalog.lago_shapes.plans import from_lago_new_plan
from rating.simulation.report import (
    AccountRow,
    Change,
    CurrencyTotal,
    MonthRow,
    SimulationReport,
)
from rating.simulation.simulation import SimulationOrder

YEAR_MIN, YEAR_MAX = 2000, 2200
NewId: TypeAlias = Callable[[], str]


def order_of(
    given: JsonObject,
    service_code: str,
    metrics: Mapping[str, BillableMetric],
    at: datetime,
    new_id: NewId,
) -> SimulationOrder:
    """Return what a request wants simulated; faults of its plan are those of a new plan.

    `from` and `to` are local days of the service; the last one is not simulated any more.
    """
    fields = Fields(given)
    from_day, to_day = _day(fields, "from"), _day(fields, "to")
    if from_day and to_day and not from_day < to_day:
        fields.fault("to", INVALID)
    plan_code = fields.text("plan_code")
    plan = given.get("plan")
    if not isinstance(plan, dict) or not plan:
        fields.fault("plan", INVALID if plan else MANDATORY)
    fields.check()
    if from_day is None or to_day is None or not isinstance(plan, dict):
        raise ValidationFailed({"plan": [INVALID]})
    draft = from_lago_new_plan(plan, service_code, metrics, at, new_id)
    return SimulationOrder(draft, from_day, to_day, plan_code)


def report_shape(report: SimulationReport) -> dict[str, object]:
    """Return the whole report; amounts are cents, rows lie by currency, who pays more first."""
    counts = report.counts
    return {
        "service_code": report.service_code,
        "draft_plan_code": report.draft_code,
        "plan_code": report.plan_code,
        "from": report.from_day.isoformat(),
        "to": report.to_day.isoformat(),
        "watermark": report.watermark,
        "counts": {
            "accounts": counts.accounts,
            "subscriptions": counts.subscriptions,
            "months": counts.months,
            "periods_old": counts.old_periods,
            "periods_new": counts.new_periods,
            "windows": counts.windows,
        },
        "totals": [_total(total) for total in report.totals],
        "accounts": [_account(row) for row in report.accounts],
        "rows": [_row(row) for row in report.rows],
    }


def _day(fields: Fields, name: str) -> date | None:
    text: JsonValue = fields.given.get(name)
    if text is None:
        fields.fault(name, MANDATORY)
        return None
    try:
        day = date.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        day = None
    if day is None or not YEAR_MIN <= day.year <= YEAR_MAX:
        fields.fault(name, INVALID_DATE)
        return None
    return day


def _total(total: CurrencyTotal) -> dict[str, object]:
    return {
        "currency": total.currency,
        **_amounts(total.change),
        "accounts_paying_more": total.accounts_paying_more,
        "accounts_paying_less": total.accounts_paying_less,
        "accounts_paying_the_same": total.accounts_paying_the_same,
    }


def _account(row: AccountRow) -> dict[str, object]:
    named = {"external_customer_id": row.account_external_id, "currency": row.currency}
    return named | _amounts(row.change)


def _row(row: MonthRow) -> dict[str, object]:
    return {
        "external_customer_id": row.account_external_id,
        "month": row.month.isoformat(),
        "currency": row.currency,
        **_amounts(row.change),
    }


def _amounts(change: Change) -> dict[str, object]:
    return {
        "amount_cents_old": change.old_cents,
        "amount_cents_new": change.new_cents,
        "amount_cents_difference": change.difference_cents,
    }
