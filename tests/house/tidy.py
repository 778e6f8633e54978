"""The house's own laws over source text: each rule is a pure function over one file.

A rule yields the faults it finds, with their line and their cure. STYLE.md tells the why.
"""

import ast
import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from tests.house.sources import ROOMS, Source

FUNCTION_LINES_MAX = 70
MODULE_LINES_MAX = 400
TEST_MODULE_LINES_MAX = 600
COLUMNS_MAX = 100
MODULE_DOCSTRING_LINES_MAX = 5
EXACT_ROOMS = {"catalog", "ingest", "aggregation", "rating", "odoo_bridge"}
DRAWER_NAMES = {
    *("utils", "util", "core", "common", "helpers", "helper", "base", "misc", "lib"),
    *("manager", "service"),
}
VAGUE_VERBS = {"map", "convert", "transform", "process", "handle"}
VAGUE_CLASS = re.compile(r"\w+(Manager|Helper|Processor|Handler|Util|Utils)$")
PRAGMA = re.compile(r"\s*# (noqa|type: ignore).*")
CLOCK_CALLS = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
    *("time.time", "time.time_ns", "time.localtime", "time.gmtime"),
}
HEADING = re.compile(r"(?:#+ |\*\*)([\w ]+)")
NOT_FOR_ROUTES = {"sqlalchemy", "polars", "duckdb", "decimal"}
# Spelled apart, so that this file keeps its own laws.
LEFTOVERS = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(wo" + r"rk|ro" + r"ot|ho" + r"me/\w+|tm" + r"p)/")
REGISTRY_HOSTS = re.compile(
    r"\b(deb|security|ftp)\.deb" + r"ian\.org|pypi\.o" + r"rg|pythonhosted\.o" + r"rg|"
    r"registry\.np" + r"mjs\.org|crates\.i" + r"o/api"
)
Faults: TypeAlias = Iterator[tuple[int, str]]
Rule: TypeAlias = Callable[[Source], Faults]


def function_length(source: Source) -> Faults:
    """A function ends within 70 lines."""
    for function in _functions(source):
        if "/versions/" in source.path:
            continue  # A step of a migration is one function, by Alembic's rule.
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > FUNCTION_LINES_MAX:
            yield function.lineno, f"{function.name} has {lines} lines (70): name a step of it"


def module_length(source: Source) -> Faults:
    """A module ends within 400 lines, a test module within 600."""
    limit = TEST_MODULE_LINES_MAX if source.room == "tests" else MODULE_LINES_MAX
    if source.is_python and len(source.lines) > limit:
        yield limit, f"{len(source.lines)} lines ({limit}): a noun is missing, give it a file"


def line_length(source: Source) -> Faults:
    """A line of Python ends within 100 columns (words for the linter don't count)."""
    for number, line in enumerate(source.lines if source.is_python else (), 1):
        columns = len(PRAGMA.sub("", line))
        if columns > COLUMNS_MAX:
            yield number, f"{columns} columns (100): break the line"


def module_names(source: Source) -> Faults:
    """No file or folder is a drawer for whatever fits nowhere."""
    for part in source.path.removesuffix(".py").split("/"):
        if source.is_python and part in DRAWER_NAMES:
            yield 1, f"{part} says nothing: name it for the noun it holds"


def function_names(source: Source) -> Faults:
    """A function is named for its result or its act (escape: `# named by <library>`)."""
    for function in _functions(source):
        verb = function.name.lstrip("_").split("_")[0]
        if verb in VAGUE_VERBS and "# named by " not in source.lines[function.lineno - 1]:
            yield function.lineno, f"{function.name}: name the result, or say from_x/to_x"


def class_names(source: Source) -> Faults:
    """A class is a noun of the business, not an agent that does things."""
    for node in source.nodes:
        if isinstance(node, ast.ClassDef) and VAGUE_CLASS.match(node.name):
            yield node.lineno, f"{node.name}: name what it is; its verbs become functions"


def exact_numbers(source: Source) -> Faults:
    """No float where money or quantities pass (escape: `# float: <why>`)."""
    if source.room not in EXACT_ROOMS:
        return
    for node in source.nodes:
        if _is_float(node) and "# float: " not in source.lines[_line(node) - 1]:
            yield _line(node), f"float in {source.room}: use Decimal (catalog/money.py)"


def clock_calls(source: Source) -> Faults:
    """Only the roof reads the clock; below it, time is an argument."""
    if source.room not in set(ROOMS) - {"fusion_billing"}:
        return
    for node in source.nodes:
        if isinstance(node, ast.Call) and _last_two(node.func) in CLOCK_CALLS:
            yield node.lineno, f"{_last_two(node.func)}() here: take the moment as an argument"


def environment_reads(source: Source) -> Faults:
    """Only the settings read environment variables; rooms receive values."""
    if source.room not in ROOMS or source.path == "fusion_billing/settings.py":
        return
    for node in source.nodes:
        if _reads_environment(node):
            yield _line(node), "environment read here: add a setting and pass its value in"


def duckdb_home(source: Source) -> Faults:
    """Only storage opens the lake."""
    if source.room in ROOMS and source.room != "storage":
        for line, module in _imports(source):
            if module in {"duckdb", "duckdb_extensions"}:
                yield line, f"{module} in {source.room}: ask storage.lake for a polars frame"


def thin_routes(source: Source) -> Faults:
    """A route parses, calls one named function and shapes the answer."""
    if source.room in ROOMS and ("routes" in source.name or "/routes/" in source.path):
        for line, module in _imports(source):
            if module in NOT_FOR_ROUTES:
                yield line, f"{module} in a route: move the work into a named function"


def module_docstrings(source: Source) -> Faults:
    """Every module says in at most five lines what it decides (a drawn tree is free)."""
    if not source.is_python or (source.room == "tests" and not source.text.strip()):
        return
    if source.room not in {*ROOMS, "tests", "benchmarks"} or "/versions/" in source.path:
        return
    if source.path.endswith("/__manifest__.py"):  # Odoo reads it as one literal.
        return
    words = ast.get_docstring(source.tree)
    if not words:
        yield 1, "no docstring: say what the module decides and what it refuses to know"
        return
    told = [line for line in words.splitlines() if line.strip() and line.strip()[0] not in "├└│"]
    if len(told) > MODULE_DOCSTRING_LINES_MAX:
        yield 1, f"a docstring of {len(told)} lines (5): move the depth to the README or docs/"


def test_docstrings(source: Source) -> Faults:
    """Every test states its law in one sentence."""
    if source.room != "tests" or not source.name.startswith("test_"):
        return
    for function in _functions(source):
        if function.name.startswith("test_"):
            words = (ast.get_docstring(function) or "").strip()
            if not words.endswith(".") or re.search(r"\w{3}[.!?]\s+[A-Z]", words):
                yield function.lineno, f"{function.name}: state its law in one sentence"


def leftovers(source: Source) -> Faults:
    """Work left over is an issue, not a comment."""
    yield from _lines_with(LEFTOVERS, source, "work left over: do it, or open an issue")


def machine_paths(source: Source) -> Faults:
    """No file names a place of one person's machine."""
    yield from _lines_with(MACHINE_PATHS, source, "a path of one machine: take it as an argument")


def registry_hosts(source: Source) -> Faults:
    """No file names a package registry: each machine has its own way to packages."""
    yield from _lines_with(REGISTRY_HOSTS, source, "a registry's address: leave it to the machine")


def room_readme(source: Source) -> Faults:
    """A room's README says what it owns, what it does not own, and what always holds."""
    if source.room not in ROOMS or source.path != f"{source.room}/README.md":
        return
    headings = {found[1].lower() for found in map(HEADING.match, source.lines) if found}
    for wanted in (("owns",), ("does not own",), ("invariants",), ("words", "limits")):
        if not headings & set(wanted):
            yield 1, f"no heading {' or '.join(wanted)!r}: add it (one screen in all)"


RULES: tuple[Rule, ...] = (
    function_length,
    module_length,
    line_length,
    module_names,
    function_names,
    class_names,
    exact_numbers,
    clock_calls,
    environment_reads,
    duckdb_home,
    thin_routes,
    module_docstrings,
    test_docstrings,
    leftovers,
    machine_paths,
    registry_hosts,
    room_readme,
)


def _functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _imports(source: Source) -> Iterator[tuple[int, str]]:
    for node in source.nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module.split(".")[0]


def _reads_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and bool(
            {"environ", "getenv"} & {alias.name for alias in node.names}
        )
    return isinstance(node, ast.Attribute) and _last_two(node) in {"os.environ", "os.getenv"}


def _is_float(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float)
    if isinstance(node, ast.Attribute):
        return node.attr in {"Float32", "Float64"}
    return isinstance(node, ast.Name) and node.id == "float"


def _last_two(node: ast.expr) -> str:
    return ".".join(ast.unparse(node).split(".")[-2:])


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 1)


def _lines_with(pattern: re.Pattern[str], source: Source, cure: str) -> Faults:
    for number, line in enumerate(source.lines, 1):
        found = pattern.search(line)
        if found:
            yield number, f"{found[0]!r}: {cure}"
