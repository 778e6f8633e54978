"""The charge models: one file, one pure function of terms and quantity, one price with steps."""

from collections.abc import Callable
from typing import Any, TypeAlias

from aggregation.quantity import Quantity
from catalog.charge_terms import ChargeModel
from rating.charge_models.graduated import graduated_price
from rating.charge_models.package import package_price
from rating.charge_models.percentage import percentage_price, wants_event_values
from rating.charge_models.standard import standard_price
from rating.charge_models.volume import volume_price
from rating.rated_line import Price

PriceFunction: TypeAlias = Callable[[Any, Quantity], Price]

CHARGE_MODELS: dict[ChargeModel, PriceFunction] = {
    ChargeModel.STANDARD: standard_price,
    ChargeModel.GRADUATED: graduated_price,
    ChargeModel.PACKAGE: package_price,
    ChargeModel.PERCENTAGE: percentage_price,
    ChargeModel.VOLUME: volume_price,
}

__all__ = [
    "CHARGE_MODELS",
    "PriceFunction",
    "graduated_price",
    "package_price",
    "percentage_price",
    "standard_price",
    "volume_price",
    "wants_event_values",
]
