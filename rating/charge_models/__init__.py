"""The charge models: one file, one pure function of terms and quantity, one price with steps."""

from collections.abc import Callable
from typing import Any, TypeAlias

from aggregation.quantity import Quantity
from catalog.charge_terms import (
    CHARGE_MODEL_OF,
    ChargeModel,
    ChargeTerms,
    CustomTerms,
    DynamicTerms,
)
from catalog.money import currency_exponent
from rating.charge_models.custom import custom_price
from rating.charge_models.dynamic import dynamic_price
from rating.charge_models.event_values import wants_event_values
from rating.charge_models.graduated import graduated_price
from rating.charge_models.graduated_percentage import graduated_percentage_price
from rating.charge_models.package import package_price
from rating.charge_models.percentage import percentage_price
from rating.charge_models.prorated_graduated import prorated_graduated_price
from rating.charge_models.standard import standard_price
from rating.charge_models.tier_shares import TierShare, tier_shares
from rating.charge_models.unit_amount import unit_amount
from rating.charge_models.volume import volume_price
from rating.rated_line import Price

PriceFunction: TypeAlias = Callable[[Any, Quantity], Price]

CHARGE_MODELS: dict[ChargeModel, PriceFunction] = {
    ChargeModel.STANDARD: standard_price,
    ChargeModel.GRADUATED: graduated_price,
    ChargeModel.PACKAGE: package_price,
    ChargeModel.PERCENTAGE: percentage_price,
    ChargeModel.VOLUME: volume_price,
    ChargeModel.GRADUATED_PERCENTAGE: graduated_percentage_price,
    ChargeModel.DYNAMIC: dynamic_price,
    ChargeModel.CUSTOM: custom_price,
}


def model_price(terms: ChargeTerms, quantity: Quantity, currency: str) -> Price:
    """Return the exact price of a quantity, in units of `currency`, by the model of the terms.

    Prices that usage brings with it are in cents, so only these depend on the currency.
    """
    if isinstance(terms, DynamicTerms):
        return dynamic_price(terms, quantity, currency_exponent(currency))
    if isinstance(terms, CustomTerms):
        return custom_price(terms, quantity, currency_exponent(currency))
    return CHARGE_MODELS[CHARGE_MODEL_OF[type(terms)]](terms, quantity)


__all__ = [
    "CHARGE_MODELS",
    "PriceFunction",
    "TierShare",
    "custom_price",
    "dynamic_price",
    "graduated_percentage_price",
    "graduated_price",
    "model_price",
    "package_price",
    "percentage_price",
    "prorated_graduated_price",
    "standard_price",
    "tier_shares",
    "unit_amount",
    "volume_price",
    "wants_event_values",
]
