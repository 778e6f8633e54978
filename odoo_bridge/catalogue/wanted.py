"""What products or a file ask the catalogue of one service to be, before it is judged. Pure.

The members of metrics, plans and charges are in the API's words, whoever owns the catalogue.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from catalog.exact_json import JsonObject

Source: TypeAlias = str
"""Where something is asked for: the number of a product in Odoo, or a place in a file."""


class UnreadableError(Exception):
    """What is asked for can't be read; the words say what to write instead."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why what a source asks for is not taken over."""

    source: Source
    words: str


@dataclass(frozen=True, slots=True)
class WantedMetric:
    """One metric, asked for by one or more sources in the same words."""

    code: str
    given: JsonObject
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class WantedCharge:
    """One charge of a plan; its metric is named by code."""

    metric_code: str
    given: JsonObject
    source: Source


@dataclass(frozen=True, slots=True)
class WantedPlan:
    """One plan with all of its charges; `changed_at` is when anything of it was changed last."""

    code: str
    given: JsonObject
    charges: tuple[WantedCharge, ...]
    source: Source
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class WantedCatalogue:
    """All that can be read, what can't, and every plan code that is named, readable or not."""

    metrics: tuple[WantedMetric, ...]
    plans: tuple[WantedPlan, ...]
    named_plan_codes: frozenset[str]
    problems: tuple[Problem, ...]


def refuse_unknown(given: Collection[str], known: Collection[str], where: str) -> None:
    """Raise UnreadableError when a member is none that we know: it may be a slip of the pen."""
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise UnreadableError(
            f"{where} has {', '.join(unknown)}, which nobody knows here: write one of "
            f"{', '.join(sorted(known))}"
        )
