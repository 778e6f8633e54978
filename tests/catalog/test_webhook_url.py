"""Where a webhook may go: whatever way an address is written, none but public hosts."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.webhook_url import (
    NOT_PUBLIC_NETWORKS,
    URL_CHARACTERS_MAX,
    WebhookRules,
    is_public,
    url_faults,
)

NONE = WebhookRules()
PUBLIC = (
    "https://hooks.nexadesk.com", "https://hooks.nexadesk.com:443/a/b?c=d&e=%20", "HTTPS://A.CA/",
    "https://nexadesk.com./x", "https://xn--bcher-kva.example/", "https://1.1.1.1/",
    "https://8.8.8.8",
    "https://[2606:4700::1111]/", "https://a.b?x", "https://9to5.com",
)  # fmt: skip
NOT_PUBLIC = (
    "https://localhost", "https://localhost.", "https://api.localhost", "https://odoo",
    "https://odoo.internal", "https://metadata.google.internal/", "https://a.local",
    "https://a.lan",
    "https://a.cluster.local", "https://router.home.arpa", "https://x.test",
    "https://127.0.0.1", "https://127.0.0.1.", "https://127.1", "https://127.0.1",
    "https://2130706433",
    "https://0x7f000001", "https://0x7f.1", "https://0177.0.0.1", "https://00.0.0.0", "https://0",
    "https://0.0.0.0", "https://010.0.0.1", "https://10.0.0.1", "https://172.16.0.1",
    "https://172.31.255.255", "https://192.168.1.1", "https://169.254.169.254/latest/meta-data",
    "https://0xa9fea9fe", "https://2852039166", "https://100.64.0.1", "https://192.0.0.1",
    "https://192.0.2.1", "https://192.88.99.1", "https://198.18.0.1", "https://198.19.255.255",
    "https://198.51.100.1", "https://203.0.113.1", "https://224.0.0.1", "https://240.0.0.1",
    "https://255.255.255.255", "https://168.63.129.16", "https://1.2.3", "https://1.2.3.4.5",
    "https://256.1.1.1", "https://a.0x1", "https://99999999999",
    "https://[::]", "https://[::1]", "https://[0:0:0:0:0:0:0:1]", "https://[fe80::1]",
    "https://[fec0::1]", "https://[fc00::1]", "https://[fd00:ec2::254]", "https://[ff02::1]",
    "https://[2001:db8::1]", "https://[3fff::1]", "https://[100::1]", "https://[2002:7f00:1::]",
    "https://[64:ff9b::7f00:1]", "https://[64:ff9b:1::1]", "https://[2001::1]", "https://[5f00::1]",
    "https://[::ffff:127.0.0.1]", "https://[::ffff:10.0.0.1]", "https://[::127.0.0.1]",
    "https://[1::2::3]", "https://[1.2.3.4]", "https://[:]",
)  # fmt: skip
INVALID = (
    "", "hooks.nexadesk.com", "//nexadesk.com", "ftp://nexadesk.com", "file:///etc/passwd",
    "javascript:alert(1)", "https://", "https:///x", "https://:443", "https://nexadesk.com:",
    "https://nexadesk.com:port", "https://nexadesk.com:443443", "https://nexa desk.com",
    "https://nexadesk.com/a b", "https://nexadesk.com\\@localhost", "https://nexadesk.com/\n",
    " https://nexadesk.com", "https://nexadesk.com\t", "https://bücher.example",
    "https://127。0。0。1", "https://ⓛocalhost", "https://\uff11\uff12\uff17.0.0.1", "https://a..com",
    "https://-a.com", "https://a-.com", "https://a_b.com", "https://nexadesk.com..",
    "https://[fe80::1%25eth0]", "https://[::1", "https://::1/", "https://nexadesk.com#x",
    "https://%6c%6f%63alhost/", "https://a@b@c.com", "http:nexadesk.com", "https:/nexadesk.com",
)  # fmt: skip


@pytest.mark.parametrize("url", PUBLIC)
def test_a_public_host_may_be_sent_to(url: str) -> None:
    """A name with a dot, or a public address, by https on its own port."""
    assert url_faults(url, NONE) == []


@pytest.mark.parametrize("url", NOT_PUBLIC)
def test_no_spelling_of_a_private_address_gets_through(url: str) -> None:
    """Short, octal, hexadecimal, mapped and translated forms, and internal names, are refused."""
    assert url_faults(url, NONE) == ["host_is_not_public"]


@pytest.mark.parametrize("url", INVALID)
def test_what_parsers_read_in_two_ways_is_no_url(url: str) -> None:
    """Only plain characters in one order are taken, so that no two readers see two hosts."""
    assert url_faults(url, NONE) == ["url_invalid"]


def test_transport_is_the_operators_choice() -> None:
    """Plain http, other ports and credentials are refused; the first two can be allowed."""
    allowing = WebhookRules(ports=frozenset({443, 8443}), allows_http=True)

    assert url_faults("http://nexadesk.com", NONE) == ["https_is_required"]
    assert url_faults("https://nexadesk.com:8443", NONE) == ["port_is_not_allowed"]
    assert url_faults("https://user:secret@nexadesk.com", NONE) == ["credentials_are_not_allowed"]
    assert url_faults("https://@localhost", NONE) == [
        "credentials_are_not_allowed", "host_is_not_public",
    ]  # fmt: skip
    for url in ("http://nexadesk.com", "http://nexadesk.com:80", "https://nexadesk.com:8443"):
        assert url_faults(url, allowing) == []
    assert url_faults("https://nexadesk.com:25", allowing) == ["port_is_not_allowed"]


def test_an_allowed_network_is_not_public_and_may_be_sent_to() -> None:
    """Apps on the operator's own network are reached by address, and its neighbours are not."""
    rules = WebhookRules(networks=(ip_network("10.20.0.0/16"), ip_network("fd12::/48")))

    assert url_faults("https://10.20.0.7", rules) == []
    assert url_faults("https://[::ffff:10.20.0.7]", rules) == []
    assert url_faults("https://[fd12::7]", rules) == []
    assert url_faults("https://10.21.0.7", rules) == ["host_is_not_public"]
    assert url_faults("https://0x0a140007", rules) == ["host_is_not_public"]


@pytest.mark.parametrize("beyond", [0, 1])
def test_a_url_has_a_limit(beyond: int) -> None:
    """A URL of 2048 characters is taken, one more is not."""
    url = "https://nexadesk.com/".ljust(URL_CHARACTERS_MAX + beyond, "x")

    assert url_faults(url, NONE) == (["url_invalid"] if beyond else [])


@given(st.sampled_from(NOT_PUBLIC_NETWORKS), st.data())
def test_every_address_of_a_refused_network_is_refused(
    network: object, data: st.DataObject
) -> None:
    """First, last and any address between, however it is written inside IPv6."""
    found = ip_network(str(network))
    number = data.draw(st.integers(0, found.num_addresses - 1))
    address = found.network_address + number

    assert not is_public(address)
    if address.version == 4:
        assert not is_public(ip_address(f"::ffff:{address}"))


@given(st.text(max_size=60) | st.from_regex(r"https?://[ -~]{0,40}", fullmatch=True))
def test_any_text_is_answered(text: str) -> None:
    """Whatever is sent as a URL gets codes, never a failure."""
    assert isinstance(url_faults(text, NONE), list)
