"""Six months of three services with eight accounts each: the same figures on every machine.

Rated lines and costs go straight into the lake, drafts into state; no bill run is needed.
"""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import sqlalchemy as sa
from fastapi import FastAPI

from dashboards.close.facts import CloseSources
from dashboards.routes import router
from ingest.acknowledged import Acknowledged
from ingest.watermark import Watermark
from storage import tables
from storage.lake import Lake
from storage.lake_tables import COST, RATED_LINE
from storage.state import State, open_state
from tests.prepared import prepared_lake, prepared_state

NOW = datetime(2026, 12, 2, 14, 30, tzinfo=UTC)
TORONTO = ZoneInfo("America/Toronto")
MONTHS = tuple(date(2026, month, 1) for month in range(6, 12))
SERVICES = {"nexacloud": "NexaCloud", "nexadesk": "NexaDesk", "nexavoice": "NexaVoice"}
ACCOUNTS = {
    "acct-01": "Maple Ridge Clinic",
    "acct-02": "Harbourfront Dental Group",
    "acct-03": "Prairie Sky Co-operative",
    "acct-04": "Boréal Logistique inc.",
    "acct-05": "Tidewater Marine",
    "acct-06": "Northern Lights Academy",
    "acct-07": "<script>alert('x')</script>",
    "acct-08": "St. Lawrence Foods",
}
METRICS = {"nexacloud": "tokens", "nexadesk": "ai_replies", "nexavoice": "minutes"}
FEES_CENTS = {"nexacloud": 49_900, "nexadesk": 29_900, "nexavoice": 19_900}
UNIT_PRICES = {
    "nexacloud": Decimal("0.0000125"),
    "nexadesk": Decimal("0.08"),
    "nexavoice": Decimal("0.045"),
}
UNIT_COSTS = {
    "nexacloud": Decimal("0.000003417"),
    "nexadesk": Decimal("0.0214375"),
    "nexavoice": Decimal("0.018733333333"),
}
UNITS = {"nexacloud": 9_000_000, "nexadesk": 1_900, "nexavoice": 5_200}
QUOTAS = {"nexacloud": 2_000_000, "nexadesk": 500, "nexavoice": 1_000}
FX_RATE = Decimal("1.3725")
FREE_TRIAL = ("nexavoice", "acct-08")
LOSER = ("nexavoice", "acct-05")
FOREIGN = ("nexadesk", "acct-06")


def rated_frame() -> pl.DataFrame:
    """Return every rated line: a plan fee and a charge for each account and month."""
    return pl.DataFrame(list(_rated_rows()), schema=RATED_LINE.polars_schema, orient="row")


def cost_frame(import_id: str = "seed") -> pl.DataFrame:
    """Return every cost: one of each account and month, shared ones, unallocated ones, a tax."""
    rows = [
        {**row, "import_id": import_id, "row_number": number}
        for number, row in enumerate(_cost_rows(), start=1)
    ]
    return pl.DataFrame(rows, schema=COST.polars_schema)


def seed_lake(lake: Lake) -> None:
    """Put the frames into an empty lake."""
    lake.append_unless(RATED_LINE, rated_frame(), column="id", value="line-0-0-0-fee")
    lake.append_unless(COST, cost_frame(), column="import_id", value="seed")


def seeded_app(lake: Lake, state: State) -> FastAPI:
    """Return an application that serves the pages of a lake and a state."""
    app = FastAPI(docs_url=None, redoc_url=None)
    app.state.lake, app.state.state, app.state.clock = lake, state, lambda: NOW
    app.state.close_sources = CloseSources(
        state, lake, FlushedAlready(), oldest_waiting=lambda: None, has_odoo=True
    )
    app.include_router(router)
    return app


class FlushedAlready:
    """A house without an inbox: everything is in the lake."""

    def flush(self) -> Watermark:
        """Return what the seeded lines were rated from."""
        return Watermark(((0, 48_213),))

    def acknowledged(self, service_code: str, subscription: str) -> Acknowledged:
        """Return the same of any subscription."""
        del service_code, subscription
        return Acknowledged(self.flush())


def open_seeded(folder: Path) -> tuple[Lake, State]:
    """Return a lake and a state in a folder, with all figures in them."""
    lake, state = Lake(prepared_lake(folder / "lake")), open_state("", prepared_state(folder))
    seed_lake(lake)
    seed_state(state)
    return lake, state


def seed_state(state: State) -> None:
    """Put the services, accounts and the last month's drafts into an empty state."""
    with state.write() as connection:
        for service_place, (code, name) in enumerate(SERVICES.items()):
            _insert_service(connection, code, name)
            for account_place, (account_id, account_name) in enumerate(ACCOUNTS.items()):
                _insert_account(connection, code, account_id, account_name)
                _insert_draft(connection, code, account_id, 8 * service_place + account_place)


def _units(service: str, service_place: int, account_place: int, month_place: int) -> int:
    """Return the usage: it grows by month, differs by account and never comes from chance."""
    factor = (account_place * 7 + service_place * 3) % 11 + 2
    growth = 100 + month_place * (9 - 2 * service_place) + (month_place * account_place) % 5
    return UNITS[service] * factor * growth // 700 + 137 * account_place


def _places() -> Iterator[tuple[str, int, str, int, date, int]]:
    for service_place, service in enumerate(SERVICES):
        for account_place, account_id in enumerate(ACCOUNTS):
            for month_place, month in enumerate(MONTHS):
                yield service, service_place, account_id, account_place, month, month_place


def _rated_rows() -> Iterator[tuple[object, ...]]:
    for service, service_place, account_id, account_place, month, month_place in _places():
        key = f"line-{service_place}-{account_place}-{month_place}"
        if (service, account_id) == FREE_TRIAL:
            continue
        units = _units(service, service_place, account_place, month_place)
        for kind in ("plan_fee", "charge"):
            yield _rated_row(key, service, account_id, month, kind, units)


def _rated_row(
    key: str, service: str, account_id: str, month: date, kind: str, units: int
) -> tuple[object, ...]:
    is_fee = kind == "plan_fee"
    overage = 1 if is_fee else max(units - QUOTAS[service], 0)
    unit_amount = Decimal(FEES_CENTS[service]) / 100 if is_fee else UNIT_PRICES[service]
    if (service, account_id) == LOSER and not is_fee:
        unit_amount = unit_amount / 10
    amount = unit_amount * overage
    cents = int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP))
    steps = [_step("every unit", overage, unit_amount, amount)]
    if not is_fee:
        steps.insert(
            0, _step("included quota", min(units, QUOTAS[service]), Decimal(0), amount * 0)
        )
    rounding = Decimal(cents) / 100 - amount
    if rounding:
        steps.append(_step("rounded half-up to cents", 0, None, rounding))
    metric = METRICS[service]
    start, end = _local(month), _local(_next(month))
    is_foreign = (service, account_id) == FOREIGN and month == MONTHS[-1]
    return (
        month, f"{key}-{'fee' if is_fee else 'use'}", service, account_id, f"sub-{account_id}",
        f"draft-{service}-{account_id}", kind, "pro", 3, None if is_fee else metric,
        None if is_fee else metric, None if is_fee else 2, None if is_fee else "standard",
        start, end, Decimal(1 if is_fee else units),
        Decimal(0 if is_fee else min(units, QUOTAS[service])), Decimal(overage),
        0 if is_fee else units // 40, cents, format(amount, "f"), "USD" if is_foreign else "CAD",
        "Pro plan" if is_fee else f"{metric.replace('_', ' ').capitalize()} used",
        json.dumps({"steps": steps, "rounding_rule": "half-up"}), "usage_0:48213",
        digest_like(key), datetime(2026, 12, 1, 6, 4, tzinfo=UTC), None, None, None, None, True,
        None,
    )  # fmt: skip


def digest_like(key: str) -> str:
    """Return a text that looks like a digest and is the same on every machine."""
    return "".join(f"{ord(letter):02x}" for letter in key).ljust(64, "0")


def _step(
    rule: str, units: int, unit_amount: Decimal | None, amount: Decimal
) -> dict[str, str | None]:
    return {
        "rule": rule,
        "units": str(units),
        "unit_amount": None if unit_amount is None else format(unit_amount, "f"),
        "flat_amount": None,
        "amount": format(amount, "f"),
    }


def _cost_rows() -> Iterator[dict[str, object]]:
    for service, service_place, account_id, account_place, month, month_place in _places():
        units = _units(service, service_place, account_place, month_place)
        factor = 4 if (service, account_id) == LOSER else 1
        cost = (UNIT_COSTS[service] * units * factor).quantize(Decimal("1e-9"))
        yield _cost_row(service, account_id, month, cost, "Usage", "Model inference")
    for month_place, month in enumerate(MONTHS):
        for service_place, service in enumerate(SERVICES):
            shared = Decimal("61.337915") * (service_place + 2) + month_place
            yield _cost_row(service, None, month, shared, "Usage", "Kubernetes cluster")
        yield _cost_row(None, None, month, Decimal("118.204411") + month_place, "Purchase", "Logs")
        yield _cost_row(None, None, month, Decimal("42.5"), "Tax", "Harmonized sales tax")


def _cost_row(
    service: str | None,
    account_id: str | None,
    month: date,
    cost: Decimal,
    category: str,
    description: str,
) -> dict[str, object]:
    cogs = Decimal(0) if category == "Tax" else (cost * FX_RATE).quantize(Decimal("1e-12"))
    return {
        "month": month,
        "service": service,
        "account_id": account_id,
        "charge_period_start": _local(month),
        "charge_period_end": _local(_next(month)),
        "provider": "Example Cloud",
        "provider_service": "Compute",
        "charge_category": category,
        "description": description,
        "effective_cost": cost,
        "billed_cost": cost,
        "billing_currency": "USD",
        "fx_rate": FX_RATE,
        "cogs_cad": cogs,
        "resource_id": None,
        "tags": None,
    }


def _insert_service(connection: sa.Connection, code: str, name: str) -> None:
    connection.execute(
        tables.service.insert().values(
            id=code, code=code, name=name, timezone="America/Toronto", currency="CAD",
            created_at=NOW,
        )
    )  # fmt: skip
    connection.execute(
        tables.plan.insert().values(
            id=f"plan-{code}", service_code=code, code="pro", created_at=NOW
        )
    )
    connection.execute(
        tables.billing_run.insert().values(
            id=f"run-{code}", service_code=code, cutoff_at=NOW, watermark="usage_0:48213",
            started_at=NOW, finished_at=NOW, drafts_count=8,
        )
    )  # fmt: skip


def _insert_account(connection: sa.Connection, code: str, account_id: str, name: str) -> None:
    key = f"{code}-{account_id}"
    connection.execute(
        tables.account.insert().values(
            id=key, service_code=code, external_id=account_id, name=name, created_at=NOW,
            updated_at=NOW,
        )
    )  # fmt: skip
    connection.execute(
        tables.subscription.insert().values(
            id=f"sub-{key}", service_code=code, external_id=f"sub-{account_id}", account_id=key,
            account_external_id=account_id, plan_id=f"plan-{code}", plan_code="pro",
            status="active", billing_time="calendar", subscription_at=NOW, created_at=NOW,
        )
    )  # fmt: skip


def _insert_draft(connection: sa.Connection, code: str, account_id: str, place: int) -> None:
    status = ("sent", "sent", "draft", "parked", "sent", "draft", "sent", "empty")[place % 8]
    lines = [] if status == "empty" else _draft_lines(code, account_id)
    key = f"{code}-{account_id}"
    connection.execute(
        tables.invoice_draft.insert().values(
            id=f"draft-{key}", service_code=code, billing_run_id=f"run-{code}", account_id=key,
            account_external_id=account_id, subscription_id=f"sub-{key}",
            subscription_external_id=f"sub-{account_id}", closing_at=_local(date(2026, 12, 1)),
            status=status, currency="CAD",
            amount_cents=sum(line["amount_cents"] for line in lines), lines=json.dumps(lines),
            rated_at=NOW, sent_at=NOW if status == "sent" else None,
            odoo_move_id=4100 + place if status == "sent" else None,
            problem="Odoo: the partner is archived" if status == "parked" else None,
        )
    )  # fmt: skip


def _draft_lines(code: str, account_id: str) -> list[dict[str, object]]:
    last = rated_frame().filter(
        (pl.col("service") == code)
        & (pl.col("account_id") == account_id)
        & (pl.col("month") == MONTHS[-1])
    )
    return [
        {
            "description": line["description"],
            "amount_cents": line["amount_cents"],
            "kind": line["kind"],
            "metric_code": line["metric_code"],
            "charge_code": line["charge_code"],
            "quantity": format(line["quantity"], "f"),
            "rated_line_id": line["id"],
        }
        for line in last.iter_rows(named=True)
    ]


def _local(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=TORONTO).astimezone(UTC)


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
