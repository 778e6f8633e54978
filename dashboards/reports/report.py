"""What a report is made of, whatever form it is answered in: tiles, sentences and tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = str | int | Decimal | date | None


class Kind(StrEnum):
    """What the values of a column are, and so how each form writes them."""

    TEXT = "text"
    MONTH = "month"
    MONEY = "money"
    UNIT_PRICE = "unit_price"
    RATIO = "ratio"
    POINTS = "points"
    QUANTITY = "quantity"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key in files, its heading on the page, the kind of its values."""

    key: str
    label: str
    kind: Kind = Kind.TEXT
    sort: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value with where it leads to; a None that means something says its reason."""

    value: Value = None
    link: str = ""
    small: str = ""
    reason: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `depth` tells how far below its parent it stands."""

    cells: Sequence[Cell]
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Pager:
    """Which page of a table is shown, and the addresses beside it."""

    page: int
    pages_count: int
    previous_link: str
    next_link: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table, the chart it stands behind, and what is said where it has no row."""

    key: str
    title: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    total: Row | None = None
    chart: str = ""
    legend: Sequence[str] = ()
    note: str = ""
    empty: str = ""
    is_matrix: bool = False
    is_folded: bool = False
    more_link: str = ""
    more_words: str = ""
    sort: str = ""
    pager: Pager | None = None


@dataclass(frozen=True, slots=True)
class Tile:
    """One headline figure, how it moved, and its line over the months."""

    label: str
    figure: str
    movement: str
    link: str
    spark: str = ""
    is_bad: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """One thing to act on: who, how much, and why in one sentence."""

    who: str
    where: str
    amount: str
    sentence: str
    link: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Stories:
    """Things to act on, the worst first."""

    title: str
    lead: str
    stories: Sequence[Story]
    more_link: str = ""
    more_words: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the reader must know before believing the figures."""

    words: str
    link: str = ""
    link_words: str = ""


@dataclass(frozen=True, slots=True)
class Empty:
    """Why a page has no figure, and what to do about it."""

    title: str
    words: str
    commands: Sequence[tuple[str, str]] = ()
    link: str = ""
    link_words: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One answer; its first table is what a CSV file holds."""

    key: str
    title: str
    lead: str
    tables: Sequence[Table] = ()
    tiles: Sequence[Tile] = ()
    stories: Stories | None = None
    notices: Sequence[Notice] = ()
    empty: Empty | None = None
    crumbs: Sequence[tuple[str, str]] = ()
    definitions: Sequence[tuple[str, str]] = field(default_factory=tuple)
