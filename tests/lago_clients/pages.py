"""The generated parts of docs/lago_compatibility.md and docs/lago_differences.md."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from fusion_billing.lago_operations import OPERATIONS, Kind, LagoOperation
from tests.lago_clients.calls import CALLS, SENDS_NO_BODY, SENDS_NO_KEY


def compatibility_table() -> str:
    """Return a table of what is answered: by whom, and which methods of Lago's clients ask it."""
    rows = [
        "| Operation | Answered | JavaScript client | Python client | Our answer |",
        "|---|---|---|---|---|",
        *(_row(each) for each in OPERATIONS.values() if each.kind is not Kind.NOT_OFFERED),
    ]
    return "\n".join([_counts(), "", *rows])


def not_offered_table() -> str:
    """Return a table of what is not offered: why, and how it is done instead."""
    rows = ["| Not offered | Why | Instead |", "|---|---|---|"]
    absent = [each for each in OPERATIONS.values() if each.kind is Kind.NOT_OFFERED]
    for (why, instead), operations in groupby(absent, lambda one: (one.answer, one.odoo_way)):
        rows.append(f"| {'<br>'.join(_merged(operations))} | {why} | {instead} |")
    return "\n".join(rows)


def _counts() -> str:
    counted = {kind: sum(each.kind is kind for each in OPERATIONS.values()) for kind in Kind}
    words = ", ".join(f"{kind.value} {count}" for kind, count in counted.items())
    return f"Lago has {len(OPERATIONS)} operations: {words}."


def _row(operation: LagoOperation) -> str:
    calls = CALLS[operation.name]
    python = f"`{calls.python}`" if calls.python else "has none"
    if calls.python in SENDS_NO_KEY:
        python += ": sends no key"
    if calls.python in SENDS_NO_BODY:
        python += ": sends no body"
    cells = (
        f"`{operation.name}`",
        operation.kind.value,
        f"`{calls.javascript}`",
        python,
        _answer(operation),
    )
    return f"| {' | '.join(cells)} |"


def _answer(operation: LagoOperation) -> str:
    words = operation.answer
    if operation.refusal:
        words += f" (405 `{operation.refusal}`)"
    if operation.without_odoo:
        words += f"; without Odoo 405 `{operation.without_odoo}`"
    return words


def _merged(operations: Iterable[LagoOperation]) -> Iterator[str]:
    for path, same in groupby(operations, lambda one: one.path):
        yield f"`{','.join(each.method for each in same)} {path}`"
