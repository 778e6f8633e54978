"""rerate: what accounts would have paid under a draft plan; changes nothing."""

import csv
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from catalog.errors import BadRequest, NotFound, ValidationFailed
from catalog.exact_json import JsonObject, object_under
from catalog.money import amount_of_cents
from catalog.store.billable_metrics import metrics_by_id
from catalog.store.services import find_service
from fusion_billing.clock import SystemClock
from fusion_billing.commands.options import AsJson, DataDir, settings_of
from fusion_billing.house import House, opened_house
from rating.simulation.report import Change, SimulationReport
from rating.simulation.shapes import order_of, report_shape
from rating.simulation.simulation import COMMAND_LIMITS, Watch, simulate

JSON_DEPTH_MAX = 32
TOP_PAYERS_SHOWN_MAX = 20
CSV_HEADER = ("account", "month", "currency", "old_amount", "new_amount", "difference")
# A spreadsheet would run such a text as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def rerate(
    service: Annotated[str, typer.Option(help="Service whose history it is.")],
    plan: Annotated[
        Path,
        typer.Option(exists=True, dir_okay=False, help="Draft plan: the JSON of POST /plans."),
    ],
    from_day: Annotated[
        str, typer.Option("--from", help="First day, local to the service: 2026-01-01.")
    ],
    to_day: Annotated[str, typer.Option("--to", help="Day after the last one.")],
    plan_code: Annotated[
        str | None, typer.Option(help="Only subscriptions on this plan; default: all.")
    ] = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", dir_okay=False, help="Write every row to this file.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Price history under a draft plan: who would pay more, who less. Changes nothing."""
    wanted: JsonObject = {"from": from_day, "to": to_day, "plan_code": plan_code}
    wanted["plan"] = _draft(plan)
    with opened_house(settings_of(data_dir), SystemClock()) as house, _watched() as watch:
        try:
            report = _simulated(house, service, wanted, watch)
        except ValidationFailed as refusal:
            raise ValueError(f"refused: {json.dumps(refusal.details)}") from refusal
    if csv_file is not None:
        write_csv(report, csv_file)
    if as_json:
        typer.echo(json.dumps(report_shape(report), indent=2))
    else:
        _show(report)


def write_csv(report: SimulationReport, file: Path) -> None:
    """Write every account and month as a CSV, amounts in currency units, who pays more first."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(CSV_HEADER)
        for row in report.rows:
            name = row.account_external_id
            name = f"'{name}" if name.startswith(FORMULA_STARTS) else name
            month = row.month.strftime("%Y-%m")
            rows.writerow([name, month, row.currency, *_money(row.change, row.currency)])


def _draft(file: Path) -> JsonObject:
    try:
        return object_under(file.read_bytes(), "plan", JSON_DEPTH_MAX)
    except BadRequest as refusal:
        wanted = 'write {"plan": {...}} as for POST /plans'
        raise ValueError(f"{file}: {refusal.error}; {wanted}") from refusal


def _simulated(
    house: House, service_code: str, wanted: JsonObject, watch: Watch
) -> SimulationReport:
    with house.state.read() as connection:
        service = find_service(connection, service_code)
        if service is None:
            raise NotFound("service")
        metrics = metrics_by_id(connection, service_code)
    order = order_of(wanted, service_code, metrics, house.clock(), lambda: str(uuid.uuid4()))
    return simulate(
        house.state,
        house.lake,
        house.flusher,
        service,
        order,
        limits=COMMAND_LIMITS,
        watch=watch,
        processes=len(os.sched_getaffinity(0)),
    )


@contextmanager
def _watched() -> Iterator[Watch]:
    """Draw a bar of the months done, on a terminal's standard error."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("months", total=None)

        def watch(done: int, total: int) -> None:
            progress.update(task, total=total, completed=done)

        yield watch


def _show(report: SimulationReport) -> None:
    console, counts = Console(), report.counts
    console.print(
        f"{report.service_code}: {counts.accounts} accounts, {counts.subscriptions} subscriptions,"
        f" {counts.months} months from {report.from_day}; {counts.old_periods} periods as they"
        f" stand, {counts.new_periods} under the draft; watermark {report.watermark or 'none'}",
        highlight=False,
    )
    totals = _table("All accounts", "currency", "pay more", "pay less", "the same")
    for total in report.totals:
        numbers = (
            total.accounts_paying_more, total.accounts_paying_less, total.accounts_paying_the_same,
        )  # fmt: skip
        amounts = _money(total.change, total.currency)
        totals.add_row(total.currency, *map(str, numbers), *map(_grouped, amounts))
    console.print(totals if report.totals else "no period begins in this stretch")
    for total in report.totals:
        if total.accounts_paying_more:
            console.print(_top_payers(report, total.currency))
        hidden = total.accounts_paying_more - TOP_PAYERS_SHOWN_MAX
        if hidden > 0:
            console.print(f"and {hidden} more: see --csv or --json")


def _top_payers(report: SimulationReport, currency: str) -> Table:
    table = _table(f"Who pays more, {currency}", "account")
    top = (row for row in report.accounts if row.currency == currency)
    for row in islice(top, TOP_PAYERS_SHOWN_MAX):
        if row.change.difference_cents > 0:
            amounts = map(_grouped, _money(row.change, currency))
            table.add_row(escape(row.account_external_id), *amounts)
    return table


def _table(title: str, *names: str) -> Table:
    table = Table(title=title, title_justify="left")
    for name in names:
        table.add_column(name)
    for name in ("old", "new", "difference"):
        table.add_column(name, justify="right")
    return table


def _money(change: Change, currency: str) -> tuple[Decimal, Decimal, Decimal]:
    old, new, difference = (
        amount_of_cents(cents, currency)
        for cents in (change.old_cents, change.new_cents, change.difference_cents)
    )
    return old, new, difference


def _grouped(amount: Decimal) -> str:
    return f"{amount:,f}"
