"""Every month's parts, their sums, and the answers that were computed from them."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

import polars as pl

from dashboards.margin import MEASURES, MONTHLY_KEYS
from dashboards.mart.memory import Answer, Memory
from storage.lake_tables import MARGIN_DAILY

ANSWERS_MAX = 1024
STATES_MAX = 4
SERVICE_MONTH = ("month", "service")
ACCOUNT_MONTH = ("month", "service", "account_id")
NO_PARTS = pl.DataFrame(
    schema={name: MARGIN_DAILY.polars_schema[name] for name in (*MONTHLY_KEYS, *MEASURES)}
)
FOREIGN = {"month": pl.Date(), "service": pl.String(), "account_id": pl.String(),
           "currency": pl.String(), "lines_count": pl.UInt32()}  # fmt: skip


@dataclass(frozen=True)
class Cube:
    """All months' parts, and their sums by service and by account; `digest` names this state."""

    digest: str
    parts: pl.DataFrame
    by_service: pl.DataFrame
    by_account: pl.DataFrame
    foreign: pl.DataFrame
    rated_at: datetime | None
    watermark: str | None
    costs_to: datetime | None
    _answers: Memory = field(default_factory=lambda: Memory(ANSWERS_MAX), compare=False)
    _states: Memory = field(default_factory=lambda: Memory(STATES_MAX), compare=False)

    def remembered(self, question: object, answer: Callable[[], Answer]) -> Answer:
        """Return an answer that depends on this state alone, computed the first time it is asked.

        The last 1,024 questions are remembered.
        """
        return self._answers.remembered(question, answer)

    def other_state(self, name: object, cube: Callable[[], "Cube"]) -> "Cube":
        """Return another state of the same figures, computed the first time it is asked for.

        Each is as large as this one, and readers choose them: the last four are remembered.
        """
        return self._states.remembered(name, cube)

    def with_parts(
        self, name: str, parts: pl.DataFrame, *, foreign: pl.DataFrame | None = None
    ) -> "Cube":
        """Return another state of the figures, `name`d: other parts from the same sources.

        `foreign` counts the lines in other currencies where they are others, too.
        """
        return Cube(
            digest=digest_of([self.digest, name]),
            parts=parts,
            by_service=sums(parts, SERVICE_MONTH),
            by_account=sums(parts, ACCOUNT_MONTH),
            foreign=self.foreign if foreign is None else foreign,
            rated_at=self.rated_at,
            watermark=self.watermark,
            costs_to=self.costs_to,
        )

    def rows(self, keys: set[str], months: Sequence[date] | None = None) -> pl.DataFrame:
        """Return the rows of the coarsest frame that has these columns, of some months or all.

        Each month's rows lie apart, so that a question about one month reads that month alone.
        """
        for frames in self._frames:
            whole = frames[None]
            if keys <= set(whole.columns):
                if months is None:
                    return whole
                found = [frames[month] for month in months if month in frames]
                return pl.concat(found) if found else whole.clear()
        raise ValueError(f"parts have no {keys - set(self.parts.columns)}")

    @cached_property
    def _frames(self) -> tuple[dict[date | None, pl.DataFrame], ...]:
        return tuple(_by_month(each) for each in (self.by_service, self.by_account, self.parts))

    @cached_property
    def months(self) -> tuple[date, ...]:
        """Return the months that have revenue or cost, in order."""
        return tuple(self.by_service["month"].unique().sort())

    @cached_property
    def services(self) -> tuple[str, ...]:
        """Return the services that have revenue or cost."""
        return tuple(self.by_service["service"].drop_nulls().unique().sort())

    def closed_month(self, at: datetime) -> date | None:
        """Return the last month before `at` that has rated lines, else the last that has any."""
        lines = self.by_service.filter(pl.col("lines_count") > 0)["month"]
        whole = lines.filter(lines < at.date().replace(day=1))
        for found in (whole, lines, self.by_service["month"]):
            if len(found):
                last: date = found.sort()[-1]
                return last
        return None


def sums(parts: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Return the measures of parts added up by some keys, sorted by these."""
    return parts.group_by(keys).agg(pl.col(name).sum() for name in MEASURES).sort(keys)


def _by_month(frame: pl.DataFrame) -> dict[date | None, pl.DataFrame]:
    """Return the whole frame under None, and each month's rows under the month."""
    found = frame.partition_by("month", as_dict=True)
    return {None: frame, **{month: rows for (month,), rows in found.items()}}


def digest_of(texts: Sequence[str]) -> str:
    """Return the SHA-256 of some lines of text."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
