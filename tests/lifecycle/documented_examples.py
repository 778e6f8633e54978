"""The code blocks of a page as programs: all blocks of one language, in order, are one program.

Decides how each language is checked and run; knows nothing of what the page says.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.real_parts import NodeParts

BLOCK = re.compile(r"(?:^<!-- ([\w.-]+) -->\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAM_SECONDS_MAX = 120
PROGRAMS = Path(sys.executable).parent
STRICT = (
    *("--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--noUnusedLocals"),
    *("--module", "nodenext", "--target", "es2022", "--types", "node", "--noEmitOnError"),
)


@dataclass(frozen=True)
class Block:
    """A fenced block: the name that a comment above gives it, its language, and its text."""

    name: str
    language: str
    text: str


@dataclass(frozen=True)
class Caller:
    """Where examples run: their folder, and whom they push to with which key."""

    folder: Path
    url: str
    key: str

    def run(self, *words: str | Path, reads: str | None = None, **more: str) -> str:
        """Run a program as an app's developer would and return what it prints."""
        done = subprocess.run(
            [str(word) for word in words],
            check=False,
            cwd=self.folder,
            env=self._environment() | more,
            input=reads,
            capture_output=True,
            text=True,
            timeout=PROGRAM_SECONDS_MAX,
        )
        assert not done.returncode, f"{words[0]}: {done.stderr[-3000:]}{done.stdout[-3000:]}"
        return done.stdout

    def _environment(self) -> dict[str, str]:
        path = f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return {"PATH": path, "BILLING_URL": self.url, "BILLING_KEY": self.key}


def blocks_of(page: Path) -> list[Block]:
    """Return every fenced block of a page; a page with another kind of fence is refused."""
    text = page.read_text()
    found = [Block(name, language, body) for name, language, body in BLOCK.findall(text)]
    assert text.count("```") == 2 * len(found), f"{page.name} has a fence that was not read"
    return found


def program_of(blocks: list[Block], language: str) -> str:
    """Return the nameless blocks of a language as one program."""
    return "\n".join(
        block.text for block in blocks if block.language == language and not block.name
    )


def run_shell(caller: Caller, program: str, **more: str) -> str:
    """Run a shell program; its first failing command fails it."""
    return caller.run("bash", "-euo", "pipefail", "-s", reads=program, **more)


def run_python(caller: Caller, program: str) -> str:
    """Run a Python program."""
    path = caller.folder / "usage.py"
    path.write_text(program)
    return caller.run(sys.executable, path)


def compile_typescript(caller: Caller, program: str, node: NodeParts) -> None:
    """Check a TypeScript program strictly and write its JavaScript beside it."""
    packages = caller.folder / "node_modules"
    packages.symlink_to(node.packages)
    (caller.folder / "package.json").write_text(json.dumps({"type": "module"}))
    (caller.folder / "usage.ts").write_text(program)
    caller.run(node.tsc, *STRICT, "usage.ts")


def run_javascript(caller: Caller, node: NodeParts) -> str:
    """Run what `compile_typescript` wrote."""
    return caller.run(node.node, "usage.js")


def json_answers(printed: str) -> list[object]:
    """Return the JSON objects in what a program printed, one after another, with other lines."""
    answers: list[object] = []
    decoder = json.JSONDecoder()
    at = printed.find("{")
    while at >= 0:
        answer, end = decoder.raw_decode(printed, at)
        answers.append(answer)
        at = printed.find("{", end)
    return answers
