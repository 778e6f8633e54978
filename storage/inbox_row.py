"""What goes into an inbox and what comes out of it: rows, their packing, and what can go wrong.

Knows neither SQLite nor PostgreSQL, and nothing of what the bodies mean.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import zstandard

from storage.columns import EPOCH, MICROSECOND
from storage.patience import StoreUnavailableError

COMPRESSION_LEVEL = 1
BODY_BYTES_MAX = 256 * 1024 * 1024
# A reading ends with the row that reaches it: what is read is made a frame, and sorted, at once.
BYTES_PER_READING = 64 * 1024 * 1024
_of_thread = threading.local()


@dataclass(frozen=True, slots=True)
class NewRow:
    """What one group commit keeps for one shard: how many events, and their body."""

    shard: int
    events_count: int
    body: bytes


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One kept row: its position in its shard, how many events it holds, and its body."""

    id: int
    events_count: int
    body: bytes


class InboxUnavailableError(StoreUnavailableError):
    """The inbox can't be used now (disk full, read-only, server away); the call kept nothing."""


class CommitUnknownError(Exception):
    """Nobody could find out whether an append was kept; only opening anew and reading tells."""


class DamagedInboxError(Exception):
    """A row that was acknowledged can't be read; `position` is its place in `shard`."""

    def __init__(self, shard: int, position: int, why: str) -> None:
        super().__init__(
            f"row {position} of inbox shard {shard} is damaged ({why}): restore the inbox from a "
            f"copy, or read beyond position {position} and ask the senders to push again"
        )
        self.shard = shard
        self.position = position


def packed_bodies(rows: Sequence[NewRow]) -> list[bytes]:
    """Return the bodies compressed, with a checksum; ValueError for one that is too large."""
    for row in rows:
        if len(row.body) > BODY_BYTES_MAX:
            raise ValueError(
                f"an inbox row holds {BODY_BYTES_MAX} bytes at most, not {len(row.body)}: "
                "keep fewer pushes in one commit"
            )
    compressor = _compressor()
    return [compressor.compress(row.body) for row in rows]


def _compressor() -> zstandard.ZstdCompressor:
    """Return this thread's compressor: making one costs more than a small row."""
    known: zstandard.ZstdCompressor | None = getattr(_of_thread, "compressor", None)
    if known is None:
        known = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL, write_checksum=True)
        _of_thread.compressor = known
    return known


def rows_enough(
    found: Iterable[tuple[int, int, bytes]], events_max: int
) -> list[tuple[int, int, bytes]]:
    """Return the first rows (id, events_count, packed body) that reach a limit.

    That of events or that of bytes, unpacked.
    """
    taken: list[tuple[int, int, bytes]] = []
    events_count = bytes_count = 0
    for row in found:
        taken.append(row)
        events_count += row[1]
        bytes_count += _size_unpacked(row[2])
        if events_count >= events_max or bytes_count >= BYTES_PER_READING:
            break
    return taken


def unpacked_rows(shard: int, found: Iterable[tuple[int, int, bytes]]) -> list[InboxRow]:
    """Return the rows up to the first damaged one; DamagedInboxError when that is the first."""
    decompressor = zstandard.ZstdDecompressor()
    rows: list[InboxRow] = []
    for identifier, events_count, packed in found:
        try:
            body = _unpacked(decompressor, packed)
        except zstandard.ZstdError as error:
            if rows:
                return rows
            raise DamagedInboxError(shard, identifier, str(error)) from error
        rows.append(InboxRow(identifier, events_count, body))
    return rows


def epoch_microseconds(at: datetime) -> int:
    """Return an aware instant as whole microseconds since the epoch."""
    return (at - EPOCH) // MICROSECOND


def instant_or_none(microseconds: int | None) -> datetime | None:
    """Return the instant in UTC; None when there is none."""
    return None if microseconds is None else EPOCH + microseconds * MICROSECOND


def _size_unpacked(packed: bytes) -> int:
    """Return the size that a body's header tells; 0 where the header is damaged."""
    try:
        return zstandard.frame_content_size(packed)
    except zstandard.ZstdError:
        return 0


def _unpacked(decompressor: zstandard.ZstdDecompressor, packed: bytes) -> bytes:
    # The size in a damaged header is believed by the library: it would ask for that much memory.
    size = zstandard.frame_content_size(packed)
    if size > BODY_BYTES_MAX:
        raise zstandard.ZstdError(f"it claims to hold {size} bytes")
    return decompressor.decompress(packed, max_output_size=BODY_BYTES_MAX, allow_extra_data=False)
