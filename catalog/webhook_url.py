"""Where a webhook may go: a public address, by https, unless the operator allows more.

Decides by the text of a URL alone, as far as it tells; what a name resolves to is looked at
again when something is sent. Knows no network.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_network,
)
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

URL_CHARACTERS_MAX = 2048
URL_INVALID = "url_invalid"
HTTPS_REQUIRED = "https_is_required"
CREDENTIALS = "credentials_are_not_allowed"
PORT_NOT_ALLOWED = "port_is_not_allowed"
NOT_PUBLIC = "host_is_not_public"
PORT_OF = {"http": 80, "https": 443}
# Only what all parsers read alike: printable ASCII without space, quotes or backslash. A name in
# another script is written in its ASCII form (xn--).
URL = re.compile(
    r"(?P<scheme>[hH][tT][tT][pP][sS]?)://"
    r"((?P<user>[A-Za-z0-9._~!$&'()*+,;=:%-]*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)"
    r"(:(?P<port>[0-9]{1,5}))?"
    r"([/?][A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
)
HOST_NAME = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
HOST_CHARACTERS_MAX = 253
# What resolvers take for an address although it is not written as one: 0x7f000001, 127.1, 010.1.
NUMBER_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
INTERNAL_SUFFIXES = (
    "arpa", "cluster", "consul", "corp", "docker", "home", "internal", "intranet", "k8s", "lan",
    "local", "localdomain", "localhost", "onion", "private", "svc", "test",
)  # fmt: skip
NOT_PUBLIC_NETWORKS: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32",
        "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
        "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32",
        "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10",
        "fec0::/10", "ff00::/8",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WebhookRules:
    """What an operator allows besides public hosts by https: networks, ports, plain http."""

    networks: Sequence[Network] = ()
    ports: frozenset[int] = frozenset({443})
    allows_http: bool = False


def url_faults(url: str, rules: WebhookRules) -> list[str]:
    """Return what is wrong with where a webhook is to go, as codes; nothing when it may."""
    parts = URL.fullmatch(url) if len(url) <= URL_CHARACTERS_MAX else None
    if parts is None:
        return [URL_INVALID]
    scheme, host = parts["scheme"].lower(), parts["host"].lower()
    port = int(parts["port"]) if parts["port"] else PORT_OF[scheme]
    faults = [] if scheme == "https" or rules.allows_http else [HTTPS_REQUIRED]
    if parts["user"] is not None:
        faults.append(CREDENTIALS)
    allowed = rules.ports | ({PORT_OF["http"]} if rules.allows_http else set())
    if port not in allowed and HTTPS_REQUIRED not in faults:
        faults.append(PORT_NOT_ALLOWED)
    return [*faults, *_host_faults(host, rules)]


def is_public(address: Address, networks: Sequence[Network] = ()) -> bool:
    """Say whether an address may be sent to: public, or in a network that an operator allows.

    An IPv4 address inside an IPv6 one is judged as IPv4.
    """
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if any(address in network for network in networks):
        return True
    return not any(address in network for network in NOT_PUBLIC_NETWORKS)


def _host_faults(host: str, rules: WebhookRules) -> list[str]:
    if host.startswith("["):
        address = _ipv6(host[1:-1])
        return [] if address is not None and is_public(address, rules.networks) else [NOT_PUBLIC]
    name = host.removesuffix(".")
    labels = name.split(".")
    if NUMBER_LABEL.fullmatch(labels[-1]):
        plain = _ipv4(host)
        return [] if plain is not None and is_public(plain, rules.networks) else [NOT_PUBLIC]
    if len(labels) == 1 or labels[-1] in INTERNAL_SUFFIXES:
        return [NOT_PUBLIC]
    is_name = HOST_NAME.fullmatch(name) and len(name) <= HOST_CHARACTERS_MAX
    return [] if is_name else [URL_INVALID]


def _ipv4(host: str) -> IPv4Address | None:
    """Return a dotted address of four plain decimal numbers; other spellings are none."""
    try:
        return IPv4Address(host)
    except AddressValueError:
        return None


def _ipv6(host: str) -> IPv6Address | None:
    try:
        return IPv6Address(host)
    except AddressValueError:
        return None
