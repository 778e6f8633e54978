"""Webhook endpoints as rows: add, find, list, save and soft-delete, within one service."""

from dataclasses import asdict
from datetime import datetime

import msgspec
import sqlalchemy as sa

from catalog.errors import ValidationFailed
from catalog.store.services import lock_service
from catalog.store.versioned_rows import page_of_rows
from catalog.webhook_endpoints import ENDPOINTS_MAX, SignatureAlgorithm, WebhookEndpoint
from storage.alert_tables import webhook_endpoint

_types = msgspec.json.Decoder(tuple[str, ...])


def add_webhook_endpoint(connection: sa.Connection, added: WebhookEndpoint) -> WebhookEndpoint:
    """Insert an endpoint; ValidationFailed for a taken URL, or beyond ten of a service (Lago)."""
    lock_service(connection, added.service_code)
    _require_free_url(connection, added)
    counted = sa.select(sa.func.count()).select_from(_kept(added.service_code).subquery())
    if (connection.scalar(counted) or 0) >= ENDPOINTS_MAX:
        raise ValidationFailed({"base": ["exceeded_limit"]})
    connection.execute(sa.insert(webhook_endpoint).values(_values(added)))
    return added


def save_webhook_endpoint(connection: sa.Connection, changed: WebhookEndpoint) -> WebhookEndpoint:
    """Write a changed endpoint over its row; ValidationFailed for a taken URL.

    The caller holds the service's lock.
    """
    _require_free_url(connection, changed)
    connection.execute(_row(changed).values(_values(changed)))
    return changed


def find_webhook_endpoint(
    connection: sa.Connection, service_code: str, endpoint_id: str
) -> WebhookEndpoint | None:
    """Return the kept endpoint of a service with this id, or None."""
    found = _kept(service_code).where(webhook_endpoint.c.id == endpoint_id)
    row = connection.execute(found).mappings().one_or_none()
    return None if row is None else _endpoint(row)


def list_webhook_endpoints(
    connection: sa.Connection, service_code: str, limit: int, offset: int
) -> tuple[list[WebhookEndpoint], int]:
    """Return a page of kept endpoints, newest first, and how many there are in all."""
    newest_first = (webhook_endpoint.c.created_at.desc(), webhook_endpoint.c.id)
    rows, total = page_of_rows(
        connection, _kept(service_code).order_by(*newest_first), limit, offset
    )
    return [_endpoint(row) for row in rows], total


def delete_webhook_endpoint(
    connection: sa.Connection, deleted: WebhookEndpoint, at: datetime
) -> WebhookEndpoint:
    """Soft-delete an endpoint: its URL is free again."""
    connection.execute(_row(deleted).values(deleted_at=at))
    return deleted


def _require_free_url(connection: sa.Connection, wanted: WebhookEndpoint) -> None:
    others = _kept(wanted.service_code).where(
        webhook_endpoint.c.url == wanted.url, webhook_endpoint.c.id != wanted.id
    )
    if connection.execute(others).first() is not None:
        raise ValidationFailed({"webhook_url": ["value_already_exist"]})


def _row(endpoint: WebhookEndpoint) -> sa.Update:
    return sa.update(webhook_endpoint).where(
        webhook_endpoint.c.service_code == endpoint.service_code,
        webhook_endpoint.c.id == endpoint.id,
    )


def _kept(service_code: str) -> sa.Select[tuple[object, ...]]:
    return sa.select(webhook_endpoint).where(
        webhook_endpoint.c.service_code == service_code, webhook_endpoint.c.deleted_at.is_(None)
    )


def _values(written: WebhookEndpoint) -> dict[str, object]:
    types = written.event_types
    return asdict(written) | {
        "signature_algo": written.signature_algo.value,
        "event_types": None if types is None else msgspec.json.encode(types).decode(),
    }


def _endpoint(row: sa.RowMapping) -> WebhookEndpoint:
    values = dict(row)
    del values["deleted_at"]
    values["signature_algo"] = SignatureAlgorithm(row["signature_algo"])
    types = row["event_types"]
    values["event_types"] = None if types is None else _types.decode(types)
    return WebhookEndpoint(**values)
