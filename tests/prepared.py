"""A new house's stores, made once a process and copied: most tests want one, few its making."""

import shutil
import tempfile
from functools import cache
from pathlib import Path

from fusion_billing.clock import SystemClock
from fusion_billing.house import opened_house
from fusion_billing.settings import Settings
from storage.lake import Lake

OWN = ("writer.lock", "pepper")


def prepared_house(folder: Path) -> Path:
    """Return the folder, with a new house's stores unless it has some; the pepper is its own."""
    return folder if (folder / "state.sqlite").exists() else _copied(_house(), folder)


def prepared_state(folder: Path) -> Path:
    """Return the folder, with a migrated state database unless it has one."""
    if not (folder / "state.sqlite").exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(_house() / "state.sqlite", folder)
    return folder


def prepared_lake(folder: Path) -> Path:
    """Return the folder, with an empty lake unless it has one."""
    return folder if (folder / "catalog.sqlite").exists() else _copied(_lake(), folder)


def _copied(template: Path, folder: Path) -> Path:
    shutil.copytree(template, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*OWN))
    return folder


@cache
def _house() -> Path:
    folder = _kept()
    with opened_house(Settings(data_dir=folder), SystemClock()):
        return folder


@cache
def _lake() -> Path:
    folder = _kept()
    Lake(folder).close()
    return folder


@cache
def _room() -> "tempfile.TemporaryDirectory[str]":
    # Removed when the process ends.
    return tempfile.TemporaryDirectory(prefix="fusion-prepared-")


def _kept() -> Path:
    return Path(tempfile.mkdtemp(dir=_room().name))
