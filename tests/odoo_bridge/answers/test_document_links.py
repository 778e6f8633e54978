"""Links to documents: ours, unchanged and not too old, or nothing."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo_bridge.answers.document_links import LIVES, DocumentLink, link_token, read_link

NOW = datetime(2026, 2, 1, 6, tzinfo=UTC)
SECRET = b"pepper"
LINK = DocumentLink(7, "INV-7.pdf")


@given(st.integers(0, 2**31), st.text(max_size=40))
def test_a_link_says_what_it_was_made_of(move_id: int, name: str) -> None:
    """A fresh link names the same move and file, whatever they are called."""
    link = DocumentLink(move_id, name)

    assert read_link(link_token(link, SECRET, NOW), SECRET, NOW) == link


def test_a_link_ends() -> None:
    """A link lives for its time and not a second longer."""
    token = link_token(LINK, SECRET, NOW)

    assert read_link(token, SECRET, NOW + LIVES - timedelta(seconds=1)) == LINK
    assert read_link(token, SECRET, NOW + LIVES) is None


def test_another_secret_makes_another_link() -> None:
    """A link of another house is none of ours."""
    assert read_link(link_token(LINK, b"other", NOW), SECRET, NOW) is None


@given(st.text(max_size=80))
def test_made_up_text_is_no_link(text: str) -> None:
    """No text that we did not sign is a link, and none makes an error."""
    assert read_link(text, SECRET, NOW) is None


@given(st.data())
def test_a_changed_link_is_none(data: st.DataObject) -> None:
    """A link of which one character was changed either says the same or nothing."""
    token = link_token(LINK, SECRET, NOW)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("abcXYZ019-_."))
    changed = token[:place] + other + token[place + 1 :]

    assert read_link(changed, SECRET, NOW) in (None, LINK)
