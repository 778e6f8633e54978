"""The runner: which module computes which kind of vector, and what came of each."""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

from tests.lago_vectors.comparison import Mismatch, mismatches
from tests.lago_vectors.reading import Computed, Vector

PACKAGE = "tests.lago_vectors"
# The module and the function that compute a kind; imported when the first vector asks.
COMPUTED_BY: Mapping[str, tuple[str, str]] = {
    "charge_model": ("charge_model", "computed"),
    "rounding": ("aggregation", "computed"),
    "aggregation": ("aggregation", "computed"),
    "usage": ("usage", "computed"),
    "pay_in_advance": ("pay_in_advance", "computed"),
    "true_up": ("fees", "computed_true_up"),
    "subscription_fee": ("fees", "computed_subscription_fee"),
    "day_count": ("fees", "computed_day_count"),
    "period": ("period", "computed"),
    "billing_day": ("billing_day", "computed"),
    "expression": ("expression", "computed"),
}


class UnknownKind(Exception):
    """A vector is of a kind that nothing computes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one vector: nothing to say when it passed."""

    vector_id: str
    mismatches: tuple[Mismatch, ...] = ()
    fault: str | None = None

    @property
    def is_passed(self) -> bool:
        """Say whether everything expected was computed."""
        return not self.mismatches and self.fault is None

    def __str__(self) -> str:
        told = [self.fault] if self.fault else [str(each) for each in self.mismatches]
        return "\n".join([f"{self.vector_id}", *(f"  {line}" for line in told)])


def computed(vector: Vector) -> Computed:
    """Return what our code computes for a vector."""
    kind = vector["kind"]
    if kind not in COMPUTED_BY:
        raise UnknownKind(f"no kind {kind!r} is known here, only {', '.join(COMPUTED_BY)}")
    module, function = COMPUTED_BY[kind]
    compute: Callable[[Vector], Computed] = getattr(import_module(f"{PACKAGE}.{module}"), function)
    return compute(vector)


def outcome(vector: Vector) -> Outcome:
    """Return what came of a vector; whatever its computing raises is its fault, not the run's."""
    try:
        answer = computed(vector)
        found = mismatches(vector["expected"], answer)
    except UnknownKind as error:
        return Outcome(vector["id"], fault=str(error))
    except Exception as error:  # noqa: BLE001 - one broken vector must not hide the others
        place = traceback.extract_tb(error.__traceback__)[-1]
        told = f"{type(error).__name__}: {error} ({place.name}, line {place.lineno})"
        return Outcome(vector["id"], fault=f"computed nothing: {told}")
    return Outcome(vector["id"], tuple(found))
