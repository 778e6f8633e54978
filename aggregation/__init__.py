"""Usage becomes quantities: the nouns and pure functions of aggregation."""

from aggregation.aggregator import quantities, rounded_units
from aggregation.quantity import NO_USAGE, Quantity, UsageWindow

__all__ = ["NO_USAGE", "Quantity", "UsageWindow", "quantities", "rounded_units"]
