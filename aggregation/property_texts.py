"""Property texts: what an event's properties say, as the texts that filters and groups compare.

Pure. Numbers keep their digits, nothing is parsed that was not asked for.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec
import polars as pl

TEXTS_REMEMBERED_MAX = 65_536
MISSING = msgspec.Raw(b"")
# A decoder can't be built for such names; all properties are read then.
UNNAMEABLE = re.compile(r'["\\\x00-\x1f]')
_map = msgspec.json.Decoder(dict[str, msgspec.Raw])
_string = msgspec.json.Decoder(str)


def property_texts(properties: pl.Series, keys: Sequence[str]) -> list[pl.Series]:
    """Return one text column for each key, of properties given as JSON objects.

    A text is unescaped; numbers, booleans and nested values are as written. A property that is
    missing, null or empty is null.
    """
    decoded = _decoded(properties.fill_null("{}"), tuple(keys))
    return [
        pl.Series(f"text_{n}", [_text(str(raw, "utf-8")) for raw in raws], dtype=pl.String)
        for n, raws in enumerate(decoded)
    ]


def _decoded(properties: pl.Series, keys: tuple[str, ...]) -> Iterator[Iterator[msgspec.Raw]]:
    """Yield each key's values as written; what is missing is written as nothing."""
    if any(UNNAMEABLE.search(key) for key in keys):
        maps = [_map.decode(each) for each in properties]
        return ((each.get(key, MISSING) for each in maps) for key in keys)
    decode = _decoder(keys).decode
    found = [decode(each) for each in properties]
    return (map(attrgetter(f"text_{n}"), found) for n in range(len(keys)))


@lru_cache(maxsize=1024)
def _decoder(keys: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    names = {f"text_{n}": key for n, key in enumerate(keys)}
    fields = [(name, msgspec.Raw, MISSING) for name in names]
    shape = msgspec.defstruct("Properties", fields, rename=names, gc=False)
    return msgspec.json.Decoder(shape)


@lru_cache(maxsize=TEXTS_REMEMBERED_MAX)
def _text(written: str) -> str | None:
    if not written.startswith('"'):
        return None if written == "null" else written or None
    return (written[1:-1] if "\\" not in written else _string.decode(written)) or None
