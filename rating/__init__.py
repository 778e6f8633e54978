"""Quantities become money: the nouns and pure functions of rating."""

from rating.bucket_price import charge_price, closed_price, group_prices
from rating.charge_bucket import ChargeBucket, charge_buckets
from rating.charge_models import CHARGE_MODELS, model_price, wants_event_values
from rating.included_quota import quantity_after_quota
from rating.plan_fee import plan_fee_price
from rating.rated_line import LineKind, Price, RatedLine, Step
from rating.rater import RatingScope, explanation, rated_charge_lines, rated_plan_fee_line

__all__ = [
    "CHARGE_MODELS",
    "ChargeBucket",
    "LineKind",
    "Price",
    "RatedLine",
    "RatingScope",
    "Step",
    "charge_buckets",
    "charge_price",
    "closed_price",
    "explanation",
    "group_prices",
    "model_price",
    "plan_fee_price",
    "quantity_after_quota",
    "rated_charge_lines",
    "rated_plan_fee_line",
    "wants_event_values",
]
