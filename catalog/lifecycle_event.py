"""A lifecycle event: one thing that happened to a service's objects, and its place in the row."""

from dataclasses import dataclass
from datetime import datetime

PAGE_EVENTS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class LifecycleEvent:
    """One thing that happened to a service's objects; `body` is JSON text."""

    service_code: str
    sequence: int
    kind: str
    body: str
    created_at: datetime
