"""The table of requests that came with an `Idempotency-Key`, and what was answered."""

import sqlalchemy as sa

from storage.columns import instant, metadata, service_code, text

kept_request = sa.Table(
    "kept_request",
    metadata,
    service_code(),
    text("idempotency_key"),
    text("request_digest"),
    text("holder"),
    instant("lease_until"),
    instant("expires_at"),
    sa.Column("status", sa.Integer, nullable=True),
    text("headers", null=True),
    sa.Column("body", sa.LargeBinary, nullable=True),
    sa.PrimaryKeyConstraint("service_code", "idempotency_key"),
    sa.Index("kept_request_expiry", "expires_at"),
)
