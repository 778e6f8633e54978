"""One filter added to a charge, changed in it, or taken from it, in Lago's words."""

from collections.abc import Callable
from dataclasses import replace

from catalog.billable_metrics import BillableMetric
from catalog.charge_filters import filter_key
from catalog.exact_json import JsonObject
from catalog.lago_shapes.charge_filters import (
    FILTERS_MAX,
    filter_of,
    values_of,
    with_filter_price,
)
from catalog.lago_shapes.charge_options import check_options
from catalog.lago_shapes.fields import INVALID, Fields
from catalog.plans import Charge, ChargeFilter

TAKEN = "value_already_exists"


def from_lago_added_filter(
    given: JsonObject, charge: Charge, metric: BillableMetric, new_id: Callable[[], str]
) -> Charge:
    """Return a charge with the filter that a request describes, as its youngest.

    ValidationFailed names every fault; values that a filter has already are one, for only the
    older of two would count.
    """
    fields = Fields(given)
    added = replace(filter_of(fields, charge, metric), id=new_id())
    if len(charge.filters) >= FILTERS_MAX:
        fields.fault("filters", INVALID)
    if not fields.faults and filter_key(added) in map(filter_key, charge.filters):
        fields.fault("values", TAKEN)
    return _checked(fields, replace(charge, filters=(*charge.filters, added)), metric)


def from_lago_changed_filter(
    given: JsonObject, charge: Charge, kept: ChargeFilter, metric: BillableMetric
) -> Charge:
    """Return a charge with a filter's price or display name changed; errors as above.

    Other values are refused: they are another filter. (Lago ignores them without a word.)
    """
    fields = Fields(given)
    if given.get("values"):
        told = replace(kept, values=values_of(fields, metric))
        if filter_key(told) != filter_key(kept):
            fields.fault("values", INVALID)
    priced = with_filter_price(fields, charge, kept) if "properties" in given else kept
    name = fields.text("invoice_display_name", kept.invoice_display_name)
    changed = replace(priced, invoice_display_name=name)
    filters = tuple(changed if one.id == kept.id else one for one in charge.filters)
    return _checked(fields, replace(charge, filters=filters), metric)


def without_filter(charge: Charge, gone: ChargeFilter) -> Charge:
    """Return a charge without a filter: the default bucket takes its usage."""
    return replace(charge, filters=tuple(one for one in charge.filters if one.id != gone.id))


def _checked(fields: Fields, charge: Charge, metric: BillableMetric) -> Charge:
    fields.check()
    check_options(fields, charge, metric)
    fields.check()
    return charge
