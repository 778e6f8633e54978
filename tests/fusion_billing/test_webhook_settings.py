"""Where webhooks may go is the operator's choice, by settings that are checked at the start."""

from ipaddress import ip_address

import pytest
from pydantic import ValidationError

from catalog.webhook_url import is_public
from fusion_billing.settings import Settings
from fusion_billing.webhooks import webhook_rules


def test_by_default_only_public_hosts_by_https() -> None:
    """Nothing is allowed that nobody asked for."""
    rules = webhook_rules(Settings())

    assert (rules.ports, rules.allows_http) == (frozenset({443}), False)
    assert not rules.networks


def test_networks_and_ports_are_read() -> None:
    """Networks of both kinds, and ports up to the last one, are allowed by name."""
    settings = Settings(
        webhook_networks="10.20.0.0/16,fd12::/48", webhook_ports="443,65535", webhook_http=True
    )
    rules = webhook_rules(settings)

    assert is_public(ip_address("10.20.255.255"), rules.networks)
    assert not is_public(ip_address("10.21.0.0"), rules.networks)
    assert (rules.ports, rules.allows_http) == (frozenset({443, 65_535}), True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhook_ports": "65536"},
        {"webhook_ports": "0"},
        {"webhook_ports": ""},
        {"webhook_ports": "443,"},
        {"webhook_networks": "10.20.0.1/16"},
        {"webhook_networks": "lan"},
    ],
)
def test_what_names_no_port_or_network_is_refused(wrong: dict[str, str]) -> None:
    """A port beyond the last, or a network that is none, stops the start."""
    with pytest.raises(ValidationError):
        Settings.model_validate(wrong)
