"""Named places on the write path where a test may end the process, as a power switch would.

Nothing is armed in a running service, and passing a place costs one comparison.
"""

import os
import signal
import threading

_guard = threading.Lock()
_armed_name: str | None = None
_passes_left = 0


def arm(name: str, passes: int = 1) -> None:
    """Let the process end by SIGKILL at the `passes`-th time it reaches the place `name`."""
    global _armed_name, _passes_left
    with _guard:
        _armed_name, _passes_left = name, passes


def reached(name: str) -> None:
    """Say that the process is at the place `name`; it may not come back."""
    if _armed_name != name:
        return
    global _passes_left  # noqa: PLW0603 - see arm
    with _guard:
        _passes_left -= 1
        if _passes_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
