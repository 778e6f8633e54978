"""The properties that split a charge's usage, in Lago's words: into fees, or for display only."""

from collections.abc import Sequence

from catalog.exact_json import JsonObject, JsonValue
from catalog.lago_shapes.property_faults import Faults
from catalog.plans import PresentationKey

# Lago's newer and older name of one thing.
PRICING_NAMES = ("pricing_group_keys", "grouped_by")
PRICING_KEYS_MAX = 20
PRESENTATION_KEYS_MAX = 2
KEY_CHARACTERS_MAX = 255
INVALID_TYPE = "invalid_type"
TOO_MANY_KEYS = "too_many_keys"
DUPLICATED = "value_is_duplicated"
PRESENTATION_MEMBERS = {"value", "options"}
SHOWN_OPTION = "display_in_invoice"


def from_lago_pricing_keys(properties: JsonObject, faults: Faults) -> tuple[str, ...]:
    """Return the properties that make fees of their own, each once; blank texts are dropped."""
    newer, older = (properties.get(name) for name in PRICING_NAMES)
    given = newer or older
    if not given:
        return ()
    keys = [key for key in given if key != ""] if isinstance(given, list) else None
    if keys is None or not all(_is_key(key) for key in keys):
        faults.note(INVALID_TYPE)
        return ()
    if len(keys) > PRICING_KEYS_MAX:
        faults.note(TOO_MANY_KEYS)
    return tuple(dict.fromkeys(str(key) for key in keys))


def to_lago_pricing_keys(keys: Sequence[str]) -> dict[str, object]:
    """Return the keys under both of Lago's names; none make no member."""
    return {name: list(keys) for name in PRICING_NAMES} if keys else {}


def from_lago_presentation_keys(
    properties: JsonObject, faults: Faults
) -> tuple[PresentationKey, ...]:
    """Return at most two properties that split units for display.

    One is on the invoice only when its options say so (Lago).
    """
    given = properties.get("presentation_group_keys")
    if not given:
        return ()
    if not isinstance(given, list):
        faults.note(INVALID_TYPE)
        return ()
    keys = [key for member in given if (key := _presentation_key(member)) is not None]
    if len(keys) < len(given):
        faults.note(INVALID_TYPE)
    if len(given) > PRESENTATION_KEYS_MAX:
        faults.note(TOO_MANY_KEYS)
    if len({key.key for key in keys}) < len(keys):
        faults.note(DUPLICATED)
    return tuple(keys)


def to_lago_presentation_keys(keys: Sequence[PresentationKey]) -> dict[str, object]:
    """Return the keys in Lago's shape; none make no member."""
    shapes = [{"value": key.key, "options": {SHOWN_OPTION: key.is_on_invoice}} for key in keys]
    return {"presentation_group_keys": shapes} if shapes else {}


def _presentation_key(member: JsonValue) -> PresentationKey | None:
    if not isinstance(member, dict) or member.keys() - PRESENTATION_MEMBERS:
        return None
    key = member.get("value")
    options = member.get("options", {SHOWN_OPTION: False})
    if not _is_key(key) or not isinstance(options, dict) or options.keys() != {SHOWN_OPTION}:
        return None
    shown = options[SHOWN_OPTION]
    return PresentationKey(str(key), shown) if isinstance(shown, bool) else None


def _is_key(value: JsonValue) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= KEY_CHARACTERS_MAX
