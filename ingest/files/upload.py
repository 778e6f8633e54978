"""The upload of a usage file: a request's body, streamed into a file that is on disk."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.requests import ClientDisconnect

from catalog.errors import BadRequest, BodyTooLarge

WRITE_BYTES = 1024**2
SILENCE_SECONDS_MAX = 60
UPLOAD_SUFFIX = ".part"


async def kept_upload(
    chunks: AsyncIterator[bytes], folder: Path, *, bytes_max: int, announced: int = 0
) -> Path:
    """Return the file that holds the whole body, synced; of a body that is refused nothing stays.

    BodyTooLarge as soon as it is, announced or not; BadRequest when the body is empty, breaks
    off, or falls silent.
    """
    if announced > bytes_max:
        raise BodyTooLarge(bytes_max)
    path = folder / f"{uuid.uuid4()}{UPLOAD_SUFFIX}"
    try:
        await _written(chunks, path, bytes_max)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


async def _written(chunks: AsyncIterator[bytes], path: Path, bytes_max: int) -> None:
    size, waiting = 0, bytearray()
    with path.open("xb") as file:
        while chunk := await _next_chunk(chunks):
            size += len(chunk)
            if size > bytes_max:
                raise BodyTooLarge(bytes_max)
            waiting += chunk
            if len(waiting) >= WRITE_BYTES:
                await asyncio.to_thread(file.write, bytes(waiting))
                waiting.clear()
        if not size:
            raise BadRequest("the body is empty: send the file's bytes as the body")
        file.write(waiting)
        file.flush()
        await asyncio.to_thread(os.fsync, file.fileno())


async def _next_chunk(chunks: AsyncIterator[bytes]) -> bytes:
    """Return the next bytes of the body, empty at its end."""
    try:
        async with asyncio.timeout(SILENCE_SECONDS_MAX):
            async for chunk in chunks:
                if chunk:
                    return chunk
    except TimeoutError as error:
        raise BadRequest(f"nothing came for {SILENCE_SECONDS_MAX} seconds") from error
    except ClientDisconnect as error:
        raise BadRequest("the body breaks off") from error
    return b""
