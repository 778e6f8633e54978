"""Leaves an Odoo alone that does not answer: after some failures, nothing is asked for a while.

Then one call is let through; if it works, all are. Refusals in Odoo's own words are answers.
"""

import math
import threading
import time
from collections.abc import Callable

from odoo_bridge.faults import OdooFault, Retryable, is_outage

FAILURES_MAX = 3
REST_SECONDS = 30


class CircuitBreaker:
    """Counts calls in a row that got no answer; may be shared by threads."""

    def __init__(
        self,
        *,
        rest_seconds: int = REST_SECONDS,
        clock: Callable[[], float] = time.monotonic,  # float: seconds of a stopwatch
    ) -> None:
        self._rest_seconds = rest_seconds
        self._clock = clock
        self._failures = 0
        self._resumes_at = clock()
        self._lock = threading.Lock()

    def refusal(self) -> Retryable | None:
        """Return why nothing is asked now, or None; the first caller after a rest may try."""
        with self._lock:
            if self._failures < FAILURES_MAX:
                return None
            now = self._clock()
            if now < self._resumes_at:
                seconds = math.ceil(self._resumes_at - now)
                words = (
                    f"{self._failures} calls in a row got no answer; the next is tried in "
                    f"{seconds} s, nothing was sent now"
                )
                return Retryable(words, "CircuitBreaker")
            self._resumes_at = now + self._rest_seconds
            return None

    def note(self, fault: OdooFault | None) -> None:
        """Take in how a call ended."""
        with self._lock:
            if fault is None or not is_outage(fault):
                self._failures = 0
                return
            self._failures += 1
            self._resumes_at = self._clock() + self._rest_seconds
