"""Reads a page as a browser's reader would: its links, its tables, its text."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TypeAlias

Attributes: TypeAlias = list[tuple[str, str | None]]
ADDRESSES = ("href", "src", "action", "hx-get", "data-echarts")
VOID = {"meta", "link", "input", "br", "hr", "img"}


@dataclass
class Page(HTMLParser):
    """The links, the texts of table cells and every element with its attributes."""

    source: str
    links: list[str] = field(default_factory=list)
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    open_tags: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:  # named by html.parser
        found = dict(attrs)
        self.elements.append((tag, found))
        if tag == "a":
            self.links.append(found.get("href") or "")
        if tag == "tr":
            self.cells.append([])
        if tag in {"td", "th"} and self.cells:
            self.cells[-1].append("")
        if tag not in VOID:
            self.open_tags.append(tag)

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:  # named by html.parser
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:  # named by html.parser
        assert self.open_tags, f"</{tag}> closes nothing"
        opened = self.open_tags.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"

    def handle_data(self, data: str) -> None:  # named by html.parser
        if self.cells and self.cells[-1] and {"td", "th"} & set(self.open_tags):
            self.cells[-1][-1] = f"{self.cells[-1][-1]} {data}".strip()

    def strangers(self) -> list[str]:
        """Return what could run code of the page's own, or load something from elsewhere."""
        return [found for tag, attributes in self.elements for found in _strange(tag, attributes)]

    def rows(self, first_cell: str) -> list[list[str]]:
        """Return the table rows that start with a text."""
        return [row for row in self.cells if row and row[0] == first_cell]


def _strange(tag: str, attributes: dict[str, str | None]) -> Iterator[str]:
    is_data = attributes.get("type") == "application/json"
    is_inline = tag == "script" and "src" not in attributes and not is_data
    if is_inline or tag in {"style", "iframe", "object", "embed"}:
        yield f"<{tag}>"
    for name, value in attributes.items():
        is_code = name == "style" or name.startswith(("on", "hx-on"))
        if is_code or (name in ADDRESSES and not (value or "/").startswith(("/", "#"))):
            yield f"{name}={value}"
