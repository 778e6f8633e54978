"""The options of a charge in Lago's words, and which of them go together (section 4.5).

The codes are Lago's own; each rule's code is noted under the option it refuses.
"""

from dataclasses import replace

from catalog.billable_metrics import AggregationType, BillableMetric
from catalog.charge_terms import ChargeModel
from catalog.counter_semantics import NOT_COMPATIBLE_WITH_COUNTERS, counter_fits_charge
from catalog.errors import NOT_SUPPORTED_YET
from catalog.exact_json import JsonValue
from catalog.lago_shapes.charge_properties import to_lago_properties
from catalog.lago_shapes.fields import INVALID, Fields, whole_number
from catalog.plans import Charge, ChargeFilter

NOT_YET_OPTIONS = ("applied_pricing_unit", "accepts_target_wallet", "taxes")
AMOUNT_CENTS_MAX = 10**15
REGROUPINGS = ("invoice",)
PAYABLE_IN_ADVANCE = frozenset(
    {AggregationType.COUNT, AggregationType.SUM, AggregationType.UNIQUE_COUNT}
)
PRORATED_IN_ADVANCE = frozenset({ChargeModel.STANDARD})
PRORATED_IN_ARREARS = PRORATED_IN_ADVANCE | {ChargeModel.VOLUME, ChargeModel.GRADUATED}
PERCENTAGES = frozenset({ChargeModel.PERCENTAGE, ChargeModel.GRADUATED_PERCENTAGE})
WRONG_KIND = "invalid_aggregation_type_or_charge_model"
WRONG_PRORATION = "invalid_billable_metric_or_charge_model"
QUOTA_IS_NOT_PRORATED = "included_quota_not_compatible_with_prorated"
OUT_OF_RANGE = "value_is_out_of_range"


def with_options(fields: Fields, charge: Charge) -> Charge:
    """Return a charge with the options given; those we can't bill exactly are refused."""
    for name in NOT_YET_OPTIONS:
        fields.refuse(name)
    return replace(
        charge,
        is_pay_in_advance=fields.flag("pay_in_advance", kept=charge.is_pay_in_advance),
        is_prorated=fields.flag("prorated", kept=charge.is_prorated),
        is_invoiceable=fields.flag("invoiceable", kept=charge.is_invoiceable),
        regroup_paid_fees=_regrouping(fields, charge.regroup_paid_fees),
        min_amount_cents=_min_amount_cents(fields, charge.min_amount_cents),
    )


def check_options(fields: Fields, charge: Charge, metric: BillableMetric) -> None:
    """Note every option that does not go with the charge's model, metric or other options."""
    _check_model(fields, charge, metric)
    _check_pay_in_advance(fields, charge, metric)
    if charge.is_prorated and not _can_be_prorated(charge, metric):
        fields.fault("prorated", WRONG_PRORATION)
    _check_exactness(fields, charge, metric)
    _check_counters(fields, charge, metric)


def _check_exactness(fields: Fields, charge: Charge, metric: BillableMetric) -> None:
    """Refuse what has no exact price here.

    Which days a quota covers, what one event brings, and units that were paid in advance in an
    earlier period and are still there: Lago bills them when the next one begins.
    """
    buckets: tuple[Charge | ChargeFilter, ...] = (charge, *charge.filters)
    if charge.is_prorated and any(bucket.quantity_included for bucket in buckets):
        fields.fault("properties", QUOTA_IS_NOT_PRORATED)
    is_carried = metric.recurring and not charge.is_prorated
    is_dynamic = charge.charge_model is ChargeModel.DYNAMIC
    if charge.is_pay_in_advance and (is_carried or is_dynamic):
        fields.fault("pay_in_advance", NOT_SUPPORTED_YET)


def _check_model(fields: Fields, charge: Charge, metric: BillableMetric) -> None:
    model, kind = charge.charge_model, metric.aggregation_type
    # A custom price needs custom_agg, which no metric here has.
    if model is ChargeModel.CUSTOM or (
        model is ChargeModel.DYNAMIC and kind is not AggregationType.SUM
    ):
        fields.fault("charge_model", WRONG_KIND)
    if model in PERCENTAGES and kind is AggregationType.LATEST:
        fields.fault("properties", "invalid_value")


def _check_pay_in_advance(fields: Fields, charge: Charge, metric: BillableMetric) -> None:
    if not charge.is_pay_in_advance:
        if not charge.is_invoiceable:
            fields.fault("invoiceable", "must_be_true_unless_pay_in_advance")
    else:
        is_payable = metric.aggregation_type in PAYABLE_IN_ADVANCE
        if charge.charge_model is ChargeModel.VOLUME or not is_payable:
            fields.fault("pay_in_advance", WRONG_KIND)
        if charge.min_amount_cents:
            fields.fault("min_amount_cents", "not_compatible_with_pay_in_advance")
    is_off_invoices = charge.is_pay_in_advance and not charge.is_invoiceable
    if charge.regroup_paid_fees is not None and not is_off_invoices:
        fields.fault("regroup_paid_fees", "only_compatible_with_pay_in_advance_and_non_invoiceable")


def _can_be_prorated(charge: Charge, metric: BillableMetric) -> bool:
    if not metric.recurring or metric.aggregation_type is AggregationType.WEIGHTED_SUM:
        return False
    models = PRORATED_IN_ADVANCE if charge.is_pay_in_advance else PRORATED_IN_ARREARS
    return charge.charge_model in models


def _check_counters(fields: Fields, charge: Charge, metric: BillableMetric) -> None:
    set_options = {"prorated": charge.is_prorated, "pay_in_advance": charge.is_pay_in_advance}
    options = [name for name, is_set in set_options.items() if is_set]
    for terms in (charge.terms, *(one.terms for one in charge.filters)):
        properties = to_lago_properties(terms)
        if not counter_fits_charge(
            metric.counter_semantics, charge.charge_model, properties, options
        ):
            fields.fault("properties", NOT_COMPATIBLE_WITH_COUNTERS)


def _regrouping(fields: Fields, kept: str | None) -> str | None:
    if "regroup_paid_fees" not in fields.given:
        return kept
    value = fields.given["regroup_paid_fees"]
    if not value:
        return None
    if value not in REGROUPINGS:
        fields.fault("regroup_paid_fees", INVALID)
        return kept
    return str(value)


def _min_amount_cents(fields: Fields, kept: int) -> int:
    if "min_amount_cents" not in fields.given:
        return kept
    cents = _cents(fields.given["min_amount_cents"])
    if cents is None or not 0 <= cents <= AMOUNT_CENTS_MAX:
        fields.fault("min_amount_cents", INVALID if cents is None else OUT_OF_RANGE)
        return kept
    return cents


def _cents(value: JsonValue) -> int | None:
    """Return whole cents, also from "0", which some clients send; null asks for none."""
    return 0 if value in (None, "0") else whole_number(value)
