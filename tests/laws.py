"""How hard a law of quantities and money is tried: at each change, and by night."""

from hypothesis import settings

EXAMPLES_MIN = 200
LAW = settings(max_examples=max(EXAMPLES_MIN, settings().max_examples))
