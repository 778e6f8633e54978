"""Links to documents that need no key and live for minutes: whoever holds one may read one file.

Pure. The link names a move of Odoo and is signed by us; it holds no credential of Odoo.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

LIVES = timedelta(minutes=15)
PURPOSE = b"fusion-billing document link 1"
TOKEN_CHARACTERS_MAX = 1024


class _Claims(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What a link says, in the order in which it is written."""

    move_id: int
    file_name: str
    ends_at: int


@dataclass(frozen=True, slots=True)
class DocumentLink:
    """One file of one move, and the name to save it under."""

    move_id: int
    file_name: str


def link_token(link: DocumentLink, secret: bytes, at: datetime) -> str:
    """Return the signed text of a link that is made now."""
    ends_at = int((at + LIVES).timestamp())
    said = msgspec.json.encode(_Claims(link.move_id, link.file_name, ends_at))
    return f"{_text(said)}.{_text(_signature(said, secret))}"


def read_link(token: str, secret: bytes, at: datetime) -> DocumentLink | None:
    """Return the link of a token; None when it is not ours, was changed, or has ended."""
    said_text, _, signature_text = token.partition(".")
    said, signature = _bytes(said_text), _bytes(signature_text)
    is_ours = hmac.compare_digest(signature, _signature(said, secret))
    if len(token) > TOKEN_CHARACTERS_MAX or not is_ours:
        return None
    claims = msgspec.json.decode(said, type=_Claims)
    if datetime.fromtimestamp(claims.ends_at, UTC) <= at:
        return None
    return DocumentLink(claims.move_id, claims.file_name)


def _signature(said: bytes, secret: bytes) -> bytes:
    own = hmac.digest(secret, PURPOSE, hashlib.sha256)
    return hmac.digest(own, said, hashlib.sha256)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """Return what a text encodes; nothing for what is no such text."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
