"""What holds for every test: how hard properties are tried, and no connection leaves the machine.

`nightly` tests are left out by pyproject.toml; `-m nightly` asks for them.
"""

import ipaddress
import os
import re
import sys

import pytest
from hypothesis import settings

from tests.memory_folder import memory_folder

# In CI a change is judged by the same examples each time; nightly runs go looking for new ones.
settings.register_profile(
    "default", max_examples=100, deadline=None, derandomize="CI" in os.environ, print_blob=True
)
settings.register_profile("nightly", max_examples=10_000, deadline=None, print_blob=True)
settings.load_profile("default")

SENDING = ("socket.connect", "socket.sendto", "socket.sendmsg")
SLOWEST_FIRST = ("tests/lifecycle/", "tests/odoo/", "tests/fusion_billing/", "tests/dashboards/")
WITHOUT_NIGHTLY = "not nightly"
MEMORY_BYTES_MIN = 6 * 1024**3
NUMERIC_HOST = re.compile(r"[0-9a-fA-FxX.:]*")


def pytest_configure(config: pytest.Config) -> None:
    """Let tests write in memory where there is room: they make thousands of durable commits.

    A killed process loses no less there. Nightly tests wait for the disk.
    """
    folder = memory_folder(MEMORY_BYTES_MIN)
    if folder is not None and config.option.markexpr == WITHOUT_NIGHTLY:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(folder))


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest stories first, and tell what a module builds once to one worker only."""
    items.sort(key=lambda item: _place(item.nodeid))
    for item in items:
        if _shares_with_its_module(item) and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def _shares_with_its_module(item: pytest.Item) -> bool:
    """Say whether a test uses a fixture that is made once for its module."""
    info = getattr(item, "_fixtureinfo", None)
    known = info.name2fixturedefs if info else {}
    return any(each.scope == "module" for named in known.values() for each in named)


def _place(name: str) -> int:
    found = (place for place, folder in enumerate(SLOWEST_FIRST) if name.startswith(folder))
    return next(found, len(SLOWEST_FIRST))


class NetworkClosedError(OSError):
    """A test tried to reach something outside this machine."""


def stays_here(host: object) -> bool:
    """Say whether an address is this machine; None stands for it too."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in {None, "", "localhost"}:
        return True
    try:
        address = ipaddress.ip_address(str(name).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def needs_no_lookup(host: object) -> bool:
    """Say whether a name is resolved without asking another machine."""
    name = host.decode() if isinstance(host, bytes) else host
    return stays_here(name) or NUMERIC_HOST.fullmatch(str(name)) is not None


def refuse_the_outside(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse what would leave the machine: Python reports every socket call here first."""
    if event in SENDING:
        address = arguments[1]
        if isinstance(address, tuple) and not stays_here(address[0]):
            raise NetworkClosedError(_cure(address[0]))
    elif event == "socket.getaddrinfo" and not needs_no_lookup(arguments[0]):
        raise NetworkClosedError(_cure(arguments[0]))


def _cure(host: object) -> str:
    return f"tests reach only this machine, not {host!r}: use a server on 127.0.0.1, or a fake"


# An audit hook sees asyncio's and every library's sockets alike, and cannot be patched away.
sys.addaudithook(refuse_the_outside)
