"""Where the settings let webhooks go."""

from ipaddress import ip_network

from catalog.webhook_url import WebhookRules
from fusion_billing.settings import Settings


def webhook_rules(settings: Settings) -> WebhookRules:
    """Return the rules that URLs of webhook endpoints are held to."""
    return WebhookRules(
        networks=tuple(map(ip_network, filter(None, settings.webhook_networks.split(",")))),
        ports=frozenset(map(int, settings.webhook_ports.split(","))),
        allows_http=settings.webhook_http,
    )
