"""A correction: who changed which usage how, why, and how far it has come. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ingest.usage_event import TEXT_LENGTH_MAX

AUTHOR_LENGTH_MAX = TEXT_LENGTH_MAX
REASON_LENGTH_MAX = 1_000


class Kind(StrEnum):
    """What becomes of the usage selected.

    It counts no more; it says something else; other usage is in its place; or a correction is
    taken back.
    """

    VOID = "void"
    AMEND = "amend"
    REPLACE = "replace"
    REVERT = "revert"


class Status(StrEnum):
    """How far a correction has come; an unfinished one is finished by the same call again."""

    PREPARED = "prepared"
    APPLYING = "applying"
    APPLIED = "applied"
    REVERTED = "reverted"


UNFINISHED = (Status.PREPARED, Status.APPLYING)


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants corrected; `selection` and `changes` are JSON text, always alike.

    A revert selects by `reverts_id` alone.
    """

    service_code: str
    kind: Kind
    author: str
    reason: str
    selection: str = "{}"
    changes: str = "{}"
    reverts_id: str | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """An order and its way: what was seen when it was prepared, and the rows written so far."""

    id: str
    order: Order
    created_at: datetime
    watermark: str
    rows_total: int = 0
    rows_done: int = 0
    status: Status = Status.PREPARED
