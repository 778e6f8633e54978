"""Costs that a service tells of itself by `POST /costs`: all of a request, or none of it."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from catalog.errors import BadRequest, ValidationFailed
from catalog.exact_json import JsonObject, JsonValue, exact_value
from catalog.services import Service
from catalog.store.accounts import accounts_with_external_id
from catalog.store.billable_metrics import metrics_by_code
from dashboards.costs.charges import Charges, Stamp, cost_rows
from dashboards.costs.cost_store import append_costs
from dashboards.costs.faults import RowFault
from dashboards.costs.fx_store import read_rates
from dashboards.costs.sources.daily_costs import Names, Reading, daily_charges
from storage.lake import Lake
from storage.state import State

ROWS_MAX = 1000
NAMES = Names()


def read_body(body: bytes, depth_max: int) -> list[JsonValue]:
    """Return the rows of a request; BadRequest when there are none or too many."""
    found = exact_value(body, depth_max) if body else None
    rows = found.get("costs") if isinstance(found, dict) else None
    if not isinstance(rows, list) or not 0 < len(rows) <= ROWS_MAX:
        raise BadRequest(f"write 1 to {ROWS_MAX} rows under: costs")
    return rows


def post_costs(
    lake: Lake, state: State, service: Service, rows: list[JsonValue], *, at: datetime
) -> JsonObject:
    """Keep a service's daily costs; a repeated request changes nothing.

    ValidationFailed names each faulty row, from 0, with its column; nothing is kept then.
    """
    charges = daily_charges(rows, Reading(NAMES, service.code))
    with state.read() as connection:
        rates = read_rates(connection)
        strangers = tuple(_strangers(connection, service.code, charges))
    told = hashlib.sha256(repr((service.code, rows)).encode()).hexdigest()
    stamp = Stamp(f"api:{service.code}", told, at)
    read = cost_rows(Charges(charges.frame, (*charges.faults, *strangers)), rates, stamp)
    _refuse(read.faults)
    kept = append_costs(lake, read.costs, at=at)
    _refuse(kept.faults)
    return {"new_count": kept.new_count, "known_count": kept.known_count}


def _strangers(
    connection: sa.Connection, service_code: str, charges: Charges
) -> Iterable[RowFault]:
    """Give a fault for each row that names an account or metric the service does not have."""
    metrics = metrics_by_code(connection, service_code)
    known = {}
    for row, account_id, metric in charges.frame.select(
        "row_number", "account_id", "metric_code"
    ).iter_rows():
        if account_id is not None and account_id not in known:
            known[account_id] = accounts_with_external_id(connection, service_code, account_id)
        if account_id is not None and not known[account_id]:
            yield RowFault(row, "account_not_found", NAMES.account)
        if metric is not None and metric not in metrics:
            yield RowFault(row, "billable_metric_not_found", NAMES.metric)


def _refuse(faults: Iterable[RowFault]) -> None:
    details: dict[str, dict[str, list[str]]] = {}
    for fault in faults:
        column = NAMES.currency if fault.column == "BillingCurrency" else fault.column
        place = details.setdefault(str(fault.row_number - 1), {})
        place.setdefault(column or "row", []).append(fault.reason)
    if details:
        raise ValidationFailed(details)
