"""API keys as rows: create, recognise, revoke. Only digests of secrets are kept."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from catalog.api_keys import (
    RANDOM_BYTES,
    ApiKey,
    is_secret,
    new_api_key,
    parsed_api_key,
    secret_digest,
)
from catalog.services import Service
from catalog.store.services import service_of_row
from storage.tables import api_key, service

UNKNOWN_DIGEST = "0" * 64


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key as it is kept: its service, the digest of its secret, and when it ends, if it does."""

    service: Service
    digest: str = field(repr=False)
    ends_at: datetime | None

    def is_good(self, at: datetime) -> bool:
        """Say whether the key was neither revoked nor expired at `at`."""
        return self.ends_at is None or at < self.ends_at


def create_key(
    connection: sa.Connection,
    service_code: str,
    pepper: bytes,
    at: datetime,
    expires_at: datetime | None = None,
) -> tuple[str, str]:
    """Create a key; return its public id and its text, which can't be shown again."""
    key = new_api_key(secrets.token_bytes(RANDOM_BYTES))
    connection.execute(
        sa.insert(api_key).values(
            public_id=key.public_id,
            service_code=service_code,
            secret_digest=secret_digest(pepper, key.secret),
            created_at=at,
            expires_at=expires_at,
        )
    )
    return key.public_id, key.text


def service_of_key(
    connection: sa.Connection, key_text: str, pepper: bytes, at: datetime
) -> Service | None:
    """Return the service a key belongs to; None when unknown, expired or revoked at `at`.

    An unknown public id costs the same work as a wrong secret.
    """
    key = parsed_api_key(key_text)
    return None if key is None else service_by(key, key_held(connection, key.public_id), pepper, at)


def service_by(key: ApiKey, held: HeldKey | None, pepper: bytes, at: datetime) -> Service | None:
    """Return the service that a key opens, by what is kept of it; None when it opens none."""
    is_known = is_secret(key.secret, pepper, UNKNOWN_DIGEST if held is None else held.digest)
    return held.service if is_known and held is not None and held.is_good(at) else None


def key_held(connection: sa.Connection, public_id: str) -> HeldKey | None:
    """Return what is kept of the key under a public id, good or not."""
    row = (
        connection.execute(
            sa.select(
                api_key.c.secret_digest, api_key.c.expires_at, api_key.c.revoked_at, *service.c
            )
            .join(service, service.c.code == api_key.c.service_code)
            .where(api_key.c.public_id == public_id)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        return None
    ends = [end for end in (row["expires_at"], row["revoked_at"]) if end is not None]
    return HeldKey(service_of_row(row), row["secret_digest"], min(ends, default=None))


def revoke_key(connection: sa.Connection, service_code: str, public_id: str, at: datetime) -> bool:
    """Refuse a key from `at` on; say whether there was such a key that was not revoked yet."""
    changed = connection.execute(
        sa.update(api_key)
        .where(
            api_key.c.service_code == service_code,
            api_key.c.public_id == public_id,
            api_key.c.revoked_at.is_(None),
        )
        .values(revoked_at=at)
    )
    return changed.rowcount == 1
