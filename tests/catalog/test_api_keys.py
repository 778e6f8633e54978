"""API keys: form, checksum, digest, and who they open the door for."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.api_keys import (
    KEY_CHARACTERS,
    RANDOM_BYTES,
    ApiKey,
    is_secret,
    new_api_key,
    parsed_api_key,
    secret_digest,
)
from catalog.store.api_keys import create_key, revoke_key, service_of_key
from storage.state import State
from tests.catalog.conftest import PEPPER, START, Caller

RANDOM = bytes(range(RANDOM_BYTES))


@given(st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES))
def test_every_key_parses_back_into_its_parts(random: bytes) -> None:
    """A key's text holds its public id and its secret, whatever the random bytes."""
    key = new_api_key(random)

    assert parsed_api_key(key.text) == key
    assert len(key.text) == KEY_CHARACTERS


def test_a_key_has_the_documented_form() -> None:
    """A key is fb_live_, ten characters, an underscore, 43 of secret and 6 of checksum."""
    key = new_api_key(RANDOM)

    assert key.text.startswith(f"fb_live_{key.public_id}_{key.secret}")
    assert (len(key.public_id), len(key.secret), len(key.text)) == (10, 43, 68)


@pytest.mark.parametrize("position", range(8, KEY_CHARACTERS))
def test_one_wrong_character_is_found_offline(position: int) -> None:
    """The checksum refuses a key with any one character changed."""
    text = new_api_key(RANDOM).text
    wrong = "A" if text[position] != "A" else "B"

    assert parsed_api_key(text[:position] + wrong + text[position + 1 :]) is None


@pytest.mark.parametrize("text", ["", "x", "fb_live_", "é" * KEY_CHARACTERS, "0" * KEY_CHARACTERS])
def test_nonsense_is_no_key(text: str) -> None:
    """Text of another form is not a key."""
    assert parsed_api_key(text) is None


def test_a_key_needs_all_its_random_bytes() -> None:
    """Too little chance makes no key."""
    with pytest.raises(ValueError, match="39 random bytes"):
        new_api_key(b"short")


def test_the_digest_depends_on_pepper_and_secret() -> None:
    """Without the pepper a kept digest is worth nothing."""
    digest = secret_digest(PEPPER, "secret")

    assert is_secret("secret", PEPPER, digest)
    assert not is_secret("secret", b"another pepper", digest)
    assert not is_secret("guess", PEPPER, digest)


def test_a_key_does_not_print_its_secret() -> None:
    """A key in a log line or a traceback shows nothing."""
    assert "secret" not in repr(ApiKey("0123456789", "secret"))


def test_a_key_opens_its_own_service_only(caller: Caller, other: Caller, state: State) -> None:
    """A key is one service's."""
    with state.read() as connection:
        assert service_of_key(connection, caller.key, PEPPER, START) == caller.service
        assert service_of_key(connection, other.key, PEPPER, START) == other.service


def test_an_unknown_key_opens_nothing(caller: Caller, state: State) -> None:
    """A well-formed key nobody created, or another pepper, is nobody's."""
    with state.read() as connection:
        assert service_of_key(connection, new_api_key(RANDOM).text, PEPPER, START) is None
        assert service_of_key(connection, caller.key, b"another pepper", START) is None


def test_a_known_id_with_another_secret_opens_nothing(caller: Caller, state: State) -> None:
    """The public id alone is worth nothing."""
    known = parsed_api_key(caller.key)
    assert known is not None
    forged = ApiKey(known.public_id, new_api_key(RANDOM).secret)

    with state.read() as connection:
        assert service_of_key(connection, forged.text, PEPPER, START) is None


def test_a_revoked_key_is_refused_from_that_instant(caller: Caller, state: State) -> None:
    """Revocation holds from its instant on, once, and only for the service's own key."""
    public_id = str(parsed_api_key(caller.key).public_id)  # type: ignore[union-attr]
    later = START + timedelta(hours=1)
    with state.write() as connection:
        assert not revoke_key(connection, "nexacloud", public_id, later)
        assert revoke_key(connection, "nexadesk", public_id, later)
        assert not revoke_key(connection, "nexadesk", public_id, later)
        earlier = later - timedelta(microseconds=1)

        assert service_of_key(connection, caller.key, PEPPER, earlier) == caller.service
        assert service_of_key(connection, caller.key, PEPPER, later) is None


def test_an_expired_key_is_refused(caller: Caller, state: State) -> None:
    """A key holds until the instant it expires."""
    expiry = START + timedelta(days=1)
    with state.write() as connection:
        _, text = create_key(connection, "nexadesk", PEPPER, START, expires_at=expiry)
        last = expiry - timedelta(microseconds=1)

        assert service_of_key(connection, text, PEPPER, last) == caller.service
        assert service_of_key(connection, text, PEPPER, expiry) is None
