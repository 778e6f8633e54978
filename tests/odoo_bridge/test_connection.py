"""The connection: opens itself, repeats what may be repeated, and gives no secret away."""

import io
import logging
import logging.config
import socket
import traceback
from collections.abc import Iterator

import odoorpc
import pytest

from odoo_bridge.connection import ATTEMPTS_MAX, OdooConnection, OdooSettings
from odoo_bridge.faults import (
    Misconfigured,
    NeedsHuman,
    OdooFault,
    OurBug,
    OutcomeUnknown,
    Retryable,
)
from tests.odoo_bridge.scripted_odoo import Answer, ScriptedOdoo, refusal, result, scripted_odoo

SECRET = "secret-of-ours"
TRACEBACK = "Traceback (most recent call last): File server.py"
BUSY = refusal("psycopg2.errors.SerializationFailure", "could not serialize access")
HALF = Answer(b'{"jsonrpc": "2.0", "resu', cut=100)


@pytest.fixture
def server() -> Iterator[ScriptedOdoo]:
    with scripted_odoo() as odoo:
        yield odoo


def a_connection(
    server: ScriptedOdoo, pauses: list[object] | None = None, password: str = SECRET
) -> OdooConnection:
    settings = OdooSettings(f"http://127.0.0.1:{server.port}", "books", "bridge", password, 5)
    kept: list[object] = [] if pauses is None else pauses
    return OdooConnection(settings, sleep=kept.append)


def fault_of(odoo: OdooConnection, method: str = "create") -> OdooFault:
    with pytest.raises(OdooFault) as caught:
        odoo.call("res.partner", method, [])
    return caught.value


def printed(fault: OdooFault) -> str:
    """Return a fault with its frames and what each of them holds, as a careless log would."""
    told = traceback.TracebackException.from_exception(fault, capture_locals=True)
    return "".join(told.format())


def test_a_call_carries_its_arguments(server: ScriptedOdoo) -> None:
    """Positional and named arguments reach Odoo as they were given."""
    server.script.append(result([7]))
    answer = a_connection(server).call("res.partner", "search", [["id", "=", 7]], limit=1)

    assert answer == [7]
    assert server.asked == [["res.partner", "search", [[["id", "=", 7]]], {"limit": 1}]]


def test_nothing_is_opened_before_the_first_call() -> None:
    """A connection to a server that is down can be made; only a call fails, and may be repeated."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    pauses: list[object] = []
    settings = OdooSettings(f"http://127.0.0.1:{port}", "books", "bridge", SECRET)
    odoo = OdooConnection(settings, sleep=pauses.append)

    assert type(fault_of(odoo)) is Retryable
    assert len(pauses) == ATTEMPTS_MAX - 1


def test_a_busy_odoo_is_asked_again(server: ScriptedOdoo) -> None:
    """A serialization failure did nothing, so even a write is repeated, after growing pauses."""
    server.script.extend([BUSY, BUSY, BUSY, result(3)])
    pauses: list[object] = []
    odoo = a_connection(server, pauses)

    assert odoo.call("res.partner", "create", {"name": "Acme"}) == 3
    assert len(server.asked) == 4
    assert len(pauses) == 3


def test_repeating_has_an_end(server: ScriptedOdoo) -> None:
    """An Odoo that stays busy is given up after a bounded number of attempts."""
    server.script.extend([BUSY] * 50)

    assert type(fault_of(a_connection(server))) is Retryable
    assert len(server.asked) == ATTEMPTS_MAX


def test_a_broken_write_is_not_repeated(server: ScriptedOdoo) -> None:
    """A write whose answer got lost is sent once; its outcome is unknown."""
    server.script.extend([HALF, result(3)])

    assert type(fault_of(a_connection(server), "create")) is OutcomeUnknown
    assert len(server.asked) == 1


def test_a_broken_read_is_repeated(server: ScriptedOdoo) -> None:
    """A question whose answer got lost is simply asked again."""
    server.script.extend([HALF, Answer(b"<html>Maintenance</html>"), result([1])])

    assert a_connection(server).call("res.partner", "search", []) == [1]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refusal("odoo.exceptions.UserError", "Set an account first"), NeedsHuman),
        (refusal("odoo.exceptions.AccessError", "not yours"), Misconfigured),
        (refusal("builtins.KeyError", "'zzz'"), OurBug),
        (Answer(b"", status=307, location="/elsewhere"), Misconfigured),
        (Answer(b"", status=502), OutcomeUnknown),
        (Answer(b'{"error": {"code": 100}}'), OutcomeUnknown),
    ],
)
def test_an_answer_has_one_class(
    server: ScriptedOdoo, answer: Answer, expected: type[OdooFault]
) -> None:
    """Refusals, gateways and odd answers each raise their own class."""
    server.script.append(answer)

    assert type(fault_of(a_connection(server))) is expected


@pytest.mark.parametrize("version", ["18.0", "20.0", "saas~18.4"])
def test_another_version_is_refused(server: ScriptedOdoo, version: str) -> None:
    """Only Odoo 19 is spoken to."""
    server.version = version

    assert type(fault_of(a_connection(server))) is Misconfigured


@pytest.mark.parametrize("url", ["odoo.example", "ftp://odoo.example", "http://a:b", "http://a/b"])
def test_an_odd_address_is_refused(url: str) -> None:
    """An address that is no root of an HTTP server is refused with an example."""
    fault = fault_of(OdooConnection(OdooSettings(url, "books", "bridge", SECRET)))

    assert type(fault) is Misconfigured
    assert "https://odoo.example.com" in str(fault)


def test_no_secret_and_no_traceback_in_a_fault(server: ScriptedOdoo) -> None:
    """A fault, printed with everything that hangs on it, shows no password and no server code."""
    told = refusal("builtins.ValueError", f"bad value {SECRET}", debug=TRACEBACK)
    server.script.append(told)
    odoo = a_connection(server)
    fault = fault_of(odoo)

    assert fault.__context__ is None
    assert SECRET not in printed(fault)
    assert TRACEBACK not in printed(fault)


def test_a_wrong_password_is_not_shown(server: ScriptedOdoo) -> None:
    """A refused login says that it was refused, not with what."""
    fault = fault_of(a_connection(server, password="wrong-secret"))

    assert type(fault) is Misconfigured
    assert fault.__context__ is None
    assert "wrong-secret" not in printed(fault)


def test_settings_hide_the_password() -> None:
    """Settings can be printed: the password is not among what is shown."""
    assert SECRET not in repr(OdooSettings("http://odoo.example", "books", "bridge", SECRET))


def test_odoorpc_logs_nothing(server: ScriptedOdoo) -> None:
    """Even when every logger is set to debug, odoorpc's record of the password is dropped."""
    written = io.StringIO()
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})
    root, handler = logging.getLogger(), logging.StreamHandler(written)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    server.script.append(result(1))
    try:
        a_connection(server).call("res.partner", "search_count", [])
    finally:
        root.removeHandler(handler)
        root.setLevel(level)

    assert SECRET not in written.getvalue()


def test_odoorpc_would_log_the_password(server: ScriptedOdoo) -> None:
    """The silence is needed: without it odoorpc writes the password at debug level."""
    logger = logging.getLogger("odoorpc.rpc.jsonrpclib")
    written = io.StringIO()
    handler, filters, level = logging.StreamHandler(written), logger.filters[:], logger.level
    logger.addHandler(handler)
    logger.filters.clear()
    logger.setLevel(logging.DEBUG)
    try:
        odoorpc.ODOO("127.0.0.1", port=server.port, version="19.0").login("books", "x", SECRET)
    finally:
        logger.removeHandler(handler)
        logger.filters[:] = filters
        logger.setLevel(level)

    assert SECRET in written.getvalue()
