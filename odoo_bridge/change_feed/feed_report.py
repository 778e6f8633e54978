"""What one look of the feed found. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One event that was told."""

    service_code: str
    kind: str
    lago_id: str
    name: str


@dataclass(frozen=True, slots=True)
class FeedReport:
    """One look: what was read and had changed, what was told, and what people must look at."""

    moves_read: int
    moves_changed: int
    lines_mirrored: int
    events: tuple[FeedEvent, ...]
    problems: tuple[str, ...]
    is_sweep: bool
