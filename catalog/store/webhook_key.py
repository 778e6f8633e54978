"""The RSA key pair that webhooks are to be signed with: made once, shared by all processes.

The private half is kept encrypted with the house's secret, so that a copy of the state database
signs nothing.
"""

import hashlib
import hmac
from datetime import datetime

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from storage.alert_tables import key_pair
from storage.state import State

PURPOSE = "webhooks"
KEY_BITS = 2048
PUBLIC_EXPONENT = 65537
PASSWORD_PURPOSE = b"fusion-billing: password of the RSA key that signs webhooks, version 1"


class SigningKeyError(Exception):
    """The kept private key can't be read with this secret."""


def public_webhook_key(state: State, secret: bytes, at: datetime) -> str:
    """Return the public key as PEM text; the first caller ever makes the pair.

    Of several first callers one pair is kept, and all of them return it.
    """
    kept = _kept(state)
    if kept is None:
        _keep_new_pair(state, secret, at)
        kept = _kept(state)
    if kept is None:
        raise SigningKeyError("the key pair that was just kept is gone: try again")
    return str(kept.public_pem)


def private_webhook_key(state: State, secret: bytes) -> RSAPrivateKey:
    """Return the key that signs; SigningKeyError when there is none, or the secret is another."""
    kept = _kept(state)
    if kept is None:
        raise SigningKeyError("no key pair was made yet: ask for the public key first")
    try:
        key = load_pem_private_key(kept.encrypted_private_pem.encode(), _password(secret))
    except ValueError as error:
        raise SigningKeyError(
            "the webhook key was kept under another secret: restore the secret (FUSION_PEPPER, or "
            "the file pepper) that this state database was used with"
        ) from error
    if not isinstance(key, RSAPrivateKey):
        raise SigningKeyError("the kept webhook key is no RSA key")
    return key


def _kept(state: State) -> sa.Row[tuple[object, ...]] | None:
    with state.read() as connection:
        return connection.execute(
            sa.select(key_pair).where(key_pair.c.purpose == PURPOSE)
        ).one_or_none()


def _keep_new_pair(state: State, secret: bytes, at: datetime) -> None:
    key = generate_private_key(PUBLIC_EXPONENT, KEY_BITS)
    encryption = BestAvailableEncryption(_password(secret))
    private_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    public_pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    values = {
        "purpose": PURPOSE,
        "public_pem": public_pem.decode(),
        "encrypted_private_pem": private_pem.decode(),
        "created_at": at,
    }
    with state.write() as connection:
        insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
        connection.execute(insert(key_pair).values(values).on_conflict_do_nothing())


def _password(secret: bytes) -> bytes:
    return hmac.digest(secret, PASSWORD_PURPOSE, hashlib.sha256).hex().encode()
