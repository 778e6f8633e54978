"""The one charge of a card that an invoice may have: rows of the state database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from storage.odoo_billing_tables import odoo_card_charge

_CHARGE = odoo_card_charge.c


class ChargeStatus(StrEnum):
    """Where a charge stands; `asked` was said before Odoo was, so that none is asked for twice."""

    INTENDED = "intended"
    ASKED = "asked"
    CHARGED = "charged"
    NEEDLESS = "needless"
    PARKED = "parked"


OPEN = (ChargeStatus.INTENDED, ChargeStatus.ASKED)


@dataclass(frozen=True, slots=True)
class CardCharge:
    """One charge; `payment_id` is Odoo's newest payment of it, when there has been one."""

    draft_id: str
    service_code: str
    move_id: int
    status: ChargeStatus
    payment_id: int | None
    problem: str | None
    updated_at: datetime


def intend_charge(
    connection: sa.Connection,
    database: str,
    draft_id: str,
    service_code: str,
    move_id: int,
    at: datetime,
) -> None:
    """Remember that an invoice's card is to be charged; what is known of it already stays."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    connection.execute(
        insert(odoo_card_charge)
        .values(
            odoo_database=database,
            draft_id=draft_id,
            service_code=service_code,
            move_id=move_id,
            status=ChargeStatus.INTENDED,
            updated_at=at,
        )
        .on_conflict_do_nothing()
    )


def open_charges(connection: sa.Connection, database: str, limit: int) -> list[CardCharge]:
    """Return the oldest charges that are to be made, or of which the end is not known."""
    return _charges(
        connection, _CHARGE.odoo_database == database, _CHARGE.status.in_(OPEN), limit=limit
    )


def charges_of(
    connection: sa.Connection, database: str, draft_ids: Sequence[str]
) -> list[CardCharge]:
    """Return what is known of some drafts' charges."""
    mine = _CHARGE.draft_id.in_(draft_ids)
    return _charges(connection, _CHARGE.odoo_database == database, mine, limit=len(draft_ids))


def take_charge(connection: sa.Connection, database: str, charge: CardCharge, at: datetime) -> bool:
    """Say that Odoo is asked now; False when somebody else said so first."""
    taken = connection.execute(
        sa.update(odoo_card_charge)
        .where(
            _CHARGE.odoo_database == database,
            _CHARGE.draft_id == charge.draft_id,
            _CHARGE.status == ChargeStatus.INTENDED,
        )
        .values(status=ChargeStatus.ASKED, payment_id=charge.payment_id, updated_at=at)
    )
    return taken.rowcount == 1


def end_charge(connection: sa.Connection, database: str, charge: CardCharge, at: datetime) -> None:
    """Write down how a charge ended."""
    connection.execute(
        sa.update(odoo_card_charge)
        .where(_CHARGE.odoo_database == database, _CHARGE.draft_id == charge.draft_id)
        .values(
            status=charge.status,
            payment_id=charge.payment_id,
            problem=charge.problem,
            updated_at=at,
        )
    )


def charge_again(connection: sa.Connection, database: str, at: datetime) -> int:
    """Let every parked charge be made again, and return their number."""
    parked = sa.update(odoo_card_charge).where(
        _CHARGE.odoo_database == database, _CHARGE.status == ChargeStatus.PARKED
    )
    values = {"status": ChargeStatus.INTENDED, "problem": None, "updated_at": at}
    return connection.execute(parked.values(values)).rowcount


def _charges(
    connection: sa.Connection, *conditions: sa.ColumnElement[bool], limit: int
) -> list[CardCharge]:
    rows = connection.execute(
        sa.select(odoo_card_charge)
        .where(*conditions)
        .order_by(_CHARGE.updated_at, _CHARGE.draft_id)
        .limit(limit)
    )
    found = []
    for row in rows:
        fields = row._asdict()
        del fields["odoo_database"]
        fields["status"] = ChargeStatus(fields["status"])
        found.append(CardCharge(**fields))
    return found
