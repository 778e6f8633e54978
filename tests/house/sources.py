"""The files that the house rules read: Python sources as text and tree, and all text files."""

import ast
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = (
    "storage",
    "catalog",
    "ingest",
    "aggregation",
    "rating",
    "odoo_bridge",
    "dashboards",
    "fusion_billing",
)
TEXT_SUFFIXES = {
    *(".css", ".html", ".ini", ".js", ".json", ".lock", ".md", ".mako", ".py", ".sh", ".sql"),
    *(".toml", ".txt", ".yaml", ".yml", ""),
}
# Folders that tools make; everything else in the tree is ours.
MADE_FOLDERS = {"__pycache__", "build", "dist", "fusion-data", "node_modules"}
HIDDEN_BUT_OURS = {".ci", ".editorconfig", ".env.example", ".gitignore"}


@dataclass(frozen=True)
class Source:
    """One file: its path inside the repository and its text."""

    path: str
    text: str

    @property
    def room(self) -> str:
        """Return the first folder of the path: the room, or tests, docs and so on."""
        return self.path.split("/", maxsplit=1)[0]

    @property
    def name(self) -> str:
        """Return the file's name without its suffix."""
        return Path(self.path).stem

    @property
    def is_python(self) -> bool:
        """Say whether the file is Python."""
        return self.path.endswith(".py")

    @cached_property
    def lines(self) -> list[str]:
        """Return the lines without their ends."""
        return self.text.splitlines()

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Return every node of the syntax tree; none for a file that is not Python."""
        return tuple(ast.walk(self.tree)) if self.is_python else ()

    @cached_property
    def tree(self) -> ast.Module:
        """Return the syntax tree."""
        return ast.parse(self.text)


@cache
def all_sources() -> tuple[Source, ...]:
    """Return every text file of the repository that a person or a tool of ours wrote."""
    found = sorted(_walk(ROOT))
    return tuple(Source(path.relative_to(ROOT).as_posix(), path.read_text()) for path in found)


def _walk(folder: Path) -> list[Path]:
    files: list[Path] = []
    for entry in folder.iterdir():
        if entry.name.startswith(".") and entry.name not in HIDDEN_BUT_OURS:
            continue
        if entry.is_dir():
            if entry.name not in MADE_FOLDERS and entry.suffix != ".egg-info":
                files += _walk(entry)
        elif entry.suffix in TEXT_SUFFIXES:
            files.append(entry)
    return files
