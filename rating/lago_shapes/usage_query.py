"""What a question about usage is narrowed to, as Lago's clients write it in a query. Pure."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from catalog.errors import ValidationFailed
from rating.answers.narrowing import Narrowing

FALSE_WORDS = frozenset({"", "0", "f", "F", "false", "False", "FALSE", "off", "OFF"})
GROUP = re.compile(r"group\[([^\[\]]+)\](\[\])?")
INVALID = ["value_is_invalid"]
KEYS_MAX = 20
VALUES_MAX = 100
PERIODS_MAX = 10_000
Pairs = Sequence[tuple[str, str]]
_any = msgspec.json.Decoder()


def read_narrowing(pairs: Pairs) -> Narrowing:
    """Return what `pairs` of a query string ask for; ValidationFailed for what says nothing.

    The names of older clients (`filter_by_charge_id` and its like) mean the same (Lago).
    """
    last = dict(pairs)
    return Narrowing(
        charge_id=last.get("charge_id") or last.get("filter_by_charge_id") or None,
        charge_code=last.get("charge_code") or last.get("filter_by_charge_code") or None,
        metric_code=last.get("billable_metric_code") or last.get("filter_by_metric_code") or None,
        group=_group(pairs, last),
        presentation_keys=_presentation_keys(pairs),
        is_ungrouped=is_true(last.get("skip_grouping")),
        is_full_usage=is_true(last.get("full_usage")),
        is_taxed=is_true(last.get("apply_taxes", "true")),
    )


def is_true(text: str | None) -> bool:
    """Say whether a query's text means yes (Rails)."""
    return text is not None and text not in FALSE_WORDS


def read_periods_count(text: str | None) -> int | None:
    """Return how many periods are wanted, None for all."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise ValidationFailed({"periods_count": INVALID})
    return min(int(text[:9]), PERIODS_MAX)


def _group(pairs: Pairs, last: Mapping[str, str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        named = GROUP.fullmatch(name)
        if named:
            found.setdefault(named[1], []).append(value)
    text = last.get("group") or last.get("filter_by_group")
    if text and not found:
        found = _texts_by_key(text)
    if len(found) > KEYS_MAX or any(len(values) > VALUES_MAX for values in found.values()):
        raise ValidationFailed({"group": ["value_is_out_of_range"]})
    return tuple((key, tuple(values)) for key, values in found.items())


def _texts_by_key(text: str) -> dict[str, list[str]]:
    """Return a JSON object of texts, or of arrays of texts."""
    try:
        told = _any.decode(text)
    except msgspec.DecodeError as error:
        raise ValidationFailed({"group": INVALID}) from error
    if not isinstance(told, dict):
        raise ValidationFailed({"group": INVALID})
    return {key: _texts(value, "group") for key, value in told.items()}


def _presentation_keys(pairs: Pairs) -> tuple[str, ...] | None:
    name = "filter_by_presentation"
    given = [value for key, value in pairs if key in (name, f"{name}[]") and value]
    if not given:
        return None
    return tuple(key for text in given for key in _listed(text, name))


def _listed(text: str, name: str) -> list[str]:
    """Return a JSON array of texts, or the text as it is."""
    if not text.startswith(("[", '"')):
        return [text]
    try:
        return _texts(_any.decode(text), name)
    except msgspec.DecodeError as error:
        raise ValidationFailed({name: INVALID}) from error


def _texts(value: object, name: str) -> list[str]:
    values = value if isinstance(value, list) else [value]
    texts = [each for each in values if isinstance(each, str)]
    if len(texts) != len(values):
        raise ValidationFailed({name: INVALID})
    return texts
