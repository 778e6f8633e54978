"""API keys: `fb_live_` + public id + `_` + secret + checksum. The secret itself is never kept.

Pure: random bytes and the pepper are arguments.
"""

import base64
import hashlib
import hmac
import zlib
from dataclasses import dataclass

PREFIX = "fb_live_"
PUBLIC_ID_CHARACTERS = 10
SECRET_CHARACTERS = 43
CHECKSUM_CHARACTERS = 6
KEY_CHARACTERS = len(PREFIX) + PUBLIC_ID_CHARACTERS + 1 + SECRET_CHARACTERS + CHECKSUM_CHARACTERS
PUBLIC_ID_BYTES = 7
SECRET_BYTES = 32
RANDOM_BYTES = PUBLIC_ID_BYTES + SECRET_BYTES
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, repr=False)
class ApiKey:
    """A key in its parts; shown once to its owner and never printed by accident."""

    public_id: str
    secret: str

    @property
    def text(self) -> str:
        """Return the whole key, with a checksum that finds a mistyped key offline."""
        body = f"{PREFIX}{self.public_id}_{self.secret}"
        return body + _checksum(body)


def new_api_key(random: bytes) -> ApiKey:
    """Make a key from RANDOM_BYTES random bytes; ValueError for any other number."""
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"a key needs {RANDOM_BYTES} random bytes")
    number = int.from_bytes(random[:PUBLIC_ID_BYTES], "big")
    secret = base64.urlsafe_b64encode(random[PUBLIC_ID_BYTES:]).rstrip(b"=").decode()
    return ApiKey(_base62(number, PUBLIC_ID_CHARACTERS), secret)


def parsed_api_key(text: str) -> ApiKey | None:
    """Return the parts of a key, or None when its form or its checksum is wrong."""
    if len(text) != KEY_CHARACTERS or not text.isascii() or not text.startswith(PREFIX):
        return None
    rest = text.removeprefix(PREFIX)
    secret_start = PUBLIC_ID_CHARACTERS + 1
    key = ApiKey(rest[:PUBLIC_ID_CHARACTERS], rest[secret_start : secret_start + SECRET_CHARACTERS])
    return key if hmac.compare_digest(key.text, text) else None


def secret_digest(pepper: bytes, secret: str) -> str:
    """Return the HMAC-SHA-256 of a secret, the only form in which it is kept."""
    return hmac.new(pepper, secret.encode(), hashlib.sha256).hexdigest()


def is_secret(secret: str, pepper: bytes, digest: str) -> bool:
    """Say whether a secret has this digest, in constant time."""
    return hmac.compare_digest(secret_digest(pepper, secret), digest)


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), CHECKSUM_CHARACTERS)


def _base62(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, len(BASE62))
        digits = BASE62[digit] + digits
    return digits
