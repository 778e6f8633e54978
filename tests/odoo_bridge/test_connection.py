"""The connection: opens itself, repeats what may be repeated, and gives no secret away."""

import io
import logging
import logging.config
import socket
import traceback

import odoorpc
import pytest

from odoo_bridge.circuit_breaker import FAILURES_MAX
from odoo_bridge.connection import ATTEMPTS_MAX, OdooConnection, OdooSettings
from odoo_bridge.faults import (
    Misconfigured,
    NeedsHuman,
    OdooFault,
    OurBug,
    OutcomeUnknown,
    Retryable,
)
from tests.odoo_bridge.scripted_odoo import (
    SECRET,
    Answer,
    Refusal,
    ScriptedOdoo,
    refusal,
    result,
)

TRACEBACK = "Traceback (most recent call last): File server.py"
BUSY = refusal("psycopg2.errors.SerializationFailure", "could not serialize access")
HALF = Answer(b'{"jsonrpc": "2.0", "resu', cut=100)


def a_connection(
    server: ScriptedOdoo, pauses: list[object] | None = None, password: str = SECRET
) -> OdooConnection:
    url = f"http://127.0.0.1:{server.port}"
    settings = OdooSettings(url, "books", "bridge", password, 5, server.transport)
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
    assert server.asked == [
        ["res.partner", "search", {"domain": [["id", "=", 7]], "limit": 1}]
        if server.transport == "json2"
        else ["res.partner", "search", [[["id", "=", 7]]], {"limit": 1}]
    ]


@pytest.mark.parametrize("transport", ["jsonrpc", "json2"])
def test_nothing_is_opened_before_the_first_call(transport: str) -> None:
    """A connection to a server that is down can be made; only a call fails, and may be repeated."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    pauses: list[object] = []
    settings = OdooSettings(f"http://127.0.0.1:{port}", "books", "bridge", SECRET, 5, transport)
    odoo = OdooConnection(settings, sleep=pauses.append)

    assert type(fault_of(odoo)) is Retryable
    assert len(pauses) == ATTEMPTS_MAX - 1


def test_a_busy_odoo_is_asked_again(server: ScriptedOdoo) -> None:
    """A serialization failure did nothing, so even a write is repeated, after growing pauses."""
    created = [3] if server.transport == "json2" else 3
    server.script.extend([BUSY, BUSY, BUSY, result(created)])
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
    server: ScriptedOdoo, answer: Answer | Refusal, expected: type[OdooFault]
) -> None:
    """Refusals, gateways and odd answers each raise their own class."""
    server.script.append(answer)

    assert type(fault_of(a_connection(server))) is expected


@pytest.mark.parametrize("version", ["18.0", "20.0", "saas~18.4"])
def test_another_version_is_refused(server: ScriptedOdoo, version: str) -> None:
    """Only Odoo 19 is spoken to."""
    server.version = version

    assert type(fault_of(a_connection(server))) is Misconfigured


@pytest.mark.parametrize("transport", ["jsonrpc", "json2"])
@pytest.mark.parametrize("url", ["odoo.example", "ftp://odoo.example", "http://a:b", "http://a/b"])
def test_an_odd_address_is_refused(url: str, transport: str) -> None:
    """An address that is no root of an HTTP server is refused with an example."""
    settings = OdooSettings(url, "books", "bridge", SECRET, 5, transport)
    fault = fault_of(OdooConnection(settings))

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


def test_an_unknown_transport_is_refused() -> None:
    """A door that nobody knows is refused with the names of the two."""
    settings = OdooSettings("http://127.0.0.1", "books", "bridge", SECRET, 5, "xmlrpc")

    assert "json2 or jsonrpc" in str(fault_of(OdooConnection(settings)))


def test_an_odoo_that_is_down_is_left_alone(server: ScriptedOdoo) -> None:
    """After some calls without an answer nothing is sent, and the refusal may be repeated."""
    server.script.extend([Answer(b"", status=502)] * 50)
    odoo = a_connection(server)
    faults = [type(fault_of(odoo)) for _ in range(FAILURES_MAX)]
    sent = len(server.asked)
    refused = fault_of(odoo)

    assert faults == [OutcomeUnknown] * FAILURES_MAX
    assert (type(refused), len(server.asked)) == (Retryable, sent)
    assert "nothing was sent" in str(refused)


def test_refusals_are_answers(server: ScriptedOdoo) -> None:
    """An Odoo that refuses, however often, is asked the next time."""
    server.script.extend([refusal("odoo.exceptions.UserError", "no")] * 10)
    odoo = a_connection(server)

    assert {type(fault_of(odoo)) for _ in range(10)} == {NeedsHuman}


def test_settings_hide_the_password() -> None:
    """Settings can be printed: the password is not among what is shown."""
    assert SECRET not in repr(OdooSettings("http://odoo.example", "books", "bridge", SECRET))


def test_nothing_logs_the_password(server: ScriptedOdoo) -> None:
    """Even when every logger is set to debug, no line holds the password, whatever happens."""
    written = io.StringIO()
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})
    root, handler = logging.getLogger(), logging.StreamHandler(written)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    server.script.extend([result(1), refusal("builtins.ValueError", SECRET), HALF])
    odoo = a_connection(server)
    try:
        odoo.call("res.partner", "search_count", [])
        told = [printed(fault_of(odoo)) for _ in range(2)]
    finally:
        root.removeHandler(handler)
        root.setLevel(level)

    assert SECRET not in written.getvalue() + "".join(told)


@pytest.mark.parametrize("server", ["jsonrpc"], indirect=True)
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
