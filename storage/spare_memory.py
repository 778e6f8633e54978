"""Memory that was freed and not given back: the C library keeps what lies between what is used."""

import ctypes

_libc = ctypes.CDLL(None)


def give_back_memory() -> None:
    """Give freed memory back to the system, after work that took much and keeps little.

    Does nothing where the C library has no such call (glibc has).
    """
    trim = getattr(_libc, "malloc_trim", None)
    if trim is not None:
        trim(0)
