"""Charges of a plan in Lago's words (reference sections 4, 4.5 and 7).

Options that can't be billed exactly yet are refused at their field, never dropped.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from catalog.billable_metrics import AggregationType, BillableMetric
from catalog.charge_terms import ChargeModel, PercentageTerms, StandardTerms
from catalog.counter_semantics import NOT_COMPATIBLE_WITH_COUNTERS, counter_fits_charge
from catalog.errors import NOT_SUPPORTED_YET, Details, NotFound
from catalog.exact_json import JsonObject, JsonValue
from catalog.lago_shapes.charge_properties import digits, from_lago_properties, to_lago_properties
from catalog.lago_shapes.fields import INVALID, Fields, decimal_of_text
from catalog.lago_shapes.times import iso_seconds
from catalog.plans import Charge

CHARGES_MAX = 500
NOT_YET_RATED = ("graduated_percentage", "dynamic", "custom")
NOT_YET_OPTIONS = (
    "pay_in_advance", "prorated", "filters", "regroup_paid_fees", "applied_pricing_unit",
    "accepts_target_wallet",
)  # fmt: skip
NOT_YET_PROPERTIES = ("pricing_group_keys", "grouped_by", "presentation_group_keys")


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
    faults: dict[str, dict[str, list[str]]] = {}
    for index, member in enumerate(given):
        fields = Fields(member if isinstance(member, dict) else {})
        changed = kept.pop(str(fields.given.get("id")), None)
        charge = _charge(fields, changed, reading)
        charges.append(_with_code(fields, charge, {known.code for known in charges}))
        if fields.faults:
            faults[str(index)] = fields.faults
    return tuple(charges), faults


def to_lago_charge(charge: Charge) -> dict[str, object]:
    """Return Lago's charge object; `included_quota` is ours."""
    properties = to_lago_properties(charge.terms)
    if charge.quantity_included:
        properties["included_quota"] = digits(charge.quantity_included)
    return {
        "lago_id": charge.id,
        "lago_billable_metric_id": charge.metric_id,
        "code": charge.code,
        "invoice_display_name": charge.invoice_display_name,
        "billable_metric_code": charge.metric_code,
        "created_at": iso_seconds(charge.created_at),
        "charge_model": charge.charge_model.value,
        "invoiceable": True,
        "regroup_paid_fees": None,
        "pay_in_advance": False,
        "prorated": False,
        "min_amount_cents": 0,
        "accepts_target_wallet": None,
        "properties": properties,
        "applied_pricing_unit": None,
        "lago_parent_id": None,
        "filters": [],
        "taxes": [],
    }


def _charge(fields: Fields, kept: Charge | None, reading: ChargeReading) -> Charge:
    _refuse_options(fields)
    metric = _metric(fields, kept, reading.metrics)
    base = kept or Charge(
        id=reading.new_id(),
        code="",
        metric_id=metric.id,
        metric_code=metric.code,
        terms=StandardTerms(Decimal(0)),
        created_at=reading.at,
    )
    terms, quantity_included = base.terms, base.quantity_included
    model = _model(fields, kept)
    properties = _properties(fields)
    if kept is None or properties or model is not kept.charge_model:
        terms, codes = from_lago_properties(model, properties)
        for code in codes:
            fields.fault("properties", code)
        quantity_included = _quantity_included(fields, properties)
    if isinstance(terms, PercentageTerms) and metric.aggregation_type is AggregationType.LATEST:
        fields.fault("properties", "invalid_value")
    if not counter_fits_charge(metric.counter_semantics, model, to_lago_properties(terms)):
        fields.fault("properties", NOT_COMPATIBLE_WITH_COUNTERS)
    return Charge(
        id=base.id,
        code=base.code,
        metric_id=metric.id,
        metric_code=metric.code,
        terms=terms,
        created_at=base.created_at,
        quantity_included=quantity_included,
        invoice_display_name=fields.text("invoice_display_name", base.invoice_display_name),
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


def _model(fields: Fields, kept: Charge | None) -> ChargeModel:
    if kept is None:
        fields.require("charge_model")
    previous = kept.charge_model if kept else ChargeModel.STANDARD
    return fields.choice("charge_model", ChargeModel, previous, NOT_YET_RATED) or previous


def _properties(fields: Fields) -> JsonObject:
    properties = fields.given.get("properties") or {}
    if not isinstance(properties, dict):
        fields.fault("properties", INVALID)
        return {}
    for name in NOT_YET_PROPERTIES:
        if properties.get(name):
            fields.fault(name, NOT_SUPPORTED_YET)
    return {name: value for name, value in properties.items() if name not in NOT_YET_PROPERTIES}


def _quantity_included(fields: Fields, properties: JsonObject) -> Decimal:
    given = properties.get("included_quota")
    quantity = Decimal(0) if given is None else decimal_of_text(given)
    if quantity is None:
        fields.fault("properties", "invalid_included_quota")
    return quantity or Decimal(0)


def _refuse_options(fields: Fields) -> None:
    for name in NOT_YET_OPTIONS:
        fields.refuse(name)
    fields.refuse("min_amount_cents", "0")
    if fields.given.get("invoiceable") is False:
        fields.fault("invoiceable", NOT_SUPPORTED_YET)


def _with_code(fields: Fields, charge: Charge, taken: set[str]) -> Charge:
    """Return the charge under its given code, else its metric's, made unique in the plan."""
    code = fields.identifier("code", charge.code) if fields.given.get("code") else charge.code
    if code in taken:
        fields.fault("code", "value_already_exist")
    number = 1
    while not code or code in taken:
        code = charge.metric_code if number == 1 else f"{charge.metric_code}_{number}"
        number += 1
    return replace(charge, code=code)
