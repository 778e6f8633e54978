"""Filters of a charge in Lago's words (sections 3.4, 7): declared values, each with a price."""

from collections.abc import Callable
from dataclasses import replace

from catalog.billable_metrics import BillableMetric
from catalog.charge_filters import filter_key
from catalog.exact_json import JsonObject, JsonValue
from catalog.lago_shapes.bucket_price import from_lago_bucket_price, to_lago_bucket_price
from catalog.lago_shapes.fields import INVALID, MANDATORY, Fields
from catalog.plans import ALL_FILTER_VALUES, Charge, ChargeFilter, FilterValues

FILTERS_MAX = 200

FilterFaults = dict[str, dict[str, list[str]]]


def from_lago_filters(
    fields: Fields, charge: Charge, metric: BillableMetric, new_id: Callable[[], str]
) -> tuple[tuple[ChargeFilter, ...], FilterFaults]:
    """Return a charge's filters, oldest first, and the faults of each faulty one by its index.

    Filters given replace those kept; one with the values of a kept one is that one (Lago).
    Each fault is noted under its field, too, where Lago's clients look.
    """
    given = fields.given.get("filters")
    if given is None:
        _check_kept(fields, charge, metric)
        return charge.filters, {}
    if not isinstance(given, list) or len(given) > FILTERS_MAX:
        fields.fault("filters", INVALID)
        return charge.filters, {}
    faults: FilterFaults = {}
    filters = []
    for index, member in enumerate(given):
        own = Fields(member if isinstance(member, dict) else {})
        filters.append(filter_of(own, charge, metric))
        if own.faults:
            faults[str(index)] = own.faults
    for name, codes in ((name, codes) for one in faults.values() for name, codes in one.items()):
        for code in codes:
            fields.fault(name, code)
    return _by_age(filters, charge.filters, new_id), faults


def to_lago_filter(charge: Charge, one: ChargeFilter) -> dict[str, object]:
    """Return Lago's charge filter object."""
    return {
        "lago_id": one.id,
        "charge_code": charge.code,
        "invoice_display_name": one.invoice_display_name,
        "properties": to_lago_bucket_price(one),
        "values": {key: list(texts) for key, texts in one.values},
    }


def filter_of(fields: Fields, charge: Charge, metric: BillableMetric) -> ChargeFilter:
    """Return the filter that a request describes, still without an id."""
    return replace(
        with_filter_price(fields, charge, ChargeFilter("", (), charge.terms)),
        values=values_of(fields, metric),
        invoice_display_name=fields.text("invoice_display_name"),
    )


def with_filter_price(fields: Fields, charge: Charge, one: ChargeFilter) -> ChargeFilter:
    """Return a filter with the price of its properties, which must name one."""
    properties = fields.given.get("properties") or {}
    if not isinstance(properties, dict):
        fields.fault("properties", INVALID)
        properties = {}
    price, codes = from_lago_bucket_price(charge.charge_model, properties, has_default=False)
    for code in codes:
        fields.fault("properties", code)
    return replace(
        one,
        terms=price.terms,
        quantity_included=price.quantity_included,
        pricing_group_keys=price.pricing_group_keys,
    )


def values_of(fields: Fields, metric: BillableMetric) -> FilterValues:
    """Return the values given; each must be one that the metric declares."""
    given = fields.given.get("values")
    if not given:
        fields.fault("values", MANDATORY)
        return ()
    if not isinstance(given, dict):
        fields.fault("values", INVALID)
        return ()
    return tuple((key, _texts(fields, key, given, metric)) for key in given)


def _texts(fields: Fields, key: str, given: JsonObject, metric: BillableMetric) -> tuple[str, ...]:
    """Return the values of one key: all of them, or some that the metric declares."""
    told = given[key]
    if not told:
        fields.fault("values", MANDATORY)
        return ()
    texts = tuple(dict.fromkeys(_text(value) for value in told)) if isinstance(told, list) else ()
    declared = _declared(metric).get(key)
    is_declared = declared is not None and (
        texts == (ALL_FILTER_VALUES,) or (bool(texts) and declared.issuperset(texts))
    )
    if not is_declared:
        fields.fault("values", INVALID)
        return ()
    return texts


def _text(value: JsonValue) -> str:
    """Return a value as its text; what is no text or number is like nothing declared."""
    is_plain = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value) if is_plain else ""


def _declared(metric: BillableMetric) -> dict[str, frozenset[str]]:
    return {one.key: frozenset(one.values) for one in metric.filters}


def _check_kept(fields: Fields, charge: Charge, metric: BillableMetric) -> None:
    """Refuse to keep filters that another metric or charge model makes senseless."""
    declared = _declared(metric)
    for one in charge.filters:
        if type(one.terms) is not type(charge.terms):
            fields.fault("filters", MANDATORY)
        for key, texts in one.values:
            known = declared.get(key)
            if known is None or not (texts == (ALL_FILTER_VALUES,) or known.issuperset(texts)):
                fields.fault("filters", INVALID)


def _by_age(
    filters: list[ChargeFilter], kept: tuple[ChargeFilter, ...], new_id: Callable[[], str]
) -> tuple[ChargeFilter, ...]:
    """Return filters with their ids, known ones first, as they stood: age breaks ties."""
    places: dict[object, list[int]] = {}
    for place, one in enumerate(kept):
        places.setdefault(filter_key(one), []).append(place)
    aged: list[tuple[int, ChargeFilter]] = []
    for one in filters:
        known = places.get(filter_key(one))
        if known:
            place = known.pop(0)
            aged.append((place, replace(one, id=kept[place].id)))
        else:
            aged.append((len(kept), replace(one, id=new_id())))
    return tuple(one for _, one in sorted(aged, key=lambda pair: pair[0]))
