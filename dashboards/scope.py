"""Which rows a page is about, as its address says: service, account and months.

Reads a query string, writes one, and narrows a frame; knows no page.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import NoReturn
from urllib.parse import quote_plus

import polars as pl

TEXT_LENGTH_MAX = 255
PAGE_MAX = 1_000_000
MONTH = re.compile(r"(\d{4})-(\d{2})(-01)?", re.ASCII)


class ScopeFault(ValueError):
    """The address asks for something that can't be read; the message says what to write."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A choice of rows: None means all; `unallocated` and `shared` mean rows naming nobody."""

    service: str | None = None
    unallocated: bool = False
    account: str | None = None
    shared: bool = False
    first_month: date | None = None
    last_month: date | None = None

    @property
    def is_narrowed(self) -> bool:
        """Say whether anything is chosen at all."""
        return self != Scope()

    def of(self, row: Mapping[str, object]) -> "Scope":
        """Return the scope of one row of a table: its keys narrow this scope."""
        scope = self
        if "service" in row:
            service = _text(row["service"])
            scope = replace(scope, service=service, unallocated=service is None)
        if "account_id" in row:
            account = _text(row["account_id"])
            scope = replace(scope, account=account, shared=account is None)
        month = row.get("month")
        if isinstance(month, date):
            scope = replace(scope, first_month=month, last_month=month)
        return scope


def scope_from(params: Mapping[str, str]) -> Scope:
    """Read the scope of an address; an empty parameter chooses nothing."""
    one_month = month_from(params.get("month", ""), "month")
    service, account = text_from(params, "service"), text_from(params, "account")
    return Scope(
        service=service,
        unallocated=service is None and params.get("unallocated") == "1",
        account=account,
        shared=account is None and params.get("shared") == "1",
        first_month=one_month or month_from(params.get("from", ""), "from"),
        last_month=one_month or month_from(params.get("to", ""), "to"),
    )


def scope_query(scope: Scope, **more: str | int | None) -> str:
    """Return the scope as a query string, with its question mark, in a fixed order."""
    one_month = scope.first_month == scope.last_month
    pairs = {
        "service": scope.service,
        "unallocated": "1" if scope.unallocated else None,
        "account": scope.account,
        "shared": "1" if scope.shared else None,
        "month": month_param(scope.first_month) if one_month else None,
        "from": None if one_month else month_param(scope.first_month),
        "to": None if one_month else month_param(scope.last_month),
        **more,
    }
    given = {name: value for name, value in pairs.items() if value is not None}
    return query_text(given)


def query_text(pairs: Mapping[str, str | int]) -> str:
    """Return named values as a query string, with its question mark; nothing for none."""
    return f"?{'&'.join(f'{name}={_quoted(str(pairs[name]))}' for name in pairs)}" if pairs else ""


@lru_cache(maxsize=8192)
def _quoted(text: str) -> str:
    return quote_plus(text)


def in_scope(rows: pl.LazyFrame, scope: Scope) -> pl.LazyFrame:
    """Keep the rows of the scope; the frame has service, account_id and month."""
    month = pl.col("month")
    if scope.first_month:
        rows = rows.filter(month >= scope.first_month)
    if scope.last_month:
        rows = rows.filter(month <= scope.last_month)
    rows = _chosen(rows, "service", scope.service, nobody=scope.unallocated)
    return _chosen(rows, "account_id", scope.account, nobody=scope.shared)


def text_from(params: Mapping[str, str], name: str) -> str | None:
    """Return a text parameter, or None when it is empty or absent."""
    value = params.get(name, "").strip()
    if len(value) > TEXT_LENGTH_MAX:
        raise ScopeFault(f"{name} is longer than {TEXT_LENGTH_MAX} characters")
    return value or None


def page_from(params: Mapping[str, str]) -> int:
    """Return the page number of an address, from 1."""
    text = params.get("page", "1")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= PAGE_MAX):
        raise ScopeFault("page is a number from 1, like page=2")
    return int(text)


def choice_from(params: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """Return a parameter that must be one of the choices; the first is the default."""
    value = params.get(name) or choices[0]
    if value not in choices:
        raise ScopeFault(f"{name} is one of {', '.join(choices)}")
    return value


def month_from(text: str, name: str) -> date | None:
    """Return a month like 2026-10 as its first day, or None for an empty parameter."""
    if not text:
        return None
    found = MONTH.fullmatch(text)
    try:
        return date(int(found[1]), int(found[2]), 1) if found else _not_a_month(name)
    except ValueError:
        return _not_a_month(name)


def month_param(month: date | None) -> str | None:
    """Return a month as addresses and CSV files write it: 2026-10."""
    return f"{month.year:04d}-{month.month:02d}" if month else None


def _not_a_month(name: str) -> NoReturn:
    raise ScopeFault(f"{name} is a month, like {name}=2026-10") from None


def _chosen(rows: pl.LazyFrame, column: str, value: str | None, *, nobody: bool) -> pl.LazyFrame:
    if nobody:
        return rows.filter(pl.col(column).is_null())
    return rows if value is None else rows.filter(pl.col(column) == value)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
