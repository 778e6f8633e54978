"""Rows of which every version is kept: one row for the identity, one for each version."""

from datetime import datetime

import sqlalchemy as sa


def with_versions(identity: sa.Table, versions: sa.Table) -> sa.Select[tuple[object, ...]]:
    """Select identities with all their versions, oldest first."""
    return (
        sa.select(*identity.c, versions.c.version, versions.c.valid_from, versions.c.body)
        .join(versions, _key(versions) == identity.c.id)
        .order_by(identity.c.created_at, identity.c.id, versions.c.version)
    )


def with_newest_version(
    identity: sa.Table, versions: sa.Table, service_code: str
) -> sa.Select[tuple[object, ...]]:
    """Select the identities of a service with their newest version, newest identity first."""
    others = versions.alias()
    newest = (
        sa.select(sa.func.max(others.c.version))
        .where(_key(others) == identity.c.id)
        .scalar_subquery()
    )
    return (
        with_versions(identity, versions)
        .where(identity.c.service_code == service_code, versions.c.version == newest)
        .order_by(None)
        .order_by(identity.c.created_at.desc(), identity.c.id)
    )


def insert_version(
    connection: sa.Connection,
    versions: sa.Table,
    identity_id: str,
    version: int,
    valid_from: datetime,
    body: str,
) -> None:
    """Insert one version; versions are never changed or deleted."""
    connection.execute(
        sa.insert(versions).values(
            {
                _key(versions).name: identity_id,
                "version": version,
                "valid_from": valid_from,
                "body": body,
            }
        )
    )


def page_of_rows(
    connection: sa.Connection, found: sa.Select[tuple[object, ...]], limit: int, offset: int
) -> tuple[list[sa.RowMapping], int]:
    """Return a page of a selection and how many rows it has in all."""
    count = sa.select(sa.func.count()).select_from(found.order_by(None).subquery())
    rows = connection.execute(found.limit(limit).offset(offset)).mappings()
    return list(rows), connection.scalar(count) or 0


def _key(versions: sa.FromClause) -> sa.ColumnElement[str]:
    return versions.primary_key.columns[0] if isinstance(versions, sa.Table) else versions.c[0]
