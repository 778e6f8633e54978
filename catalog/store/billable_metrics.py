"""Billable metrics as rows: every version is kept, deletions are soft, one service at a time."""

from collections import defaultdict
from dataclasses import asdict, replace
from datetime import datetime

import msgspec
import sqlalchemy as sa

from catalog.billable_metrics import (
    AggregationType,
    BillableMetric,
    CounterSemantics,
    MetricFilter,
    RoundingFunction,
)
from catalog.errors import ValidationFailed
from catalog.plans import Charge
from catalog.store.services import lock_service
from catalog.store.versioned_rows import (
    insert_version,
    page_of_rows,
    with_newest_version,
    with_versions,
)
from storage.tables import billable_metric, billable_metric_version

BODY_FIELDS = (
    "name", "description", "aggregation_type", "field_name", "recurring", "rounding_function",
    "rounding_precision", "counter_semantics", "expression", "filters",
)  # fmt: skip


def find_metric(connection: sa.Connection, service_code: str, code: str) -> BillableMetric | None:
    """Return the newest version of the kept metric with this code, or None."""
    row = (
        connection.execute(
            _newest(service_code).where(
                billable_metric.c.code == code, billable_metric.c.deleted_at.is_(None)
            )
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else _metric(row)


def list_metrics(
    connection: sa.Connection, service_code: str, limit: int, offset: int
) -> tuple[list[BillableMetric], int]:
    """Return a page of kept metrics, newest first, and how many there are in all."""
    found = _newest(service_code).where(billable_metric.c.deleted_at.is_(None))
    rows, total = page_of_rows(connection, found, limit, offset)
    return [_metric(row) for row in rows], total


def metrics_by_code(connection: sa.Connection, service_code: str) -> dict[str, BillableMetric]:
    """Return the newest version of each metric by code: the kept one, else the last deleted."""
    metrics = [_metric(row) for row in connection.execute(_newest(service_code)).mappings()]
    metrics.sort(key=lambda metric: (metric.deleted_at is None, metric.created_at))
    return {metric.code: metric for metric in metrics}


def metrics_by_id(connection: sa.Connection, service_code: str) -> dict[str, BillableMetric]:
    """Return the newest version of every metric, deleted ones too, by id."""
    rows = connection.execute(_newest(service_code)).mappings()
    return {row["id"]: _metric(row) for row in rows}


def metric_of(connection: sa.Connection, service_code: str, charge: Charge) -> BillableMetric:
    """Return the newest version of the metric that a charge prices, deleted or not."""
    return metrics_by_id(connection, service_code)[charge.metric_id]


def metric_versions(
    connection: sa.Connection, service_code: str
) -> dict[str, list[BillableMetric]]:
    """Return all versions of every metric, deleted ones too, by id, oldest first."""
    found = with_versions(billable_metric, billable_metric_version).where(
        billable_metric.c.service_code == service_code
    )
    versions: dict[str, list[BillableMetric]] = defaultdict(list)
    for row in connection.execute(found).mappings():
        versions[row["id"]].append(_metric(row))
    return dict(versions)


def add_metric(connection: sa.Connection, added: BillableMetric) -> BillableMetric:
    """Insert a metric's first version; ValidationFailed when its code is taken."""
    _require_free_code(connection, added)
    connection.execute(
        sa.insert(billable_metric).values(
            id=added.id,
            service_code=added.service_code,
            code=added.code,
            created_at=added.created_at,
        )
    )
    _insert(connection, added)
    return added


def save_metric(
    connection: sa.Connection, kept: BillableMetric, changed: BillableMetric, at: datetime
) -> BillableMetric:
    """Keep a changed metric as a new version in force from `at`; no change makes no version.

    `kept` is the newest version; the caller holds the service's lock.
    """
    if changed.code != kept.code:
        _require_free_code(connection, changed)
        connection.execute(_row(kept).values(code=changed.code))
    if _body(changed) == _body(kept):
        return replace(kept, code=changed.code)
    version = replace(changed, version=kept.version + 1, valid_from=at)
    _insert(connection, version)
    return version


def delete_metric(
    connection: sa.Connection, deleted: BillableMetric, at: datetime
) -> BillableMetric:
    """Soft-delete a metric: its code is free again, its versions stay."""
    connection.execute(_row(deleted).values(deleted_at=at))
    return replace(deleted, deleted_at=at)


def _require_free_code(connection: sa.Connection, metric: BillableMetric) -> None:
    lock_service(connection, metric.service_code)
    if find_metric(connection, metric.service_code, metric.code) is not None:
        raise ValidationFailed({"code": ["value_already_exist"]})


def _row(metric: BillableMetric) -> sa.Update:
    return sa.update(billable_metric).where(
        billable_metric.c.service_code == metric.service_code, billable_metric.c.id == metric.id
    )


def _newest(service_code: str) -> sa.Select[tuple[object, ...]]:
    return with_newest_version(billable_metric, billable_metric_version, service_code)


def _insert(connection: sa.Connection, metric: BillableMetric) -> None:
    insert_version(
        connection,
        billable_metric_version,
        metric.id,
        metric.version,
        metric.valid_from,
        _body(metric),
    )


def _body(metric: BillableMetric) -> str:
    members = asdict(metric)
    return msgspec.json.encode({name: members[name] for name in BODY_FIELDS}).decode()


def _metric(row: sa.RowMapping) -> BillableMetric:
    body = msgspec.json.decode(row["body"])
    rounding = body.pop("rounding_function")
    # Versions kept before there were counters say nothing of them.
    semantics = body.pop("counter_semantics", None)
    # Nor do versions kept before there were filters and expressions.
    filters = body.pop("filters", ())
    return BillableMetric(
        id=row["id"],
        service_code=row["service_code"],
        code=row["code"],
        created_at=row["created_at"],
        valid_from=row["valid_from"],
        version=row["version"],
        deleted_at=row["deleted_at"],
        aggregation_type=AggregationType(body.pop("aggregation_type")),
        rounding_function=None if rounding is None else RoundingFunction(rounding),
        counter_semantics=None if semantics is None else CounterSemantics(semantics),
        filters=tuple(MetricFilter(one["key"], tuple(one["values"])) for one in filters),
        **body,
    )
