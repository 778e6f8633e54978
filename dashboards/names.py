"""The names behind the codes: services and accounts as people know them, read from state."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from storage.state import State
from storage.tables import account, service

LOOKED_UP_MAX = 500
SERVICES = sa.select(service.c.code, service.c.name).order_by(service.c.code)
ACCOUNTS_STAMP = sa.select(
    sa.func.count(), sa.func.max(account.c.updated_at), sa.func.max(account.c.deleted_at)
)


@dataclass(frozen=True, slots=True)
class Names:
    """Names by service code, and by service code and account id; unknown ones are absent."""

    services: dict[str, str]
    accounts: dict[tuple[str, str], str]

    def service(self, code: str) -> str:
        """Return the service's name, or its code."""
        return self.services.get(code) or code

    def account(self, service_code: str | None, external_id: str) -> str | None:
        """Return the account's name, or None when state knows none."""
        return self.accounts.get((service_code, external_id)) if service_code else None


def read_names(state: State, account_ids: Iterable[str | None] = ()) -> Names:
    """Return the names of all services and of the given accounts (one page of them)."""
    wanted = sorted({known for known in account_ids if known is not None})[:LOOKED_UP_MAX]
    # A kept account comes last and wins over deleted ones of the same id.
    accounts = (
        sa.select(account.c.service_code, account.c.external_id, account.c.name)
        .where(account.c.external_id.in_(wanted), account.c.name.is_not(None))
        .order_by(account.c.deleted_at.is_(None), account.c.deleted_at)
    )
    with state.read() as connection:
        return Names(
            dict(iter(connection.execute(SERVICES))),
            {(code, known): name for code, known, name in connection.execute(accounts)},
        )


def names_stamp(state: State) -> tuple[object, ...]:
    """Return a value that changes whenever the name of a service or an account may have."""
    with state.read() as connection:
        return (
            tuple(tuple(row) for row in connection.execute(SERVICES)),
            tuple(connection.execute(ACCOUNTS_STAMP).one()),
        )
