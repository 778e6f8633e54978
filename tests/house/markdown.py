"""Reads Markdown as far as the house tests need: links, headings' anchors, tables, code blocks."""

import re
from collections.abc import Iterator
from typing import NamedTuple

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)[^)]*\)|!\[[^\]]*\]\(([^)\s]+)[^)]*\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+?)\s*#*$", re.MULTILINE)
TABLE_RULE = re.compile(r"\|[-:| ]+\|$")
BETWEEN_CELLS = re.compile(r"(?<!\\)\|")


class Row(NamedTuple):
    """A row of a table: the heading it stands under, and its cells."""

    heading: str
    cells: tuple[str, ...]


def local_links(text: str) -> Iterator[str]:
    """Yield the targets of links that stay inside the repository."""
    for found in LINK.finditer(FENCE.sub("", text)):
        target = found[1] or found[2]
        if not re.match(r"[a-z]+:", target):
            yield target


def anchors(text: str) -> set[str]:
    """Return the anchors that a page's headings give, as GitHub spells them."""
    return {anchor(heading) for heading in HEADING.findall(FENCE.sub("", text))}


def anchor(heading: str) -> str:
    """Return a heading's anchor."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def commands(text: str, program: str) -> list[str]:
    """Return the lines of a page's code blocks, fenced or indented, that start a program."""
    fenced = [line for found in FENCE.finditer(text) for line in found[0].splitlines()[1:-1]]
    indented = re.findall(r"^ {4}.*", FENCE.sub("", text), re.MULTILINE)
    lines = [line.strip().removeprefix("$ ") for line in (*fenced, *indented)]
    return [line for line in lines if line.split(" ")[0] == program]


def table_rows(text: str) -> list[Row]:
    """Return the rows of a page's tables, without those that name the columns."""
    heading, rows = "", list[Row]()
    for line in FENCE.sub("", text).splitlines():
        if found := HEADING.match(line):
            heading = found[1]
        elif TABLE_RULE.match(line):
            rows.pop()
        elif line.startswith("|"):
            cells = BETWEEN_CELLS.split(line.strip())[1:-1]
            rows.append(Row(heading, tuple(cell.strip() for cell in cells)))
    return rows
