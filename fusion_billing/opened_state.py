"""The state database and the key secret of a data folder, opened alone.

Enough for services and keys, beside a running service; nothing here loads the lake's engines.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fusion_billing.settings import Settings
from storage.state import State, open_state

PEPPER_BYTES = 32


@contextmanager
def opened_state(settings: Settings) -> Iterator[State]:
    """Open the state database of the settings, and close it at the end."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    state = open_state(settings.database_url.get_secret_value(), settings.data_dir.resolve())
    try:
        yield state
    finally:
        state.close()


def pepper_of(settings: Settings) -> bytes:
    """Return the secret that keys are digested with: as set, else the data folder's own."""
    given = settings.pepper.get_secret_value()
    return bytes.fromhex(given) if given else read_pepper(settings.data_dir)


def read_pepper(data_dir: Path) -> bytes:
    """Return the secret that keys are digested with; made once, readable by the owner only."""
    path = data_dir / "pepper"
    fresh = path.with_suffix(f".{os.getpid()}")
    if not path.exists():
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(PEPPER_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # Another process may have been faster; its pepper is the one that counts.
        with suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    return path.read_bytes()
