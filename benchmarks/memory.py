"""The most memory a piece of work needs, seen in a process of its own. Linux tells."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

PEAK = "VmHWM:"
FORGET_PEAK = "5"
KILOBYTES_PER_MEGABYTE = 1024


def peak_words(what: str, work: Callable[[], object]) -> str:
    """Return how much memory `work` took at its peak; it must be a function that can be sent."""
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawned) as alone:
        before, peak = alone.submit(_peaks, work).result()
    return f"{what}: {peak} MB of memory at the peak, of which the program takes {before} MB"


def _peaks(work: Callable[[], object]) -> tuple[int, int]:
    # A new process begins with the peak of the one it comes from.
    Path("/proc/self/clear_refs").write_text(FORGET_PEAK)
    before = _peak()
    work()
    return before, _peak()


def _peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith(PEAK))
    return int(kilobytes) // KILOBYTES_PER_MEGABYTE
