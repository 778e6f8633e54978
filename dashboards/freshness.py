"""How fresh the figures are and what there is to choose from."""

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from dashboards.margin import KEYS
from dashboards.mart.cube import Cube

ACCOUNTS_OFFERED_MAX = 500


@dataclass(frozen=True, slots=True)
class Freshness:
    """Up to when the lake knows what; None where there is nothing yet."""

    rated_at: datetime | None
    watermark: str | None
    costs_to: datetime | None


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters of a page offer."""

    services: tuple[str, ...]
    accounts: tuple[str, ...]
    months: tuple[date, ...]


NO_CHOICES = Choices((), (), ())


def freshness_of(cube: Cube) -> Freshness:
    """Return when the last line was rated, from which usage, and how far costs reach."""
    return Freshness(cube.rated_at, cube.watermark, cube.costs_to)


def choices_of(cube: Cube) -> Choices:
    """Return every service, account and month that has a rated line or a cost."""
    return cube.remembered("choices", lambda: _choices(cube))


def _choices(cube: Cube) -> Choices:
    rows = pl.concat([cube.by_account.select(KEYS), cube.foreign.select(KEYS)])
    services, accounts, months = (
        tuple(rows[key].drop_nulls().unique().sort().to_list()) for key in KEYS
    )
    return Choices(services, accounts[:ACCOUNTS_OFFERED_MAX], months)
