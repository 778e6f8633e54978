"""All that one request writes, as one transaction that is committed with its answer.

Whoever made it ends it; until then every write and read of the same context goes through it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import sqlalchemy as sa

_joint: ContextVar["JointWrite | None"] = ContextVar("joint_write", default=None)


class JointWrite:
    """A transaction that begins with its first step; steps come one after another."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.is_over = False
        self._connection: sa.Connection | None = None

    @property
    def connection(self) -> sa.Connection | None:
        """Return what sees the steps so far; None before the first, and after one that failed."""
        return self._connection

    @contextmanager
    def step(self) -> Iterator[sa.Connection]:
        """Give the connection for one write; an error takes all steps so far back."""
        if self._connection is None:
            opened = self.engine.connect().execution_options(fusion_write=True)
            opened.begin()
            self._connection = opened
        try:
            yield self._connection
        except BaseException:
            self._close()
            raise

    def commit(self) -> None:
        """Make all steps last, and take none from now on."""
        self.is_over = True
        try:
            if self._connection is not None:
                self._connection.commit()
        finally:
            self._close()

    def roll_back(self) -> None:
        """Take all steps back, and take none from now on."""
        self.is_over = True
        self._close()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()  # What is not committed is rolled back.


@contextmanager
def joining(joint: JointWrite | None) -> Iterator[None]:
    """Let what this context writes be steps of a joint write; None: each write is its own."""
    token = _joint.set(joint)
    try:
        yield
    finally:
        _joint.reset(token)


def joint_of(engine: sa.Engine) -> JointWrite | None:
    """Return the joint write of this context on a database, while it is not over."""
    joint = _joint.get()
    return joint if joint is not None and joint.engine is engine and not joint.is_over else None
