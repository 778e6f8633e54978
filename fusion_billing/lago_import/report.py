"""What became of each object of a Lago: created, same, differs or failed, and what stays. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum

SHOWN_MAX = 50


class Outcome(StrEnum):
    """What became of an object; what differs is left here as it was."""

    CREATED = "created"
    SAME = "same"
    DIFFERS = "differs"
    FAILED = "failed"


class Kind(StrEnum):
    """What is brought over, in the order in which it is."""

    METRIC = "billable_metrics"
    PLAN = "plans"
    CUSTOMER = "customers"
    SUBSCRIPTION = "subscriptions"
    EVENT = "events"


UNWANTED = (Outcome.DIFFERS, Outcome.FAILED)


@dataclass(frozen=True, slots=True)
class Entry:
    """One object, or `count` events of one subscription; `details` say what differs or failed."""

    kind: Kind
    name: str
    outcome: Outcome
    details: Sequence[str] = ()
    count: int = 1


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What Lago has and we don't: how many (None: it would not say), and what to do about it."""

    what: str
    count: int | None
    advice: str


@dataclass(frozen=True, slots=True)
class Report:
    """One import, or a rehearsal of one; `problem` says why it stopped before its end."""

    service_code: str
    is_dry_run: bool
    entries: Sequence[Entry] = ()
    left_behind: Sequence[LeftBehind] = field(default=())
    problem: str | None = None

    @property
    def is_whole(self) -> bool:
        """Say whether everything is here as it is in Lago."""
        return self.problem is None and not any(one.outcome in UNWANTED for one in self.entries)

    def totals(self) -> dict[str, dict[str, int]]:
        """Return how many objects of each kind came to each outcome."""
        counted: dict[Kind, Counter[Outcome]] = {kind: Counter() for kind in Kind}
        for one in self.entries:
            counted[one.kind][one.outcome] += one.count
        return {
            kind.value: {outcome.value: counted[kind][outcome] for outcome in Outcome}
            for kind in Kind
        }


def to_report_object(report: Report) -> dict[str, object]:
    """Return a report for programs."""
    return {
        "service": report.service_code,
        "dry_run": report.is_dry_run,
        "whole": report.is_whole,
        "problem": report.problem,
        "totals": report.totals(),
        "objects": [asdict(one) for one in report.entries],
        "left_behind": [asdict(one) for one in report.left_behind],
    }


def report_text(report: Report) -> str:
    """Return a report for people: totals, then what needs a look, then what stays in Lago."""
    unwanted = [one for one in report.entries if one.outcome in UNWANTED]
    lines = [*_totals_lines(report.totals()), *map(_entry_line, unwanted[:SHOWN_MAX])]
    if len(unwanted) > SHOWN_MAX:
        lines.append(f"and {len(unwanted) - SHOWN_MAX} more: --json names them all")
    if report.left_behind:
        lines += ["", "Stays in Lago:", *map(_left_line, report.left_behind)]
    if report.is_dry_run:
        lines += ["", "Nothing was written: this was a rehearsal."]
    return "\n".join(lines)


def added_up(left: Iterable[LeftBehind]) -> list[LeftBehind]:
    """Return what is left behind with equal things counted together, in order of appearance."""
    found: dict[str, LeftBehind] = {}
    for one in left:
        known = found.get(one.what)
        count = (known.count or 0) + (one.count or 0) if known else one.count
        found[one.what] = LeftBehind(one.what, count, one.advice)
    return list(found.values())


def _totals_lines(totals: Mapping[str, Mapping[str, int]]) -> list[str]:
    names = [outcome.value for outcome in Outcome]
    lines = [f"{'':18}" + "".join(f"{name:>10}" for name in names)]
    for kind, counts in totals.items():
        lines.append(f"{kind:18}" + "".join(f"{counts[name]:>10}" for name in names))
    return lines


def _entry_line(one: Entry) -> str:
    return f"{one.kind.value} {one.name}: {one.outcome.value}: {'; '.join(one.details)}"


def _left_line(one: LeftBehind) -> str:
    count = "some, Lago does not say how many" if one.count is None else f"{one.count}"
    return f"  {one.what}: {count}. {one.advice}"
