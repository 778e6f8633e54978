"""Writes the generated parts of the pages again: `make docs`."""

from tests.house.pages import BLOCKS, expected_text
from tests.house.sources import ROOT


def write_docs() -> None:
    """Write each generated page and say which ones changed."""
    for page in (*BLOCKS, ".env.example"):
        path = ROOT / page
        text = expected_text(page)
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            print("wrote", page)


if __name__ == "__main__":
    write_docs()
