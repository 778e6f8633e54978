"""A private S3-protocol server for one test run: moto's, as a process of its own on loopback.

It keeps objects in memory and asks for no particular key; its clients sign their requests anyway.
"""

import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.real_parts.supervised import SupervisedServer, free_port

HOST = "127.0.0.1"
SECONDS_MAX = 10


@dataclass(frozen=True)
class S3Server:
    """A running server: where it listens and what its clients sign with."""

    port: int
    key_id: str = "tester"
    secret: str = field(default="a-secret-of-the-tests", repr=False)

    @property
    def url(self) -> str:
        """Return the base URL of the server."""
        return f"http://{HOST}:{self.port}"

    def create_bucket(self, name: str) -> None:
        """Create an empty bucket."""
        self._ask(f"/{name}", "PUT")

    def objects(self, bucket: str) -> str:
        """Return the listing of a bucket, as S3 says it (XML)."""
        return self._ask(f"/{bucket}?list-type=2", "GET")

    def answers(self) -> bool:
        """Tell whether the server accepts requests."""
        try:
            self._ask("/moto-api/data.json", "GET")
        except (urllib.error.URLError, ConnectionError):
            return False
        return True

    def _ask(self, path: str, method: str) -> str:
        request = urllib.request.Request(self.url + path, method=method)
        with urllib.request.urlopen(request, timeout=SECONDS_MAX) as answer:
            text: str = answer.read().decode()
            return text


@contextmanager
def running_s3() -> Iterator[S3Server]:
    """Run a server without any bucket; it forgets everything at the end."""
    folder = Path(tempfile.mkdtemp(prefix="s3-"))
    server = S3Server(free_port())
    command = [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(server.port)]
    process = SupervisedServer(command, folder, "SIGTERM")
    try:
        process.wait_until(server.answers)
        yield server
    finally:
        process.stop()
        shutil.rmtree(folder, ignore_errors=True)
