"""Lago's Python client with each call named to the recorder, so that calls and operations meet."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias

import pytest

from tests.lago_clients.recorder import Recorder
from tests.lago_clients.served import Served


# Its types are those of pydantic 1, where every optional member is mandatory to a type checker.
class _Models:
    """All models of the client by name, those too that its door does not show."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a class of the client's
        places = ("", ".charge", ".plan", ".alert", ".billable_metric", ".subscription", ".invoice")
        for place in places:
            found = getattr(import_module(f"lago_python_client.models{place}"), name, None)
            if found is not None:
                return found
        raise AttributeError(name)


models = _Models()
LagoApiError: type[Any] = import_module("lago_python_client.exceptions").LagoApiError
new_client: Any = import_module("lago_python_client.client").Client
Client: TypeAlias = Any
Answer: TypeAlias = Any

METHOD_NOT_ALLOWED = 405
NOT_FOUND = 404


@dataclass(frozen=True)
class Named:
    """A client, or one of its resources, that tells the recorder which method is called."""

    inner: Any
    recorder: Recorder
    name: str = ""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the client has
        """Return a resource by its name, or a method that tells its own."""
        found = getattr(self.inner, name)
        if not self.name:
            return Named(found, self.recorder, name)

        def call(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - same
            self.recorder.calling = f"{self.name}.{name}"
            return found(*arguments, **options)

        return call


def python_client(served: Served, base: str = "/") -> Client:
    """Return the client for an address below the app's."""
    return Named(new_client(api_key=served.key, api_url=served.root + base), served.recorder)


def refused(status: int, code: str, call: Callable[..., object], *arguments: object) -> None:
    """Expect the client to raise its error with a status and Lago's code."""
    with pytest.raises(LagoApiError) as refusal:
        call(*arguments)
    told = refusal.value.response
    assert (refusal.value.status_code, told.get("code", "")) == (status, code), told


def sends_no_key(call: Callable[..., object], *arguments: object) -> None:
    """Expect Lago's 401: this client's lists below a parent leave the key out."""
    refused(401, "", call, *arguments)
