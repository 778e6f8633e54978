"""Charges of a plan in Lago's words (reference sections 4, 4.5 and 7).

Options that can't be billed exactly yet are refused at their field, never dropped.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from catalog.billable_metrics import BillableMetric
from catalog.charge_terms import ChargeModel, StandardTerms
from catalog.errors import Details, NotFound
from catalog.exact_json import JsonValue
from catalog.lago_shapes.bucket_price import from_lago_bucket_price, to_lago_bucket_price
from catalog.lago_shapes.charge_filters import FilterFaults, from_lago_filters, to_lago_filter
from catalog.lago_shapes.charge_options import check_options, with_options
from catalog.lago_shapes.fields import ALREADY_EXISTS, INVALID, Fields
from catalog.lago_shapes.group_keys import (
    from_lago_presentation_keys,
    to_lago_presentation_keys,
)
from catalog.lago_shapes.property_faults import Faults
from catalog.lago_shapes.times import iso_seconds
from catalog.plans import Charge

CHARGES_MAX = 500


@dataclass(frozen=True, slots=True)
class ChargeReading:
    """What reading charges needs to know: the plan's charges, the service's metrics, the time."""

    kept: Sequence[Charge]
    metrics: Mapping[str, BillableMetric]
    at: datetime
    new_id: Callable[[], str]


def from_lago_charges(
    given: list[JsonValue], reading: ChargeReading
) -> tuple[tuple[Charge, ...], Details]:
    """Return the charges of a plan, and the faults of each faulty one under its index.

    A charge given with the id of a kept one changes it; kept ones not given are gone.
    NotFound `billable_metrics_not_found` when a metric is unknown or deleted.
    """
    kept = {charge.id: charge for charge in reading.kept}
    charges: list[Charge] = []
    faults: dict[str, Details] = {}
    for index, member in enumerate(given):
        fields = Fields(member if isinstance(member, dict) else {})
        changed = kept.pop(str(fields.given.get("id")), None)
        charge, filter_faults = charge_of(fields, changed, reading)
        charges.append(with_code(fields, charge, {known.code for known in charges}))
        if fields.faults:
            faults[str(index)] = faults_of(fields, filter_faults)
    return tuple(charges), faults


def charge_of(
    fields: Fields, kept: Charge | None, reading: ChargeReading
) -> tuple[Charge, FilterFaults]:
    """Return a new charge, or a kept one with the members given, and its filters' faults."""
    metric = _metric(fields, kept, reading.metrics)
    base = kept or Charge(
        id=reading.new_id(),
        code="",
        metric_id=metric.id,
        metric_code=metric.code,
        terms=StandardTerms(Decimal(0)),
        created_at=reading.at,
    )
    charge = replace(
        with_options(fields, _priced(fields, base, is_new=kept is None)),
        metric_id=metric.id,
        metric_code=metric.code,
        invoice_display_name=fields.text("invoice_display_name", base.invoice_display_name),
    )
    filters, filter_faults = from_lago_filters(fields, charge, metric, reading.new_id)
    charge = replace(charge, filters=filters)
    check_options(fields, charge, metric)
    return charge, filter_faults


def with_code(fields: Fields, charge: Charge, taken: Collection[str]) -> Charge:
    """Return the charge under its given code, else its metric's, made unique in the plan."""
    code = fields.identifier("code", charge.code) if fields.given.get("code") else charge.code
    if code in taken:
        fields.fault("code", ALREADY_EXISTS)
    number = 1
    while not code or code in taken:
        code = charge.metric_code if number == 1 else f"{charge.metric_code}_{number}"
        number += 1
    return replace(charge, code=code)


def faults_of(fields: Fields, filter_faults: FilterFaults) -> Details:
    """Return a charge's faults; where its filters are wrong, also which of them."""
    if not filter_faults:
        return dict(fields.faults)
    return {**fields.faults, "filters": filter_faults}


def to_lago_charge(charge: Charge) -> dict[str, object]:
    """Return Lago's charge object; `included_quota` is ours."""
    presentation = to_lago_presentation_keys(charge.presentation_keys)
    return {
        "lago_id": charge.id,
        "lago_billable_metric_id": charge.metric_id,
        "code": charge.code,
        "invoice_display_name": charge.invoice_display_name,
        "billable_metric_code": charge.metric_code,
        "created_at": iso_seconds(charge.created_at),
        "charge_model": charge.charge_model.value,
        "invoiceable": charge.is_invoiceable,
        "regroup_paid_fees": charge.regroup_paid_fees,
        "pay_in_advance": charge.is_pay_in_advance,
        "prorated": charge.is_prorated,
        "min_amount_cents": charge.min_amount_cents,
        "accepts_target_wallet": None,
        "properties": {**to_lago_bucket_price(charge), **presentation},
        "applied_pricing_unit": None,
        "lago_parent_id": charge.parent_id,
        "filters": [to_lago_filter(charge, one) for one in charge.filters],
        "taxes": [],
    }


def _priced(fields: Fields, base: Charge, *, is_new: bool) -> Charge:
    """Return a charge with its price: that of its properties, or as it was."""
    if is_new:
        fields.require("charge_model")
    model = fields.choice("charge_model", ChargeModel, base.charge_model) or base.charge_model
    properties = fields.given.get("properties") or {}
    if not isinstance(properties, dict):
        fields.fault("properties", INVALID)
        properties = {}
    if not is_new and not properties and model is base.charge_model:
        return base
    price, codes = from_lago_bucket_price(model, properties, has_default=True)
    shown = Faults()
    presentation = from_lago_presentation_keys(properties, shown)
    for code in (*codes, *shown):
        fields.fault("properties", code)
    return replace(
        base,
        terms=price.terms,
        quantity_included=price.quantity_included,
        pricing_group_keys=price.pricing_group_keys,
        presentation_keys=presentation,
    )


def _metric(
    fields: Fields, kept: Charge | None, metrics: Mapping[str, BillableMetric]
) -> BillableMetric:
    given = fields.given.get("billable_metric_id")
    if kept is not None and given in (None, kept.metric_id):
        return metrics[kept.metric_id]
    metric = metrics.get(given) if isinstance(given, str) else None
    if metric is None or metric.deleted_at is not None:
        raise NotFound("billable_metrics")
    return metric
