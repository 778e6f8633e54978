"""API keys as rows: create, recognise, revoke. Only digests of secrets are kept."""

import secrets
from datetime import datetime

import sqlalchemy as sa

from catalog.api_keys import RANDOM_BYTES, is_secret, new_api_key, parsed_api_key, secret_digest
from catalog.services import Service
from catalog.store.services import service_of_row
from storage.tables import api_key, service

UNKNOWN_DIGEST = "0" * 64


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
    if key is None:
        return None
    row = (
        connection.execute(
            sa.select(api_key.c.secret_digest, *service.c)
            .join(service, service.c.code == api_key.c.service_code)
            .where(
                api_key.c.public_id == key.public_id,
                sa.or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > at),
                sa.or_(api_key.c.revoked_at.is_(None), api_key.c.revoked_at > at),
            )
        )
        .mappings()
        .one_or_none()
    )
    digest = UNKNOWN_DIGEST if row is None else row["secret_digest"]
    if not is_secret(key.secret, pepper, digest) or row is None:
        return None
    return service_of_row(row)


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
