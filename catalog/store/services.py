"""Services as rows: add, find, list, and the lock that puts a service's writers in a row."""

from dataclasses import asdict
from decimal import Decimal

import sqlalchemy as sa

from catalog.errors import ValidationFailed
from catalog.services import (
    SERVICE_CODE,
    CardCharging,
    DuplicateAnswer,
    InvoiceStyle,
    LateUsage,
    Posting,
    Service,
    ServiceMode,
)
from storage.tables import service


def add_service(connection: sa.Connection, added: Service) -> Service:
    """Insert a service; ValidationFailed when its code is taken or badly formed."""
    if not SERVICE_CODE.fullmatch(added.code):
        raise ValidationFailed({"code": ["value_is_invalid"]})
    if find_service(connection, added.code) is not None:
        raise ValidationFailed({"code": ["value_already_exist"]})
    connection.execute(sa.insert(service).values(_values(added)))
    return added


def save_service(connection: sa.Connection, changed: Service) -> Service:
    """Write a changed service over its row and return it."""
    connection.execute(
        sa.update(service).where(service.c.code == changed.code).values(_values(changed))
    )
    return changed


def find_service(connection: sa.Connection, code: str) -> Service | None:
    """Return the service with this code, or None."""
    row = (
        connection.execute(sa.select(service).where(service.c.code == code))
        .mappings()
        .one_or_none()
    )
    return None if row is None else service_of_row(row)


def services(connection: sa.Connection) -> list[Service]:
    """Return every service by code: for the command line and the scheduler."""
    rows = connection.execute(sa.select(service).order_by(service.c.code))
    return [service_of_row(row) for row in rows.mappings()]


def lock_service(connection: sa.Connection, service_code: str) -> None:
    """Make the catalogue writers of one service wait for each other until the commit.

    A check before an insert then holds; SQLite's only writer needs no such lock.
    """
    connection.execute(
        sa.select(service.c.code).where(service.c.code == service_code).with_for_update()
    )


def _values(written: Service) -> dict[str, object]:
    return asdict(written) | {"estimated_tax_rate": format(written.estimated_tax_rate, "f")}


def service_of_row(row: sa.RowMapping) -> Service:
    """Return the service of a row that has all of its columns, and maybe others."""
    values = {column.name: row[column.name] for column in service.c}
    values["duplicates"] = DuplicateAnswer(row["duplicates"])
    values["mode"] = ServiceMode(row["mode"])
    values["posting"] = Posting(row["posting"])
    values["invoice_style"] = InvoiceStyle(row["invoice_style"])
    values["card_charging"] = CardCharging(row["card_charging"])
    values["late_usage"] = LateUsage(row["late_usage"])
    values["estimated_tax_rate"] = Decimal(row["estimated_tax_rate"])
    return Service(**values)
