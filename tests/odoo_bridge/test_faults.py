"""Every failure has one class, and its words are fit for a log."""

import http.client
import io
import json
import socket
import ssl
from email.message import Message
from urllib.error import HTTPError, URLError

import pytest

from odoo_bridge.faults import (
    Misconfigured,
    NeedsHuman,
    OdooFault,
    OurBug,
    OutcomeUnknown,
    Retryable,
    fault_of_messages,
    fault_of_server,
    fault_of_transport,
    is_outage,
    one_line,
)

SERVER = [
    ("psycopg2.errors.SerializationFailure", Retryable),
    ("psycopg2.errors.LockNotAvailable", Retryable),
    ("psycopg2.errors.DeadlockDetected", Retryable),
    ("odoo.exceptions.LockError", Retryable),
    ("psycopg2.OperationalError", OutcomeUnknown),
    ("psycopg2.InterfaceError", OutcomeUnknown),
    ("odoo.exceptions.UserError", NeedsHuman),
    ("odoo.exceptions.ValidationError", NeedsHuman),
    ("odoo.exceptions.RedirectWarning", NeedsHuman),
    ("odoo.exceptions.MissingError", NeedsHuman),
    ("odoo.exceptions.AccessDenied", Misconfigured),
    ("odoo.exceptions.AccessError", Misconfigured),
    ("builtins.ValueError", OurBug),
    ("builtins.KeyError", OurBug),
    ("builtins.TypeError", OurBug),
    ("builtins.AttributeError", OurBug),
    ("something.never.Seen", OurBug),
]
TRANSPORT = [
    (URLError(ConnectionRefusedError(111, "refused")), Retryable),
    (URLError(socket.gaierror(-2, "unknown")), Retryable),
    (URLError(ssl.SSLCertVerificationError("self-signed")), Misconfigured),
    (URLError(TimeoutError("timed out")), OutcomeUnknown),
    (URLError(ConnectionResetError(104, "reset")), OutcomeUnknown),
    (TimeoutError("timed out"), OutcomeUnknown),
    (ConnectionResetError(104, "reset"), OutcomeUnknown),
    (BrokenPipeError(32, "pipe"), OutcomeUnknown),
    (http.client.RemoteDisconnected("gone"), OutcomeUnknown),
    (http.client.IncompleteRead(b"half"), OutcomeUnknown),
    (http.client.InvalidURL("odd"), Misconfigured),
    (json.JSONDecodeError("html", "<html>", 0), OutcomeUnknown),
    (KeyError("data"), OutcomeUnknown),
]
STATUSES = [
    *((301, Misconfigured), (307, Misconfigured), (401, Misconfigured), (404, Misconfigured)),
    *((413, Misconfigured), (429, Retryable), (500, OutcomeUnknown), (502, OutcomeUnknown)),
    *((503, OutcomeUnknown), (504, OutcomeUnknown)),
]
MESSAGES = [
    ("could not serialize access due to concurrent update", Retryable),
    ("deadlock detected", Retryable),
    ("You are not allowed to create 'Contact' (res.partner) records.", Misconfigured),
    ("Unknown error during import: <class 'KeyError'>: 'zzz'", OurBug),
    ("Contacts require a name", NeedsHuman),
    ("", NeedsHuman),
]


@pytest.mark.parametrize(("name", "expected"), SERVER)
def test_a_server_exception_has_one_class(name: str, expected: type[OdooFault]) -> None:
    """What Odoo raises is classed by the name of its exception."""
    fault = fault_of_server(name, "some words")

    assert (type(fault), fault.kind) == (expected, name)


@pytest.mark.parametrize(("broken", "expected"), TRANSPORT, ids=lambda value: repr(value)[:40])
def test_only_a_refused_connection_is_harmless(
    broken: Exception, expected: type[OdooFault]
) -> None:
    """A call that broke after it may have been sent leaves its outcome unknown."""
    assert type(fault_of_transport(broken)) is expected


@pytest.mark.parametrize(("status", "expected"), STATUSES)
def test_a_gateway_status_has_one_class(status: int, expected: type[OdooFault]) -> None:
    """A gateway that refuses is a wrong address; one that fails says nothing about Odoo."""
    broken = HTTPError("http://odoo.example", status, "words", Message(), io.BytesIO())

    assert type(fault_of_transport(broken)) is expected


@pytest.mark.parametrize(("message", "expected"), MESSAGES)
def test_a_load_message_has_one_class(message: str, expected: type[OdooFault]) -> None:
    """The messages of `load`, which raises nothing, are classed by their words."""
    assert type(fault_of_messages([message])) is expected


def test_a_missing_database_is_a_configuration_fault() -> None:
    """A database that does not exist is told apart from one that is down."""
    words = 'connection to server failed: FATAL:  database "nope" does not exist\n'

    assert type(fault_of_server("psycopg2.OperationalError", words)) is Misconfigured


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("odoo.exceptions.UserError", "Object sale.order doesn't exist"),
        ("werkzeug.exceptions.NotFound", "the model 'sale.order' does not exist"),
    ],
)
def test_a_missing_app_is_a_configuration_fault(name: str, words: str) -> None:
    """A model that Odoo has not got, at either door, asks for the app that brings it."""
    fault = fault_of_server(name, words)

    assert type(fault) is Misconfigured
    assert "no sale.order" in str(fault)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (fault_of_transport(TimeoutError()), True),
        (fault_of_server("psycopg2.OperationalError", "gone"), True),
        (fault_of_server("odoo.exceptions.LockError", "locked"), False),
        (fault_of_server("odoo.exceptions.UserError", "no"), False),
    ],
)
def test_only_silence_is_an_outage(fault: OdooFault, *, expected: bool) -> None:
    """An Odoo that is busy or refuses is there; one without an answer, or a database, is not."""
    assert is_outage(fault) is expected


def test_words_fit_on_one_line() -> None:
    """A message of many lines becomes one line of bounded length."""
    told = one_line("first\n  second\n" + "x" * 1000)

    assert told.startswith("first second x")
    assert (len(told), told[-1]) == (400, "…")


def test_a_fault_names_its_call() -> None:
    """A fault says what kind of trouble it is, in which call, and Odoo's words."""
    fault = Misconfigured("no rights")
    fault.call = "res.partner.read"

    assert str(fault) == "Odoo is not set up for Fusion Billing (res.partner.read): no rights"
