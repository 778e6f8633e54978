"""The machine: what it is, how busy it was, and which core does what."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

PROCESSES = Path("/proc")
TICK_MICROSECONDS = 1_000_000 // os.sysconf("SC_CLK_TCK")
# Fields of /proc/PID/stat after the program's name, which may hold spaces.
PARENT, USER_TICKS, CHILDREN_TICKS_END = 1, 11, 15


def facts() -> str:
    """Return what a reader must know of the machine to judge the figures."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"{len(os.sched_getaffinity(0))} cores ({_cpu_model()}), {memory:.0f} GB; "
        f"load average {load}; {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}, polars {version('polars')}, "
        f"duckdb {version('duckdb')}"
    )


def server_cores() -> set[int]:
    """Return the core that a server under measurement has for itself."""
    return {min(os.sched_getaffinity(0))}


def client_cores() -> set[int]:
    """Return the cores that its clients have: others than the server's where there are others."""
    cores = os.sched_getaffinity(0)
    return cores - server_cores() or cores


@contextmanager
def on_cores(cores: set[int]) -> Iterator[None]:
    """Keep this thread, and every thread and process it starts, on some cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_microseconds(pid: int) -> int:
    """Return the processor time of a process and its ended children; 0 when it is gone."""
    fields = _stat(pid)
    ticks = sum(int(each) for each in fields[USER_TICKS:CHILDREN_TICKS_END])
    return ticks * TICK_MICROSECONDS


def family_cpu_microseconds(pid: int) -> int:
    """Return the processor time of a process and of all its children, running or ended."""
    children = [
        int(folder.name)
        for folder in PROCESSES.iterdir()
        if folder.name.isdigit()
        if (fields := _stat(int(folder.name))) and int(fields[PARENT]) == pid
    ]
    return sum(map(cpu_microseconds, [pid, *children]))


def memory_megabytes(pid: int | None = None) -> float:
    """Return the resident memory of a process, by default of this one."""
    status = (PROCESSES / str(pid or "self") / "status").read_text()
    (kilobytes,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    return int(kilobytes) / 1000


def _stat(pid: int) -> list[str]:
    try:
        text = (PROCESSES / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()


def _cpu_model() -> str:
    lines = (PROCESSES / "cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
