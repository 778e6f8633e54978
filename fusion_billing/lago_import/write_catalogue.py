"""Metrics, plans and customers of a Lago, created through what the API's own routes call."""

from dataclasses import replace

from catalog.accounts import new_account
from catalog.exact_json import JsonObject
from catalog.lago_shapes.billable_metrics import from_lago_new_metric, to_lago_metric
from catalog.lago_shapes.customers import (
    from_lago_customer,
    from_lago_customer_id,
    to_lago_customer,
)
from catalog.lago_shapes.plans import from_lago_new_plan, to_lago_plan
from catalog.store.accounts import add_account, find_account
from catalog.store.billable_metrics import add_metric, find_metric, metrics_by_id
from catalog.store.plans import add_plan, find_plan
from catalog.store.services import lock_service
from fusion_billing.lago_import.account_fields import CUSTOMER_MEMBERS, customer_fields
from fusion_billing.lago_import.catalogue_fields import (
    compared_metric,
    compared_plan,
    metric_fields,
    plan_fields,
)
from fusion_billing.lago_import.report import Entry, Kind
from fusion_billing.lago_import.target import Target, brought, compared, created, failed, new_id


def bring_metric(target: Target, lago: JsonObject) -> Entry:
    """Create a metric of Lago, or compare it with the one that is here."""

    def bring(code: str) -> Entry:
        wanted = from_lago_new_metric(metric_fields(lago), target.service.code, new_id(), target.at)
        kept = find_metric(target.connection, target.service.code, wanted.code)
        if kept is not None:
            shapes = (compared_metric(to_lago_metric(each)) for each in (wanted, kept))
            return compared(Kind.METRIC, code, *shapes)
        if target.catalogue_owner:
            return _owned(target, Kind.METRIC, code)
        add_metric(target.connection, wanted)
        return created(Kind.METRIC, code)

    return brought(target, Kind.METRIC, lago, "code", bring)


def bring_plan(target: Target, lago: JsonObject) -> Entry:
    """Create a plan of Lago with its charges, or compare it with the one that is here."""

    def bring(code: str) -> Entry:
        service_code = target.service.code
        lock_service(target.connection, service_code)
        metrics = metrics_by_id(target.connection, service_code)
        ids = {each.code: each.id for each in metrics.values() if each.deleted_at is None}
        fields = plan_fields(lago, ids)
        wanted = from_lago_new_plan(fields, service_code, metrics, target.at, new_id)
        kept = find_plan(target.connection, service_code, wanted.code)
        if kept is not None:
            shapes = (compared_plan(to_lago_plan(each)) for each in (wanted, kept))
            return compared(Kind.PLAN, code, *shapes)
        if target.catalogue_owner:
            return _owned(target, Kind.PLAN, code)
        add_plan(target.connection, wanted)
        return created(Kind.PLAN, code)

    return brought(target, Kind.PLAN, lago, "code", bring)


def bring_customer(target: Target, lago: JsonObject) -> Entry:
    """Create an account for a customer of Lago, or compare it with the one that is here."""

    def bring(name: str) -> Entry:
        service = target.service
        external_id = from_lago_customer_id(lago)
        lock_service(target.connection, service.code)
        blank = new_account(service.code, new_id(), external_id, target.at)
        fields = customer_fields(lago, service)
        wanted = from_lago_customer(fields, blank, service, is_subscribed=False)
        kept = find_account(target.connection, service.code, external_id)
        if kept is None:
            add_account(target.connection, wanted)
            return created(Kind.CUSTOMER, name)
        # The same days, whether they are the account's own or its service's.
        zone = wanted.timezone or service.timezone
        same_days = (
            replace(wanted, timezone=kept.timezone) if zone == kept.zone(service).key else wanted
        )
        shapes = (to_lago_customer(each, service) for each in (same_days, kept))
        members = ({name: shape[name] for name in CUSTOMER_MEMBERS} for shape in shapes)
        return compared(Kind.CUSTOMER, name, *members)

    return brought(target, Kind.CUSTOMER, lago, "external_id", bring)


def _owned(target: Target, kind: Kind, code: str) -> Entry:
    owner = target.catalogue_owner
    return failed(kind, code, f"the catalogue's owner is {owner}: create it there, or import with "
                  "FUSION_CATALOGUE_OWNER=api")  # fmt: skip
