"""fusion_api's daily roll-ups, read from Odoo: what changed since the last time, each once.

Model and fields are named by the settings. One faulty record keeps the whole reading out, and the
cursor where it was.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from catalog.exact_json import JsonObject
from catalog.money import decimal_text
from dashboards.costs.charges import Stamp, cost_rows, epoch_milliseconds
from dashboards.costs.cost_cursor import cursor_position, move_cursor
from dashboards.costs.cost_store import Kept, append_costs
from dashboards.costs.fx_store import read_rates
from dashboards.costs.sources.daily_costs import Names, Reading, daily_charges
from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue, from_odoo_amount, from_odoo_instant
from storage.lake import Lake
from storage.state import State

SOURCE = "fusion_api"
MODEL_DEFAULT = "fusion.api.usage.daily"
NAMES_DEFAULT = Names(
    key="source_id",
    provider_service="model",
    currency="currency_id",
    account="customer_key",
    metric="metric_code",
)
NEEDED = ("key", "day", "provider", "cost", "currency")
RECORDS_PER_CALL = 1000
# Odoo dates a change by the start of its transaction: a long one is seen late.
OVERLAP = timedelta(hours=1)
CHANGED = "write_date"
ODOO_INSTANT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class FusionApi:
    """Where the roll-ups are in Odoo."""

    model: str = MODEL_DEFAULT
    names: Names = NAMES_DEFAULT


def names_from_text(text: str) -> Names:
    """Return the fields as "cost=amount,account=customer" renames them; ValueError if it can't."""
    known = {member.name for member in fields(Names)}
    renamed: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        ours, _, theirs = part.partition("=")
        if ours not in known or not theirs:
            raise ValueError(f"{part!r} renames nothing: write NAME=FIELD of {', '.join(known)}")
        renamed[ours] = theirs
    told = {member.name: getattr(NAMES_DEFAULT, member.name) for member in fields(Names)}
    return Names(**{**told, **renamed})


def sync_fusion_api(
    lake: Lake, state: State, odoo: OdooConnection, where: FusionApi, *, at: datetime
) -> Kept:
    """Take in every roll-up that changed since the last time; faults name Odoo's record ids."""
    with state.read() as connection:
        position, rates = cursor_position(connection, SOURCE), read_rates(connection)
    records = list(_records(odoo, where, position))
    if not records:
        return Kept(0, 0, ())
    rows = [_row(record, where.names) for record in records]
    charges = daily_charges(list(rows), Reading(where.names))
    told = hashlib.sha256(repr(rows).encode()).hexdigest()
    read = cost_rows(charges, rates, Stamp(SOURCE, told, at))
    kept = append_costs(lake, read.costs, at=at) if not read.faults else None
    faults = kept.faults if kept else read.faults
    if kept is None or faults:
        return Kept(0, 0, faults)
    with state.write() as connection:
        move_cursor(connection, SOURCE, max(str(record[CHANGED]) for record in records), at)
    return kept


def _records(
    odoo: OdooConnection, where: FusionApi, position: str | None
) -> Iterator[dict[str, OdooValue]]:
    wanted = _present(odoo, where)
    since = [] if position is None else [[CHANGED, ">=", _before(position)]]
    offset = 0
    while True:
        found = odoo.call(
            where.model,
            "search_read",
            since,
            wanted,
            offset=offset,
            limit=RECORDS_PER_CALL,
            order=f"{CHANGED} asc, id asc",
        )
        yield from found
        if len(found) < RECORDS_PER_CALL:
            return
        offset += RECORDS_PER_CALL


def _present(odoo: OdooConnection, where: FusionApi) -> list[str]:
    """Return the fields that the model has; ValueError when one that must be there is not."""
    named = {member.name: str(getattr(where.names, member.name)) for member in fields(Names)}
    there = odoo.call(where.model, "fields_get", sorted(set(named.values())), ["type"])
    missing = [named[ours] for ours in NEEDED if named[ours] not in there]
    if missing:
        raise ValueError(
            f"{where.model} in Odoo has no field {', '.join(missing)}: name the right ones with "
            "FUSION_COSTS_ODOO_FIELDS"
        )
    return [*sorted(there), CHANGED]


def _row(record: Mapping[str, OdooValue], names: Names) -> JsonObject:
    """Return a record as exact JSON; Odoo's False is null, and a link is its name."""
    row: JsonObject = {name: _plain(value) for name, value in record.items()}
    if row.get(names.revision) is None:
        row[names.revision] = epoch_milliseconds(from_odoo_instant(record[CHANGED]))
    return row


def _plain(value: OdooValue) -> str | None:
    if value is False or value is None:
        return None
    if isinstance(value, list | tuple):
        return str(value[1])
    if isinstance(value, float):  # Odoo gives amounts so; repr() is what it wrote
        return decimal_text(from_odoo_amount(value))
    return str(value)


def _before(position: str) -> str:
    return (from_odoo_instant(position) - OVERLAP).strftime(ODOO_INSTANT)
