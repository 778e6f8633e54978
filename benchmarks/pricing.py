"""Rating: a window priced, rounded and explained, beside one bare Decimal multiplication."""

import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial

from aggregation.quantity import Quantity
from benchmarks.figures import Figure, compared
from benchmarks.workload import SEED
from catalog.charge_terms import ChargeTerms, GraduatedTerms, StandardTerms, Tier
from rating.rater import rated_charge_lines
from tests.rating.makers import a_charge, a_scope, a_window

PRICE = Decimal("0.00173")
TIERS = (
    Tier(Decimal(0), Decimal(10_000), Decimal("0.003"), Decimal(5)),
    Tier(Decimal(10_001), Decimal(500_000), Decimal("0.002"), Decimal(0)),
    Tier(Decimal(500_001), None, PRICE, Decimal(0)),
)
MODELS: dict[str, ChargeTerms] = {
    "standard": StandardTerms(PRICE),
    "graduated, three tiers": GraduatedTerms(TIERS),
}


def pricing_figures(windows_count: int) -> Iterator[Figure | str]:
    """Yield windows/s priced, against the same number of multiplications."""
    chance = random.Random(SEED)
    quantities = [
        Quantity(Decimal(chance.randrange(10**9)).scaleb(-3), 100, inputs_digest="0" * 64)
        for _ in range(windows_count)
    ]
    for name, terms in MODELS.items():
        ours = partial(price, quantities, terms)
        limit: dict[str, Callable[[], object]] = {
            "one Decimal multiplication (limit)": partial(multiply, quantities)
        }
        yield compared(f"rating, {name}", "windows", windows_count, ours, limit)


def price(quantities: list[Quantity], terms: ChargeTerms) -> None:
    """Make a rated line of each quantity: quota, charge model, rounding, explanation, digest."""
    scope = a_scope()
    window = a_window(a_charge(terms, quantity_included=Decimal(1000)))
    for quantity in quantities:
        rated_charge_lines(scope, window, quantity)


def multiply(quantities: list[Quantity]) -> None:
    """Multiply units and price, and do nothing with it."""
    for quantity in quantities:
        quantity.units * PRICE
