"""The network is closed: what conftest.py promises about sockets and about properties."""

import asyncio
import socket

import pytest
from hypothesis import settings


def test_a_socket_cannot_leave_the_machine() -> None:
    """A connection to a foreign address is refused before a packet is sent."""
    with socket.socket() as plug, pytest.raises(OSError, match="tests reach only this machine"):
        plug.connect(("192.0.2.1", 80))


def test_a_datagram_cannot_leave_the_machine() -> None:
    """A datagram to a foreign address is refused before it is sent."""
    with (
        socket.socket(type=socket.SOCK_DGRAM) as plug,
        pytest.raises(OSError, match="tests reach only this machine"),
    ):
        plug.sendto(b"usage", ("192.0.2.1", 80))


def test_no_foreign_name_is_looked_up() -> None:
    """A foreign name is refused before any name server is asked."""
    with pytest.raises(OSError, match=r"billing\.example"):
        socket.getaddrinfo("billing.example", 443)


def test_asyncio_cannot_leave_the_machine() -> None:
    """The event loop's connections are closed like all others."""
    with pytest.raises(OSError, match="tests reach only this machine"):
        asyncio.run(_connect("192.0.2.1"))


async def _connect(host: str) -> None:
    await asyncio.open_connection(host, 80)


def test_this_machine_is_reached() -> None:
    """A server of this machine answers, by address and by name."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        socket.create_connection(("127.0.0.1", port)).close()
        socket.create_connection(("localhost", port)).close()


def test_a_strange_spelling_of_an_address_is_no_lookup() -> None:
    """The spellings that hide 127.0.0.1 can be resolved, since that asks nobody."""
    found = socket.getaddrinfo("127.1", 80, type=socket.SOCK_STREAM)

    assert [address for *_, address in found] == [("127.0.0.1", 80)]


def test_properties_are_tried_without_a_deadline() -> None:
    """A slow machine fails no property: only the number of examples is set."""
    assert settings.default is not None
    assert settings.default.deadline is None
    assert settings.default.max_examples >= 100
