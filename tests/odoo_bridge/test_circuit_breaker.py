"""The breaker: some calls without an answer, then a rest, then one trial."""

from odoo_bridge.circuit_breaker import FAILURES_MAX, REST_SECONDS, CircuitBreaker
from odoo_bridge.faults import NeedsHuman, OutcomeUnknown, Retryable

LOST = OutcomeUnknown("lost", "TimeoutError")
BUSY = Retryable("locked", "odoo.exceptions.LockError")


class Watch:
    """A stopwatch that a test turns on."""

    def __init__(self) -> None:
        self.seconds = 1000

    def __call__(self) -> float:
        return self.seconds


def broken(watch: Watch) -> CircuitBreaker:
    """Return a breaker that has just opened."""
    breaker = CircuitBreaker(clock=watch)
    for _ in range(FAILURES_MAX):
        breaker.note(LOST)
    return breaker


def test_one_failure_less_changes_nothing() -> None:
    """A failure short of the limit, calls go on; at the limit, they are refused."""
    breaker = CircuitBreaker()
    for _ in range(FAILURES_MAX - 1):
        breaker.note(LOST)
    before = breaker.refusal()
    breaker.note(LOST)

    assert before is None
    assert isinstance(breaker.refusal(), Retryable)


def test_a_rest_ends_with_one_trial() -> None:
    """After the rest one caller may try, and the others wait for what becomes of it."""
    watch = Watch()
    breaker = broken(watch)
    watch.seconds += REST_SECONDS - 1
    early = breaker.refusal()
    watch.seconds += 1
    trial, other = breaker.refusal(), breaker.refusal()

    assert "the next is tried in 1 s" in str(early)
    assert trial is None
    assert other is not None


def test_a_trial_decides() -> None:
    """A trial that works opens the way for all; one that fails begins another rest."""
    watch = Watch()
    mended, still_broken = broken(watch), broken(watch)
    watch.seconds += REST_SECONDS
    assert mended.refusal() is still_broken.refusal() is None
    mended.note(None)
    still_broken.note(LOST)

    assert mended.refusal() is mended.refusal() is None
    assert still_broken.refusal() is not None


def test_an_answer_is_no_failure() -> None:
    """Odoo's own refusals, and its being busy, show that it is there."""
    breaker = CircuitBreaker()
    for fault in (LOST, LOST, BUSY, LOST, LOST, NeedsHuman("no"), LOST, LOST, None):
        breaker.note(fault)

    assert breaker.refusal() is None
