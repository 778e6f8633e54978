"""Work done in a process of its own, which may be killed without harm to the rest."""

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


def forked(work: Callable[[], None]) -> bool:
    """Do work in a process of its own; say whether it was killed. Its failure ends us too."""
    return ended(begun(work))


def begun(work: Callable[[], None]) -> int:
    """Begin work in a process of its own and return its id."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        with _leaving():
            work()
    return child


def ended(child: int) -> bool:
    """Wait for a process that was begun; say whether it was killed. Its failure ends us too."""
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "a process failed; its traceback stands above"
    return False


@contextmanager
def _leaving() -> Iterator[None]:
    """Leave the process without touching what belongs to its parent."""
    code = 1
    try:
        yield
        code = 0
    except BaseException:  # noqa: BLE001 - the traceback is all a dying child can give
        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stdout.flush()
        os._exit(code)
