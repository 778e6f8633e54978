"""What a large loading leaves behind goes back to the system."""

import platform
import subprocess
import sys

import pytest

from storage import spare_memory
from storage.spare_memory import give_back_memory

MEGABYTE = 1 << 20
LEFT_MAX = 1.5
LOADING = """
import numpy as np
from pathlib import Path
from ingest.keys.key_index import KeyIndex
from storage.spare_memory import give_back_memory

def held():
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmRSS:")))

def steps(count):
    chance = np.random.default_rng(1)
    for _ in range(count):
        hashes, contents = chance.integers(0, 1 << 56, (2, 250_000), np.uint64)
        yield hashes, contents, np.full(250_000, 1_790_000_000, np.uint32)

before = held()
index = KeyIndex(7)
index.load(steps(32))
loaded = held()
give_back_memory()
print(index.bytes_count, loaded - before, held() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives memory back")
def test_a_loaded_index_takes_little_more_than_its_keys() -> None:
    """After eight million keys were loaded the process holds at most half as much again."""
    done = subprocess.run(
        [sys.executable, "-c", LOADING], check=True, capture_output=True, text=True
    )
    own, loaded, left = map(int, done.stdout.split())

    assert own == 14 * 8_000_000
    assert left < LEFT_MAX * own
    assert left < loaded - own / 2


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no such call nothing happens."""
    monkeypatch.setattr(spare_memory, "_libc", object())

    give_back_memory()
