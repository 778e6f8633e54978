"""A finding: what one check of the stores said, with counts, names and what to do next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

NAMED_MAX = 20


class Verdict(StrEnum):
    """What a check says: whole, whole but worth a look, or a hole."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `named` says where, `cure` what to do next."""

    check: str
    verdict: Verdict
    counts: Mapping[str, int]
    named: Sequence[str] = field(default=())
    cure: str = ""


def finding(
    check: str,
    counts: Mapping[str, int],
    *,
    holes: Sequence[str] = (),
    doubts: Sequence[str] = (),
    cure: str = "",
) -> Finding:
    """Return the finding: any hole fails, any doubt warns; the first of each are named."""
    verdict = Verdict.FAIL if holes else Verdict.WARN if doubts else Verdict.OK
    named = [*holes, *doubts]
    shown = named[:NAMED_MAX]
    if len(named) > NAMED_MAX:
        shown.append(f"and {len(named) - NAMED_MAX} more")
    return Finding(check, verdict, counts, tuple(shown), cure if named else "")
