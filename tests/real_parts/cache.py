"""Cache of built parts: a folder outside the repository, filled once even by parallel runs.

Each entry is a folder whose name carries its version. It is built beside its final place and
renamed when complete, so an entry that exists is whole. The cache may be deleted at any time.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.real_parts.commands import say


def cache_folder() -> Path:
    """Return the cache folder: FUSION_TEST_CACHE, or the user's own cache."""
    chosen = os.environ.get("FUSION_TEST_CACHE")
    if chosen:
        return Path(chosen).resolve()
    users = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(users) / "fusion-billing-tests"


def cached(name: str) -> Path | None:
    """Return the entry `name` if it has been built."""
    entry = cache_folder() / name
    return entry if entry.is_dir() else None


def build_once(name: str, build: Callable[[Path], None]) -> Path:
    """Return the entry `name`, calling `build` on an empty folder if nobody has built it yet."""
    existing = cached(name)
    if existing:
        return existing
    with locked(name):
        return cached(name) or _built(cache_folder() / name, build)


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the lock `name` against every other process that uses this cache."""
    locks = cache_folder() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run that prepares {name}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _built(entry: Path, build: Callable[[Path], None]) -> Path:
    partial = entry.with_name(entry.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    build(partial)
    partial.rename(entry)
    return entry
