"""A file system in memory, for what tests write and nobody needs after a power cut."""

import os
import shutil
from pathlib import Path

MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - what is made in it is closed to others


def memory_folder(bytes_min: int) -> Path | None:
    """Return such a file system's folder; None where it, or memory, has less room than asked."""
    if not (MEMORY_FOLDER.is_dir() and os.access(MEMORY_FOLDER, os.W_OK)):
        return None
    unused = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    has_room = min(unused, shutil.disk_usage(MEMORY_FOLDER).free) >= bytes_min
    return MEMORY_FOLDER if has_room else None
