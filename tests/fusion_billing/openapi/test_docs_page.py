"""The page of the HTTP interface: all of it, from this server alone, without a script."""

import re
from html import unescape

from fusion_billing.openapi.document import OPERATIONS
from fusion_billing.openapi.page import marked
from tests.fusion_billing.conftest import Roof

ANCHOR = re.compile(r'href="#([^"]+)"')
ID = re.compile(r' id="([^"]+)"')
ADDRESS = re.compile(r'(?:src|href|action)="([^"#]+)"')


def test_the_page_shows_every_operation(roof: Roof) -> None:
    """Each operation stands on the page with its words, and every link on it leads somewhere."""
    answer = roof.client.get("/docs")
    text = unescape(answer.text)
    found = set(ID.findall(text))

    assert answer.status_code == 200
    assert [one.path for one in OPERATIONS.values() if one.path not in text] == []
    assert {anchor for anchor in ANCHOR.findall(text) if anchor not in found} == set()
    assert len(found) == len(ID.findall(text))


def test_the_page_needs_nothing_but_this_server(roof: Roof) -> None:
    """No script, no inline style, no address elsewhere; what it refers to is served."""
    answer = roof.client.get("/docs")
    addresses = set(ADDRESS.findall(answer.text))

    assert "<script" not in answer.text
    assert "style=" not in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert all(address.startswith("/") for address in addresses)
    for address in addresses:
        assert roof.client.get(unescape(address)).status_code == 200, address


def test_words_of_the_document_stay_words() -> None:
    """Backticks become code, and whatever looks like markup is shown as it is."""
    assert marked("a `b<c>` d") == "a <code>b&lt;c&gt;</code> d"
    assert marked("<script>`") == "&lt;script&gt;"
