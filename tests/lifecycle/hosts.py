"""Hosts on one machine: network namespaces on one bridge, whose cables a test may pull."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Hosts:
    """Namespaces by name; what listens on the machine itself is their neighbour at `gateway`."""

    network: str
    mark: str
    names: Sequence[str]

    @property
    def gateway(self) -> str:
        """Return the address of the machine itself, where the stores listen."""
        return f"{self.network}.1"

    @property
    def subnet(self) -> str:
        """Return all addresses."""
        return f"{self.network}.0/24"

    def address(self, name: str) -> str:
        """Return a host's address."""
        return f"{self.network}.{10 + self.names.index(name)}"

    def inside(self, name: str) -> list[str]:
        """Return the words before a command that is to run on a host."""
        return ["ip", "netns", "exec", self._namespace(name)]

    def cut(self, name: str) -> None:
        """Pull a host's cable: what is sent is lost, and nobody is told."""
        ip("link", "set", self._cable(name), "down")

    def mend(self, name: str) -> None:
        """Plug the cable in again."""
        ip("link", "set", self._cable(name), "up")

    def _namespace(self, name: str) -> str:
        return f"fb{self.mark}-{self.names.index(name)}"

    def _cable(self, name: str) -> str:
        return f"fbv{self.mark}{self.names.index(name)}"

    def connect(self, name: str, bridge: str) -> None:
        """Make a host and plug it in."""
        namespace, cable = self._namespace(name), self._cable(name)
        ip("netns", "add", namespace)
        ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", namespace)
        ip("link", "set", cable, "master", bridge, "up")
        for words in (
            ("link", "set", "lo", "up"),
            ("addr", "add", f"{self.address(name)}/24", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
        ):
            ip("-n", namespace, *words)

    def remove(self, name: str) -> None:
        """Take a host and its cable away."""
        ip("link", "delete", self._cable(name))
        ip("netns", "delete", self._namespace(name))


def ip(*words: str) -> None:
    """Run iproute2."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")


@contextmanager
def running_hosts(names: Sequence[str]) -> Iterator[Hosts]:
    """Give hosts with a cable each; skips the test where the machine does not allow it."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("hosts of their own need root and iproute2 (ip): not to be had here")
    mark = secrets.token_hex(2)
    hosts, bridge = Hosts(f"10.213.{secrets.randbelow(254) + 1}", mark, names), f"fbb{mark}"
    with ExitStack() as made:
        try:
            ip("link", "add", bridge, "type", "bridge")
            made.callback(ip, "link", "delete", bridge)
            ip("addr", "add", f"{hosts.gateway}/24", "dev", bridge)
            ip("link", "set", bridge, "up")
            for name in names:
                hosts.connect(name, bridge)
                made.callback(hosts.remove, name)
        except OSError as error:
            pytest.skip(f"this machine allows no network namespaces: {error}")
        yield hosts
