"""The price of one bucket of a charge, its default one or a filter's, in Lago's words.

`included_quota`, units covered before the charge model, is ours.
"""

from dataclasses import dataclass
from decimal import Decimal

from catalog.charge_terms import ChargeModel, ChargeTerms, DynamicTerms
from catalog.exact_json import JsonObject
from catalog.lago_shapes.charge_properties import (
    Properties,
    from_lago_own_properties,
    from_lago_properties,
    to_lago_properties,
)
from catalog.lago_shapes.fields import decimal_of_text
from catalog.lago_shapes.group_keys import from_lago_pricing_keys, to_lago_pricing_keys
from catalog.lago_shapes.property_faults import ZERO, Faults, digits
from catalog.plans import Charge, ChargeFilter

INVALID_QUOTA = "invalid_included_quota"


@dataclass(frozen=True, slots=True)
class BucketPrice:
    """What the properties of a charge, or of a filter, say."""

    terms: ChargeTerms
    quantity_included: Decimal
    pricing_group_keys: tuple[str, ...]


def from_lago_bucket_price(
    model: ChargeModel, properties: JsonObject, *, has_default: bool
) -> tuple[BucketPrice, Faults]:
    """Return the price and what is wrong with it.

    Empty properties of a charge mean a price of zero; a filter's must name their price (Lago).
    """
    read = from_lago_properties if has_default else from_lago_own_properties
    terms, faults = read(model, properties)
    price = BucketPrice(
        terms=terms,
        quantity_included=_quantity_included(terms, properties, faults),
        pricing_group_keys=from_lago_pricing_keys(properties, faults),
    )
    return price, faults


def to_lago_bucket_price(bucket: Charge | ChargeFilter) -> Properties:
    """Return Lago's properties of a bucket."""
    quota = {"included_quota": digits(bucket.quantity_included)} if bucket.quantity_included else {}
    keys = to_lago_pricing_keys(bucket.pricing_group_keys)
    return {**to_lago_properties(bucket.terms), **quota, **keys}


def _quantity_included(terms: ChargeTerms, properties: JsonObject, faults: Faults) -> Decimal:
    """Return the quota; where each event brings its own price, units can't be covered."""
    given = properties.get("included_quota")
    if given is None:
        return ZERO
    quantity = faults.wanted(decimal_of_text(given), ZERO, INVALID_QUOTA)
    if quantity and isinstance(terms, DynamicTerms):
        faults.note(INVALID_QUOTA)
    return quantity
