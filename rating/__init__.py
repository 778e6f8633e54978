"""Quantities become money: the nouns and pure functions of rating."""

from rating.charge_models import CHARGE_MODELS, wants_event_values
from rating.included_quota import quantity_after_quota
from rating.plan_fee import plan_fee_price
from rating.rated_line import LineKind, Price, RatedLine, Step
from rating.rater import (
    RatingScope,
    charge_price,
    closed_price,
    explanation,
    rated_charge_line,
    rated_plan_fee_line,
)

__all__ = [
    "CHARGE_MODELS",
    "LineKind",
    "Price",
    "RatedLine",
    "RatingScope",
    "Step",
    "charge_price",
    "closed_price",
    "explanation",
    "plan_fee_price",
    "quantity_after_quota",
    "rated_charge_line",
    "rated_plan_fee_line",
    "wants_event_values",
]
